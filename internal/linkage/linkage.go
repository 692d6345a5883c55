// Package linkage answers which credential stands behind a secret of a repository, whose it is, and which published projects it can act on. It takes
// what the responder says (mappings), what inventories and logs tell of credentials, and what registries tell of projects; it gives one link for each
// credential and project that a secret leads to, each with its reason, its confidence and its evidence.
//
// It never guesses an identifier: where nothing names a credential the secret stays unlinked, with the shortest question whose answer would link it.
// A link says which credential the secret is, never that it was taken or used.
package linkage

import (
	"cmp"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Confidence of a link.
const (
	Certain = "certain" // somebody who knows says so
	High    = "high"    // two marks that agree: its label names the repository and its scope holds one of its projects
	Medium  = "medium"  // one mark of its own: its label names the repository, or it alone has that scope
	Low     = "low"     // it could be it: an account-wide token of the owner, one of several, a name that many use
)

// Link leads one secret of one repository to one credential and one project. Credential is empty for a secret that nothing leads further than Provider;
// Project is empty where none is known.
type Link struct {
	Secret     string
	Credential tokens.Ref
	Provider   tokens.Provider
	Account    string
	Project    string // "pypi:sampleproject"
	Confidence string
	Reason     string
	Question   string
	Evidence   []string
}

// Sure reports a link that others may rest on. What is shown of the credential of any other may be of another one than the secret is: what it was seen to do
// counts, and neither its silence nor its end says anything of the secret.
func (l Link) Sure() bool { return l.Confidence == Certain || l.Confidence == High }

// Input is what the case knows of credentials. The order of the rows does not matter.
type Input struct {
	Mappings    []tokens.Mapping
	Credentials []tokens.Credential
	Events      []tokens.Event
	Releases    []tokens.Release
	Published   []Published
}

// Published says that an account published to a project, by a log.
type Published struct {
	Provider         tokens.Provider
	Account, Project string
	Evidence         string
}

// Words that stand for more than one secret, as exposure has them.
const (
	allSecrets = "*"
	history    = "history:*"
)

// maxCandidates bounds how many credentials one secret is led to where nothing tells them apart: more than that is a question, not an answer.
const maxCandidates = 20

// Book is what is known of credentials, ready to be asked for one repository after the other.
type Book struct {
	mappings map[string][]tokens.Mapping // by the key of the repository; "" for all
	known    map[tokens.Ref]*known
	owners   map[owner][]*known
	words    map[string][]*known // by the words of the label
	scoped   map[string][]*known // by project
	projects map[owner]map[string][]string
	sources  map[string]map[string][]string // by the key of a repository, its projects and the evidence
	of       map[string][]owner             // who publishes a project
	names    map[tokens.Ref][]tokens.Ref    // of credentials that have more than one, each with all of them, sorted
}

type owner struct {
	provider tokens.Provider
	account  string // lower case
}

// known is all that rows tell of one credential.
type known struct {
	tokens.Credential
	ref      tokens.Ref
	label    string // see [plain]
	evidence []string
}

// NewBook sorts what is known.
func NewBook(in Input) *Book {
	b := &Book{mappings: map[string][]tokens.Mapping{}, known: map[tokens.Ref]*known{}, owners: map[owner][]*known{}, words: map[string][]*known{},
		scoped: map[string][]*known{}, projects: map[owner]map[string][]string{}, sources: map[string]map[string][]string{}, of: map[string][]owner{}, names: map[tokens.Ref][]tokens.Ref{}}
	for _, m := range in.Mappings {
		b.mappings[m.Repository.Key()] = append(b.mappings[m.Repository.Key()], m)
	}
	for _, list := range b.mappings {
		slices.SortFunc(list, func(x, y tokens.Mapping) int { return cmp.Compare(x.FactID(), y.FactID()) })
	}
	for _, c := range in.Credentials {
		b.join(c.Ref(), tokens.NewRef(c.Provider, c.Alias))
	}
	b.list(in.Credentials)
	b.live(in.Events)
	b.index()
	b.publish(in)
	return b
}

// join notes that two names are of one credential.
func (b *Book) join(x, y tokens.Ref) {
	if x == "" || y == "" || x == y {
		return
	}
	all := append(slices.Clone(b.Names(x)), b.Names(y)...)
	slices.Sort(all)
	all = slices.Compact(all)
	for _, name := range all {
		b.names[name] = all
	}
}

// Names are all names of a credential, itself among them, sorted.
func (b *Book) Names(ref tokens.Ref) []tokens.Ref {
	if all := b.names[ref]; all != nil {
		return all
	}
	return []tokens.Ref{ref}
}

// Canonical is the name under which links have a credential.
func (b *Book) Canonical(ref tokens.Ref) tokens.Ref { return b.Names(ref)[0] }

// list takes the rows of inventories: the latest row of a credential tells its owner and scope, all of them are evidence.
func (b *Book) list(rows []tokens.Credential) {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(x, y tokens.Credential) int {
		return cmp.Or(x.ListedAt.Compare(y.ListedAt), cmp.Compare(x.FactID(), y.FactID()))
	})
	for _, c := range rows {
		ref := b.Canonical(c.Ref())
		k := b.known[ref]
		if k == nil {
			k = &known{ref: ref}
			b.known[ref] = k
		}
		before := k.Credential
		k.Credential = c
		k.Account, k.Label, k.Parent = cmp.Or(c.Account, before.Account), cmp.Or(c.Label, before.Label), cmp.Or(c.Parent, before.Parent)
		k.evidence = append(k.evidence, c.FactID())
	}
}

