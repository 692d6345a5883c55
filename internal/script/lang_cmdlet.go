package script

import (
	"slices"
	"strings"
)

// cmdletOf does what a command does.
func (r *source) cmdletOf(name string, input value, c cmdlet) value {
	lower := strings.TrimSuffix(strings.ToLower(name), ".exe")
	if f, ok := r.funcs[name]; ok {
		named := map[string]value{}
		for k, v := range c.params {
			for _, p := range f.params {
				if strings.EqualFold(strings.TrimPrefix(p, "$"), k) {
					named[p] = v
				}
			}
		}
		return r.apply(f, c.list, named)
	}
	switch lower {
	case "invoke-webrequest", "iwr", "invoke-restmethod", "irm":
		return r.webRequest(lower, input, c)
	case "curl", "wget":
		if _, ok := c.param(-1, "uri", "method", "body", "usebasicparsing"); ok {
			return r.webRequest(lower, input, c)
		}
	case "invoke-expression", "iex":
		v := input
		if w, ok := c.param(0, "command"); ok {
			v = w
		}
		r.runText("pwsh", v, "iex")
		return value{}
	case "new-object":
		v, _ := c.param(0, "typename")
		kind := strings.TrimPrefix(strings.ToLower(r.as(v)), "system.")
		args, _ := c.param(1, "argumentlist")
		if url := firstOf(arguments{list: append([]value{args}, c.list[min(len(c.list), 2):]...)}); url.text != "" || url.isList {
			if out, ok := r.prepares(kind, kind, kind[strings.LastIndexByte(kind, '.')+1:], value{}, arguments{list: append([]value{url}, c.list[min(len(c.list), 2):]...)}); ok {
				return out
			}
			return value{text: r.as(url), kind: kind, undone: url.undone}
		}
		return value{kind: kind, name: kind}
	case "resolve-dnsname", "test-netconnection", "start-bitstransfer", "send-mailmessage", "test-connection":
		if v, ok := c.param(0, "name", "computername", "source", "destination", "smtpserver"); ok {
			body := strings.Join(c.words, " ")
			r.tell(r.as(v), sending{program: lower, body: body, all: body, uploads: !r.st.carried(body).empty(), line: -1})
		}
		return value{}
	}
	return r.local(lower, name, input, c)
}

// local does what a command does that talks to no host: files, output, filters. What is not known is run as a program.
func (r *source) local(lower, name string, input value, c cmdlet) value {
	switch lower {
	case "get-childitem", "gci", "dir", "ls", "get-item", "gi":
		if v, ok := c.param(0, "path", "literalpath"); ok && (environments[v.name] || v.name == "env:") {
			return r.shown(value{name: "env:"})
		} else if ok && lower != "ls" {
			return v
		}
	case "get-content", "gc", "cat", "type":
		if v, ok := c.param(0, "path", "literalpath"); ok {
			return r.shown(textOf(r.st.read(r.as(v))))
		}
	case "set-content", "add-content", "out-file", "tee-object", "sc", "ac", "tee":
		path, _ := c.param(0, "path", "filepath", "literalpath")
		v := input
		if w, ok := c.param(1, "value", "inputobject"); ok {
			v = w
		}
		r.st.writeAny(environmentPath(r.as(path)), []string{r.as(v)}, lower == "add-content" || lower == "ac" || c.params["append"].name != "", false)
		return value{}
	case "write-host", "write-output", "echo", "write", "write-warning", "write-error", "write-information", "write-verbose", "write-debug", "out-host", "out-default":
		v := textOf(strings.Join(c.words, " "))
		if len(c.words) == 0 {
			v = input
		}
		return r.shown(v)
	case "foreach-object", "foreach", "where-object", "?", "select-object", "sort-object", "out-string", "convertto-json", "format-list", "format-table", "fl", "ft", "select", "where", "sort",
		"select-string", "measure-object", "convertto-csv", "convertto-securestring", "convertfrom-json", "join-string", "join-path", "out-null", "convertfrom-securestring", "group-object":
		if lower == "out-null" {
			return value{}
		}
		return r.filtered(input, c)
	case "set-variable", "sv":
		if n, ok := c.param(0, "name"); ok {
			v, _ := c.param(1, "value")
			r.put("$"+strings.ToLower(r.as(n)), v)
		}
		return value{}
	case "import-module", "set-location", "cd", "new-item", "mkdir", "remove-item", "rm", "test-path", "start-sleep", "set-strictmode", "add-type", "get-date", "throw", "exit", "install-module":
		return value{}
	}
	if strings.TrimSpace(name) == "" {
		return input
	}
	stdins := r.st.stdins
	if input.text != "" || input.name != "" {
		r.st.stdins = []string{r.as(input)}
	}
	out := r.shell(r.listOf(texts(append([]string{name}, c.words...))), nil, name)
	r.st.stdins = stdins
	return r.shown(out)
}

// shown is a value that goes into the log unless something takes it.
func (r *source) shown(v value) value {
	if !r.is("|") && !r.taken {
		t := r.as(v)
		r.told(t)
		r.st.print(t+"\n", "Write-Output")
	}
	return v
}

// filtered is what a filter lets through: all of it, or what its block makes of it.
func (r *source) filtered(input value, c cmdlet) value {
	out := []value{input}
	for _, v := range c.list {
		if v.fn == nil {
			out = append(out, v)
			continue
		}
		r.put("$_", textOf(r.as(input)))
		r.put("$psitem", textOf(r.as(input)))
		taken := r.taken
		r.taken = true
		out = append(out, r.last(v.fn))
		r.taken = taken
	}
	if len(out) == 1 {
		return input
	}
	if len(out) == 2 && c.list[0].fn != nil && (out[1].text != "" || out[1].name != "") {
		return out[1]
	}
	return r.mixed("|", out...)
}

// last is the last value of a block.
func (r *source) last(f *lambda) value {
	if f.busy || r.deep >= maxDeep {
		return value{}
	}
	toks, at := r.toks, r.i
	r.toks, r.i, f.busy = f.toks, f.from, true
	r.deep++
	var out value
	for r.i < f.end && r.spend() {
		before := r.i
		if t := r.peek(0); t.kind == anEnd {
			r.i++
			continue
		}
		if v := r.expression(f.end); v.text != "" || v.name != "" {
			out = v
			r.assignment(v, f.end)
		}
		if r.i == before {
			r.i++
		}
	}
	r.deep--
	r.toks, r.i, f.busy = toks, at, false
	return out
}

// webRequest is Invoke-WebRequest or Invoke-RestMethod.
func (r *source) webRequest(name string, input value, c cmdlet) value {
	url, ok := c.param(0, "uri")
	if !ok {
		return value{}
	}
	var body, all strings.Builder
	for _, k := range sortedKeys(c.params) {
		t := r.as(c.params[k])
		all.WriteString(t + " ")
		switch k {
		case "body", "form", "b":
			body.WriteString(t + " ")
		case "infile":
			body.WriteString(r.st.read(t) + " ")
		}
	}
	if input.text != "" || environments[input.name] {
		body.WriteString(r.as(input))
	}
	method, _ := c.param(-1, "method", "m")
	uploads := body.Len() > 0 || slices.Contains([]string{"post", "put", "patch"}, strings.ToLower(r.as(method)))
	r.tell(r.as(url), sending{program: name, body: body.String(), all: all.String() + body.String(), uploads: uploads, line: -1})
	return textOf(r.response(r.as(url)))
}

// environmentPath writes a path that the runner gives in PowerShell's way as a shell would.
func environmentPath(path string) string {
	return strings.NewReplacer("$env:", "$").Replace(path)
}
