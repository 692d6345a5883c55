package tokenlog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// genericReader reads the rows of one file as a mapping says.
type genericReader struct {
	m     *Mapping
	in    *Input
	out   *Sink
	zone  *time.Location
	names *credentialNamer

	header  *header     // of CSV, where at is of
	at      [fields]int // columns of the fields, from 0; -1: none
	missing string      // reason for which no row of the file can be read

	row    *record // the present row: one of both
	json   object
	seen   [fields]bool // of JSON: some row has it
	fields []field      // that the mapping reads

	rows, rejected  int64
	strangeActions  int64
	strangeOutcomes int64
	told            map[string]bool
	use             tokens.Use
}

func newGenericReader(in *Input, out *Sink) *genericReader {
	m := in.Mapping
	g := &genericReader{m: m, in: in, out: out, zone: in.zone(m.clock.zone), told: map[string]bool{}}
	for f := range m.columns {
		if m.columns[f].name != "" {
			g.fields = append(g.fields, field(f))
		}
	}
	of := fieldCredential
	if m.kind == KindCredentials {
		of = fieldID
	}
	g.names = newCredentialNamer(m.holds, m.columns[of].name, m.provider)
	return g
}

// countRejects counts what is kept aside of the file, also by the readers of rows, until what it returns is called.
func (g *genericReader) countRejects() (restore func()) {
	reject := g.out.Reject
	g.out.Reject = func(reason string) error {
		g.rejected++
		return reject(reason)
	}
	return func() { g.out.Reject = reject }
}

func (g *genericReader) members() []string {
	if g.m.records == "" {
		return nil
	}
	return []string{g.m.records}
}

// record takes a row of CSV.
func (g *genericReader) record(r *record) error {
	if g.header != r.header {
		g.header = r.header
		g.missing = g.locate()
	}
	if g.missing != "" {
		return g.out.Reject(g.missing)
	}
	g.row = r
	return g.give()
}

// locate finds the columns of the fields in the header; the reason where it cannot.
func (g *genericReader) locate() (reason string) {
	for f := range g.at {
		g.at[f] = -1
	}
	for _, f := range g.fields {
		name := columnName(g.m.columns[f].name)
		i, ok := g.header.index[name]
		if !ok {
			return "the file has no column for " + f.String() + " of the mapping"
		}
		if slices.Contains(g.header.names[i+1:], name) {
			return "the file has two columns of the name that the mapping gives for " + f.String()
		}
		g.at[f] = i
	}
	return ""
}

// object takes a row of JSON.
func (g *genericReader) object(o object) error {
	g.json = o
	return g.give()
}

// value is a field of the present row as JSON has it.
func (g *genericReader) value(f field) any {
	c := &g.m.columns[f]
	v, ok := g.json[c.name]
	if !ok && len(c.path) > 1 {
		v = g.json.at(c.path...)
	}
	if v != nil {
		g.seen[f] = true
	}
	return v
}

// get is the text of a field of the present row, else what is fixed.
func (g *genericReader) get(f field) string {
	if g.m.columns[f].name == "" {
		return g.m.fixed[f]
	}
	if g.row != nil {
		return strings.TrimSpace(g.row.fields[g.at[f]])
	}
	return scalar(g.value(f))
}

// list is a field that holds several.
func (g *genericReader) list(f field) []string {
	if g.json != nil && g.m.columns[f].name != "" {
		if l, ok := g.value(f).([]any); ok {
			return texts(l)
		}
	}
	var all []string
	for s := range strings.SplitSeq(g.get(f), g.m.separator) {
		if s = strings.TrimSpace(s); s != "" && len(all) < maxNames {
			all = append(all, s)
		}
	}
	return all
}

// give gives the present row on, or rejects it.
func (g *genericReader) give() error {
	g.rows++
	switch g.m.kind {
	case KindUsage:
		return g.giveUse()
	case KindCredentials:
		return g.giveCredential()
	default:
		return g.giveRelease()
	}
}

func (g *genericReader) once(note string) {
	if note != "" && !g.told[note] {
		g.told[note] = true
		g.out.Note(note)
	}
}

func (g *genericReader) giveUse() error {
	named := g.names.of(g.get(fieldCredential))
	if named.reason != "" {
		return g.out.Reject(named.reason)
	}
	u := &g.use
	*u = tokens.Use{
		Log: g.m.log, Provider: named.provider, Credential: named.id, Account: g.get(fieldAccount), Action: g.get(fieldAction),
		Class: tokens.Other, Project: registryProject(named.provider, g.get(fieldProject)), Subject: g.get(fieldSubject), Country: country(g.get(fieldCountry)),
		UserAgent: dashless(g.get(fieldUserAgent)), External: g.get(fieldEventID),
	}
	if u.Credential == "" && u.Account == "" {
		return g.out.Reject("the row names neither credential nor account")
	}
	u.Address, u.Origin = place(g.get(fieldAddress))
	var err error
	if u.At, u.Within, err = g.m.clock.read(g.get(fieldTime), g.zone); err != nil {
		return g.out.Reject(err.Error())
	}
	var reason string
	if u.Commit, u.RunID, reason = g.origin(); reason != "" {
		return g.out.Reject(reason)
	}
	if class := g.m.actions.of(u.Action); class != "" {
		u.Class = tokens.Class(class)
	} else {
		g.strangeActions++
	}
	u.Outcome = g.outcome()
	g.once(named.note)
	return g.out.Use(u)
}

