package script

import (
	"slices"
	"strconv"
	"strings"
)

// value is what an expression may come to.
type value struct {
	text   string   // with atoms; of a list and of an object all that is in it
	list   []string // elements of a list
	isList bool
	fields map[string]value // of an object
	name   string           // of what is no text: a module, a function, the environment ("os.environ"); its text is empty
	target string           // of a connection or a request: the URL or host
	from   string           // the variable in which it stands
	undone []string         // encodings that were undone to get it
	fn     *lambda
	recv   *value // what a method hangs on
	kind   string // of an object, the function that made it
	bytes  bool   // what is packed, to be undone by a further function: no text
	file   string // the path of an open file
	body   string // what was put into a request that is not sent yet
}

// text is a value that is known.
func textOf(s string) value { return value{text: s} }

// as gives the text of a value; the environment as a whole is one atom.
func (r *source) as(v value) string {
	if v.text == "" && v.name != "" {
		if environments[v.name] {
			return r.environment()
		}
		if v.target != "" {
			return v.target
		}
		if v.recv != nil && !slices.Contains(measures, v.name[1:]) {
			if r.d.name == "ruby" { // a call without brackets
				method := v
				return r.as(r.callOf(method, arguments{}))
			}
			return r.as(*v.recv)
		}
		return r.st.unknown(v.name)
	}
	return v.text
}

// environments are the names of the whole environment.
var environments = map[string]bool{"os.environ": true, "os.environb": true, "process.env": true, "ENV": true, "%ENV": true, "$ENV": true, "$_ENV": true, "$_SERVER": true, "Deno.env": true,
	"Bun.env": true, "env:": true}

// environment is the atom of the whole environment. It is gathered once it goes somewhere, see [source.told].
func (r *source) environment() string {
	if r.whole == "" {
		var secrets []string
		for _, v := range r.env {
			secrets = append(secrets, r.st.carried(v).Secrets...)
		}
		slices.Sort(secrets)
		r.whole = r.st.atom("$(env)", Carried{Secrets: slices.Compact(secrets), Loot: []Loot{Environment}})
	}
	return r.whole
}

// told notes the loot in a text that goes somewhere.
func (r *source) told(text string) {
	for _, l := range r.carried(text).Loot {
		r.st.loot[l] = true
	}
}

// variable is what the environment has under a name.
func (r *source) variable(name string) value {
	if v, ok := r.env[name]; ok {
		return textOf(v)
	}
	if r.d.ticks {
		r.look(len(r.env) * costOfEntry)
		for n, v := range r.env {
			if strings.EqualFold(n, name) {
				return textOf(v)
			}
		}
	}
	switch name {
	case "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN":
		return textOf(r.st.atom("$"+name, Carried{Loot: []Loot{Identity}}))
	}
	return textOf(r.st.unknown("$" + name))
}

// join is one value after another, as a text or as a list.
func (r *source) join(a, b value) value {
	undone := chained(a.undone, b.undone...)
	if a.isList && b.isList && len(a.list)+len(b.list) <= maxElements {
		return value{isList: true, list: slices.Concat(a.list, b.list), text: r.limit(a.text + " " + b.text), undone: undone}
	}
	return value{text: r.limit(r.as(a) + r.as(b)), undone: undone, target: a.target + b.target}
}

// limit keeps texts bounded, and the work to make them.
func (r *source) limit(text string) string {
	if !r.st.spend(len(text)) {
		return r.opaque("...", text[:min(len(text), maxText)])
	}
	return r.st.limited(text)
}

// mixed is what comes of several values by a way that is not followed: it carries what they carry.
func (r *source) mixed(show string, values ...value) value {
	var b strings.Builder
	var undone []string
	for _, v := range values {
		if v.name == "" || environments[v.name] {
			r.gathered(&b, r.as(v), " ")
		}
		undone = chained(undone, v.undone...)
	}
	return value{text: r.opaque(show, b.String()), undone: slices.Compact(undone)}
}

// either is one of two values: the first that is known or carries something.
func (r *source) either(a, b value) value {
	ta, tb := r.as(a), r.as(b)
	switch {
	case ta == "" || a.name == "" && !plain(ta) && r.carried(ta).empty() && strings.Count(ta, string(atomOpen)) == 1 && strings.HasPrefix(ta, string(atomOpen)):
		return b
	case r.carried(ta).empty() && !r.carried(tb).empty():
		return b
	}
	return a
}

// elements gives what a value has in it, one by one.
func (r *source) elements(v value) []value {
	var out []value
	r.look(len(v.list)*costOfEntry + len(v.fields)*costOfPut)
	switch {
	case v.isList:
		for _, e := range v.list {
			out = append(out, value{text: e})
		}
	case v.fields != nil:
		for _, k := range sortedKeys(v.fields) {
			out = append(out, value{text: k})
		}
	case v.text != "" && plain(v.text) && len(v.text) <= maxRepeated:
		for _, c := range v.text {
			out = append(out, value{text: string(c)})
		}
	default:
		out = append(out, textOf(r.as(v)))
	}
	return out[:min(len(out), maxRepeated)]
}

func sortedKeys(m map[string]value) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// listOf makes a list of values; an object keeps the texts of its fields.
func (r *source) listOf(values []value) value {
	out := value{isList: true}
	var b strings.Builder
	for i, v := range values[:min(len(values), maxElements)] {
		t := r.as(v)
		if i > 0 {
			b.WriteByte(' ')
		}
		r.gathered(&b, t, "")
		out.list = append(out.list, t)
		out.undone = chained(out.undone, v.undone...)
	}
	out.text = r.limit(b.String())
	return out
}

// set makes a field of a value.
func (v *value) set(key string, field value) {
	if v.fields == nil {
		v.fields = map[string]value{}
	}
	if len(v.fields) < maxElements {
		v.fields[key] = field
	}
}

// maxNamed bounds the fields of an object that is searched for one without regard to case: options of a call.
const maxNamed = 64

// field gives a field of a value by any of its names, whatever their case.
func (v value) field(names ...string) (value, bool) {
	for _, n := range names {
		if f, ok := v.fields[n]; ok {
			return f, true
		}
		if len(v.fields) > maxNamed {
			continue
		}
		found := ""
		for k := range v.fields {
			if strings.EqualFold(k, n) && (found == "" || k < found) {
				found = k
			}
		}
		if found != "" {
			return v.fields[found], true
		}
	}
	return value{}, false
}

// index gives one element of a value, by its number or its key.
func (r *source) index(v, key value) value {
	k := r.as(key)
	if environments[v.name] {
		if plain(k) {
			return r.variable(k)
		}
		return textOf(r.environment())
	}
	if f, ok := v.fields[k]; ok {
		return f
	}
	n, err := strconv.Atoi(k)
	if err == nil && v.isList {
		if n < 0 {
			n += len(v.list)
		}
		if n >= 0 && n < len(v.list) {
			return value{text: v.list[n], undone: v.undone}
		}
	}
	if err == nil && plain(v.text) && v.text != "" && !v.isList {
		if n < 0 {
			n += len(v.text)
		}
		if n >= 0 && n < len(v.text) {
			return textOf(v.text[n : n+1])
		}
	}
	if v.name != "" && v.text == "" {
		return value{name: v.name + "." + k}
	}
	return value{text: r.opaque("[...]", r.as(v)), from: v.from, undone: v.undone}
}
