package drill

import (
	"fmt"
	"hash/fnv"
	"time"

	"pentimento/internal/evidence"
)

// minimalRepository is GitHub's "minimal-repository", of which every field but the addresses says something.
type minimalRepository struct {
	ID       int64               `json:"id"`
	NodeID   string              `json:"node_id"`
	Name     string              `json:"name"`
	FullName evidence.Repository `json:"full_name"`
	Owner    simpleUser          `json:"owner"`
	Private  bool                `json:"private"`
	HTMLURL  string              `json:"html_url"`
	About    *string             `json:"description"`
	Fork     bool                `json:"fork"`
	URL      string              `json:"url"`
	repositoryURLs
}

// repositoryURLs are the addresses that GitHub requires; nothing here follows them.
type repositoryURLs struct {
	Archive       string `json:"archive_url"`
	Assignees     string `json:"assignees_url"`
	Blobs         string `json:"blobs_url"`
	Branches      string `json:"branches_url"`
	Collaborators string `json:"collaborators_url"`
	Comments      string `json:"comments_url"`
	Commits       string `json:"commits_url"`
	Compare       string `json:"compare_url"`
	Contents      string `json:"contents_url"`
	Contributors  string `json:"contributors_url"`
	Deployments   string `json:"deployments_url"`
	Downloads     string `json:"downloads_url"`
	Events        string `json:"events_url"`
	Forks         string `json:"forks_url"`
	GitCommits    string `json:"git_commits_url"`
	GitRefs       string `json:"git_refs_url"`
	GitTags       string `json:"git_tags_url"`
	Hooks         string `json:"hooks_url"`
	IssueComment  string `json:"issue_comment_url"`
	IssueEvents   string `json:"issue_events_url"`
	Issues        string `json:"issues_url"`
	Keys          string `json:"keys_url"`
	Labels        string `json:"labels_url"`
	Languages     string `json:"languages_url"`
	Merges        string `json:"merges_url"`
	Milestones    string `json:"milestones_url"`
	Notifications string `json:"notifications_url"`
	Pulls         string `json:"pulls_url"`
	Releases      string `json:"releases_url"`
	Stargazers    string `json:"stargazers_url"`
	Statuses      string `json:"statuses_url"`
	Subscribers   string `json:"subscribers_url"`
	Subscription  string `json:"subscription_url"`
	Tags          string `json:"tags_url"`
	Teams         string `json:"teams_url"`
	Trees         string `json:"trees_url"`
}

// fullRepository is GitHub's "full-repository".
type fullRepository struct {
	minimalRepository
	CloneURL         string          `json:"clone_url"`
	GitURL           string          `json:"git_url"`
	SSHURL           string          `json:"ssh_url"`
	SVNURL           string          `json:"svn_url"`
	MirrorURL        *string         `json:"mirror_url"`
	DefaultBranch    string          `json:"default_branch"`
	ForksN           int             `json:"forks"`
	ForksCount       int             `json:"forks_count"`
	HasIssues        bool            `json:"has_issues"`
	HasProjects      bool            `json:"has_projects"`
	HasWiki          bool            `json:"has_wiki"`
	HasPages         bool            `json:"has_pages"`
	HasDownloads     bool            `json:"has_downloads"`
	HasDiscussions   bool            `json:"has_discussions"`
	Homepage         *string         `json:"homepage"`
	Language         *string         `json:"language"`
	License          *string         `json:"license"`
	Archived         bool            `json:"archived"`
	Disabled         bool            `json:"disabled"`
	OpenIssues       int             `json:"open_issues"`
	OpenIssuesCount  int             `json:"open_issues_count"`
	Size             int             `json:"size"`
	StargazersCount  int             `json:"stargazers_count"`
	Watchers         int             `json:"watchers"`
	WatchersCount    int             `json:"watchers_count"`
	NetworkCount     int             `json:"network_count"`
	SubscribersCount int             `json:"subscribers_count"`
	CreatedAt        string          `json:"created_at"`
	UpdatedAt        string          `json:"updated_at"`
	PushedAt         string          `json:"pushed_at"`
	Parent           *fullRepository `json:"parent,omitempty"`
	Source           *fullRepository `json:"source,omitempty"`
}

