package tokens

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Grant is what the caveats of a PyPI token leave of its owner's right to publish. Each can only narrow it.
type Grant struct {
	Words      []string // each caveat in words, in order
	Bounded    bool     // to projects: false is all that the owner has
	Projects   []string // by name
	ProjectIDs []string
	User       string // UUID of the owner
	Publisher  string // UUID of the trusted publisher that it was made for
	NotBefore  time.Time
	Expires    time.Time
}

// Tags of caveats (warehouse/macaroons/caveats/__init__.py).
const (
	caveatExpiration = iota
	caveatProjectName
	caveatProjectID
	caveatUser
	caveatPublisher
)

// maxCaveatItems bounds how many projects of a caveat are read.
const maxCaveatItems = 10_000

// Add reads one caveat, as it stands in the token and in the column of the table: [tag, fields...], or an object of the older form.
func (g *Grant) Add(caveat []byte) {
	d := json.NewDecoder(bytes.NewReader(caveat))
	d.UseNumber()
	var v any
	if len(caveat) > maxMacaroon || d.Decode(&v) != nil {
		g.Words = append(g.Words, "a condition that cannot be read")
		return
	}
	switch v := v.(type) {
	case []any:
		g.tagged(v)
	case map[string]any:
		g.legacy(v)
	default:
		g.Words = append(g.Words, "a condition that cannot be read")
	}
}

func (g *Grant) tagged(v []any) {
	tag := int64(-1)
	if len(v) > 1 {
		if n, ok := v[0].(json.Number); ok {
			if i, err := n.Int64(); err == nil {
				tag = i
			}
		}
	}
	switch {
	case tag == caveatExpiration && len(v) > 2:
		g.lifetime(v[2], v[1])
	case tag == caveatProjectName:
		g.names(v[1])
	case tag == caveatProjectID:
		g.ids(v[1])
	case tag == caveatUser:
		g.User = word(v[1])
		g.Words = append(g.Words, "only for the user "+g.User)
	case tag == caveatPublisher:
		g.Publisher = word(v[1])
		g.Words = append(g.Words, "made for the trusted publisher "+g.Publisher)
	default:
		g.Words = append(g.Words, "a condition of an unknown kind")
	}
}

// legacy reads the older form (warehouse/macaroons/caveats/_legacy.py).
func (g *Grant) legacy(v map[string]any) {
	permissions, hasPermissions := v["permissions"]
	ids, hasIDs := v["project_ids"]
	switch {
	case hasPermissions && permissions == "user":
		g.Words = append(g.Words, "all projects of its owner")
	case hasPermissions:
		m, _ := permissions.(map[string]any)
		g.names(m["projects"])
	case hasIDs:
		g.ids(ids)
	case v["exp"] != nil:
		g.lifetime(v["nbf"], v["exp"])
	default:
		g.Words = append(g.Words, "a condition of an unknown kind")
	}
}

func (g *Grant) names(v any) {
	g.Projects = narrowed(g.Projects, words(v))
	g.Bounded = true
	g.Words = append(g.Words, "only the projects named "+listed(words(v)))
}

func (g *Grant) ids(v any) {
	g.ProjectIDs = narrowed(g.ProjectIDs, words(v))
	g.Bounded = true
	g.Words = append(g.Words, "only the projects with id "+listed(words(v)))
}

// narrowed is what is in both, where there was something before.
func narrowed(before, now []string) []string {
	if before == nil {
		return now
	}
	return slices.DeleteFunc(before, func(s string) bool { return !slices.Contains(now, s) })
}

func listed(all []string) string {
	if len(all) == 0 {
		return "(none)"
	}
	return strings.Join(all, ", ")
}

func (g *Grant) lifetime(from, to any) {
	text := "valid"
	if t, ok := epoch(from); ok {
		text += " from " + t.Format(time.RFC3339)
		if t.After(g.NotBefore) {
			g.NotBefore = t
		}
	}
	if t, ok := epoch(to); ok {
		text += " until " + t.Format(time.RFC3339)
		if g.Expires.IsZero() || t.Before(g.Expires) {
			g.Expires = t
		}
	}
	g.Words = append(g.Words, text)
}

// lastEpoch is the end of the year 9999, behind which no date can be written.
const lastEpoch = 253402300799

// epoch reads seconds since 1970.
func epoch(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	s, err := n.Int64()
	if err != nil || s < 0 || s > lastEpoch {
		return time.Time{}, false
	}
	return time.Unix(s, 0).UTC(), true
}

func word(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

// words are the texts of an array.
func words(v any) []string {
	list, _ := v.([]any)
	out := []string{}
	for _, item := range list[:min(len(list), maxCaveatItems)] {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
