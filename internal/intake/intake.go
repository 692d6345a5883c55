// Package intake answers "what does the responder already know": which repositories to look at, in which window, for which campaigns. It
// takes arguments, lists and times as people write them; it gives validated repository names, each with where it was read, and the lines
// that name none. It reads text and nothing else: it never asks whether a repository exists, and it never guesses a name out of a line
// that does not say one.
package intake

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"pentimento/internal/evidence"
)

// Entry is one repository that the responder named.
type Entry struct {
	Repository evidence.Repository
	Given      string // as written, without credentials, query and fragment
	Line       int    // from 1; 0 for an argument
	File       string // empty for an argument
}

// Problem is one line or argument that names no repository.
type Problem struct {
	File   string // empty for an argument
	Line   int    // from 1; 0 for an argument
	Text   string // as written, without credentials and what may be keys, clipped; may hold control characters
	Reason string
}

// String is one line for people; control characters of the text are escaped.
func (p Problem) String() string {
	if p.File == "" {
		return fmt.Sprintf("%q: %s", p.Text, p.Reason)
	}
	return fmt.Sprintf("%s:%d: %q: %s", printable(p.File), p.Line, p.Text, p.Reason)
}

// ParseArguments reads names given on the command line. What can be read and what cannot are both returned, in order; a strict caller
// adds nothing when there are problems.
func ParseArguments(args []string) (entries []Entry, problems []Problem) {
	for _, a := range args {
		repository, err := ParseName(a)
		if err != nil {
			problems = append(problems, Problem{Text: masked(a), Reason: err.Error()})
			continue
		}
		entries = append(entries, Entry{Repository: repository, Given: shown(a)})
	}
	return entries, problems
}

// Merge joins lists and drops repeated repositories, which GitHub compares without case. The first spelling and its place win; the
// order of first appearance is kept.
func Merge(lists ...[]Entry) []Entry {
	var out []Entry
	seen := map[string]bool{}
	for _, list := range lists {
		for _, e := range list {
			if key := e.Repository.Key(); !seen[key] {
				seen[key] = true
				out = append(out, e)
			}
		}
	}
	return out
}

// maxShown bounds the text kept of a line: longer than any URL of a repository, short enough to print.
const maxShown = 200

// shown is what may be kept of a text that a person pasted. Clone URLs carry tokens as user information and raw links carry them in the
// query: neither may reach the case file or a message.
func shown(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "\uFFFD")
	s = withoutUserinfo(s)
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	if r := []rune(s); len(r) > maxShown {
		s = string(r[:maxShown]) + "..."
	}
	return s
}

// withoutUserinfo cuts "user:password@" out of every authority of a text. The user of an ssh address ("git@") is no secret, but it says
// nothing either.
func withoutUserinfo(s string) string {
	var out strings.Builder
	for {
		i := strings.Index(s, "//")
		if i < 0 {
			break
		}
		out.WriteString(s[:i+2])
		s = s[i+2:]
		end := strings.IndexFunc(s, func(r rune) bool { return r == '/' || r == '?' || r == '#' || unicode.IsSpace(r) })
		if end < 0 {
			end = len(s)
		}
		s = s[strings.LastIndexByte(s[:end], '@')+1:]
	}
	out.WriteString(s)
	return out.String()
}

// tokenLike matches what is too long for a word and may be a key. Lists are pasted from spreadsheets and chats: a line that names no
// repository may be anything.
var tokenLike = regexp.MustCompile(`[A-Za-z0-9_-]{28,}`)

// masked is shown for a text that names no repository.
func masked(s string) string {
	return tokenLike.ReplaceAllStringFunc(shown(s), func(run string) string { return run[:4] + "[cut]" })
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}
