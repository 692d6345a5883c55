package gharchive

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// maxText bounds one text that becomes part of a fact. Git itself refuses refs beyond 4 KB on common file systems.
const maxText = 4096

// event is one public event, from a line of an hour file or a row of a warehouse.
type event struct {
	id       string
	typ      string
	actor    string
	repoID   int64
	repoName string
	at       time.Time
	payload  json.RawMessage
	read     *payload // the payload, where it has been decoded already
}

// errTimeline marks a line in the format of before 2015, which named its repository and actor otherwise and had no ids.
var errTimeline = errors.New("the format of before 2015 is not decoded")

// line is an event as hour files hold it, since 2015-01-01.
type line struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Actor *struct {
		Login string `json:"login"`
	} `json:"actor"`
	Repo *struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"repo"`
	Payload    json.RawMessage `json:"payload"`
	CreatedAt  string          `json:"created_at"`
	Repository json.RawMessage `json:"repository"` // of the Timeline API alone
}

// decodeLine reads a line of an hour file. The payload aliases it.
func decodeLine(b []byte) (event, error) {
	var l line
	err := json.Unmarshal(b, &l)
	if l.Repo == nil && len(l.Repository) > 0 {
		return event{}, errTimeline
	}
	if err != nil {
		return event{}, err
	}
	if l.Type == "" || l.ID == "" || l.Repo == nil {
		return event{}, errors.New("no event: id, type or repo is missing")
	}
	e := event{id: l.ID, typ: l.Type, repoID: l.Repo.ID, repoName: l.Repo.Name, payload: l.Payload}
	if l.Actor != nil {
		e.actor = l.Actor.Login
	}
	if e.at, err = parseTime(l.CreatedAt); err != nil {
		return event{}, err
	}
	return e, plain(e.id, e.typ, e.actor, e.repoName)
}

// parseTime reads created_at. Years that no server has seen are refused: they do not fit RFC 3339.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, errors.New("no usable created_at")
	}
	return inRange(t)
}

func inRange(t time.Time) (time.Time, error) {
	if t = t.UTC(); t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, errors.New("created_at is out of range")
	}
	return t, nil
}

// plain checks texts that go into facts: bounded, and without the NUL that separates the parts of ids.
func plain(texts ...string) error {
	for _, s := range texts {
		if len(s) > maxText {
			return errors.New("a text is too long")
		}
		if strings.ContainsRune(s, 0) {
			return errors.New("a text holds NUL")
		}
	}
	return nil
}

// wantedTypes of events tell of refs, of ways in, or of copies.
var wantedTypes = []string{"PushEvent", "CreateEvent", "DeleteEvent", "PublicEvent", "ForkEvent", "MemberEvent", "ReleaseEvent"}

func wanted(typ string) bool { return slices.Contains(wantedTypes, typ) }

// payload of the wanted types. Ref is full in a push and short in the others, which have full_ref since 2025; it is null for the creation
// of a repository. Until 2025-10-07 a push had size, distinct_size and commits too: they stay in the stored line, and no fact rests on
// them, so that both formats give the same facts.
type payload struct {
	Ref     string `json:"ref"`
	FullRef string `json:"full_ref"`
	RefType string `json:"ref_type"`
	Before  string `json:"before"`
	Head    string `json:"head"`
	Action  string `json:"action"`
	Forkee  *struct {
		ID        int64  `json:"id"`
		FullName  string `json:"full_name"`
		CreatedAt string `json:"created_at"`
	} `json:"forkee"`
	Member *struct {
		Login string `json:"login"`
	} `json:"member"`
	Release *struct {
		TagName string `json:"tag_name"`
	} `json:"release"`
}

// tell adds to the observation what the event says of its repository.
func (e event) tell(obs *evidence.Observation) error {
	var p payload
	if e.read != nil {
		p = *e.read
	} else if len(e.payload) > 0 {
		if err := json.Unmarshal(e.payload, &p); err != nil {
			return err
		}
	}
	switch e.typ {
	case "PushEvent":
		return e.push(obs, p)
	case "CreateEvent", "DeleteEvent":
		return e.named(obs, p)
	case "ReleaseEvent":
		return e.release(obs, p)
	case "PublicEvent":
		obs.Gaps = append(obs.Gaps, evidence.Gap{Kind: evidence.GapUncovered, Subject: "before " + evidence.Stamp(e.at),
			Detail: fmt.Sprintf("the repository was made public at %s: archives of public events hold nothing of the time before", evidence.Stamp(e.at)),
			Hint:   "the activity API, an audit log or saved webhooks cover private times too"})
	case "ForkEvent":
		return e.fork(obs, p)
	case "MemberEvent":
		return e.member(obs, p)
	}
	return nil
}

func (e event) update(obs *evidence.Observation, u evidence.RefUpdate) error {
	if !strings.HasPrefix(string(u.Ref), "refs/") {
		return fmt.Errorf("%q is not a full ref", clip(string(u.Ref)))
	}
	u.Repository, u.Origin, u.ExternalID, u.At, u.Clock = obs.Repository, evidence.OriginArchive, e.id, e.at, when.Archive
	obs.Updates = append(obs.Updates, u)
	return plain(string(u.Ref))
}

func (e event) push(obs *evidence.Observation, p payload) error {
	before, err1 := oid(p.Before)
	after, err2 := oid(p.Head)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return e.update(obs, evidence.RefUpdate{Ref: evidence.Ref(p.Ref), Before: before, After: after, Kind: evidence.Push, Actor: e.actor})
}

// named reads the creation or deletion of a branch or tag; neither names an object. The creation of the repository itself moves no ref.
func (e event) named(obs *evidence.Observation, p payload) error {
	kind, ok := map[string]evidence.Kind{
		"CreateEvent branch": evidence.BranchCreation, "CreateEvent tag": evidence.TagCreation,
		"DeleteEvent branch": evidence.BranchDeletion, "DeleteEvent tag": evidence.TagDeletion,
	}[e.typ+" "+p.RefType]
	if !ok {
		return nil
	}
	ref := p.FullRef
	if ref == "" && p.Ref != "" {
		ref = map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[p.RefType] + p.Ref
	}
	return e.update(obs, evidence.RefUpdate{Ref: evidence.Ref(ref), Kind: kind, Actor: e.actor})
}

// release says that a tag was there: made then or earlier, by whomever. target_commitish is no word on the tag, it is where the tag
// would have been made had it not been there, so that no object is named.
func (e event) release(obs *evidence.Observation, p payload) error {
	if p.Release == nil || p.Release.TagName == "" {
		return errors.New("a release without a tag")
	}
	return e.update(obs, evidence.RefUpdate{Ref: evidence.Ref("refs/tags/" + p.Release.TagName), Kind: evidence.TagCreation, By: true})
}

// fork leaves pushed_at out: at the time of the event it is the parent's.
func (e event) fork(obs *evidence.Observation, p payload) error {
	if p.Forkee == nil {
		return errors.New("a fork that is not named")
	}
	name, err := evidence.ParseRepository(p.Forkee.FullName)
	if err != nil {
		return err
	}
	created := e.at
	if p.Forkee.CreatedAt != "" {
		if created, err = parseTime(p.Forkee.CreatedAt); err != nil {
			return err
		}
	}
	obs.Forks = append(obs.Forks, evidence.Fork{Repository: obs.Repository, FullName: name, GitHubID: p.Forkee.ID, CreatedAt: created})
	return nil
}

func (e event) member(obs *evidence.Observation, p payload) error {
	if p.Member == nil || p.Member.Login == "" {
		return errors.New("a member who is not named")
	}
	if p.Action != "added" {
		return nil
	}
	obs.Access = append(obs.Access, evidence.AccessGrant{Repository: obs.Repository, Origin: evidence.OriginArchive, ExternalID: e.id,
		Kind: evidence.Collaborator, Name: p.Member.Login, CreatedAt: e.at, AddedBy: e.actor})
	return plain(p.Member.Login)
}

// oid reads an object name where an event may name none.
func oid(s string) (evidence.OID, error) {
	if s == "" {
		return "", nil
	}
	return evidence.ParseOID(s)
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}
