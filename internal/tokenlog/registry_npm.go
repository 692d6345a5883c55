package tokenlog

import (
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// npmFormats are those of npm's registry. It has no log of uses that can be had: its evidence is the inventory and the packuments.
func npmFormats() []Format {
	return []Format{
		registry("npm-tokens", []string{KindCredentials}, "npm token list --json (or --parseable), or GET /-/npm/v1/tokens", guessNPMTokens, readNPMTokens),
		registry("npm-packument", []string{KindReleases}, "the whole document of a package, GET /NAME of the registry", guessKeys(90, "versions", "time", "name"), readPackument),
	}
}

func guessNPMTokens(s Sample) int {
	switch {
	case s.columns("key", "token", "created", "readonly", "cidr whitelist"):
		return 95
	case s.isJSON() && s.mentions("key", "token", "readonly") && (s.mentions("cidr_whitelist") || s.mentions("accessed") || s.mentions("cidr")):
		return 92
	}
	return 0
}

// maxEnvelope is how much of the answer of npm's API is looked at for whether there is more: what tells stands behind the tokens, or before them.
const maxEnvelope = 16 << 20

// readNPMTokens reads the tokens of one account. Column key is their identifier, and token is cut in the middle. accessed moves with any authenticated
// request, installs too. [npm/api-documentation, api/registry/token.yaml; npm/cli, lib/commands/token.js]
func readNPMTokens(ctx context.Context, in *Input, out *Sink) error {
	var tail envelopeTail
	in = &Input{Name: in.Name, R: io.TeeReader(in.R, &tail), Options: in.Options}
	if in.Account == "" {
		out.Note("the list does not say whose tokens these are: give --account")
	}
	n := int64(0)
	err := eachTableRow(ctx, in, out.unseen(), []string{"objects"}, func(r tableRow) error {
		n++
		c, reason := npmToken(in, r)
		if reason != "" {
			return out.Reject(reason)
		}
		return out.Credential(c)
	})
	if err != nil {
		return err
	}
	if tail.more(n) && in.Complete {
		out.Note("the answer says that there are more tokens than it has, or is too large to tell: the list does not count as whole")
		in.Complete = false
	}
	return listed(in, out, tokens.NPM)
}

// envelopeTail keeps what went through it, up to maxEnvelope.
type envelopeTail struct {
	text []byte
	over bool // there was more
}

func (e *envelopeTail) Write(p []byte) (int, error) {
	if e.over = e.over || len(e.text)+len(p) > maxEnvelope; !e.over {
		e.text = append(e.text, p...)
	}
	return len(p), nil
}

var npmNext = regexp.MustCompile(`"next"\s*:\s*"`)
var npmTotal = regexp.MustCompile(`"total"\s*:\s*([0-9]{1,9})`)

// more reports that the answer has another page, or fewer tokens than it counts, or that this cannot be told.
func (e *envelopeTail) more(n int64) bool {
	if e.over || npmNext.Match(e.text) {
		return true
	}
	m := npmTotal.FindSubmatch(e.text)
	if m == nil {
		return false
	}
	total, err := strconv.ParseInt(string(m[1]), 10, 64)
	return err == nil && total > n
}

// npmRedacted is how npm shows a token: its first six or eight characters and its last four.
var npmRedacted = regexp.MustCompile(`^[A-Za-z0-9_-]{4,8}(?:\.{2,3}|…)[A-Za-z0-9]{4}$`)

func npmToken(in *Input, r tableRow) (c *tokens.Credential, reason string) {
	id, _, secret := tokens.Reduce(r.get("key"))
	if id == "" || secret && strings.Contains(id, tokens.RedactedMark) {
		return nil, "the token has no key"
	}
	c = &tokens.Credential{Provider: tokens.NPM, ID: id, Kind: "access token", Account: in.Account, Label: firstText(r.get("name"), r.get("description")), ListedAt: in.ListedAt,
		LastUsedTold: r.has("accessed"), Inactive: r.flag("revoked")}
	if shown, _, reduced := tokens.Reduce(r.get("token")); reduced || npmRedacted.MatchString(shown) {
		c.Alias = shown
	}
	revoked := r.get("revoked")
	if _, err := strconv.ParseBool(revoked); err == nil {
		revoked = "" // older answers tell only whether
	}
	err := optionals(in.tableZone(), whenTold{&c.CreatedAt, r.get("created")}, whenTold{&c.ExpiresAt, r.get("expiry", "expires")}, whenTold{&c.LastUsedAt, r.get("accessed")},
		whenTold{&c.RevokedAt, revoked})
	if err != nil {
		return nil, err.Error()
	}
	c.Inactive = c.Inactive || !c.RevokedAt.IsZero()
	npmScope(c, r)
	return c, ""
}

// npmScope reads what the token may do. One without scopes can do all that its owner can.
func npmScope(c *tokens.Credential, r tableRow) {
	if r.flag("readonly") {
		c.Scopes = append(c.Scopes, "readonly")
	}
	if r.flag("bypass_2fa") {
		c.Scopes = append(c.Scopes, "bypass_2fa")
	}
	for _, v := range r.list("permissions") {
		m, _ := v.(map[string]any)
		c.Scopes = append(c.Scopes, object(m).text("name")+":"+object(m).text("action"))
	}
	scoped := false
	for _, v := range r.list("scopes") {
		m, _ := v.(map[string]any)
		kind, name := object(m).text("type"), object(m).text("name")
		if scoped = true; kind == "package" && !strings.HasSuffix(name, "/*") {
			c.Projects = append(c.Projects, lowered(name))
		} else {
			c.Scopes = append(c.Scopes, kind+" "+name)
		}
	}
	c.AccountWide = !scoped
	for _, column := range []string{"cidr", "cidr_whitelist"} {
		for _, block := range texts(r.list(column)) {
			c.Scopes = append(c.Scopes, "from "+block)
		}
	}
	if text := r.get("cidr whitelist"); text != "" {
		c.Scopes = append(c.Scopes, "from "+text)
	}
}

// rewritten is by how much the registry's two times of one publication may differ: more is a document that somebody else dated.
const rewritten = time.Hour

// readPackument reads the whole document of a package. A version that has a time and no document was unpublished, or removed by npm. Caches in between
// rewrite times and leave out who published: their documents are marked.
func readPackument(ctx context.Context, in *Input, out *Sink) error {
	doc, err := readDocument(in, out)
	if doc == nil {
		return err
	}
	p := &packument{name: lowered(doc.text("name")), times: doc.object("time"), versions: doc.object("versions")}
	if p.name == "" {
		p.name = lowered(doc.text("_id"))
	}
	if p.look(); p.mirrored {
		out.Note("the document came through a mirror that leaves out publishers or rewrites times: those are its own")
	}
	if unpublished := p.times.object("unpublished"); unpublished != nil {
		out.Note(fmt.Sprintf("the package was unpublished at %s by %q", unpublished.text("time"), unpublished.text("name")))
		for _, v := range texts(unpublished.list("versions")) {
			p.all[v] = true
		}
	}
	rows := documentRows{out: out}
	for _, v := range slices.Sorted(maps.Keys(p.all)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := rows.next(); err != nil {
			return err
		}
		x, reason := p.release(v)
		if reason != "" || p.name == "" {
			err = out.Reject(firstText(reason, "the document names no package"))
		} else {
			err = out.Release(x)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// packument is one document.
type packument struct {
	name            string
	times, versions object
	all             map[string]bool // versions that have a time, a document or both
	mirrored        bool
}

// npmTime is how npm's own registry writes a time.
var npmTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// look lists the versions and tells whether a mirror wrote the document.
func (p *packument) look() {
	p.all = map[string]bool{}
	publishers := 0
	for v := range p.versions {
		p.all[v] = true
		if p.versions.object(v, "_npmUser") != nil {
			publishers++
		}
	}
	p.mirrored = len(p.versions) > 0 && publishers == 0
	for v, t := range p.times {
		text, ok := t.(string)
		if !ok || v == "created" || v == "modified" {
			continue
		}
		p.all[v] = true
		p.mirrored = p.mirrored || !npmTime.MatchString(text)
	}
	for v := range p.versions {
		told, _, err := instant(p.times.text(v), time.UTC)
		if own := p.internal(v); err == nil && !own.IsZero() && told.Sub(own).Abs() > rewritten {
			p.mirrored = true
		}
	}
}

var npmTmp = regexp.MustCompile(`_(\d{13})_`)

// internal is the time of publication that the registry keeps inside the version's document, tmp/NAME_VERSION_MILLISECONDS_RANDOM; zero where it is not.
func (p *packument) internal(version string) time.Time {
	all := npmTmp.FindAllStringSubmatch(p.versions.text(version, "_npmOperationalInternal", "tmp"), -1)
	if len(all) == 0 {
		return time.Time{}
	}
	t, _, err := instant(all[len(all)-1][1], nil)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (p *packument) release(version string) (x *tokens.Release, reason string) {
	x = &tokens.Release{Provider: tokens.NPM, Project: p.name, Version: version, Document: "npm/packument", Mirrored: p.mirrored}
	at, err := optional(p.times.text(version), time.UTC)
	own := p.internal(version)
	switch {
	case p.mirrored && !own.IsZero():
		x.At = own
	case err != nil:
		return nil, err.Error()
	default:
		x.At = at
	}
	doc := p.versions.object(version)
	if doc == nil {
		x.Removed = true
		return x, ""
	}
	x.Commit = commitID(doc.text("gitHead"))
	if user := doc.object("_npmUser"); user != nil {
		x.Uploader = user.text("name")
		x.Publisher = user.text("trustedPublisher", "id")
		x.Trusted = yesNo(x.Publisher != "")
	}
	attested := doc.object("dist", "attestations") != nil
	if attested || !p.mirrored {
		x.Attested = yesNo(attested)
	}
	if node, npm := doc.text("_nodeVersion"), doc.text("_npmVersion"); npm != "" {
		x.UserAgent = strings.TrimSpace("npm/" + npm + " node/" + node)
	}
	return x, ""
}
