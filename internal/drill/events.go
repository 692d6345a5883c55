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
	// eventBase and pushBase keep ids apart; they grow with time, as GitHub's do.
	eventBase = 50_000_000_000
	pushBase  = 27_000_000_000
	// listedCommits is how many commits a push named before newEra, at most.
	listedCommits = 20
)

// newEra is when the payloads of pushes lost commits, size and distinct_size
// (https://github.blog/changelog/2025-08-08-upcoming-changes-to-github-events-api-payloads/).
var newEra = time.Date(2025, 10, 7, 0, 0, 0, 0, time.UTC)

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

// pushPayload is what a PushEvent carries. The pointers are nil, and absent, since newEra.
type pushPayload struct {
	RepositoryID int64           `json:"repository_id"`
	PushID       int64           `json:"push_id"`
	Size         *int            `json:"size,omitempty"`
	DistinctSize *int            `json:"distinct_size,omitempty"`
	Ref          evidence.Ref    `json:"ref"`
	Head         evidence.OID    `json:"head"`
	Before       evidence.OID    `json:"before"`
	Commits      *[]pushedCommit `json:"commits,omitempty"`
}

type pushedCommit struct {
	SHA      evidence.OID `json:"sha"`
	Author   nameAddress  `json:"author"`
	Message  string       `json:"message"`
	Distinct bool         `json:"distinct"`
	URL      string       `json:"url"`
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

type releasePayload struct {
	Action  string     `json:"action"`
	Release releaseRow `json:"release"`
}

type memberPayload struct {
	Action string     `json:"action"`
	Member simpleUser `json:"member"`
}

type forkPayload struct {
	Forkee minimalRepository `json:"forkee"`
}

// happening is a public event before it is rendered. An event of no update has a nil one.
type happening struct {
	kind    string
	id      int64
	at      time.Time
	actor   *actor
	update  *update
	payload any
}

// happenings lists the public events of a repository, oldest first, whatever is lost of them. old says in which era a push of that time
// is rendered.
func (r *Repository) happenings(old func(time.Time) bool) []happening {
	late := r.lag["events"]
	var out []happening
	for i, u := range r.updates {
		at := u.at.Add(late)
		kind, payload := r.payload(u, r.serial(i), old(at))
		out = append(out, happening{kind: kind, id: eventBase + r.serial(i), at: at, actor: u.actor, update: u, payload: payload})
	}
	other := func(kind string, at time.Time, by *actor, payload any) {
		id := eventBase + r.serial(repositorySpan/2+len(out))
		out = append(out, happening{kind: kind, id: id, at: at.Add(late), actor: by, payload: payload})
	}
	for _, x := range r.releases {
		other("ReleaseEvent", x.at, x.by, releasePayload{"published", r.releaseRow(x)})
	}
	for _, g := range r.grants {
		if who := r.recipe.actors[g.name]; g.kind == "collaborator" && who != nil {
			other("MemberEvent", g.at, g.by, memberPayload{"added", user(who.login, who.id)})
		}
	}
	if !r.madePublic.IsZero() {
		owner := &actor{login: r.fullName().Owner(), id: ownerID(r.fullName())}
		other("PublicEvent", r.madePublic, owner, struct{}{})
	}
	slices.SortStableFunc(out, func(a, b happening) int { return a.at.Compare(b.at) })
	return out
}

// payload makes what an event says of an update. Creations and deletions name no commit; a force-push is a push like any other.
func (r *Repository) payload(u *update, serial int64, old bool) (kind string, payload any) {
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
	push := pushPayload{RepositoryID: r.ID, PushID: pushBase + serial, Ref: u.ref, Head: u.after, Before: u.before}
	if old {
		r.tellCommits(&push, u)
	}
	return "PushEvent", push
}

// tellCommits adds what a push brought to the branch: none for one that only takes commits away, which made the old payloads of
// force-pushes tell-tale. A commit is distinct where no earlier move of the repository had brought it.
func (r *Repository) tellCommits(push *pushPayload, u *update) {
	before, seen := map[*commit]bool{}, map[*commit]bool{}
	if old := r.named(u.before); old != nil {
		old.mark(before)
	}
	for _, x := range r.updates {
		if x == u {
			break
		}
		if c := r.named(x.after); c != nil {
			c.mark(seen)
		}
	}
	brought := map[*commit]bool{}
	if head := r.named(u.after); head != nil {
		head.mark(brought)
	}
	size, distinct, listed := 0, 0, []pushedCommit{}
	for _, c := range r.order { // parents stand before their children
		if !brought[c] || before[c] {
			continue
		}
		size++
		if !seen[c] {
			distinct++
		}
		if len(listed) < listedCommits {
			listed = append(listed, pushedCommit{SHA: c.oid, Author: nameAddress{c.author.name, c.author.email}, Message: strings.TrimSuffix(c.message, "\n"),
				Distinct: !seen[c], URL: r.api("/commits/" + string(c.oid))})
		}
	}
	push.Size, push.DistinctSize, push.Commits = &size, &distinct, &listed
}

// mark adds a commit and all its ancestors to a set.
func (c *commit) mark(set map[*commit]bool) {
	for stack := []*commit{c}; len(stack) > 0; {
		x := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !set[x] {
			set[x] = true
			stack = append(stack, x.parents...)
		}
	}
}

// oldPush reports whether the payload of a push at a time is rendered in the old form.
func (r *Recipe) oldPush(at time.Time) bool {
	return r.era == "old" || (r.era == "" && at.Before(newEra))
}

func (r *Repository) eventRow(h happening) (eventRow, error) {
	raw, err := json.Marshal(h.payload)
	name := string(r.fullName())
	return eventRow{
		ID: strconv.FormatInt(h.id, 10), Type: h.kind, Payload: raw, Public: true, CreatedAt: h.at.UTC().Format(time.RFC3339),
		Actor: eventActor{
			ID: h.actor.id, Login: h.actor.login, DisplayLogin: h.actor.login, URL: siteAPI + "/users/" + h.actor.login,
			AvatarURL: fmt.Sprintf("%s/avatars/u/%d", site, h.actor.id),
		},
		Repo: eventRepository{ID: r.ID, Name: name, URL: siteAPI + "/repos/" + name},
	}, err
}

// eventRows lists what the API tells, newest first, within the horizon and the maximum of the recipe. The API renders all of them as of
// now, in one era.
func (r *Repository) eventRows() ([]eventRow, error) {
	rows := []eventRow{}
	for _, h := range r.happenings(func(time.Time) bool { return r.recipe.oldPush(r.recipe.Now) }) {
		if h.at.Before(r.horizon["events"]) || r.recipe.silent[evidence.OriginEvents] || (h.update != nil && h.update.unlisted["event"]) {
			continue
		}
		row, err := r.eventRow(h)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
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
