package gharchive

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

const (
	// maxElsewhere bounds what one collection reports of other repositories: a list that nobody can read is no pivot.
	maxElsewhere = 100_000
	// maxPatterns bounds the messages and the branch patterns: each is looked for in every push.
	maxPatterns = 64
)

// Watch asks for pushes to repositories outside the case, and for branches made there: by whose they are, by what the commit messages
// say, or by the name of the branch. Messages are in events of before 2025-10-07 alone.
type Watch struct {
	Actors   []string // logins, compared without case
	Messages []string // substrings of messages, at most 64
	Branches []string // patterns of names of branches as [path.Match] takes them, at most 64
	// Found takes them hour by hour, before the hour is emitted. Hours that are skipped as done give none.
	Found func([]Elsewhere) error
}

// Elsewhere is a push to a repository that is not of the case, or a branch made there.
type Elsewhere struct {
	Archive  string
	Repo     string // as the event names it
	RepoID   int64
	EventID  string
	At       time.Time // archive clock
	Actor    string
	Ref      evidence.Ref
	Head     evidence.OID // empty for a branch made: creations name no commit
	ByActor  bool
	Messages []string // the patterns that a commit message of the push holds
	Branches []string // the patterns that the branch's name is of
}

// lookout is a watch made ready for lines.
type lookout struct {
	actors   map[string]bool
	messages []string
	branches []string
	written  [][]byte // of each message and branch, what a line must hold
}

func newLookout(w Watch) *lookout {
	if w.Found == nil || len(w.Actors)+len(w.Messages)+len(w.Branches) == 0 {
		return nil
	}
	l := &lookout{actors: map[string]bool{}}
	for _, a := range w.Actors {
		l.actors[lower(a)] = true
	}
	for _, m := range w.Messages[:min(len(w.Messages), maxPatterns)] {
		if m != "" {
			l.messages = append(l.messages, m)
			l.written = append(l.written, asWritten(m))
		}
	}
	for _, b := range w.Branches[:min(len(w.Branches), maxPatterns)] {
		l.branches = append(l.branches, b)
		l.written = append(l.written, everyName(b))
	}
	return l
}

// everyName is the longest part of a branch pattern that every name of it holds, as JSON writes it. What follows a class or an escape is left
// out: where those end takes a parser.
func everyName(pattern string) []byte {
	if i := strings.IndexAny(pattern, `[\`); i >= 0 {
		pattern = pattern[:i]
	}
	var longest []byte
	for _, part := range strings.FieldsFunc(pattern, func(r rune) bool { return r == '*' || r == '?' }) {
		if w := asWritten(part); len(w) > len(longest) {
			longest = w
		}
	}
	return longest
}

// asWritten is the longest part of a pattern that no JSON writer escapes: a line without it holds no such message.
func asWritten(pattern string) []byte {
	var longest string
	for _, part := range strings.FieldsFunc(pattern, func(r rune) bool {
		return r < ' ' || r > '~' || strings.ContainsRune(`"\/<>&'`, r)
	}) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return []byte(longest)
}

// may tells pushes and creations that are worth decoding; actor is in lower case.
func (l *lookout) may(actor, line []byte) bool {
	if l.actors[string(actor)] {
		return true
	}
	for _, w := range l.written {
		if bytes.Contains(line, w) {
			return true
		}
	}
	return false
}

// watched are the types of events that a lookout decides on.
func watched(typ string) bool { return typ == "PushEvent" || typ == "CreateEvent" }

// see decides on a push or a creation, raw is its line.
func (l *lookout) see(e event, raw []byte) (Elsewhere, bool) {
	var row struct {
		Payload struct {
			Ref     string `json:"ref"`
			RefType string `json:"ref_type"` // of creations
			Head    string `json:"head"`
			Commits []struct {
				Message string `json:"message"`
			} `json:"commits"`
		} `json:"payload"`
	}
	p := &row.Payload
	if json.Unmarshal(raw, &row) != nil { // of no repository of the case: nothing is lost that anybody asked for
		return Elsewhere{}, false
	}
	if e.typ == "CreateEvent" {
		if p.RefType != "branch" || p.Ref == "" {
			return Elsewhere{}, false
		}
		p.Ref, p.Head = "refs/heads/"+p.Ref, ""
	}
	head, err := oid(p.Head)
	if err != nil || plain(p.Ref) != nil {
		return Elsewhere{}, false
	}
	found := Elsewhere{Repo: e.repoName, RepoID: e.repoID, EventID: e.id, At: e.at, Actor: e.actor, Ref: evidence.Ref(p.Ref), Head: head,
		ByActor: l.actors[lower(e.actor)]}
	for _, m := range l.messages {
		for _, c := range p.Commits {
			if strings.Contains(c.Message, m) {
				found.Messages = append(found.Messages, m)
				break
			}
		}
	}
	for _, pattern := range l.branches {
		if is, err := path.Match(pattern, found.Ref.Short()); is && err == nil && found.Ref.Branch() {
			found.Branches = append(found.Branches, pattern)
		}
	}
	return found, found.ByActor || len(found.Messages)+len(found.Branches) > 0
}
