package drill

import (
	"cmp"
	"fmt"
	"slices"

	"pentimento/internal/evidence"
)

// forks answers /forks, newest first: the repositories of the recipe that were forked from this one and can be seen.
func (c *call) forks() {
	rows := []*Repository{}
	for _, r := range c.s.recipe.Repositories {
		if r.ForkOf != "" && r.ForkOf.Key() == c.repo.Name.Key() && !r.hidden() && r.Blocked == "" && !c.s.recipe.silent[evidence.OriginForks] {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b *Repository) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID)) })
	if c.query.Get("sort") == "oldest" {
		slices.Reverse(rows)
	}
	out := []forkRow{}
	for _, r := range page(c, "forks", rows) {
		full := r.full(c.s.recipe)
		out = append(out, forkRow{minimalRepository: full.minimalRepository, DefaultBranch: full.DefaultBranch, CreatedAt: full.CreatedAt,
			UpdatedAt: full.UpdatedAt, PushedAt: full.PushedAt, Archived: full.Archived})
	}
	c.json(out)
}

// forkRow is a "minimal-repository" with the optional fields that a list of forks has.
type forkRow struct {
	minimalRepository
	DefaultBranch string `json:"default_branch"`
	CreatedAt     string `json:"created_at"`
	UpdatedAt     string `json:"updated_at"`
	PushedAt      string `json:"pushed_at"`
	Archived      bool   `json:"archived"`
}

// releaseRow is GitHub's "release".
type releaseRow struct {
	URL             string     `json:"url"`
	AssetsURL       string     `json:"assets_url"`
	UploadURL       string     `json:"upload_url"`
	HTMLURL         string     `json:"html_url"`
	ID              int64      `json:"id"`
	Author          simpleUser `json:"author"`
	NodeID          string     `json:"node_id"`
	TagName         string     `json:"tag_name"`
	TargetCommitish string     `json:"target_commitish"`
	Name            string     `json:"name"`
	Draft           bool       `json:"draft"`
	Prerelease      bool       `json:"prerelease"`
	CreatedAt       string     `json:"created_at"`
	PublishedAt     string     `json:"published_at"`
	Assets          []string   `json:"assets"`
	TarballURL      string     `json:"tarball_url"`
	ZipballURL      string     `json:"zipball_url"`
	Body            *string    `json:"body"`
}

func (r *Repository) releaseRow(x *release) releaseRow {
	url := r.api(fmt.Sprintf("/releases/%d", x.id))
	made := x.at
	if c := r.named(r.tip(evidence.Ref("refs/tags/" + x.tag))); c != nil {
		made = c.date // GitHub's created_at of a release is the date of the commit that its tag names
	}
	return releaseRow{
		URL: url, AssetsURL: url + "/assets", UploadURL: url + "/assets{?name,label}", HTMLURL: r.web("/releases/tag/" + x.tag), ID: x.id,
		Author: user(x.by.login, x.by.id), NodeID: fmt.Sprintf("RE_%d", x.id), TagName: x.tag, TargetCommitish: r.DefaultBranch, Name: x.tag,
		CreatedAt: stamp(made), PublishedAt: stamp(x.at), Assets: []string{}, TarballURL: r.api("/tarball/" + x.tag), ZipballURL: r.api("/zipball/" + x.tag),
	}
}

// releasesOf answers /releases, newest first.
func (c *call) releasesOf() {
	rows := []releaseRow{}
	for _, x := range c.repo.releases {
		if !c.s.recipe.silent[evidence.OriginReleases] {
			rows = append(rows, c.repo.releaseRow(x))
		}
	}
	slices.Reverse(rows)
	c.json(page(c, "releases", rows))
}