// origin is the commit and the run that a row names.
func (g *genericReader) origin() (commit evidence.OID, run int64, reason string) {
	if s := dashless(g.get(fieldCommit)); s != "" {
		oid, err := evidence.ParseOID(s)
		if err != nil {
			return "", 0, "the commit is no full name of one"
		}
		commit = oid
	}
	if s := dashless(g.get(fieldRunID)); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return "", 0, "the run is no number"
		}
		run = n
	}
	return commit, run, ""
}

// outcome is what became of a use: by the words of the mapping, else by those that are ours, or by a status of HTTP.
func (g *genericReader) outcome() string {
	word := g.get(fieldOutcome)
	if word == "" {
		return ""
	}
	if !g.m.outcomes.empty() {
		place := g.m.outcomes.of(word)
		if place == "" {
			g.strangeOutcomes++
		}
		return place
	}
	if word = strings.ToLower(word); word == tokens.Succeeded || word == tokens.Failed {
		return word
	}
	if n, err := strconv.Atoi(word); err == nil && n >= 100 && n < 600 {
		return statusOutcome(int64(n))
	}
	g.strangeOutcomes++
	return ""
}

func (g *genericReader) giveRelease() error {
	named := g.names.of(g.get(fieldCredential))
	if named.reason != "" {
		return g.out.Reject(named.reason)
	}
	r := tokens.Release{Provider: g.m.provider, Project: registryProject(g.m.provider, g.get(fieldProject)), Version: g.get(fieldVersion), File: g.get(fieldFile),
		Document: g.m.log, Uploader: g.get(fieldUploader), UserAgent: dashless(g.get(fieldUserAgent)), Publisher: g.get(fieldPublisher), Token: named.id}
	if r.Project == "" || r.Version == "" {
		return g.out.Reject("the row names no project or no version")
	}
	if sum := g.get(fieldSHA256); sum != "" {
		hash := tokens.NormalHash(sum)
		if hash == "" {
			return g.out.Reject("the SHA-256 is none")
		}
		r.SHA256 = strings.TrimPrefix(hash, tokens.HashPrefix)
	}
	var reason string
	if r.Commit, r.RunID, reason = g.origin(); reason != "" {
		return g.out.Reject(reason)
	}
	var err error
	if r.At, _, err = g.m.clock.read(g.get(fieldTime), g.zone); err != nil {
		return g.out.Reject(err.Error())
	}
	for _, flag := range []struct {
		to *bool
		of field
	}{{&r.Yanked, fieldYanked}, {&r.Removed, fieldRemoved}} {
		if *flag.to, reason = truth(g.get(flag.of)); reason != "" {
			return g.out.Reject(reason)
		}
	}
	g.once(named.note)
	return g.out.Release(&r)
}

// truth reads yes or no as tables write them; nothing is no.
func truth(word string) (is bool, reason string) {
	switch strings.ToLower(word) {
	case "", "false", "f", "no", "n", "0", "null", "-", "inactive", "disabled":
		return false, ""
	case "true", "t", "yes", "y", "1", "active", "enabled":
		return true, ""
	}
	return false, "a column of yes and no has something else"
}

// registryProject is the name of a project as its registry compares names.
func registryProject(p tokens.Provider, name string) string {
	switch p {
	case tokens.PyPI:
		return pypiProject(name)
	case tokens.Crates:
		return strings.ReplaceAll(lowered(name), "_", "-")
	case tokens.NPM, tokens.GitHub, tokens.DockerHub:
		return lowered(name)
	default:
		return name
	}
}

// finish tells what is to be said of the file as a whole.
func (g *genericReader) finish() error {
	if g.json != nil {
		for _, f := range g.fields {
			if !g.seen[f] {
				g.out.Note("no row has the key that the mapping gives for " + f.String())
			}
		}
	}
	if g.strangeActions > 0 && !g.m.actions.empty() {
		g.out.Note(fmt.Sprintf("rows with an action that the mapping puts in no class (actions): %d", g.strangeActions))
	}
	if g.strangeActions > 0 && g.m.actions.empty() {
		g.out.Note("the mapping does not say which actions publish, write or read (actions): all are of the class other")
	}
	if g.strangeOutcomes > 0 {
		g.out.Note(fmt.Sprintf("rows with an outcome that the mapping calls neither success nor failure (outcomes): %d", g.strangeOutcomes))
	}
	if g.m.provider == genericProvider {
		g.out.Note("the mapping names no provider: credentials are named generic:ID, and those of another such file with the same identifier are taken for the same")
	}
	if g.m.kind == KindCredentials {
		return g.listing()
	}
	return nil
}
