package script

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// parameter gives the texts that a parameter expansion may stand for. Fields of "$@" and of arrays are marked where they are not whole.
func (st *state) parameter(p *syntax.ParamExp, whole, inside bool) []string {
	if p.Param == nil {
		return []string{st.unknown("${...}")}
	}
	name, behind := p.Param.Value, ""
	if i := strings.Index(name, st.unit.mark); i > 0 && len(st.unit.values) > 0 { // $NAME and an expression right behind it
		name, behind = name[:i], st.unit.restore(name[i:])
	}
	if p.Names != 0 {
		return st.namesWith(name)
	}
	texts, set := st.values(p, name, whole, inside)
	if changed := p.Excl || p.Length || p.Slice != nil || p.Repl != nil || p.Exp != nil || p.Index != nil || name == "@" || name == "*"; changed && !st.spend(total(texts)) {
		return []string{st.unknown("${" + name + "...}")}
	}
	switch {
	case p.Excl:
		texts, set = st.indirect(texts)
	case p.Length:
		texts = st.lengths(p, name, texts)
	}
	switch {
	case p.Slice != nil:
		texts = st.sliced(p, texts)
	case p.Repl != nil:
		texts = st.replaced(p.Repl, texts)
	case p.Exp != nil:
		texts = st.operated(p.Exp, texts, set, name)
	}
	if behind != "" {
		return st.product(texts, []string{behind})
	}
	return texts
}

// values gives what a parameter may hold before its operators, and whether it is set.
func (st *state) values(p *syntax.ParamExp, name string, whole, inside bool) ([]string, bool) {
	gap := " "
	if !whole {
		gap = string(rune(fieldBreak))
	}
	switch name {
	case "@", "*":
		if p.Length {
			return []string{strconv.Itoa(len(st.params))}, true
		}
		if name == "*" && inside {
			gap = " "
		}
		return []string{strings.Join(st.params, gap)}, len(st.params) > 0
	case "#":
		return []string{strconv.Itoa(len(st.params))}, true
	case "?", "$", "!", "-", "_", "RANDOM", "SECONDS", "LINENO", "BASHPID", "EPOCHSECONDS":
		return []string{st.unknown("$" + name)}, true
	case "IFS":
		if st.lookup("IFS") == nil {
			return []string{" \t\n"}, true
		}
	}
	if n, err := strconv.Atoi(name); err == nil {
		switch {
		case n == 0:
			return []string{"bash"}, true
		case n <= len(st.params):
			return []string{st.params[n-1]}, true
		case st.called > 0:
			return []string{""}, false
		}
		return []string{st.unknown("$" + name)}, false
	}
	v := st.lookup(name)
	if v == nil || len(v.texts) == 0 {
		return []string{st.unset(name)}, false
	}
	if p.Index != nil {
		return st.element(p, v, gap, inside), true
	}
	if v.list != nil && len(v.keys) == 0 && len(v.list) > 0 && len(v.texts) == 1 {
		return []string{v.list[0]}, true
	}
	return v.texts, true
}

// unset is what a variable holds that the script does not assign: the runner may.
func (st *state) unset(name string) string {
	switch name {
	case "ACTIONS_ID_TOKEN_REQUEST_TOKEN":
		return st.gather("$"+name, Identity)
	case "ACTIONS_RUNTIME_TOKEN":
		return st.atom("$"+name, Carried{Secrets: []string{"ACTIONS_RUNTIME_TOKEN"}})
	}
	return st.unknown("$" + name)
}

// element is one element of an array, or all.
func (st *state) element(p *syntax.ParamExp, v *variable, gap string, inside bool) []string {
	var index []string
	if w, ok := p.Index.(*syntax.Word); ok {
		index = st.word(w)
	}
	all := len(index) == 1 && (index[0] == "@" || index[0] == "*")
	switch {
	case all && v.list == nil:
		return v.texts
	case all && p.Excl:
		return []string{strings.Join(v.keys, gap)}
	case all:
		if index[0] == "*" && inside {
			gap = " "
		}
		return []string{strings.Join(v.list, gap)}
	}
	for _, key := range index {
		if i := slices.Index(v.keys, key); i >= 0 {
			return []string{v.list[i]}
		}
	}
	if n, ok := st.arithmetic(p.Index); ok && v.list != nil && len(v.keys) == 0 {
		if n < 0 {
			n += int64(len(v.list))
		}
		if n >= 0 && n < int64(len(v.list)) {
			return []string{v.list[n]}
		}
		return []string{""}
	}
	if v.list != nil {
		return alternatives(nil, v.list)
	}
	return v.texts
}

