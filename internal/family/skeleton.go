package family

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// maxTokens bounds the skeleton of a file: workflows of a thousand lines have some thousand tokens, and what follows tells no more.
const maxTokens = 20_000

// maxPeriod is the longest run of tokens whose repetition is one: a form field of a secret, or one line of an env section, is a few.
const maxPeriod = 6

// What stands in a skeleton for what may differ between two files of one maker.
const (
	tokText   = "V"  // a name or another text
	tokArg    = "A"  // an argument, or a word of a string
	tokURL    = "U"  // a URL or an address
	tokNumber = "N"  // a number
	tokBlob   = "B"  // encoded text
	tokExpr   = "E"  // an expression
	tokSecret = "S"  // an expression with a secret
	tokAll    = "S*" // an expression with all secrets
	tokSelf   = "F"  // a field, variable or parameter that bears the name of the secret that it carries
	tokKey    = "k"  // a key that is no word of GitHub's
)

// vocabulary are the keys and events of a workflow file: the words that every author must use.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
var vocabulary = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`name run-name on permissions env defaults concurrency jobs runs-on needs if steps uses with run shell
		working-directory continue-on-error timeout-minutes strategy matrix include exclude fail-fast max-parallel container services image ports
		volumes options credentials environment outputs secrets inherit id inputs type required default description branches branches-ignore tags
		tags-ignore paths paths-ignore types workflows cron group cancel-in-progress
		push pull_request pull_request_target workflow_dispatch workflow_run workflow_call schedule issues issue_comment discussion
		discussion_comment release create delete fork gollum label milestone page_build project public registry_package repository_dispatch
		status watch check_run check_suite deployment deployment_status merge_group branch_protection_rule
		read write none read-all write-all contents id-token actions packages pull-requests true false`) {
		out[w] = true
	}
	return out
}()

// texts are the keys whose value is a text for people.
var texts = map[string]bool{"name": true, "run-name": true, "description": true}

// Skeleton is a file with everything taken out that its maker changes from one victim to the next: names, secrets, destinations, numbers,
// encoded text, comments, indentation, and how often a thing is repeated. What is left are the keys in their order, events, actions, programs and flags.
// It is read from the text, not from the YAML: a file that does not parse has one as well.
func Skeleton(text []byte) []string {
	l := lexer{block: -1, command: true}
	for line := range bytes.Lines(text) {
		if len(l.out) >= maxTokens {
			break
		}
		l.line(strings.TrimRight(string(line), " \t\r\n"))
	}
	return collapse(l.out)
}

// digestOf is a short digest of a skeleton. It is of a strong hash: who writes a workflow should not be able to make it look like another one.
func digestOf(tokens []string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join(tokens, "\x00")))
	return binary.BigEndian.Uint64(sum[:8])
}

// collapse replaces a run of tokens that follows itself by one.
func collapse(in []string) []string {
	out := in[:0]
	for _, t := range in {
		out = append(out, t)
		for again := true; again; {
			again = false
			for p := 1; p <= maxPeriod && 2*p <= len(out); p++ {
				n := len(out)
				if slices.Equal(out[n-p:], out[n-2*p:n-p]) {
					out, again = out[:n-p], true
					break
				}
			}
		}
	}
	return out
}

// lexer goes through a file line by line.
type lexer struct {
	out     []string
	block   int  // indentation of the key whose block scalar is being read; -1 outside of one
	command bool // the next word of a script is a program
	sub     bool // the next one says what the program does
	quote   byte // the quote that is open within a line of a script
}

func (l *lexer) emit(t ...string) { l.out = append(l.out, t...) }

func (l *lexer) line(s string) {
	rest := strings.TrimLeft(s, " \t")
	if rest == "" {
		return
	}
	indent := len(s) - len(rest)
	if l.block >= 0 && indent > l.block {
		l.script(rest)
		return
	}
	l.block = -1
	for strings.HasPrefix(rest, "- ") || rest == "-" {
		l.emit("-")
		more := strings.TrimLeft(rest[1:], " ")
		indent += len(rest) - len(more)
		rest = more
	}
	key, value, ok := keyOf(rest)
	if !ok {
		l.value(rest)
		return
	}
	value = uncomment(value)
	if strings.HasPrefix(value, "|") || strings.HasPrefix(value, ">") {
		l.key(key)
		l.block, l.command, l.quote = indent, true, 0
		return
	}
	switch {
	case texts[key]:
		l.emit(key, tokText)
	case key == "uses":
		l.emit("uses", actionName(value))
	case key == "if":
		l.emit("if", tokExpr)
	case key == "run":
		l.emit("run")
		l.command, l.quote = true, 0
		l.script(value)
	case selfNamed(key, value):
		l.emit(tokSelf)
	default:
		l.key(key)
		l.value(value)
	}
}

func (l *lexer) key(key string) {
	if vocabulary[key] {
		l.emit(key)
		return
	}
	l.emit(tokKey)
}

// value reads a scalar or a collection in one line that is no script.
func (l *lexer) value(s string) {
	s = uncomment(s)
	if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		l.command, l.quote = false, 0
		l.script(s)
		return
	}
	for s != "" {
		if at := strings.Index(s, "${{"); at != 0 {
			head := s
			if at > 0 {
				head = s[:at]
			}
			for w := range strings.FieldsFuncSeq(head, func(r rune) bool { return strings.ContainsRune(" \t'\",", r) }) {
				l.word(w)
			}
			s = s[len(head):]
			continue
		}
		var expr string
		expr, s = expression(s)
		l.emit(expressionToken(expr))
	}
}

// word is a word of a value.
func (l *lexer) word(w string) {
	switch {
	case vocabulary[w]:
		l.emit(w)
	default:
		l.emit(classOf(w, tokText))
	}
}

// keyOf splits "key: value"; the key may be quoted.
func keyOf(s string) (key, value string, ok bool) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		end := strings.IndexByte(s[1:], s[0])
		if end < 0 {
			return "", "", false
		}
		key, s = s[1:1+end], s[2+end:]
	} else {
		end := 0
		for end < len(s) && (isWord(s[end]) || s[end] == '-' || s[end] == '.' || s[end] == '/') {
			end++
		}
		key, s = s[:end], s[end:]
	}
	if key == "" || !strings.HasPrefix(s, ":") || len(s) > 1 && s[1] != ' ' && s[1] != '\t' {
		return "", "", false
	}
	return key, strings.TrimLeft(s[1:], " \t"), true
}

// uncomment cuts a comment off: a # at the begin or after a blank, outside of quotes.
func uncomment(s string) string {
	var quote byte
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t'):
			return strings.TrimRight(s[:i], " \t")
		}
	}
	return s
}

// actionName is an action or a called workflow without its version; anything of this repository is alike.
func actionName(s string) string {
	s = strings.Trim(s, `'" `)
	if strings.HasPrefix(s, "./") {
		return "./"
	}
	name, _, _ := strings.Cut(s, "@")
	return strings.ToLower(name)
}

// selfNamed reports NAME: ${{ secrets.NAME }}.
func selfNamed(key, value string) bool {
	value = strings.Trim(value, `'" `)
	if !strings.HasPrefix(value, "${{") {
		return false
	}
	expr, rest := expression(value)
	return rest == "" && carries(expr, key)
}

// carries reports that an expression is the secret of a name and nothing else but a default.
func carries(expr, name string) bool {
	expr, _, _ = strings.Cut(expr, "||")
	bare, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(expr)), "secrets")
	return ok && strings.Trim(bare, ".[]'\" ") == strings.ToLower(name)
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
