package workflow

import "bytes"

// Most workflow files have few nodes, no aliases and name no secret. They need not be parsed twice: the first parse ([vet]) is there to bound
// what the second may cost, and to find secrets in every scalar.

// plainSigns is how many signs that make nodes a plain file has at most. One makes three nodes at most, such as a colon a key, a value and the
// mapping around them.
const plainSigns = MaxNodes / 3

// plain reports that a text is within all bounds of vet, and that no scalar of it can refer to a secret or to the job's token.
func plain(text []byte) bool { return bounded(text) && !mayRefer(text) }

// bounded reports that a text is within all bounds of vet.
func bounded(text []byte) bool {
	return len(text) <= MaxSize && shallow(text) && few(text) && !otherBreaks(text) && !aliased(text)
}

// few reports that a text has few signs that make nodes: entries of block collections, those of flow collections, pairs.
func few(text []byte) bool {
	n := 2 // the document and its root
	for _, sign := range [...]string{":", "-", "?", ",", "[", "{"} {
		n += bytes.Count(text, []byte(sign))
	}
	return n <= plainSigns
}

// otherBreaks reports signs that YAML's parser takes for the end of a line, or takes no notice of, beyond those that [shallow] knows.
func otherBreaks(text []byte) bool {
	for _, sign := range [...]string{"\u0085", "\u2028", "\u2029", "\ufeff"} {
		if bytes.Contains(text, []byte(sign)) {
			return true
		}
	}
	return false
}

// tokenOnly reports that no scalar of a text can refer to a secret but the job's own token: wherever the text names the secrets context, it
// names the token of it, and with line breaks taken out as a double-quoted scalar does it still does so.
func tokenOnly(text []byte) bool {
	if escapes(text) {
		return false
	}
	lower := bytes.ToLower(text)
	return namesToken(lower) && (!bytes.Contains(lower, []byte("\\\n")) || namesToken(joined(lower)))
}

// namesToken reports that all that a text names of the secrets context is the token.
func namesToken(lower []byte) bool {
	word, token := []byte("secrets"), []byte(".github_token")
	for rest := lower; ; {
		_, after, found := bytes.Cut(rest, word)
		if !found {
			return true
		}
		rest = after
		if name, ok := bytes.CutPrefix(after, token); !ok || len(name) > 0 && (name[0] == '-' || name[0] >= 0x80 || wordByte(name[0])) {
			return false
		}
	}
}

// aliased reports that there may be an alias: an asterisk and an ampersand where a node may begin, and names behind them that begin alike.
func aliased(text []byte) bool {
	anchors, aliases := openings(text, '&'), openings(text, '*')
	for c, named := range anchors {
		if named && aliases[c] {
			return true
		}
	}
	return false
}

// openings gives the bytes with which the names behind a sign may begin.
func openings(text []byte, sign byte) (found [256]bool) {
	for i := bytes.IndexByte(text, sign); i >= 0 && i+1 < len(text); {
		blank := i == 0 || text[i-1] >= 0x80 || bytes.IndexByte([]byte(" \t\r\n[{,:-?"), text[i-1]) >= 0
		found[text[i+1]] = found[text[i+1]] || blank && bytes.IndexByte([]byte(" \t\r\n[]{},:"), text[i+1]) < 0
		next := bytes.IndexByte(text[i+1:], sign)
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return found
}

// mayRefer is false for a text of which no scalar holds an expression with a secret or the job's token. A name stands in a scalar as it
// stands in the text, unless escapes of a double-quoted one make or join its letters; letters that only fold to those of a name count too.
func mayRefer(text []byte) bool {
	if escapes(text) {
		return true
	}
	lower := bytes.ToLower(text)
	return mentionsSecret(lower) || bytes.Contains(lower, []byte("\\\n")) && mentionsSecret(joined(lower))
}

// escapes reports that escapes may make letters, or that there are letters that fold to others.
func escapes(text []byte) bool {
	for i := bytes.IndexByte(text, '\\'); i >= 0 && i+1 < len(text); {
		switch c := text[i+1]; {
		case c == 'x' && hexDigits(text[i+2:], 2), c == 'u' && hexDigits(text[i+2:], 4), c == 'U' && hexDigits(text[i+2:], 8), c == '\r', c >= 0x80:
			return true
		}
		next := bytes.IndexByte(text[i+1:], '\\')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return bytes.IndexByte(text, 0) >= 0 || bytes.Contains(text, []byte("\u017f")) || bytes.Contains(text, []byte("\u212a"))
}

// hexDigits reports that a text begins with so many. Without them an escape is an error (https://yaml.org/spec/1.2.2/#57-escaped-characters),
// and in a script no escape of YAML's: a path such as C:\ucrt64.
func hexDigits(text []byte, n int) bool {
	return len(text) >= n && len(bytes.Trim(text[:n], "0123456789abcdefABCDEF")) == 0
}

// mentionsSecret looks for what an expression needs to refer to a secret: the secrets context, a token of the github context, or all of that.
func mentionsSecret(lower []byte) bool {
	if bytes.Contains(lower, []byte("secrets")) {
		return true
	}
	word := []byte("github")
	token := bytes.Contains(lower, []byte("token"))
	for rest := lower; ; {
		i := bytes.Index(rest, word)
		if i < 0 {
			return false
		}
		rest = rest[i+len(word):]
		after := bytes.TrimLeft(rest, " \t\r\n\\nrt")
		if token || len(after) > 0 && (after[0] == ')' || after[0] == ',') {
			return true
		}
	}
}

// joined takes out the line breaks that a double-quoted scalar would.
func joined(text []byte) []byte {
	var out []byte
	for {
		before, after, found := bytes.Cut(text, []byte("\\\n"))
		out = append(out, before...)
		if !found {
			return out
		}
		text = bytes.TrimLeft(after, " \t")
	}
}