// namesWith is ${!prefix*}: names of variables, which are loot's index.
func (st *state) namesWith(prefix string) []string {
	var names []string
	for name := range st.visible(true) {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return []string{strings.Join(names, " ")}
}

// indirect is ${!NAME}: a name that is not known may be that of any variable, where it was taken from a list of them all.
func (st *state) indirect(names []string) ([]string, bool) {
	var out []string
	for _, name := range names {
		switch v := st.lookup(name); {
		case v != nil:
			out = alternatives(out, v.texts)
		case slices.Contains(st.carried(name).Loot, Environment):
			out = append(out, st.environment())
		default:
			out = append(out, st.unknown("${!"+st.show(name)+"}"))
		}
	}
	return out, true
}

func (st *state) lengths(p *syntax.ParamExp, name string, texts []string) []string {
	if v := st.lookup(name); p.Index != nil && v != nil && v.list != nil {
		return []string{strconv.Itoa(len(v.list))}
	}
	if name == "@" || name == "*" {
		return texts
	}
	var out []string
	for _, t := range texts {
		if !plain(t) {
			return []string{st.unknown("${#" + name + "}")}
		}
		out = append(out, strconv.Itoa(len([]rune(t))))
	}
	return out
}

// sliced is ${NAME:offset:length}. What cuts into an expression carries it still.
func (st *state) sliced(p *syntax.ParamExp, texts []string) []string {
	from, known := int64(0), true
	if p.Slice.Offset != nil {
		from, known = st.arithmetic(p.Slice.Offset)
	}
	length := int64(-1)
	if p.Slice.Length != nil {
		n, ok := st.arithmetic(p.Slice.Length)
		length, known = n, known && ok
	}
	var out []string
	for _, t := range texts {
		if strings.IndexByte(t, fieldBreak) >= 0 {
			out = append(out, t)
			continue
		}
		if !plain(t) || !known {
			out = append(out, st.opaque("${"+p.Param.Value+":...}", t, "cut"))
			continue
		}
		r := []rune(t)
		size := int64(len(r))
		begin := from
		if begin < 0 {
			begin += size
		}
		end := size
		if length >= 0 {
			end = min(size, begin+length)
		} else if length < -1 || p.Slice.Length != nil {
			end = size + length
		}
		if begin < 0 || begin > size || end < begin {
			out = append(out, "")
			continue
		}
		out = append(out, string(r[begin:end]))
	}
	return out
}

// replaced is ${NAME/from/to}.
func (st *state) replaced(r *syntax.Replace, texts []string) []string {
	from := st.word(r.Orig)[0]
	to := ""
	if r.With != nil {
		to = st.word(r.With)[0]
	}
	var out []string
	for _, t := range texts {
		t = st.recoded(t, "replace")
		switch {
		case from == "":
		case !strings.ContainsAny(from, "*?["):
			n := 1
			if r.All {
				n = -1
			}
			if prefix, ok := strings.CutPrefix(from, "#"); ok {
				if rest, ok := strings.CutPrefix(t, prefix); ok {
					t = to + rest
				}
			} else if suffix, ok := strings.CutPrefix(from, "%"); ok {
				if rest, ok := strings.CutSuffix(t, suffix); ok {
					t = rest + to
				}
			} else if st.spend(len(t) + strings.Count(t, from)*len(to)) {
				t = strings.Replace(t, from, to, n)
			}
		default:
			t = st.replacedPattern(t, from, to, r.All)
		}
		out = append(out, st.limited(t))
	}
	return out
}

// replacedPattern replaces what a pattern of one character each matches; other patterns make the text unknown.
func (st *state) replacedPattern(t, pattern, to string, all bool) string {
	if !plain(t) || strings.Contains(pattern, "*") || len(t) > maxMatched {
		return st.opaque("${.../...}", t, "replace")
	}
	var b strings.Builder
	runes := []rune(t)
	for i := 0; i < len(runes); i++ {
		if n := oneCharacter(pattern, string(runes[i])); n && (all || b.Len() == i) {
			b.WriteString(to)
			if !all {
				b.WriteString(string(runes[i+1:]))
				return b.String()
			}
			continue
		}
		b.WriteRune(runes[i])
	}
	return b.String()
}

// recoded is a text in which what carries something was changed by a program in a way that is not followed.
func (st *state) recoded(text, by string) string {
	if plain(text) || st.carried(text).empty() {
		return text
	}
	var b strings.Builder
	for {
		from, to, a := st.nextAtom(text)
		if a == nil {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:from])
		if a.Carried.empty() {
			b.WriteString(text[from:to])
		} else {
			old := *a
			made := st.atom(old.show, old.Carried.encoded(by))
			st.atoms[len(st.atoms)-1].self = old.self
			b.WriteString(made)
		}
		text = text[to:]
	}
}
