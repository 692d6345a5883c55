package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"pentimento/internal/tokens"
)

const (
	// maxIdentified bounds what is read from standard input: a thousand of the longest tokens that anybody issues.
	maxIdentified = 1 << 20
	// maxIdentifiedLines bounds how many tokens are told apart in one go.
	maxIdentifiedLines = 1000
)

// givenToken is a value that was given on one line. It stays in memory.
type givenToken struct {
	line  int
	value string
}

// readTokens reads one token a line. Empty lines and comments are none.
func readTokens(in io.Reader) ([]givenToken, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxIdentified+1))
	if err != nil {
		return nil, fmt.Errorf("read tokens from standard input: %w", err)
	}
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	switch {
	case len(text) > maxIdentified:
		return nil, usagef("more than %d bytes on standard input: one token a line is read", maxIdentified)
	case bytes.IndexByte(text, 0) >= 0:
		return nil, hint(usagef("standard input is no plain text: its digests would be of something else"), "some shells pipe UTF-16: write the token into a file in UTF-8 and redirect it")
	}
	var out []givenToken
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		value := unwrapped(line)
		if value == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if len(out) == maxIdentifiedLines {
			return nil, usagef("more than %d tokens on standard input", maxIdentifiedLines)
		}
		out = append(out, givenToken{n, value})
	}
	if len(out) == 0 {
		return nil, hint(usagef("no token on standard input"), "pentimento identify < FILE")
	}
	return out, nil
}

// What stands around a token where people copy it from.
var (
	// leading is what shells and headers write before a value.
	leading = regexp.MustCompile(`^(?i:export\s+|set\s+|\$env:|authorization:\s*|bearer\s+|token\s+|-\s+)`)
	// assigned is NAME=VALUE: of a shell, .env, .pypirc, and .npmrc with its "//host/:_authToken". Base64 has = at its end alone.
	assigned = regexp.MustCompile(`^[A-Za-z_$/][\w.:/$@-]{0,200}\s*=\s*([^=\s].*)$`)
	// labelled is NAME: VALUE, as YAML, JSON and lists of headers have it.
	labelled = regexp.MustCompile(`^["']?[A-Za-z_][\w.-]{0,200}["']?\s*:\s+(\S.*)$`)
)

// maxWraps bounds how often something is taken off: export, a name, a scheme and quotes around each.
const maxWraps = 8

// unwrapped takes off what stands around a token, as in export NAME='TOKEN'; it stops as soon as what is left has the shape of one.
func unwrapped(line string) string {
	s := strings.TrimFunc(line, around)
	for range maxWraps {
		if i := tokens.Identify(s); i.Provider != "" {
			return s
		}
		was := s
		s = unquoted(strings.TrimRight(s, ";,"))
		for _, form := range []*regexp.Regexp{assigned, labelled} {
			if m := form.FindStringSubmatch(s); m != nil {
				s = m[1]
				break
			}
		}
		if s == was { // a name comes first: token = VALUE is no scheme
			s = leading.ReplaceAllString(s, "")
		}
		if s = strings.TrimFunc(s, around); s == was {
			break
		}
	}
	return s
}

// around is white space, and what pages put beside text that is copied from them.
func around(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200B' || r == '\uFEFF' || r == '\u2060'
}

func unquoted(s string) string {
	for _, q := range []string{`"`, "'", "`"} {
		if strings.Count(s, q) == 2 && strings.HasPrefix(s, q) && strings.HasSuffix(s, q) {
			return s[1 : len(s)-1]
		}
	}
	return s
}