// live takes what logs tell of credentials, above all of those that were deleted before anybody listed them.
func (b *Book) live(events []tokens.Event) {
	for _, e := range events {
		ref := b.Canonical(tokens.NewRef(e.Provider, e.ID))
		if ref == "" {
			continue
		}
		k := b.known[ref]
		if k == nil {
			k = &known{ref: ref, Credential: tokens.Credential{Provider: e.Provider, ID: e.ID}}
			b.known[ref] = k
		}
		k.Account, k.Label = cmp.Or(k.Account, e.Account), cmp.Or(k.Label, e.Label)
		k.evidence = append(k.evidence, e.FactID())
	}
}

func (b *Book) index() {
	for _, k := range b.known {
		k.evidence = distinct(k.evidence)
		k.label = plain(k.Label)
		var scope []string
		for _, p := range k.Projects {
			if p != "" {
				scope = append(scope, ProjectName(k.Provider, p))
			}
		}
		k.Projects = distinct(scope)
		for _, p := range k.Projects {
			b.scoped[p] = append(b.scoped[p], k)
		}
		if k.Account != "" {
			o := owner{k.Provider, strings.ToLower(k.Account)}
			b.owners[o] = append(b.owners[o], k)
			for _, p := range k.Projects {
				b.own(o, p, k.evidence...)
			}
		}
		for w := range strings.SplitSeq(k.label, "-") {
			if w != "" && !slices.Contains(b.words[w], k) {
				b.words[w] = append(b.words[w], k)
			}
		}
	}
	for _, m := range []map[string][]*known{b.words, b.scoped} {
		for _, list := range m {
			slices.SortFunc(list, byRef)
		}
	}
	for _, list := range b.owners {
		slices.SortFunc(list, byRef)
	}
}

func byRef(x, y *known) int { return cmp.Compare(x.ref, y.ref) }

// publish notes which accounts publish to which projects, and from which repositories projects come.
func (b *Book) publish(in Input) {
	for _, r := range in.Releases {
		project := ProjectName(r.Provider, r.Project)
		if r.Uploader != "" && r.Uploader != "OpenID created token" {
			b.own(owner{r.Provider, strings.ToLower(r.Uploader)}, project, r.FactID())
		}
		if repo := publisherRepository(r.Publisher); repo != "" {
			b.source(repo, project, r.FactID())
		}
	}
	for _, p := range in.Published {
		b.own(owner{p.Provider, strings.ToLower(p.Account)}, ProjectName(p.Provider, p.Project), p.Evidence)
	}
	for _, m := range in.Mappings {
		if m.Project == "" || m.Provider == "" {
			continue
		}
		project := ProjectName(m.Provider, m.Project)
		if m.Repository != "" {
			b.source(m.Repository.Key(), project, m.FactID())
		}
		if m.Account != "" {
			b.own(owner{m.Provider, strings.ToLower(m.Account)}, project, m.FactID())
		}
	}
}

func (b *Book) own(o owner, project string, ids ...string) {
	if o.account == "" || project == "" {
		return
	}
	if b.projects[o] == nil {
		b.projects[o] = map[string][]string{}
	}
	if _, again := b.projects[o][project]; !again {
		b.of[project] = append(b.of[project], o)
	}
	b.projects[o][project] = append(b.projects[o][project], ids...)
}

func (b *Book) source(repository, project, id string) {
	if b.sources[repository] == nil {
		b.sources[repository] = map[string][]string{}
	}
	b.sources[repository][project] = append(b.sources[repository][project], id)
}

// publisherRepository is the repository of a trusted publisher, "github:owner/name/...", as its key; empty for any other.
func publisherRepository(publisher string) string {
	rest, ok := strings.CutPrefix(publisher, "github:")
	parts := strings.SplitN(rest, "/", 3)
	if !ok || len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return ""
	}
	return evidence.Repository(parts[0] + "/" + parts[1]).Key()
}

// ProjectName is a project as links and windows name it: "pypi:sampleproject", as the registry compares names. A name that has its provider keeps it.
func ProjectName(p tokens.Provider, name string) string {
	if name == "" {
		return ""
	}
	name = strings.TrimPrefix(name, string(p)+":")
	switch p {
	case tokens.PyPI: // https://packaging.python.org/en/latest/specifications/name-normalization/
		name = pep503(name)
	case tokens.Crates:
		name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	case tokens.NPM, tokens.GitHub, tokens.DockerHub:
		name = strings.ToLower(name)
	}
	return string(p) + ":" + name
}

func pep503(name string) string {
	var out strings.Builder
	run := false
	for _, r := range strings.ToLower(name) {
		if r == '-' || r == '_' || r == '.' {
			run = true
			continue
		}
		if run && out.Len() > 0 {
			out.WriteByte('-')
		}
		run = false
		out.WriteRune(r)
	}
	return out.String()
}

// plain is a label or name in lower case, its words joined by single dashes.
func plain(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 0x7F) })
	return strings.Join(words, "-")
}

// names reports whether a label names something, by whole words.
func names(label, name string) bool {
	return name != "" && strings.Contains("-"+label+"-", "-"+name+"-")
}

func distinct(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }
