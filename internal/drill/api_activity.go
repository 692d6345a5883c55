package drill

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/evidence"
)

const (
	// activityBase keeps ids apart from those of other lists; they grow with time, as GitHub's do.
	activityBase = 20_000_000_000
	// repositorySpan is the room of ids for the updates of one repository.
	repositorySpan = 10_000
)

type simpleUser struct {
	Login             string `json:"login"`
	ID                int64  `json:"id"`
	NodeID            string `json:"node_id"`
	AvatarURL         string `json:"avatar_url"`
	GravatarID        string `json:"gravatar_id"`
	URL               string `json:"url"`
	HTMLURL           string `json:"html_url"`
	FollowersURL      string `json:"followers_url"`
	FollowingURL      string `json:"following_url"`
	GistsURL          string `json:"gists_url"`
	StarredURL        string `json:"starred_url"`
	SubscriptionsURL  string `json:"subscriptions_url"`
	OrganizationsURL  string `json:"organizations_url"`
	ReposURL          string `json:"repos_url"`
	EventsURL         string `json:"events_url"`
	ReceivedEventsURL string `json:"received_events_url"`
	Type              string `json:"type"`
	SiteAdmin         bool   `json:"site_admin"`
}

// user is an account. Logins that end in "[bot]" are apps.
func user(login string, id int64) simpleUser {
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	u := siteAPI + "/users/" + login
	return simpleUser{
		Login: login, ID: id, NodeID: fmt.Sprintf("U_%d", id), AvatarURL: fmt.Sprintf("%s/avatars/u/%d", site, id), URL: u,
		HTMLURL: site + "/" + login, FollowersURL: u + "/followers", FollowingURL: u + "/following{/other_user}",
		GistsURL: u + "/gists{/gist_id}", StarredURL: u + "/starred{/owner}{/repo}", SubscriptionsURL: u + "/subscriptions",
		OrganizationsURL: u + "/orgs", ReposURL: u + "/repos", EventsURL: u + "/events{/privacy}",
		ReceivedEventsURL: u + "/received_events", Type: kind,
	}
}

type activityRow struct {
	ID           int64        `json:"id"`
	NodeID       string       `json:"node_id"`
	Before       evidence.OID `json:"before"`
	After        evidence.OID `json:"after"`
	Ref          evidence.Ref `json:"ref"`
	Timestamp    string       `json:"timestamp"`
	ActivityType string       `json:"activity_type"`
	Actor        simpleUser   `json:"actor"`
}

// serial is the number of an update in the ids that are made of it.
func (r *Repository) serial(i int) int64 { return r.ID*repositorySpan + int64(i) }

// activityRows lists the moves of branches, newest first. Tags have no activity.
func (r *Repository) activityRows() []activityRow {
	var rows []activityRow
	for i, u := range r.updates {
		at := u.at.Add(r.lag["activity"])
		if !u.ref.Branch() || u.unlisted["activity"] || r.recipe.silent[evidence.OriginActivity] || at.Before(r.horizon["activity"]) {
			continue
		}
		id := activityBase + r.serial(i)
		rows = append(rows, activityRow{
			ID: id, NodeID: fmt.Sprintf("PSH_%d", id), Before: u.before, After: u.after, Ref: u.ref, Timestamp: stamp(at),
			ActivityType: string(u.kind), Actor: user(u.actor.login, u.actor.id),
		})
	}
	slices.Reverse(rows)
	return rows
}

// activity pages by cursor: "after" is the id of the last row that the client has.
func (c *call) activity() {
	rows := c.repo.activityRows()
	if c.query.Get("direction") == "asc" {
		slices.Reverse(rows)
	}
	rows = slices.DeleteFunc(rows, func(a activityRow) bool {
		return !matches(c.query.Get("ref"), string(a.Ref)) && !matches(c.query.Get("ref"), a.Ref.Short()) ||
			!matches(c.query.Get("actor"), a.Actor.Login) || !matches(c.query.Get("activity_type"), a.ActivityType)
	})
	if cursor := c.query.Get("after"); cursor != "" {
		i := slices.IndexFunc(rows, func(a activityRow) bool { return strconv.FormatInt(a.ID, 10) == cursor })
		if i < 0 {
			c.fail(http.StatusUnprocessableEntity, "Validation Failed")
			return
		}
		rows = rows[i+1:]
	}
	if size := c.perPage("activity"); len(rows) > size {
		rows = rows[:size]
		c.link(map[string]string{"next": fmt.Sprintf("after=%d", rows[size-1].ID)})
	}
	if rows == nil {
		rows = []activityRow{}
	}
	c.json(rows)
}

// matches is a filter of a query: absent ones match all.
func matches(want, got string) bool { return want == "" || want == got }
