package linkage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Of leads the secrets of one repository as far as anything leads: by mapping, else by inventory, else by the convention of the name. Every secret
// has at least one link. The links come by secret, credential and project.
func (b *Book) Of(repo evidence.Repository, secrets []string) []Link {
	a := asked{book: b, repo: repo, projects: b.sources[repo.Key()]}
	a.short = plain(repo.Name())
	a.full = plain(string(repo))
	var out []Link
	for _, s := range secrets {
		links := a.mapped(s)
		if len(links) == 0 {
			links = a.listed(s)
		}
		if len(links) == 0 {
			links = a.named(s)
		}
		out = append(out, links...)
	}
	slices.SortFunc(out, compare)
	return slices.CompactFunc(out, func(x, y Link) bool { return compare(x, y) == 0 })
}

func compare(x, y Link) int {
	return strings.Compare(x.Secret+"\x00"+string(x.Credential)+"\x00"+x.Project, y.Secret+"\x00"+string(y.Credential)+"\x00"+y.Project)
}

// asked is one repository.
type asked struct {
	book        *Book
	repo        evidence.Repository
	projects    map[string][]string // that come from it, with the evidence
	short, full string              // its name as labels write it: "octo-repo", "octo-org-octo-repo"
}

// mapped leads by what the responder says: a statement about this repository outweighs one about all.
func (a asked) mapped(secret string) []Link {
	for _, key := range []string{a.repo.Key(), ""} {
		var out []Link
		for _, m := range a.book.mappings[key] {
			if m.Secret == "" || !strings.EqualFold(m.Secret, secret) {
				continue
			}
			out = append(out, a.byMapping(secret, m)...)
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func (a asked) byMapping(secret string, m tokens.Mapping) []Link {
	l := Link{Secret: secret, Credential: a.book.Canonical(tokens.NewRef(m.Provider, m.Credential)), Provider: m.Provider, Account: m.Account, Confidence: Certain,
		Reason: "the mapping says so", Evidence: []string{m.FactID()}}
	if m.Because != "" {
		l.Reason += ": " + evidence.Printable(m.Because)
	}
	if l.Credential != "" {
		k := a.book.known[l.Credential]
		if k == nil {
			l.Question = fmt.Sprintf("No inventory or log names %s: an inventory exported at %s would tell its owner, its scope and its last use", l.Credential, Title(m.Provider))
			k = &known{ref: l.Credential, Credential: tokens.Credential{Provider: m.Provider, ID: m.Credential, Account: m.Account}}
		}
		return a.spread(l, k, ProjectName(m.Provider, m.Project))
	}
	if m.Account == "" {
		l.Question = a.question(secret, m.Provider)
		return a.unlinked(l, ProjectName(m.Provider, m.Project))
	}
	var of []*known
	for _, k := range a.book.owners[owner{m.Provider, strings.ToLower(m.Account)}] {
		if m.Project == "" || len(k.Projects) == 0 || slices.Contains(k.Projects, ProjectName(m.Provider, m.Project)) {
			of = append(of, k)
		}
	}
	if len(of) == 0 || len(of) > maxCandidates {
		l.Question = fmt.Sprintf("Which %s token of %s is stored as %s in %s?", Title(m.Provider), evidence.Printable(m.Account), secret, a.repo)
		return a.unlinked(l, ProjectName(m.Provider, m.Project))
	}
	l.Reason += ", of the account; "
	return a.several(l, of, High)
}

// several leads to each of the candidates: to a single one as sure as the mark is, to more of them less so.
func (a asked) several(l Link, of []*known, mark string) []Link {
	l.Confidence = mark
	reason := l.Reason
	if len(of) > 1 {
		l.Confidence = map[string]string{High: Medium, Medium: Low, Low: Low}[mark]
		l.Question = a.question(l.Secret, of[0].Provider) + " " + fmt.Sprintf("%d could be it", len(of))
		reason += fmt.Sprintf("one of %d that could be it", len(of))
	} else {
		reason += "the only one that could be it"
	}
	var out []Link
	for _, k := range of {
		x := l
		x.Credential, x.Provider, x.Reason = k.ref, k.Provider, reason
		out = append(out, a.spread(x, k, "")...)
	}
	return out
}

func (a asked) question(secret string, p tokens.Provider) string {
	switch {
	case secret == allSecrets:
		return fmt.Sprintf("Which secrets could %s read, and which credentials are they?", a.repo)
	case secret == history:
		return fmt.Sprintf("Which credentials were ever committed to %s?", a.repo)
	case p == "":
		return fmt.Sprintf("What is stored as %s in %s, and at which provider?", secret, a.repo)
	}
	return fmt.Sprintf("Which %s token is stored as %s in %s?", Title(p), secret, a.repo)
}

// spread gives a link for each project that a credential can act on: those of its scope, or, where it acts on all that its owner has, all of them. A
// project that the mapping names is one of them in any case.
func (a asked) spread(l Link, k *known, also string) []Link {
	if l.Account == "" {
		l.Account = k.Account
	}
	l.Evidence = distinct(append(slices.Clone(l.Evidence), k.evidence...))
	projects := map[string][]string{}
	for _, p := range k.Projects {
		projects[p] = nil
	}
	if k.AccountWide || len(k.Projects) == 0 {
		for p, ids := range a.book.projects[owner{k.Provider, strings.ToLower(l.Account)}] {
			projects[p] = ids
		}
		if k.AccountWide {
			l.Reason += "; it acts on all that " + orElse(evidence.Printable(l.Account), "its owner") + " has"
		}
	}
	if also != "" {
		projects[also] = append(projects[also], a.projects[also]...)
	}
	if len(projects) == 0 {
		for p, ids := range a.projects {
			if strings.HasPrefix(p, string(k.Provider)+":") {
				projects[p] = ids
			}
		}
	}
	return perProject(l, projects)
}

// unlinked keeps the projects of the repository at the provider: whatever the token is, it was there to publish them.
func (a asked) unlinked(l Link, also string) []Link {
	projects := map[string][]string{}
	for p, ids := range a.projects {
		if l.Provider != "" && strings.HasPrefix(p, string(l.Provider)+":") {
			projects[p] = ids
		}
	}
	if also != "" {
		projects[also] = append(projects[also], a.projects[also]...)
	}
	return perProject(l, projects)
}

func perProject(l Link, projects map[string][]string) []Link {
	if len(projects) == 0 {
		return []Link{l}
	}
	var out []Link
	for _, p := range slices.Sorted(maps.Keys(projects)) {
		x := l
		x.Project = p
		x.Evidence = distinct(append(slices.Clone(l.Evidence), projects[p]...))
		out = append(out, x)
	}
	return out
}

// named gives what the name of the secret tells: its provider at most.
func (a asked) named(secret string) []Link {
	l := Link{Secret: secret, Provider: ProviderOf(secret), Confidence: Low, Reason: "nothing leads to it"}
	if l.Provider != "" {
		l.Reason = "by its name a credential of " + Title(l.Provider) + "; nothing says which"
	}
	l.Question = a.question(secret, l.Provider)
	return a.unlinked(l, "")
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
