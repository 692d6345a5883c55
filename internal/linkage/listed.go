package linkage

import (
	"slices"
	"strings"
)

// marks are what speaks for a credential being a secret of the repository.
type marks struct {
	full, short bool // its label names the repository: with its owner, or by its name alone
	secret      bool // its label names the secret
	scope       bool // it is scoped to a project of the repository
	wide        bool // it acts on all of an account that has a project of the repository
}

// rank is how sure they make a link; 0 for not at all. The reason says it in words.
func (m marks) rank() (rank int, reason string) {
	var why []string
	for _, x := range []struct {
		there bool
		says  string
	}{
		{m.full, "its label names the repository and its owner"},
		{m.short && !m.full, "its label names the repository"},
		{m.secret, "its label names the secret"},
		{m.scope, "it is scoped to a project of the repository"},
		{m.wide && !m.scope, "it acts on all of an account that publishes a project of the repository"},
	} {
		if x.there {
			why = append(why, x.says)
		}
	}
	repository, project := m.full || m.short, m.scope || m.wide
	switch {
	case m.full, repository && (m.secret || project), m.secret && m.scope:
		rank = 3
	case repository, m.scope, m.secret && project:
		rank = 2
	case m.wide:
		rank = 1
	}
	return rank, strings.Join(why, ", ")
}

// sureness is the confidence of a rank.
var sureness = map[int]string{3: High, 2: Medium, 1: Low}

// listed leads by inventories and logs: to those credentials for which most speaks. The convention of the secret's name bounds the provider. A name
// that tells no provider leads only to a credential that is labelled with it or with the repository.
func (a asked) listed(secret string) []Link {
	if secret == allSecrets || secret == history {
		return nil
	}
	provider := ProviderOf(secret)
	found := map[*known]marks{}
	note := func(k *known, set func(*marks)) {
		if provider != "" && k.Provider != provider {
			return
		}
		m := found[k]
		set(&m)
		found[k] = m
	}
	a.byLabel(plain(secret), note)
	for p := range a.projects {
		for _, k := range a.book.scoped[p] {
			note(k, func(m *marks) { m.scope = true })
		}
	}
	a.byOwner(note)
	best, reasons := 0, map[int]string{}
	ranked := map[int][]*known{}
	for k, m := range found {
		rank, why := m.rank()
		if provider == "" && !m.secret && !m.full {
			continue // nothing ties it to this secret rather than to another of the repository
		}
		if rank > 0 {
			ranked[rank] = append(ranked[rank], k)
			best = max(best, rank)
		}
		if have, ok := reasons[rank]; !ok || why < have {
			reasons[rank] = why
		}
	}
	of := ranked[best]
	slices.SortFunc(of, byRef)
	if best == 0 || len(of) > maxCandidates {
		return nil
	}
	return a.several(Link{Secret: secret, Reason: reasons[best] + "; "}, of, sureness[best])
}

func (a asked) byLabel(secret string, note func(*known, func(*marks))) {
	for _, name := range []struct {
		text string
		set  func(*marks)
	}{
		{a.full, func(m *marks) { m.full = true }}, {a.short, func(m *marks) { m.short = true }}, {secret, func(m *marks) { m.secret = true }},
	} {
		for _, k := range a.book.words[longest(name.text)] {
			if names(k.label, name.text) {
				note(k, name.set)
			}
		}
	}
}

// byOwner notes the account-wide credentials of whoever publishes a project of the repository.
func (a asked) byOwner(note func(*known, func(*marks))) {
	for p := range a.projects {
		for _, o := range a.book.of[p] {
			for _, k := range a.book.owners[o] {
				if k.AccountWide {
					note(k, func(m *marks) { m.wide = true })
				}
			}
		}
	}
}

// longest is the longest word of a name: the rarest, as a rule.
func longest(name string) string {
	best := ""
	for w := range strings.SplitSeq(name, "-") {
		if len(w) > len(best) {
			best = w
		}
	}
	return best
}
