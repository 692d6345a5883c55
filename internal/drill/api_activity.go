package drill

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

const (
	// activityBase, eventBase and pushBase keep ids apart; they grow with time, as GitHub's do.
	activityBase = 20_000_000_000
	eventBase    = 50_000_000_000
	pushBase     = 27_000_000_000
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
		if !u.ref.Branch() || u.unlisted["activity"] || at.Before(r.horizon["activity"]) {
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

type eventRow struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Actor     eventActor      `json:"actor"`
	Repo      eventRepository `json:"repo"`
	Payload   json.RawMessage `json:"payload"`
	Public    bool            `json:"public"`
	CreatedAt string          `json:"created_at"`
}

type eventActor struct {
	ID           int64  `json:"id"`
	Login        string `json:"login"`
	DisplayLogin string `json:"display_login"`
	GravatarID   string `json:"gravatar_id"`
	URL          string `json:"url"`
	AvatarURL    string `json:"avatar_url"`
}

type eventRepository struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

// pushPayload is all that a PushEvent carries since 2025-10-07: no commits, no size.
type pushPayload struct {
	RepositoryID int64        `json:"repository_id"`
	PushID       int64        `json:"push_id"`
	Ref          evidence.Ref `json:"ref"`
	Head         evidence.OID `json:"head"`
	Before       evidence.OID `json:"before"`
}

type createPayload struct {
	Ref          string       `json:"ref"`
	RefType      string       `json:"ref_type"`
	FullRef      evidence.Ref `json:"full_ref"`
	MasterBranch string       `json:"master_branch"`
	Description  *string      `json:"description"`
	PusherType   string       `json:"pusher_type"`
}

type deletePayload struct {
	Ref        string       `json:"ref"`
	RefType    string       `json:"ref_type"`
	FullRef    evidence.Ref `json:"full_ref"`
	PusherType string       `json:"pusher_type"`
}

// payload makes what an event says of an update. Creations and deletions name no commit; a force-push is a push like any other.
func (r *Repository) payload(u *update, serial int64) (kind string, payload any) {
	refType := "branch"
	if u.ref.Tag() {
		refType = "tag"
	}
	switch u.kind {
	case evidence.BranchCreation, evidence.TagCreation:
		return "CreateEvent", createPayload{Ref: u.ref.Short(), RefType: refType, FullRef: u.ref, MasterBranch: r.DefaultBranch, PusherType: "user"}
	case evidence.BranchDeletion, evidence.TagDeletion:
		return "DeleteEvent", deletePayload{Ref: u.ref.Short(), RefType: refType, FullRef: u.ref, PusherType: "user"}
	}
	return "PushEvent", pushPayload{RepositoryID: r.ID, PushID: pushBase + serial, Ref: u.ref, Head: u.after, Before: u.before}
}

// eventRows lists pushes, creations and deletions, newest first, within the horizon and the maximum of the recipe.
func (r *Repository) eventRows() ([]eventRow, error) {
	rows := []eventRow{}
	for i, u := range r.updates {
		at := u.at.Add(r.lag["events"])
		if u.unlisted["event"] || at.Before(r.horizon["events"]) {
			continue
		}
		kind, payload := r.payload(u, r.serial(i))
		raw, err := json.Marshal(payload)
		if err != nil {
			return nil, err
		}
		name := string(r.fullName())
		rows = append(rows, eventRow{
			ID: strconv.FormatInt(eventBase+r.serial(i), 10), Type: kind, Payload: raw, Public: true, CreatedAt: at.UTC().Format(time.RFC3339),
			Actor: eventActor{
				ID: u.actor.id, Login: u.actor.login, DisplayLogin: u.actor.login, URL: siteAPI + "/users/" + u.actor.login,
				AvatarURL: fmt.Sprintf("%s/avatars/u/%d", site, u.actor.id),
			},
			Repo: eventRepository{ID: r.ID, Name: name, URL: siteAPI + "/repos/" + name},
		})
	}
	slices.Reverse(rows)
	if n := r.maximum["events"]; n > 0 && len(rows) > n {
		rows = rows[:n]
	}
	return rows, nil
}

func (c *call) events() {
	rows, err := c.repo.eventRows()
	if err != nil {
		http.Error(c.w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.w.Header().Set("X-Poll-Interval", "60")
	c.json(page(c, "events", rows))
}
