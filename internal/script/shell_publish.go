package script

import (
	"slices"
	"strings"
)

// publisher gives what a program does that makes something public by way of a service: git, GitHub's own client, registries.
func publisher(name string) func(*state, *call) {
	switch name {
	case "git":
		return (*state).git
	case "gh", "hub":
		return (*state).gh
	case "docker", "podman", "buildah", "nerdctl", "skopeo", "crane", "oras":
		return (*state).images
	case "npm", "yarn", "pnpm", "twine", "poetry", "flit", "uv", "hatch", "cargo", "gem", "helm", "mvn", "gradle", "gradlew", "dotnet", "nuget", "lerna", "changeset", "composer", "pdm", "conda", "npx", "jsr",
		"vsce", "ovsx":
		return (*state).registry
	}
	return nil
}

// git follows what is staged and pushed, and sees what prints the contents of past commits.
func (st *state) git(c *call) {
	args := c.args
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if (args[0] == "-C" || args[0] == "-c" || args[0] == "--git-dir" || args[0] == "--work-tree") && len(args) > 1 {
			args = args[1:]
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	sub, args := args[0], args[1:]
	inside := &call{name: "git", args: args, in: c.in, read: c.read}
	if minesHistory(sub, args) {
		c.print(st.gather(st.commandText(c), History))
		return
	}
	switch sub {
	case "add", "stage", "commit":
		st.stage(sub, inside)
	case "remote":
		if o := inside.operands(); len(o) > 2 && (o[0] == "add" || o[0] == "set-url") {
			st.remotes[o[1]] = o[2]
		}
	case "push":
		st.pushed(inside)
	case "send-email":
		st.mail(inside)
	case "config":
		if slices.ContainsFunc(args, func(a string) bool { return strings.HasSuffix(strings.ToLower(a), "extraheader") }) && (inside.has("--get", "--get-all", "get", "--get-regexp") || len(inside.operands()) == 1) || inside.has("--list", "-l", "list") {
			c.print(st.gather(st.commandText(c), Files, "GITHUB_TOKEN"))
			return
		}
	case "credential":
		c.print(st.gather(st.commandText(c), Files, "GITHUB_TOKEN"))
		return
	case "clone", "fetch", "pull", "ls-remote":
		for _, u := range inside.operands() {
			if strings.Contains(u, "://") && !st.carried(withoutUser(u)).empty() {
				st.destination(u, sending{program: "git", all: u, uploads: true, line: -1})
			}
		}
	}
	c.print(st.unknown(st.commandText(c)))
}

// withoutUser is a URL without user and password.
func withoutUser(u string) string {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return u
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if i := strings.LastIndexByte(rest[:end], '@'); i >= 0 {
		return scheme + "://" + rest[i+1:]
	}
	return u
}

// minesHistory reports a command that prints the contents of past commits or lists them all.
func minesHistory(sub string, args []string) bool {
	starts := func(options ...string) bool {
		return slices.ContainsFunc(args, func(a string) bool {
			return slices.ContainsFunc(options, func(o string) bool {
				return a == o || len(o) == 2 && (o == "-G" || o == "-S") && strings.HasPrefix(a, o)
			})
		})
	}
	all := slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "rev-list") })
	switch sub {
	case "log", "reflog", "whatchanged", "stash":
		return starts("-p", "-u", "--patch", "-G", "-S", "--patch-with-stat")
	case "rev-list":
		return starts("--all", "--objects")
	case "fast-export":
		return true
	case "bundle":
		return len(args) > 0 && args[0] == "create"
	case "cat-file":
		return slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--batch") })
	case "grep", "show":
		return all
	case "format-patch":
		return starts("--root")
	}
	return false
}

// stage keeps what the files carry that are given to git.
func (st *state) stage(sub string, c *call) {
	if sub == "commit" {
		if message, ok := c.option("-m", "--message", "-am"); ok {
			st.staged = joinCarried(st.staged, st.carried(message))
		}
		if !slices.ContainsFunc(c.args, func(a string) bool { return strings.HasPrefix(a, "-a") || a == "--all" }) {
			return
		}
	}
	files := c.operands()
	if sub == "commit" || c.has("-A", "--all", "-u") {
		files = append(files, ".")
	}
	for _, f := range files {
		if text, ok := st.files[st.path(f)]; ok || f == "." || strings.ContainsAny(f, "*/") {
			if !ok {
				text = st.contents(f)
			}
			st.staged = joinCarried(st.staged, st.carried(text))
		}
	}
}

// pushed is git push [options] [remote [refspec ...]].
func (st *state) pushed(c *call) {
	o := c.operands()
	for i, a := range c.args { // options with a value
		if (a == "-o" || a == "--push-option" || a == "--repo") && i+1 < len(c.args) {
			if j := slices.Index(o, c.args[i+1]); j >= 0 && a != "--repo" {
				o = slices.Delete(o, j, j+1)
			}
		}
	}
	target := "origin"
	if len(o) > 0 {
		target = o[0]
	}
	url := target
	if known, ok := st.remotes[target]; ok {
		url = known
	}
	carried := joinCarried(st.staged, st.carried(strings.Join(o[min(1, len(o)):], " ")))
	st.exit(Exit{Way: Repository, Program: "git", Target: st.show(url), Carried: carried})
	if strings.Contains(url, "://") || strings.Contains(url, "@") && strings.Contains(url, ":") {
		st.destination(url, sending{program: "git", body: st.atom("$(git)", carried), all: strings.Join(c.args, "\n"), uploads: true, line: -1})
	}
}

