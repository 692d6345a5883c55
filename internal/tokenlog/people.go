package tokenlog

import (
	"context"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// peopleFormat is one of the three formats that are our own: what people write down, as CSV with these columns, or JSON with these keys.
type peopleFormat struct {
	kind, about string
	columns     []string
	marks       []string // that no other of the three has
	needs       []string // without which no row says anything
	give        func(get func(string) string, out *Sink) error
}

var people = []peopleFormat{
	{
		kind: KindContacts, about: "how owners can be told, as CSV or JSON: kind (owner, repository, project), name, person, address, why",
		columns: []string{"kind", "name", "person", "address", "why"}, marks: []string{"kind", "name", "address"}, needs: []string{"kind", "name"}, give: giveContact,
	},
	{
		kind: KindMapping, about: "which secret is which credential, as CSV or JSON: repository, secret, provider, credential, account, project, because",
		columns: []string{"repository", "secret", "provider", "credential", "account", "project", "because"}, marks: []string{"repository", "secret", "provider"},
		needs: []string{"repository"}, give: giveMapping,
	},
	{
		kind: KindStatements, about: "what people know, as CSV or JSON: repository, secret, credential, fact, at, by, because (see declare)",
		columns: []string{"repository", "secret", "credential", "fact", "at", "by", "because"}, marks: []string{"repository", "fact", "by"},
		needs: []string{"repository", "fact"}, give: giveStatement,
	},
}

// peopleFormats are those of contacts, mappings and statements.
func peopleFormats() []Format {
	var all []Format
	for _, p := range people {
		all = append(all, Format{Name: p.kind, Kinds: []string{p.kind}, About: p.about, Guess: p.guess, Read: p.read})
	}
	return all
}

// guess knows the format by its columns: with no other beside them it is sure.
func (p peopleFormat) guess(s Sample) int {
	names := s.Header
	if len(names) == 0 {
		names = s.Keys
	}
	has := func(name string) bool { return slices.Contains(names, name) }
	switch {
	case slices.ContainsFunc(p.marks, func(m string) bool { return !has(m) }):
		return 0
	case slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(p.columns, n) }):
		return 60
	default:
		return 95
	}
}

// read reads one fact a row. Columns of other names are not read, of which a note is made.
func (p peopleFormat) read(ctx context.Context, in *Input, out *Sink) error {
	csv, err := in.isCSV()
	if err != nil {
		return err
	}
	strange := map[string]bool{}
	if !csv {
		err = eachObject(ctx, in, out, nil, func(o object) error {
			for key := range o {
				if !slices.Contains(p.columns, key) {
					strange[key] = true
				}
			}
			return p.row(func(name string) string { return o.text(name) }, func(name string) bool { _, ok := o[name]; return ok }, out)
		})
	} else {
		err = eachRecord(ctx, in, out, func(r *record) error {
			for _, name := range r.names {
				if !slices.Contains(p.columns, name) {
					strange[name] = true
				}
			}
			return p.row(func(name string) string { return r.get(name) }, r.has, out)
		})
	}
	if err == nil && len(strange) > 0 {
		out.Note("columns were not read that " + p.kind + " have none of: " + p.kind + " have " + strings.Join(p.columns, ", "))
	}
	return err
}

func (p peopleFormat) row(get func(string) string, has func(string) bool, out *Sink) error {
	for _, name := range p.needs {
		if !has(name) {
			return out.Reject("the row has no " + name)
		}
	}
	return p.give(get, out)
}

// Kinds of contacts.
const (
	contactOwner      = "owner"
	contactRepository = "repository"
	contactProject    = "project"
)

func giveContact(get func(string) string, out *Sink) error {
	c := tokens.Contact{Kind: lowered(get("kind")), Name: get("name"), Person: get("person"), Address: get("address"), Why: get("why")}
	switch c.Kind {
	case contactOwner:
		if _, err := evidence.ParseRepository(c.Name + "/x"); err != nil {
			return out.Reject("the name is no owner on GitHub")
		}
	case contactRepository:
		if _, err := evidence.ParseRepository(c.Name); err != nil {
			return out.Reject("the name is not owner/name")
		}
	case contactProject:
		p, name, _ := strings.Cut(c.Name, ":")
		if !providerName.MatchString(p) || name == "" {
			return out.Reject("the name of the project is not provider:name, as in pypi:sampleproject")
		}
		c.Name = p + ":" + registryProject(tokens.Provider(p), name)
	default:
		return out.Reject("kind is owner, repository or project")
	}
	switch {
	case c.Person == "" && c.Address == "":
		return out.Reject("the row has neither person nor address")
	case c.Address != "" && !reachable(c.Address):
		return out.Reject("the address is neither a mail address nor the URL of a page")
	case holdsSecret(c.Person, c.Address, c.Why):
		return out.Reject(reasonTold)
	}
	return out.Contact(&c)
}

