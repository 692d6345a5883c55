package gharchive

import (
	"strings"

	"pentimento/internal/evidence"
)

// index finds the repositories of the case by id and by name. Ids outlive renames, names are given away: an id decides where both are
// known.
type index struct {
	targets []Target
	byName  map[string]int // key of the name or of an alias -> place in targets
	byID    map[int64]int
}

func newIndex(targets []Target) *index {
	x := &index{targets: targets, byName: make(map[string]int, len(targets)), byID: make(map[int64]int, len(targets))}
	for i, t := range targets { // names of the case first: another's alias does not take them away
		x.name(t.Repository, i)
		if _, taken := x.byID[t.GitHubID]; !taken && t.GitHubID != 0 {
			x.byID[t.GitHubID] = i
		}
	}
	for i, t := range targets {
		for _, alias := range t.Aliases {
			x.name(alias, i)
		}
	}
	return x
}

func (x *index) name(r evidence.Repository, i int) {
	if _, taken := x.byName[r.Key()]; !taken {
		x.byName[r.Key()] = i
	}
}

// match says how an event belongs to a repository of the case.
type match uint8

const (
	foreign  match = iota // it belongs to none
	same                  // by name, and by id where that is known
	renamed               // by id, under another name
	impostor              // by name alone: the id is known and another
)

// find takes an id (0 for none) and a name as events write them.
func (x *index) find(id int64, name string) (int, match) {
	named, isNamed := x.byName[lower(name)]
	if i, ok := x.byID[id]; ok && id != 0 {
		if isNamed && named == i {
			return i, same
		}
		return i, renamed
	}
	if !isNamed {
		return 0, foreign
	}
	if known := x.targets[named].GitHubID; known != 0 && id != 0 && id != known {
		return named, impostor
	}
	return named, same
}

// lower folds ASCII alone, as GitHub's names need: by Unicode's rules the Kelvin sign is a k.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// has is find for the prefilter: key is the name in lower case.
func (x *index) has(id int64, key []byte) bool {
	if _, ok := x.byName[string(key)]; ok {
		return true
	}
	_, ok := x.byID[id]
	return ok
}
