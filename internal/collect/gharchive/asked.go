package gharchive

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"pentimento/internal/evidence"
)

const (
	// askedType marks the row that [BigQuery] adds for what it asked for.
	askedType = "PentimentoAsked"
	// maxAsked bounds how many queries one result may be of: parts of one, saved together.
	maxAsked = 64
)

// asked is what a query selects: repositories by id, or by name in lower case.
type asked struct {
	IDs   []int64  `json:"ids"`
	Names []string `json:"names"`
}

// digest names the selection. Rows that count hours bear it: of which repositories they say that there was nothing more.
func (a asked) digest() string {
	var lines []string
	for _, id := range a.IDs {
		lines = append(lines, strconv.FormatInt(id, 10))
	}
	lines = append(lines, a.Names...)
	slices.Sort(lines)
	return digest(lines)
}

// size is about what the selection takes in a query, once.
func (a asked) size() (n int) {
	n = 22 * len(a.IDs)
	for _, name := range a.Names {
		n += len(literal(name)) + 2
	}
	return n
}

// literals are the selection in GoogleSQL.
func (a asked) literals() (ids, names string) {
	var digits, texts []string
	for _, id := range a.IDs {
		digits = append(digits, strconv.FormatInt(id, 10))
	}
	for _, name := range a.Names {
		texts = append(texts, literal(name))
	}
	return strings.Join(digits, ", "), strings.Join(texts, ", ")
}

// literal writes a string of GoogleSQL. All but what names are made of is escaped by its code point, so that no text ends the literal.
func literal(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_./", r):
			b.WriteRune(r)
		case r == utf8.RuneError:
			b.WriteString(`\ufffd`)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// ask takes the row that says what a query asked for.
func (s *survey) ask(e event) error {
	var a asked
	if err := json.Unmarshal(e.payload, &a); err != nil {
		return fmt.Errorf("row of what was asked for: %w", err)
	}
	if s.asked[a.digest()] = a; len(s.asked) > maxAsked {
		return errors.New("the result is of too many queries")
	}
	return nil
}

// covered are the targets that queries asked for: by id, or by every name.
func (s *survey) covered(targets []Target, queries []string) []Target {
	ids, texts := map[int64]bool{}, map[string]bool{}
	for _, q := range queries {
		for _, id := range s.asked[q].IDs {
			ids[id] = true
		}
		for _, name := range s.asked[q].Names {
			texts[name] = true
		}
	}
	var out []Target
	for _, t := range targets {
		unasked := func(r evidence.Repository) bool { return !texts[lower(string(r))] }
		if t.GitHubID > 0 && ids[t.GitHubID] || !unasked(t.Repository) && !slices.ContainsFunc(t.Aliases, unasked) {
			out = append(out, t)
		}
	}
	return out
}
