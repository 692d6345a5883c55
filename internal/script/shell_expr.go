package script

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// expressions makes an atom of each ${{ }} of a text. What GitHub's env context and the outputs of earlier steps hold is put in its place.
func (st *state) expressions(text string) string {
	if !strings.Contains(text, "${{") {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(text, "${{")
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		n, closed := expressionLength(text[i+3:])
		if !closed {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		b.WriteString(st.expression(text[i+3 : i+3+n]))
		text = text[i+3+n+2:]
		if b.Len() > maxSource { // an expression can stand for a long variable
			b.WriteString(clean(text))
			return b.String()
		}
	}
}

// maxSource bounds the text of a script once values were put in for its expressions: twice the size of the largest workflow file that is read.
const maxSource = 2 << 20

// expressionLength gives the bytes up to the closing braces, which do not close inside a string ('...', a quote doubled to escape it).
func expressionLength(s string) (n int, closed bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(s[i:], "}}"):
			return i, true
		}
	}
	return len(s), false
}

var (
	envContext = regexp.MustCompile(`^\s*env\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*'([^']*)'\s*\])\s*$`)
	outputOf   = regexp.MustCompile(`^\s*steps\s*\.\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\.\s*outputs\s*\.\s*([A-Za-z_][A-Za-z0-9_-]*)\s*$`)
	formatCall = regexp.MustCompile(`^\s*format\(\s*'((?:[^']|'')*)'\s*,(.*)\)\s*$`)
	wordInside = regexp.MustCompile(`(?i)\bsecrets\b(?:\s*\.\s*([a-z_][a-z0-9_-]*)|\s*\[\s*'([^'\n]{1,255})'\s*\])?|\bgithub\s*(?:\.\s*token\b|\[\s*'token'\s*\])|` +
		`tojson\(\s*(github|env|vars|job|steps|needs)\s*\)`)
)

// expression gives the text of one expression, without its braces.
func (st *state) expression(e string) string {
	show := "${{" + e + "}}"
	if a, ok := st.byShow[show]; ok {
		return a
	}
	if m := envContext.FindStringSubmatch(e); m != nil {
		if v, ok := st.variable(m[1] + m[2]); ok && st.frame.parent == nil && len(v) < maxText/16 {
			return v
		}
	}
	if m := formatCall.FindStringSubmatch(e); m != nil {
		if text, ok := st.formatted(m[1], m[2]); ok {
			return text
		}
	}
	c := st.inExpression(e)
	if m := outputOf.FindStringSubmatch(e); m != nil && st.in.Job != nil {
		c = joinCarried(c, st.in.Job.Outputs[m[1]+"."+m[2]])
	}
	if c.empty() {
		return st.unknown(show)
	}
	a := st.atom(show, c)
	st.byShow[show] = a
	return a
}

// inExpression lists what an expression refers to, strings left out but for those that are an index.
func (st *state) inExpression(e string) Carried {
	var c Carried
	if !strings.ContainsAny(e, "sSgGtT") {
		return c
	}
	for _, m := range wordInside.FindAllStringSubmatchIndex(unquoted(e), maxReferences) {
		word := func(g int) string {
			if m[g] < 0 {
				return ""
			}
			return e[m[g]:m[g+1]]
		}
		whole := strings.ToLower(e[m[0]:m[1]])
		switch name := word(2) + word(4); {
		case name != "":
			c.Secrets = append(c.Secrets, strings.ToUpper(name))
		case strings.HasPrefix(whole, "secrets"):
			c.Secrets = append(c.Secrets, "*")
		case strings.HasPrefix(whole, "github"), strings.EqualFold(word(6), "github"):
			c.Secrets = append(c.Secrets, "GITHUB_TOKEN")
		}
		if strings.EqualFold(word(6), "github") || strings.EqualFold(word(6), "env") {
			c.Loot = []Loot{Context}
		}
		if strings.EqualFold(word(6), "env") {
			for _, v := range st.in.Env {
				c.Secrets = append(c.Secrets, v.Secrets...)
			}
		}
	}
	slices.Sort(c.Secrets)
	c.Secrets = slices.Compact(c.Secrets)
	return c
}

// maxReferences bounds the secrets of one expression: GitHub allows a repository a few hundred.
const maxReferences = 1000

// unquoted blanks the strings of an expression that are no index, in place.
func unquoted(e string) string {
	if strings.IndexByte(e, '\'') < 0 {
		return e
	}
	out := []byte(e)
	for i := 0; i < len(e); i++ {
		if e[i] != '\'' {
			continue
		}
		n := strings.IndexByte(e[i+1:], '\'')
		if n < 0 {
			break
		}
		if before := strings.TrimRight(e[:i], " \t"); !strings.HasSuffix(before, "[") {
			for j := i; j <= i+1+n; j++ {
				out[j] = ' '
			}
		}
		i += 1 + n
	}
	return string(out)
}

// formatted writes format('A={0}', secrets.A) as what it stands for.
func (st *state) formatted(text, arguments string) (string, bool) {
	list := strings.Split(arguments, ",")
	if len(list) > maxFormat || strings.ContainsAny(arguments, "('") {
		return "", false
	}
	text = clean(strings.ReplaceAll(text, "''", "'"))
	for i, arg := range list {
		place, what := "{"+strconv.Itoa(i)+"}", st.expression(" "+strings.TrimSpace(arg)+" ")
		if len(text)+strings.Count(text, place)*len(what) > maxText {
			return "", false
		}
		text = strings.ReplaceAll(text, place, what)
	}
	return strings.NewReplacer("{{", "{", "}}", "}").Replace(text), true
}

// maxFormat bounds the arguments of a format call: it is searched for each.
const maxFormat = 100