// reasonTold is of a row in which somebody wrote a credential where none belongs.
const reasonTold = "the row holds a credential itself: take it out, and have it revoked"

// holdsSecret reports that one of the texts has something in the shape of a credential.
func holdsSecret(all ...string) bool {
	return slices.ContainsFunc(all, func(s string) bool { _, n := tokens.Scrub(s); return n > 0 })
}

// reachable reports a mail address or the URL of a page; nothing else is shown as a link to people.
func reachable(address string) bool {
	if u, err := url.Parse(address); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return true
	}
	a, err := mail.ParseAddress(strings.TrimPrefix(address, "mailto:"))
	return err == nil && a.Name == ""
}

// giveMapping reads what a responder knows of a secret. An empty repository is all of them, an empty secret the repository as a whole.
func giveMapping(get func(string) string, out *Sink) error {
	m := tokens.Mapping{Secret: get("secret"), Provider: tokens.Provider(lowered(get("provider"))), Account: get("account"), Because: get("because")}
	if name := get("repository"); name != "" && name != "*" {
		repo, err := evidence.ParseRepository(name)
		if err != nil {
			return out.Reject("the repository is not owner/name")
		}
		m.Repository = repo
	}
	// That of the secret is a name, and tokens have no business in any of them.
	if holdsSecret(m.Secret, m.Account, get("project"), m.Because) || tokens.Identify(m.Secret).Provider != "" || opaque(m.Secret) {
		return out.Reject(reasonTold)
	}
	var reason string
	if m.Provider, m.Credential, reason = toldCredential(m.Provider, get("credential")); reason != "" {
		return out.Reject(reason)
	}
	project := get("project")
	if p, name, ok := strings.Cut(project, ":"); ok && m.Provider == "" && providerName.MatchString(p) {
		m.Provider, project = tokens.Provider(p), name
	}
	m.Project = registryProject(m.Provider, strings.TrimPrefix(project, string(m.Provider)+":"))
	switch {
	case m.Provider == "" && (m.Credential != "" || m.Account != "" || m.Project != ""):
		return out.Reject("the row names no provider")
	case m.Provider == "":
		return out.Reject("the row says of nothing what it is")
	case !providerName.MatchString(string(m.Provider)):
		return out.Reject("the provider is no name of lower-case letters, digits, dots and hyphens")
	case m.Repository == "" && m.Secret == "":
		return out.Reject("the row names neither repository nor secret")
	case m.Secret == "" && m.Credential == "" && m.Account == "" && m.Project == "":
		return out.Reject("the row says of nothing what it is")
	}
	return out.Mapping(&m)
}

// toldCredential is what may be kept of a credential that a person wrote down: alone, behind its provider and a colon, or, by mistake, its value.
func toldCredential(p tokens.Provider, value string) (provider tokens.Provider, id, reason string) {
	if value == "" {
		return p, "", ""
	}
	switch before, behind, ok := strings.Cut(value, ":"); {
	case !ok || behind == "":
	case string(p) == before:
		value = behind
	case p == "" && providerName.MatchString(before) && !strings.EqualFold(before+":", tokens.HashPrefix):
		p, value = tokens.Provider(before), behind
	}
	whole := tokens.Identify(value)
	id, of, reduced := tokens.Reduce(value)
	switch {
	case reduced && (of == "" || id == tokens.RedactedMark):
		return "", "", reasonNoID
	case whole.Provider != "" && p != "" && whole.Provider != p:
		return "", "", "the credential is one of another provider than the row names"
	case whole.Provider != "":
		return whole.Provider, id, ""
	case opaque(value):
		return "", "", "the credential looks like a secret: its identifier belongs here"
	}
	if hash := tokens.NormalHash(value); hash != "" && hashNamed(p, value) {
		id = hash
	}
	return p, id, ""
}

// hashNamed reports a provider whose documents name credentials by the SHA-256 of their value, or a value that says that it is one.
func hashNamed(p tokens.Provider, value string) bool {
	return p == tokens.GitHub || p == tokens.Crates || p == tokens.RubyGems || strings.HasPrefix(strings.ToLower(value), tokens.HashPrefix)
}

// giveStatement passes on what somebody says, as it is written. A credential that is a value becomes the name under which windows show it.
func giveStatement(get func(string) string, out *Sink) error {
	s := Statement{Repository: get("repository"), Secret: get("secret"), Fact: get("fact"), At: get("at"), By: get("by"), Because: get("because")}
	if holdsSecret(s.Secret, s.By, s.Because) || tokens.Identify(s.Secret).Provider != "" || opaque(s.Secret) {
		return out.Reject(reasonTold)
	}
	if s.Repository == "" || s.Fact == "" {
		return out.Reject("the row names no repository or no fact")
	}
	p, id, reason := toldCredential("", get("credential"))
	if reason != "" {
		return out.Reject(reason)
	}
	if s.Credential = id; p != "" {
		s.Credential = string(tokens.NewRef(p, id))
	}
	return out.Statement(&s)
}