// gh is GitHub's own client.
func (st *state) gh(c *call) {
	o := c.operands()
	if len(o) == 0 {
		return
	}
	sub := ""
	if len(o) > 1 {
		sub = o[1]
	}
	body := c.in + strings.Join(c.args, "\n")
	for i, a := range c.args {
		if (a == "--body-file" || a == "-F" || a == "--input" || a == "--notes-file" || a == "-f" || a == "--field") && i+1 < len(c.args) {
			file := c.args[i+1]
			if _, f, ok := strings.Cut(file, "=@"); ok {
				file = f
			}
			body += st.inputOf(c, file)
		}
	}
	way, target := Way(""), ""
	switch o[0] {
	case "auth":
		if sub == "token" || c.has("--show-token", "-t") {
			c.print(st.atom("$(gh auth token)", Carried{Secrets: []string{"GITHUB_TOKEN"}}))
			return
		}
	case "gist", "issue", "pr", "release":
		if slices.Contains([]string{"create", "comment", "edit", "review", "upload", "close"}, sub) {
			way = Comment
			for _, f := range o[2:] {
				if target == "" {
					target = f
				}
				body += st.contents(f)
			}
		}
	case "repo":
		if sub == "create" || sub == "sync" {
			way = Repository
			target = strings.Join(o[2:min(3, len(o))], "")
		}
	case "api":
		if i := slices.IndexFunc(o, func(a string) bool { return apiWay(a) != "" && !strings.Contains(a, "=") }); i > 0 { // behind -X PUT
			sub = o[i]
		}
		st.ghAPI(c, sub, body)
	}
	if way != "" {
		st.exit(Exit{Way: way, Program: "gh", Target: st.show(target), Carried: st.carried(st.limited(body))})
	}
	if asksRunner(strings.Join(c.args, " ")) {
		st.out.Registers = true
	}
	c.print(st.unknown(st.commandText(c)))
}

// ghAPI is a call of GitHub's API through its client: with fields it writes.
func (st *state) ghAPI(c *call, path, body string) {
	method, _ := c.option("-X", "--method")
	writes := c.has("-f", "-F", "--field", "--raw-field", "--input") || method != "" && method != "GET"
	if way := apiWay(path); writes && way != "" && method != "GET" && method != "DELETE" {
		st.exit(Exit{Way: way, Program: "gh", Target: st.show(path), Carried: st.carried(st.limited(body))})
	}
}

// images follows what images are built with and pushed, and what runs in containers.
func (st *state) images(c *call) {
	o := c.operands()
	if len(o) == 0 {
		return
	}
	sub, rest := o[0], o[1:]
	if (sub == "buildx" || sub == "image" || sub == "compose") && len(rest) > 0 {
		sub, rest = rest[0], rest[1:]
	}
	switch sub {
	case "build", "bake", "commit", "tag":
		for i, a := range c.args {
			if a == "--build-arg" && i+1 < len(c.args) {
				st.image = joinCarried(st.image, st.carried(c.args[i+1]))
			} else if v, ok := strings.CutPrefix(a, "--build-arg="); ok {
				st.image = joinCarried(st.image, st.carried(v))
			}
		}
		if c.has("--push") {
			st.exit(Exit{Way: Registry, Program: c.name, Carried: st.image})
		}
	case "push", "copy":
		target := ""
		if len(rest) > 0 {
			target = rest[len(rest)-1]
		}
		st.exit(Exit{Way: Registry, Program: c.name, Target: st.show(target), Carried: st.image})
	case "run", "exec":
		for i, a := range c.args {
			if known := wrapper(a) != nil || client(a) != nil; known && i > 1 && i+1 < len(c.args) {
				st.nestedWith(c, c.args[i:])
				return
			}
		}
	}
	c.print(st.unknown(st.commandText(c)))
}

// nestedWith runs a command for another one, with what that reads.
func (st *state) nestedWith(c *call, args []string) {
	inside := &call{args: args, lines: slices.Repeat([]int{st.line}, len(args)), in: c.in, read: c.read}
	st.run(inside)
	c.out = st.limited(c.out + inside.out)
}

// registry sees packages being published. Other uses of the same programs are those of any program.
func (st *state) registry(c *call) {
	o := c.operands()
	publishes := slices.ContainsFunc(o, func(a string) bool {
		return a == "publish" || a == "upload" || a == "push" && (c.name == "gem" || c.name == "helm" || c.name == "dotnet" || c.name == "nuget") || a == "deploy" && c.name == "mvn"
	})
	if !publishes || c.has("--dry-run", "-n") {
		if c.name == "npx" && len(o) > 0 {
			st.nestedWith(c, o)
			return
		}
		st.other(c)
		return
	}
	body, target := "", ""
	for _, f := range o[1:] {
		if f != "publish" && f != "upload" && f != "push" && target == "" && strings.ContainsAny(f, "./*\x00") {
			target = f
		}
		body += st.contents(f)
	}
	st.exit(Exit{Way: Registry, Program: c.name, Target: st.show(target), Carried: st.carried(st.limited(body))})
	if url, ok := c.option("--registry", "--repository-url", "--index-url", "--publish-url"); ok {
		st.destination(url, sending{program: c.name, body: body, all: strings.Join(c.args, "\n"), uploads: true, line: -1})
	}
}
