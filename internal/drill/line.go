package drill

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// line is one statement: a verb, its words in order, and its named parts, which are written "key value" or "key=value".
type line struct {
	number int
	verb   string
	args   []string
	named  map[string]string
	flags  map[string]bool
}

// statement says what a verb takes, and does it.
type statement struct {
	min, max int      // words in order
	keys     []string // named parts
	flags    []string // words that stand alone
	assigned bool     // named parts are written "key=value" alone, for a key may be a word too
	do       func(*parser, *line) error
}

// words splits a statement at blanks. A part in double quotes is a Go string literal and may hold anything.
func words(s string) ([]string, error) {
	var out []string
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return out, nil
		}
		var word strings.Builder
		for s != "" && s[0] != ' ' && s[0] != '\t' {
			if s[0] != '"' {
				n := strings.IndexAny(s, " \t\"")
				if n < 0 {
					n = len(s)
				}
				word.WriteString(s[:n])
				s = s[n:]
				continue
			}
			quoted, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, fmt.Errorf("quotes do not close: %s", s)
			}
			text, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", quoted, err)
			}
			word.WriteString(text)
			s = s[len(quoted):]
		}
		out = append(out, word.String())
	}
}

// parseLine reads a statement of a known verb.
func parseLine(number int, text string) (*line, statement, error) {
	parts, err := words(text)
	if err != nil || len(parts) == 0 {
		return nil, statement{}, err
	}
	l := &line{number: number, verb: parts[0], named: map[string]string{}, flags: map[string]bool{}}
	st, ok := statements()[l.verb]
	if !ok {
		return nil, st, fmt.Errorf("unknown statement %q", l.verb)
	}
	for i := 1; i < len(parts); i++ {
		word := parts[i]
		key, value, assigned := strings.Cut(word, "=")
		switch {
		case assigned && slices.Contains(st.keys, key):
		case slices.Contains(st.flags, word):
			l.flags[word] = true
			continue
		case !st.assigned && slices.Contains(st.keys, word):
			if i++; i == len(parts) {
				return nil, st, fmt.Errorf("%s: nothing after %q", l.verb, word)
			}
			key, value = word, parts[i]
		default:
			l.args = append(l.args, word)
			continue
		}
		if _, dup := l.named[key]; dup {
			return nil, st, fmt.Errorf("%s: %q twice", l.verb, key)
		}
		l.named[key] = value
	}
	if len(l.args) < st.min || len(l.args) > st.max {
		return nil, st, fmt.Errorf("%s: %d words %q, takes %d to %d", l.verb, len(l.args), l.args, st.min, st.max)
	}
	return l, st, nil
}

// arg is the i-th word, empty where there are fewer.
func (l *line) arg(i int) string {
	if i < len(l.args) {
		return l.args[i]
	}
	return ""
}

// instant reads a time: RFC 3339, or "+5s" after the base. The empty string gives the base.
func instant(base time.Time, s string) (time.Time, error) {
	if s == "" {
		return base, nil
	}
	if strings.HasPrefix(s, "+") {
		d, err := time.ParseDuration(s[1:])
		if err != nil {
			return time.Time{}, err
		}
		if base.IsZero() {
			return time.Time{}, fmt.Errorf("%q needs a time before it", s)
		}
		return base.Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time of RFC 3339", s)
	}
	return t.UTC(), nil
}

// list splits "A,B"; the empty string gives none.
func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// whole reads a positive number.
func whole(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is not a positive number", s)
	}
	return n, nil
}

// branchRef and tagRef make full names of short ones, with the strictness that a recipe needs.
func branchRef(short string) (evidence.Ref, error) { return fullRef("refs/heads/", short) }
func tagRef(short string) (evidence.Ref, error)    { return fullRef("refs/tags/", short) }

func fullRef(prefix, short string) (evidence.Ref, error) {
	for part := range strings.SplitSeq(short, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") || strings.HasSuffix(part, ".") {
			return "", fmt.Errorf("%q is not a ref name", short)
		}
	}
	if strings.ContainsAny(short, " \t~^:?*[\\\x7f\x00\n") || strings.Contains(short, "..") || strings.Contains(short, "@{") {
		return "", fmt.Errorf("%q is not a ref name", short)
	}
	return evidence.Ref(prefix + short), nil
}
