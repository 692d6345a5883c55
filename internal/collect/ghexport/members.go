package ghexport

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// Target is a repository of the case and what is known of who it is.
type Target struct {
	Repository evidence.Repository   // the name in the case
	Aliases    []evidence.Repository // further names: before or after a rename
	GitHubID   int64                 // 0 where unknown; then names decide, and no silence counts
}

// member is a repository of the case and what the whole export, over all its files, has shown of it.
type member struct {
	Target
	doubtful    bool  // another repository of the case has the same id
	transferred bool  // part of its history is in the log of another organisation
	unsettled   bool  // secrets may have left its reach without a row that names them
	mistaken    int64 // rows of its name and another's id
	silent      int   // pushes that name no ref
	first, last time.Time
}

// owner is an owner of repositories of the case.
type owner struct {
	told  bool // rows name it as the organisation whose log they are
	vague bool // rows name repositories of it that cannot be told from former names of others
}

// members finds the repository that a row is of.
type members struct {
	all    []*member // by name
	byID   map[int64]*member
	byName map[string]*member
	owners map[string]*owner
}

func newMembers(list []Target) *members {
	m := &members{byID: map[int64]*member{}, byName: map[string]*member{}, owners: map[string]*owner{}}
	for _, t := range list {
		one := &member{Target: t}
		m.all = append(m.all, one)
		m.byName[t.Repository.Key()] = one
		if other := m.byID[t.GitHubID]; other != nil {
			other.doubtful, one.doubtful = true, true
		} else if t.GitHubID != 0 {
			m.byID[t.GitHubID] = one
		}
	}
	for _, one := range m.all {
		for _, name := range one.names() {
			m.owners[strings.ToLower(name.Owner())] = &owner{}
			if m.byName[name.Key()] == nil {
				m.byName[name.Key()] = one
			}
		}
	}
	slices.SortFunc(m.all, func(a, b *member) int { return cmp.Compare(a.Repository.Key(), b.Repository.Key()) })
	return m
}

func (one *member) names() []evidence.Repository {
	return append([]evidence.Repository{one.Repository}, one.Aliases...)
}

// of finds the repository of a row that gives this id, 0 for none, and these names, the first the present one: by the id, then by name. A
// name that stands beside the id of another repository is that of one before or after it, which is not in the case.
func (m *members) of(id int64, names ...string) *member {
	var named *member
	for _, n := range names {
		if named = m.byName[strings.ToLower(n)]; named != nil {
			break
		}
	}
	switch {
	case named != nil && (id == 0 || named.GitHubID == id):
		return named
	case id != 0 && m.byID[id] != nil:
		return m.byID[id]
	case named != nil && named.GitHubID != 0:
		named.mistaken++
		return nil
	}
	return named
}

// owner is that of a full name or of an organisation, nil where the case has no repository of it.
func (m *members) owner(name string) *owner {
	name, _, _ = strings.Cut(name, "/")
	return m.owners[strings.ToLower(name)]
}

// tells notes that a row is of an organisation's log.
func (m *members) tells(org string) {
	if o := m.owner(org); o != nil {
		o.told = true
	}
}

// doubt notes a row of an owner that may concern any of its repositories.
func (m *members) doubt(name string) {
	if o := m.owner(name); o != nil {
		o.vague = true
	}
}

// settled reports that all rows of a repository can be told from those of others, and that the log is that of whoever owns it: a person has
// none, and the log of another organisation says nothing of it. Of several owners that it had, the logs of all are needed.
func (m *members) settled(one *member) bool {
	for _, name := range one.names() {
		if o := m.owner(name.Owner()); !o.told || o.vague {
			return false
		}
	}
	return one.GitHubID != 0 && !one.doubtful && !one.transferred && one.mistaken == 0
}
