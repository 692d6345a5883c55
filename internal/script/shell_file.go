package script

import (
	"regexp"
	"slices"
	"strings"
)

// aliases of places on a runner, by how they stand in scripts; the empty one is the workspace.
var places = []struct{ written, place string }{
	{"./", ""}, {"$GITHUB_WORKSPACE/", ""}, {"${{ github.workspace }}/", ""}, {"$PWD/", ""}, {"$(pwd)/", ""}, {"$HOME/", "~/"}, {"/home/runner/", "~/"}, {"/root/", "~/"},
	{"${{ runner.temp }}/", "$RUNNER_TEMP/"},
}

// path is the key of a file: the same file written in several ways is one.
func (st *state) path(p string) string {
	p = st.show(p)
	for range maxNames {
		before := p
		for _, w := range places {
			if rest, ok := strings.CutPrefix(p, w.written); ok {
				p = w.place + strings.TrimLeft(rest, "/")
			}
		}
		if p == before {
			break
		}
	}
	if p == "${{ github.env }}" || p == "${{ env.GITHUB_ENV }}" {
		return "$GITHUB_ENV"
	}
	if p == "${{ github.output }}" || p == "${{ env.GITHUB_OUTPUT }}" {
		return "$GITHUB_OUTPUT"
	}
	return p
}

// read gives the text of a file as far as it is known: what was written there, or what is worth stealing in it.
func (st *state) read(path string) string {
	key := st.path(path)
	if text, ok := st.files[key]; ok {
		return text
	}
	show := "$(cat " + key + ")"
	switch {
	case environFile.MatchString(key):
		return st.environment()
	case memoryFile.MatchString(key):
		return st.gather(show, Memory)
	case credentialFile.MatchString(key):
		if strings.HasSuffix(key, ".git/config") {
			return st.gather(show, Files, "GITHUB_TOKEN")
		}
		return st.gather(show, Files)
	}
	if network(key) {
		return ""
	}
	return st.unknown(show)
}

var (
	environFile = regexp.MustCompile(`^/proc/[^/]+/environ$`)
	memoryFile  = regexp.MustCompile(`^/proc/[^/]+/(?:mem|maps|task/.*/mem)$`)
	// credentialFile are places where programs of registries, clouds, git, ssh and the runner itself keep credentials.
	credentialFile = regexp.MustCompile(`(?:^|/)(?:\.aws(?:/credentials|/config|/\*?)?|\.npmrc|\.yarnrc(?:\.yml)?|\.pypirc|\.netrc|_netrc|\.ssh(?:/\*?|/id_[a-z0-9]+|/\*)?|\.docker(?:/config\.json|/\*?)?|\.dockercfg|` +
		`\.kube(?:/config|/\*?)?|\.config/gcloud.*|\.azure(?:/.*)?|\.git-credentials|\.git/config|\.config/gh(?:/.*)?|\.cargo/credentials(?:\.toml)?|\.gem/credentials|\.m2/settings\.xml|` +
		`\.gradle/gradle\.properties|\.terraform\.d/credentials\.tfrc\.json|\.terraformrc|\.vault-token|\.bash_history|\.gnupg(?:/.*)?|\.credentials(?:_rsaparams)?|\.composer/auth\.json|` +
		`application_default_credentials\.json|etc/shadow|kubernetes\.io/serviceaccount/token|\.config/rclone/rclone\.conf|\.pgpass|\.my\.cnf)$`)
)

// contents is what lies at a path: a file, all files of a folder, or those that a pattern matches.
func (st *state) contents(path string) string {
	key := st.path(path)
	if text, ok := st.files[key]; ok {
		st.spend(len(text))
		return st.read(path)
	}
	folder := strings.TrimSuffix(key, "/") + "/"
	if key == "." || key == "" {
		folder = ""
	}
	glob := strings.ContainsAny(key, "*?")
	if !st.spend(len(st.files) * costOfName) {
		return st.unknown("$(cat " + key + ")")
	}
	var names []string
	for name := range st.files {
		if glob && matches(key, name) || !glob && strings.HasPrefix(name, folder) && !strings.HasPrefix(name, pipePath) && (folder != "" || !strings.HasPrefix(name, "/")) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return st.read(path)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(st.files[name])
		if b.Len() > maxText {
			break
		}
	}
	st.spend(b.Len())
	return st.limited(b.String())
}

// costOfName is what looking at one name of many counts, in bytes of text made.
const costOfName = 32

// write keeps the text of a file by its key.
func (st *state) write(key, text string) {
	if _, known := st.files[key]; !known && len(st.files) >= maxFiles {
		if !st.carried(text).empty() {
			st.problem("the script writes more files than this program follows")
		}
		return
	}
	st.files[key] = text
	st.wrote[key] = true
}
