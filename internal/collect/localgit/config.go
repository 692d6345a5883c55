package localgit

import (
	"fmt"
	"strings"

	"pentimento/internal/evidence"
)

// setting is one line of a configuration: section and key in lower case, the subsection as written.
type setting struct {
	section, sub, key, value string
}

// parseConfig reads a git configuration as data, see git-config(1), "Syntax". Includes are settings like others: nothing is opened. A line
// that is none is passed over and counted, as one damaged line must not hide the rest.
func parseConfig(text string) (out []setting, bad int) {
	var section, sub string
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			var rest string
			var ok bool
			if section, sub, rest, ok = header(line); !ok {
				section, sub = "", ""
				bad++
				continue
			}
			if line = strings.TrimSpace(rest); line == "" || line[0] == '#' || line[0] == ';' {
				continue
			}
		}
		key, raw, hasValue := strings.Cut(line, "=")
		value := ""
		if hasValue {
			for value = raw; continues(value) && i+1 < len(lines); i++ {
				value = value[:len(value)-1] + lines[i+1]
			}
			value = unquote(value)
		} else {
			key, _, _ = strings.Cut(key, "#")
		}
		key = strings.ToLower(strings.TrimSpace(key))
		if section == "" || !plainKey(key) {
			bad++
			continue
		}
		out = append(out, setting{section, sub, key, value})
	}
	return out, bad
}

// header reads [section], [section "sub"] and the old [section.sub].
func header(line string) (section, sub, rest string, ok bool) {
	var name strings.Builder
	i := 1
	for ; i < len(line) && line[i] != ']' && line[i] != '"' && line[i] != ' ' && line[i] != '\t'; i++ {
		name.WriteByte(line[i])
	}
	section = strings.ToLower(name.String())
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	if i < len(line) && line[i] == '"' {
		var b strings.Builder
		for i++; i < len(line) && line[i] != '"'; i++ {
			if line[i] == '\\' && i+1 < len(line) {
				i++
			}
			b.WriteByte(line[i])
		}
		sub = b.String()
		i++
	} else if before, after, found := strings.Cut(section, "."); found {
		section, sub = before, after
	}
	if i >= len(line) || line[i] != ']' || section == "" {
		return "", "", "", false
	}
	return section, sub, line[i+1:], true
}

// continues reports a line that goes on: it ends in an odd number of backslashes.
func continues(value string) bool {
	n := len(value) - len(strings.TrimRight(value, `\`))
	return n%2 == 1
}

// unquote takes quotes, escapes and comments out of a value.
func unquote(raw string) string {
	var b strings.Builder
	quoted, kept := false, 0 // kept: up to where blanks belong to the value
	raw = strings.TrimLeft(raw, " \t")
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '"':
			quoted = !quoted
			kept = b.Len()
			continue
		case c == '\\' && i+1 < len(raw):
			i++
			c = map[byte]byte{'n': '\n', 't': '\t', 'b': '\b'}[raw[i]]
			if c == 0 {
				c = raw[i]
			}
			b.WriteByte(c)
			kept = b.Len()
			continue
		case !quoted && (c == '#' || c == ';'):
			return b.String()[:kept]
		}
		b.WriteByte(c)
		if quoted || (c != ' ' && c != '\t') {
			kept = b.Len()
		}
	}
	return b.String()[:kept]
}

func plainKey(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != ""
}

// readConfig learns which remotes are the repository and gives the object format. Without a configuration the remote "origin" is taken for it,
// and a gap says so.
func (r *reading) readConfig() (format string) {
	text, _, cut, err := r.git.file("config", maxConfig)
	if err != nil || cut || text == nil {
		why := "there is no configuration"
		if err != nil {
			why = "the configuration could not be read: " + evidence.Printable(err.Error())
		} else if cut {
			why = "the configuration is too long"
		}
		r.remotes = []remote{{name: "origin", fetch: []refspec{defaultSpec("origin")}, pushes: true, counts: true}}
		r.gap(evidence.Gap{Kind: evidence.GapNotCollected, Subject: "config", Detail: why + "; the remote origin was taken for the repository",
			Hint: "check with whose address that clone was made"})
		return ""
	}
	settings, bad := parseConfig(string(text))
	if bad > 0 {
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: "config", Detail: fmt.Sprintf("%d lines of the configuration could not be read", bad)})
	}
	for _, s := range settings {
		switch {
		case s.section == "include", s.section == "includeif":
			r.gap(evidence.Gap{Kind: evidence.GapNotCollected, Subject: "config include",
				Detail: "the configuration includes another file, which was not read: it may say more about remotes"})
		case s.section == "extensions" && s.key == "objectformat":
			format = strings.ToLower(s.value)
		case s.section == "core" && s.key == "logallrefupdates":
			r.unlogged = isOff(s.value)
		}
	}
	r.remotes = readRemotes(settings)
	r.judgeRemotes()
	return format
}

// isOff reports a setting that says no, see git-config(1), "Values".
func isOff(value string) bool {
	switch strings.ToLower(value) {
	case "false", "no", "off", "0":
		return true
	}
	return false
}
