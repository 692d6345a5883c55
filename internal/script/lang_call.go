package script

import (
	"slices"
	"strings"
)

// member is a part of a value by its name: a function of a module, a field of an object, a method.
func (r *source) member(v value, name string) value {
	switch {
	case v.name == "process.env" || v.name == "Deno.env" && name != "get" && name != "toObject" || v.name == "Bun.env":
		return r.index(v, textOf(name))
	case environments[v.name] && slices.Contains(wholes, name):
		return value{name: v.name}
	case v.fields != nil:
		if f, ok := v.fields[name]; ok {
			return f
		}
	}
	if v.name != "" && v.text == "" && v.recv == nil && !v.isList && v.kind == "" {
		full := v.name + "." + name
		full = full[max(0, len(full)-maxName):]
		if r.d.name == "python" && (full == "os.environ" || full == "os.environb") {
			full = "os.environ"
		}
		return value{name: full}
	}
	return value{name: "." + name, recv: &v}
}

// wholes are methods of the environment that give all of it.
var wholes = []string{"to_h", "to_hash", "to_a", "values", "copy", "inspect", "to_json", "items", "each", "each_pair", "map", "collect", "select", "filter", "keys", "toObject"}

// callOf calls a value.
func (r *source) callOf(v value, args arguments) value {
	if v.fn != nil {
		return r.apply(v.fn, args.list, args.named)
	}
	name, recv := v.name, value{}
	if v.recv != nil {
		recv, name = *v.recv, v.name
		if recv.kind != "" {
			name = recv.kind + v.name
		}
		name = name[max(0, len(name)-maxName):] // what its last parts say counts
	}
	if m, ok := required(name, args, r.as); ok {
		return m
	}
	for _, f := range []func(string, value, arguments) (value, bool){r.environ, r.text, r.runs, r.sends, r.files, r.prints} {
		if out, ok := f(name, recv, args); ok {
			return out
		}
	}
	if out, ok := r.repeats(name, recv, args); ok {
		return out
	}
	return r.unknownCall(name, recv, args)
}

// environ reads the environment by a call.
func (r *source) environ(name string, recv value, args arguments) (value, bool) {
	if environments[name] {
		for _, a := range args.list {
			if a.fn != nil {
				r.applyTo(a.fn, value{name: name})
			}
		}
		return value{name: name}, true
	}
	if last := name[strings.LastIndexByte(name, '.')+1:]; slices.Contains(measures, last) {
		return value{name: last}, true
	}
	switch name {
	case "os.getenv", "getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault", "ENV.fetch", "Deno.env.get", "os.getenvb", "core.getInput", "environment.getenvironmentvariable", "ENV.dig":
		if len(args.list) == 0 {
			return value{name: "os.environ"}, true
		}
		key := r.as(args.list[0])
		if !plain(key) {
			return textOf(r.environment()), true
		}
		if name == "core.getInput" {
			key = "INPUT_" + strings.ToUpper(strings.ReplaceAll(key, " ", "_"))
		}
		v := r.variable(key)
		if len(args.list) > 1 {
			v = r.either(v, args.list[1])
		}
		return v, true
	case "environment.getenvironmentvariables":
		return value{name: "env:"}, true
	case "dict", "Object.entries", "Object.values", "Object.assign", "Object.fromEntries", "array_merge", "structuredClone", "list", "Object.keys":
		for _, a := range args.list {
			if environments[a.name] {
				return value{name: a.name}, true
			}
		}
	}
	return value{}, false
}

// measures are functions and fields that tell of a text too little to count.
var measures = []string{"len", "bool", "Boolean", "startswith", "startsWith", "endswith", "endsWith", "includes", "test", "indexOf", "count", "exists", "strlen", "empty", "isset", "length", "size", "Length", "Count",
	"isinstance", "IsNullOrEmpty", "isnullorempty", "isnullorwhitespace", "empty?", "nil?", "include?", "start_with?", "key?", "has_key", "status", "status_code", "statusCode", "isEmpty"}

// applyTo runs a function with all of a value as each of its parameters.
func (r *source) applyTo(f *lambda, v value) value {
	var args []value
	for range f.params {
		args = append(args, textOf(r.as(v)))
	}
	return r.apply(f, args, nil)
}

