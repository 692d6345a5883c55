package script

import (
	"slices"
	"strings"
)

// imports reads what gives modules other names; false where the word is no import here.
func (r *source) imports(end int) bool {
	switch {
	case r.d.layout && r.is("import"):
		r.pythonImport(end)
	case r.d.layout && r.is("from"):
		r.i++
		module := r.path(end)
		if !r.is("import") {
			return true
		}
		r.i++
		for r.i < end && r.peek(0).kind != anEnd {
			if t := r.peek(0); t.kind == aWord {
				name := t.text
				r.i++
				as := r.renamed(name)
				r.put(as, value{name: module + "." + name})
				continue
			}
			r.i++
		}
	case r.d.name == "node" && r.is("import") && r.peek(1).text != "(":
		r.nodeImport(end)
	case r.d.name == "node":
		return false
	case r.is("use", "require", "using") && r.peek(1).kind != aSign:
		for r.i < end && r.peek(0).kind != anEnd {
			r.i++
		}
	default:
		return false
	}
	return true
}

func (r *source) pythonImport(end int) {
	r.i++
	for r.i < end && r.peek(0).kind == aWord {
		module := r.path(end)
		if as := r.renamed(""); as != "" {
			r.put(as, value{name: module})
		}
		if !r.is(",") {
			return
		}
		r.i++
	}
}

// path reads a.b.c.
func (r *source) path(end int) string {
	name := ""
	for r.i < end {
		t := r.peek(0)
		if t.kind != aWord || t.text == "import" || t.text == "as" {
			if t.kind == aSign && t.text == "." {
				r.i++
				continue
			}
			return name
		}
		if name != "" {
			name += "."
		}
		name += t.text
		r.i++
		if !r.is(".") {
			return name
		}
	}
	return name
}

// renamed reads "as name".
func (r *source) renamed(name string) string {
	if r.is("as") && r.peek(1).kind == aWord {
		name = r.peek(1).text
		r.i += 2
	}
	return name
}

// nodeImport reads import x from 'm', import {a, b as c} from 'm', import * as x from 'm'.
func (r *source) nodeImport(end int) {
	from, at := r.i+1, r.i+1
	for at < min(end, from+maxAhead*4) && r.toks[at].kind != aString {
		at++
	}
	r.i = min(at+1, end)
	if at >= end || r.toks[at].kind != aString {
		return
	}
	module, inside := moduleName(r.toks[at].text), false
	for i := from; i < at; i++ {
		t := r.toks[i]
		switch {
		case t.kind == aSign && t.text == "{":
			inside = true
		case t.kind != aWord || t.text == "from" || t.text == "as" || t.text == "default":
		case i+2 < at && r.toks[i+1].text == "as":
			name := module + "." + t.text
			r.put(r.toks[i+2].text, value{name: name})
			i += 2
		case inside:
			r.put(t.text, value{name: module + "." + t.text})
		default:
			r.put(t.text, value{name: module})
		}
	}
}

// moduleName is the name by which a module's functions are known here.
func moduleName(name string) string {
	name = strings.TrimPrefix(name, "node:")
	name = strings.TrimSuffix(name, "/promises")
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:] // @actions/core
	}
	switch name {
	case "node-fetch", "undici", "cross-fetch", "isomorphic-fetch":
		return "fetch"
	}
	return name
}

// required gives a module that a call of require or __import__ names.
func required(name string, args arguments, text func(value) string) (value, bool) {
	if !slices.Contains([]string{"require", "__import__", "import", "importlib.import_module", "import_module", "process.mainModule.require", "getBuiltinModule"}, name) || len(args.list) == 0 {
		return value{}, false
	}
	module := text(args.list[0])
	if !plain(module) {
		return value{}, false
	}
	return value{name: moduleName(module)}, true
}
