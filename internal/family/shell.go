package family

import (
	"net/netip"
	"path"
	"strings"
)

// longBlob is the length from which a word of one alphabet counts as encoded text: digests, and base64 of more than a dozen bytes.
const longBlob = 24

// operators of a shell, longest first.
var operators = []string{"<<<", "<<", ">>", "||", "&&", "|&", "$(", "<(", ">(", "|", ";", "&", ">", "<"}

// again are words after which another program follows.
var again = map[string]bool{"if": true, "then": true, "else": true, "elif": true, "do": true, "while": true, "until": true, "!": true, "{": true,
	"sudo": true, "env": true, "exec": true, "time": true, "nohup": true, "eval": true, "xargs": true}

// script reads one line of a script, in whatever language: programs, flags, operators and the names of functions that are called stay.
func (l *lexer) script(s string) {
	if l.quote == 0 {
		s = uncomment(s)
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case strings.HasPrefix(s[i:], "${{"):
			expr, rest := expression(s[i:])
			l.emit(expressionToken(expr))
			i, l.command = len(s)-len(rest), false
		case c == ' ' || c == '\t' || c == ',' || c == ')' || c == ']' || c == '}' || c == '[' || c == '(':
			i++
		case c == '\\':
			i += 2
		case c == '"' || c == '\'':
			switch l.quote {
			case 0:
				l.quote = c
			case c:
				l.quote = 0
			}
			i++
		case c == '`' || strings.HasPrefix(s[i:], "$("):
			l.emit("$(")
			l.command = true
			i += 1 + strings.Count(s[i:min(i+2, len(s))], "$(")
		case l.quote == 0 && operator(s[i:]) != "":
			op := operator(s[i:])
			l.emit(op)
			l.command = op != ">" && op != ">>" && op != "<" && op != "<<" && op != "<<<"
			i += len(op)
		default:
			i = l.shellWord(s, i)
		}
	}
	if !strings.HasSuffix(s, "\\") && l.quote == 0 {
		l.command = true
	}
}

// variable is the length of the variable of a name at the begin of a text, $NAME or ${NAME}; 0 where there is none.
func variable(s, name string) int {
	bare, braced := "$"+name, "${"+name+"}"
	switch {
	case name == "":
		return 0
	case strings.HasPrefix(s, braced):
		return len(braced)
	case strings.HasPrefix(s, bare) && (len(s) == len(bare) || !isWord(s[len(bare)])):
		return len(bare)
	}
	return 0
}

func operator(s string) string {
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}

// shellWord reads a word that begins at i and gives where it ends.
func (l *lexer) shellWord(s string, i int) int {
	end := i + 1
	for end < len(s) && !strings.ContainsRune(" \t\"'`,()[]{}\\", rune(s[end])) && !strings.HasPrefix(s[end:], "${{") && !strings.HasPrefix(s[end:], "$(") {
		if s[end] == '=' && !strings.Contains(s[i:end], "://") { // what is set has a name and a value
			end++
			break
		}
		if l.quote == 0 && strings.ContainsRune("|;<>", rune(s[end])) || s[end] == '&' {
			break
		}
		end++
	}
	w := s[i:end]
	switch name, set := strings.CutSuffix(w, "="); {
	case w == "&": // joins the fields of a form
	case strings.HasPrefix(s[end:], "${{") && set:
		expr, rest := expression(s[end:])
		if carries(expr, strings.TrimLeft(name, "?&-")) {
			l.emit(tokSelf)
		} else {
			l.emit("=", expressionToken(expr))
		}
		l.command = false
		return len(s) - len(rest)
	case set && variable(s[end:], strings.TrimLeft(name, "?&-")) > 0:
		l.emit(tokSelf)
		l.command = false
		return end + variable(s[end:], strings.TrimLeft(name, "?&-"))
	case set && !strings.HasPrefix(w, "-"):
		l.emit("=")
	case strings.HasPrefix(w, "-") && len(w) > 1:
		l.emit(flag(w))
		l.command = false
	case vocabulary[strings.TrimSuffix(w, ":")] && strings.HasSuffix(w, ":"): // a collection in one line
		l.emit(strings.TrimSuffix(w, ":"))
		l.command = w == "run:"
	case end < len(s) && s[end] == '(' && isWord(w[len(w)-1]):
		l.emit(w + "(")
		l.command = false
	case l.command && l.quote == 0:
		l.program(w)
		return end
	case l.sub && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz-") == "":
		l.emit(w)
	default:
		l.emit(classOf(w, tokArg))
	}
	l.sub = false
	return end
}

// subcommands are programs whose first word says what they do.
var subcommands = map[string]bool{"git": true, "gh": true, "npm": true, "yarn": true, "pnpm": true, "npx": true, "docker": true, "pip": true, "pip3": true,
	"uv": true, "poetry": true, "twine": true, "cargo": true, "go": true, "gem": true, "bundle": true, "dotnet": true, "mvn": true, "make": true,
	"apt": true, "apt-get": true, "brew": true, "kubectl": true, "helm": true, "terraform": true, "aws": true, "gcloud": true, "az": true}

func (l *lexer) program(w string) {
	name := strings.ToLower(path.Base(w))
	l.command, l.sub = again[name], subcommands[name]
	if class := classOf(w, ""); class != "" || strings.HasPrefix(w, "$") {
		l.emit(tokArg)
		return
	}
	l.emit(name)
}

// flag is an option without its value.
func flag(w string) string {
	name := strings.TrimSuffix(w, "=")
	if strings.Trim(name, "-0123456789") == "" {
		return tokNumber
	}
	return name
}

// classOf is what stands for a word: other where it is of no class of its own.
func classOf(w, other string) string {
	switch {
	case strings.Contains(w, "://"):
		return tokURL
	case strings.Trim(w, "0123456789.:-*/TZ+") == "":
		if host, _, _ := strings.Cut(w, ":"); isAddress(host) {
			return tokURL
		}
		return tokNumber
	case len(w) >= longBlob && isBlob(w):
		return tokBlob
	}
	return other
}

func isAddress(s string) bool {
	s, _, _ = strings.Cut(s, "/")
	_, err := netip.ParseAddr(s)
	return err == nil
}

// isBlob tells encoded text from long words: it has digits, or letters of both cases, and nothing between words.
func isBlob(w string) bool {
	digits, upper, lower := false, false, false
	for i := range len(w) {
		switch c := w[i]; {
		case c >= '0' && c <= '9':
			digits = true
		case c >= 'a' && c <= 'z':
			lower = true
		case c >= 'A' && c <= 'Z':
			upper = true
		case c != '+' && c != '/' && c != '=':
			return false
		}
	}
	return digits && (upper || lower) || upper && lower
}

// expression splits ${{ ... }} off the begin of a text. One that is not closed reaches to the end of the line.
func expression(s string) (expr, rest string) {
	body, rest, _ := strings.Cut(s[len("${{"):], "}}")
	return strings.TrimSpace(body), rest
}

// expressionToken tells expressions apart by what they give.
func expressionToken(expr string) string {
	lower := strings.ToLower(expr)
	at := strings.Index(lower, "secrets")
	switch {
	case at < 0:
		return tokExpr
	case strings.Contains(lower, "secrets.") || strings.Contains(lower, "secrets["):
		return tokSecret
	}
	return tokAll
}