// repeats runs a function over a list: map, forEach, each, reduce, and those that wait for something, such as then and on.
func (r *source) repeats(name string, recv value, args arguments) (value, bool) {
	last := name[strings.LastIndexByte(name, '.')+1:]
	var f *lambda
	rest := args.list
	for i, a := range rest {
		if a.fn != nil {
			f = a.fn
			rest = slices.Concat(rest[:i], rest[i+1:])
			break
		}
		if i == 0 && last == "map" && a.name != "" && r.d.layout && len(rest) == 2 { // map(chr, list)
			var out []value
			for _, e := range r.elements(rest[1]) {
				out = append(out, r.callOf(a, arguments{list: []value{e}}))
			}
			return r.listOf(out), true
		}
	}
	for _, k := range sortedKeys(args.named) {
		if a := args.named[k]; a.fn != nil && f == nil { // Thread(target=...)
			r.applyTo(a.fn, r.mixed("...", append([]value{recv}, rest...)...))
		}
	}
	if f == nil {
		return value{}, false
	}
	list := recv
	if len(rest) > 0 && recv.text == "" && !recv.isList {
		list = rest[0]
	}
	switch last {
	case "map", "flatMap", "array_map", "collect", "filter", "forEach":
		if list.isList && !environments[list.name] {
			var out []value
			for _, e := range r.elements(list) {
				if !r.spend() {
					break
				}
				out = append(out, r.apply(f, []value{e}, nil))
			}
			if last == "filter" {
				return list, true
			}
			return r.listOf(out), true
		}
	}
	out := r.applyTo(f, r.mixed("...", append([]value{recv}, rest...)...))
	if last == "then" || last == "map" || last == "reduce" || last == "run" {
		return r.join(recv, out), true
	}
	r.unknownCall(name, recv, arguments{list: rest, named: args.named})
	return value{text: r.as(r.mixed("...", append([]value{recv, out}, rest...)...)), kind: recv.kind, target: recv.target}, true
}

// unknownCall is the call of what is not known: it carries what it was given. One that is given a URL and something worth stealing is
// taken to send it there.
func (r *source) unknownCall(name string, recv value, args arguments) value {
	values := append([]value{recv}, args.list...)
	for _, k := range sortedKeys(args.named) {
		values = append(values, args.named[k])
	}
	out := r.mixed(name+"(...)", values...)
	if len(args.list) == 1 && recv.kind == "" && recv.name == "" && slices.Contains(identities, name[strings.LastIndexByte(name, '.')+1:]) {
		return args.list[0]
	}
	var gathered strings.Builder
	for _, v := range values {
		if v.name == "" || environments[v.name] || v.target != "" {
			r.gathered(&gathered, r.as(v), " ")
		}
	}
	all := " " + gathered.String()
	if c := r.carried(all); !c.empty() && !quiet(name) {
		for _, u := range r.urls(all) {
			r.tell(u, sending{program: programOf(name), body: all, all: all, uploads: true, line: -1})
		}
	}
	for _, v := range values {
		if v.target != "" {
			out.target = v.target
		}
	}
	if v, ok := r.vars[recv.from]; ok && recv.from != "" && len(args.list) > 0 && v.name == "" && !quiet(name) { // what is given to an object's method is in the object
		given := all[min(len(all), 1+len(r.as(recv))):]
		if !r.carried(given).empty() {
			v.text, v.body = r.limit(v.text+" "+given), r.limit(v.body+" "+given)
			r.vars[recv.from] = v
		}
	}
	out.kind = name
	for k, v := range args.named {
		out.set(k, v)
	}
	return out
}

// quiet reports a function that takes texts and sends none.
func quiet(name string) bool {
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	return slices.Contains([]string{"replace", "startswith", "format", "match", "search", "join", "split", "test", "append", "push", "add", "set", "update", "dict", "list", "len", "includes",
		"isinstance", "type", "setsecret", "set-variable"}, last) || strings.HasPrefix(last, "assert") || strings.Contains(strings.ToLower(name), "request") && !strings.Contains(name, ".")
}

// identities give back what they are given, as far as it counts here.
var identities = []string{"str", "String", "bytes", "bytearray", "list", "tuple", "dict", "iter", "repr", "unicode", "strval", "Array", "URI", "parse", "URL", "trim", "chomp", "shlex_quote", "quote",
	"encodeURIComponent", "encodeURI", "rawurlencode", "urlencode", "http_build_query", "dumps", "stringify", "json_encode", "to_json", "loads", "encode_json", "entries", "values", "items",
	"sorted", "set", "quote_plus", "generate", "compact", "StringIO", "BytesIO", "uri_escape", "Promise.resolve", "SecureString", "encode_www_form", "Path", "fileURLToPath", "int"}

// programOf is how a call is told.
func programOf(name string) string {
	name = strings.TrimPrefix(strings.ReplaceAll(name, "..", "."), ".")
	if len(name) > maxName {
		name = name[:maxName]
	}
	return name
}

// tell tells a host and what goes there.
func (r *source) tell(url string, s sending) {
	r.told(s.body + url)
	hidden := r.st.hidden
	r.look(costOfHost + 2*len(s.all) + 2*len(s.body))
	r.st.destination(url, s)
	r.st.hidden = hidden
}
