package tokenlog

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pentimento/internal/tokens"
)

var (
	providerName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	logName      = regexp.MustCompile(`^[a-z0-9][a-z0-9._/-]{0,99}$`)
)

func (p *mappingParser) names(all map[string]*yaml.Node) {
	if n, ok := all["provider"]; ok {
		if s, ok := p.text(n, "provider"); ok && !providerName.MatchString(s) {
			p.bad(n, "provider is a name of lower-case letters, digits, dots and hyphens")
		} else if ok {
			p.m.provider = tokens.Provider(s)
		}
	}
	p.m.log = string(p.m.provider) + "/generic"
	if n, ok := all["log"]; ok {
		if s, ok := p.text(n, "log"); ok && !logName.MatchString(s) {
			p.bad(n, "log is a name of lower-case letters, digits, dots, slashes and hyphens")
		} else if ok {
			p.m.log = s
		}
	}
}

// fieldNamed finds a field among those of the kind.
func fieldNamed(name string, among []field) (field, bool) {
	for _, f := range among {
		if f.String() == name {
			return f, true
		}
	}
	return 0, false
}

func fieldList(among []field) string {
	var names []string
	for _, f := range among {
		names = append(names, f.String())
	}
	return strings.Join(names, ", ")
}

// columns reads which column holds what. A column with the name of a secret is taken for that of credentials alone, whose values are reduced.
func (p *mappingParser) columns(n *yaml.Node) {
	all := p.keys(n)
	readBy := map[string]string{}
	for _, key := range slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(cmp.Compare(all[a].Line, all[b].Line), cmp.Compare(all[a].Column, all[b].Column))
	}) {
		value := all[key]
		f, ok := fieldNamed(key, p.shape.columns)
		if !ok {
			p.bad(value, "%s has no column %s: it has %s", p.shape.kind, shown(key), fieldList(p.shape.columns))
			continue
		}
		name, ok := p.text(value, key)
		if !ok {
			continue
		}
		if other := readBy[columnName(name)]; other != "" {
			p.bad(value, "the column %s is read as %s already", shown(name), other)
			continue
		}
		readBy[columnName(name)] = key
		secret := tokens.SecretColumn(name)
		switch {
		case secret && f != fieldCredential && f != fieldID:
			p.bad(value, "the column %s has the name of a secret: it can be read as the credential alone, of which an identifier or a digest is kept", shown(name))
			continue
		case secret && strings.Contains(strings.ToLower(name), "passw"):
			p.bad(value, "the column %s has the name of a password, of which not even a digest is kept", shown(name))
			continue
		}
		p.m.columns[f] = column{name: name, path: strings.Split(name, ".")}
	}
}

func (p *mappingParser) fixed(n *yaml.Node) {
	for key, value := range p.keys(n) {
		f, ok := fieldNamed(key, p.shape.fixed)
		if !ok {
			p.bad(value, "%s is not fixed for all rows of %s: %s can be", shown(key), p.shape.kind, fieldList(p.shape.fixed))
			continue
		}
		s, ok := p.text(value, key)
		switch {
		case !ok:
		case p.m.columns[f].name != "":
			p.bad(value, "%s is both a column and fixed", key)
		case tokens.Redacted(s) != s:
			p.bad(value, "%s has the shape of a credential", key)
		default:
			p.m.fixed[f] = s
		}
	}
}

// needed tells what is missing.
func (p *mappingParser) needed(columns *yaml.Node) {
	for _, group := range p.shape.needs {
		if !slices.ContainsFunc(group, func(f field) bool { return p.m.columns[f].name != "" || p.m.fixed[f] != "" }) && len(p.found) == 0 {
			p.bad(columns, "%s needs a column for %s", p.shape.kind, strings.ReplaceAll(fieldList(group), ", ", " or "))
		}
	}
}
