package gharchive

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

const (
	// maxElsewhere bounds what one collection reports of other repositories: a list that nobody can read is no pivot.
	maxElsewhere = 100_000
	// maxPatterns bounds the message patterns: each is looked for in every push.
	maxPatterns = 64
)

// Watch asks for pushes to repositories outside the case: by who pushed, or by what the commit messages say. Messages are in events of
// before 2025-10-07 alone.
type Watch struct {
	Actors   []string // logins, compared without case
	Messages []string // substrings of messages, at most 64
	// Found takes them hour by hour, before the hour is emitted. Hours that are skipped as done give none.
	Found func([]Elsewhere) error
}

// Elsewhere is a push to a repository that is not of the case.
type Elsewhere struct {
	Archive  string
	Repo     string // as the event names it
	RepoID   int64
	EventID  string
	At       time.Time // archive clock
	Actor    string
	Ref      evidence.Ref
	Head     evidence.OID
	ByActor  bool
	Messages []string // the patterns that a commit message of the push holds
}

// lookout is a watch made ready for lines.
type lookout struct {
	actors   map[string]bool
	patterns []string
	written  [][]byte // the patterns as JSON writes them
}

func newLookout(w Watch) *lookout {
	if w.Found == nil || len(w.Actors)+len(w.Messages) == 0 {
		return nil
	}
	l := &lookout{actors: map[string]bool{}}
	for _, a := range w.Actors {
		l.actors[lower(a)] = true
	}
	for _, m := range w.Messages[:min(len(w.Messages), maxPatterns)] {
		if m != "" {
			l.patterns = append(l.patterns, m)
			l.written = append(l.written, asWritten(m))
		}
	}
	return l
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

// may tells pushes that are worth decoding; actor is in lower case.
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

// see decides on a push, raw is its line.
func (l *lookout) see(e event, raw []byte) (Elsewhere, bool) {
	var row struct {
		Payload struct {
			Ref     string `json:"ref"`
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
	head, err := oid(p.Head)
	if err != nil || plain(p.Ref) != nil {
		return Elsewhere{}, false
	}
	found := Elsewhere{Repo: e.repoName, RepoID: e.repoID, EventID: e.id, At: e.at, Actor: e.actor, Ref: evidence.Ref(p.Ref), Head: head,
		ByActor: l.actors[lower(e.actor)]}
	for _, pattern := range l.patterns {
		for _, c := range p.Commits {
			if strings.Contains(c.Message, pattern) {
				found.Messages = append(found.Messages, pattern)
				break
			}
		}
	}
	return found, found.ByActor || len(found.Messages) > 0
}