// api and web are addresses of the repository for bodies.
func (r *Repository) api(path string) string {
	return siteAPI + "/repos/" + string(r.fullName()) + path
}
func (r *Repository) web(path string) string { return site + "/" + string(r.fullName()) + path }

func (r *Repository) minimal() minimalRepository {
	name := r.fullName()
	return minimalRepository{
		ID: r.ID, NodeID: fmt.Sprintf("R_%d", r.ID), Name: name.Name(), FullName: name, Owner: user(name.Owner(), ownerID(name)),
		Private: r.Private, HTMLURL: r.web(""), Fork: r.ForkOf != "", URL: r.api(""),
		repositoryURLs: repositoryURLs{
			Archive: r.api("/{archive_format}{/ref}"), Assignees: r.api("/assignees{/user}"), Blobs: r.api("/git/blobs{/sha}"),
			Branches: r.api("/branches{/branch}"), Collaborators: r.api("/collaborators{/collaborator}"), Comments: r.api("/comments{/number}"),
			Commits: r.api("/commits{/sha}"), Compare: r.api("/compare/{base}...{head}"), Contents: r.api("/contents/{+path}"),
			Contributors: r.api("/contributors"), Deployments: r.api("/deployments"), Downloads: r.api("/downloads"), Events: r.api("/events"),
			Forks: r.api("/forks"), GitCommits: r.api("/git/commits{/sha}"), GitRefs: r.api("/git/refs{/sha}"), GitTags: r.api("/git/tags{/sha}"),
			Hooks: r.api("/hooks"), IssueComment: r.api("/issues/comments{/number}"), IssueEvents: r.api("/issues/events{/number}"),
			Issues: r.api("/issues{/number}"), Keys: r.api("/keys{/key_id}"), Labels: r.api("/labels{/name}"), Languages: r.api("/languages"),
			Merges: r.api("/merges"), Milestones: r.api("/milestones{/number}"), Notifications: r.api("/notifications{?since,all,participating}"),
			Pulls: r.api("/pulls{/number}"), Releases: r.api("/releases{/id}"), Stargazers: r.api("/stargazers"), Statuses: r.api("/statuses/{sha}"),
			Subscribers: r.api("/subscribers"), Subscription: r.api("/subscription"), Tags: r.api("/tags"), Teams: r.api("/teams"),
			Trees: r.api("/git/trees{/sha}"),
		},
	}
}

// full is the answer to GET /repos/{owner}/{repo}.
func (r *Repository) full(recipe *Recipe) *fullRepository {
	pushed := r.CreatedAt
	if n := len(r.updates); n > 0 {
		pushed = r.updates[n-1].at.Add(r.lag["activity"])
	}
	out := &fullRepository{
		minimalRepository: r.minimal(), CloneURL: r.web(".git"), GitURL: "git://github.example.invalid/" + string(r.fullName()) + ".git",
		SSHURL: "git@github.example.invalid:" + string(r.fullName()) + ".git", SVNURL: r.web(""), DefaultBranch: r.DefaultBranch,
		HasIssues: true, HasProjects: true, HasWiki: true, HasDownloads: true, Archived: r.Archived, Size: len(r.objects),
		CreatedAt: stamp(r.CreatedAt), UpdatedAt: stamp(pushed.Truncate(time.Second)), PushedAt: stamp(pushed),
	}
	if parent := recipe.repository(string(r.ForkOf)); parent != nil && !parent.hidden() {
		p := parent.full(recipe)
		out.Parent, out.Source = p, p
		if p.Source != nil {
			out.Source = p.Source
		}
		p.Parent, p.Source = nil, nil
	}
	return out
}

// ownerID is a number that the owner's name alone decides.
func ownerID(name evidence.Repository) int64 {
	h := fnv.New32a()
	h.Write([]byte(evidence.Repository(name.Owner()).Key()))
	return int64(h.Sum32())
}
