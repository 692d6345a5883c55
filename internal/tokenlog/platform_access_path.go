package tokenlog

import (
	"net/url"
	"slices"
	"strings"

	"pentimento/internal/tokens"
)

// registryRequest is what a request means to a registry.
type registryRequest struct {
	class            tokens.Class
	project, subject string
}

// registryAct tells what a request means by its path and the tool that sent it: in the protocols of PyPI, npm, crates.io, RubyGems and containers, at the
// root of a server or, as Nexus, Artifactory and devpi have them, below a repository's path. Others are placed by their method.
func registryAct(method, path, agent string) registryRequest {
	parts := pathParts(path)
	for _, protocol := range []func(string, []string, string) (registryRequest, bool){cratesRequest, gemsRequest, containerRequest, pypiRequest, npmRequest} {
		if r, ok := protocol(method, parts, agent); ok {
			return r
		}
	}
	return registryRequest{class: methodClass(method)}
}

// pathParts are the pieces of a path, unescaped each: a scope of npm comes as "@scope%2fname".
func pathParts(path string) []string {
	var all []string
	for p := range strings.SplitSeq(path, "/") {
		if p == "" {
			continue
		}
		if plain, err := url.PathUnescape(tokens.Redacted(p)); err == nil { // "%dckr" would be an escape
			p = plain
		}
		all = append(all, strings.Split(p, "/")...)
	}
	return all
}

// behind gives the pieces behind the first that follow each other; ok is false where they do not.
func behind(parts []string, run ...string) (rest []string, ok bool) {
	for i := 0; i+len(run) <= len(parts); i++ {
		if slices.Equal(parts[i:i+len(run)], run) {
			return parts[i+len(run):], true
		}
	}
	return nil, false
}

func piece(parts []string, i int) string {
	if i < 0 || i >= len(parts) {
		return ""
	}
	return parts[i]
}

// cratesRequest reads the web API of crates.io. [doc.rust-lang.org/cargo/reference/registry-web-api.html]
func cratesRequest(method string, parts []string, _ string) (registryRequest, bool) {
	rest, ok := behind(parts, "api", "v1", "crates")
	if !ok {
		return registryRequest{}, false
	}
	if method == "PUT" && len(rest) == 1 && rest[0] == "new" {
		return registryRequest{class: tokens.Publish}, true
	}
	r := registryRequest{class: methodClass(method), project: lowered(piece(rest, 0)), subject: strings.Join(rest[min(1, len(rest)):], "/")}
	if r.class == tokens.Write && piece(rest, 1) == "owners" {
		r.class = tokens.Access
	}
	return r, true
}

// gemsRequest reads the API of RubyGems. [guides.rubygems.org/rubygems-org-api]
func gemsRequest(method string, parts []string, _ string) (registryRequest, bool) {
	if _, ok := behind(parts, "api", "v1", "api_key"); ok {
		return registryRequest{class: tokens.Access}, true
	}
	rest, ok := behind(parts, "api", "v1", "gems")
	if !ok {
		return registryRequest{}, false
	}
	if method == "POST" && len(rest) == 0 {
		return registryRequest{class: tokens.Publish}, true
	}
	r := registryRequest{class: methodClass(method), project: strings.TrimSuffix(strings.TrimSuffix(piece(rest, 0), ".json"), ".yaml")}
	if r.project == "yank" {
		r.project = "" // it stands in the query
	}
	if piece(rest, 1) == "owners" && r.class == tokens.Write {
		r.class = tokens.Access
	}
	return r, true
}

// containerRequest reads the OCI distribution API. [opencontainers/distribution-spec]
func containerRequest(method string, parts []string, _ string) (registryRequest, bool) {
	rest, ok := behind(parts, "v2")
	if !ok || len(parts) == 2 && len(rest) == 0 {
		return registryRequest{}, false
	}
	if len(parts) == 1 || len(parts) == 2 && rest[0] == "token" {
		return registryRequest{class: tokens.Auth}, true
	}
	for _, kind := range []string{"manifests", "blobs", "tags"} {
		i := slices.Index(rest, kind)
		if i < 1 {
			continue
		}
		r := registryRequest{class: methodClass(method), project: strings.Join(rest[:i], "/"), subject: strings.Join(rest[i+1:], "/")}
		if method == "PUT" && kind == "manifests" {
			r.class = tokens.Publish
		}
		return r, true
	}
	return registryRequest{}, false
}

// pypiTools send uploads in the protocol of PyPI to any path.
var pypiTools = []string{"twine/", "uv/", "poetry/", "flit/", "pdm/", "hatch/", "maturin/"}

// pypiRequest reads the legacy upload API and the simple index. [docs.pypi.org/api/upload, PEP 503] The project of an upload is in its body.
func pypiRequest(method string, parts []string, agent string) (registryRequest, bool) {
	_, legacy := behind(parts, "legacy")
	tool := slices.ContainsFunc(pypiTools, func(t string) bool { return strings.HasPrefix(strings.ToLower(agent), t) })
	if method == "POST" && (legacy || tool) {
		return registryRequest{class: tokens.Publish}, true
	}
	if rest, ok := behind(parts, "simple"); ok && len(rest) > 0 && methodClass(method) == tokens.Read {
		return registryRequest{class: tokens.Read, project: pypiProject(rest[0])}, true
	}
	if rest, ok := behind(parts, "pypi"); ok && len(rest) > 1 && rest[len(rest)-1] == "json" && methodClass(method) == tokens.Read {
		return registryRequest{class: tokens.Read, project: pypiProject(rest[0]), subject: strings.Join(rest[1:len(rest)-1], "/")}, true
	}
	return registryRequest{}, false
}

// pypiProject is a name as PyPI compares it. [PEP 503]
func pypiProject(name string) string {
	parts := strings.FieldsFunc(lowered(name), func(c rune) bool { return c == '-' || c == '_' || c == '.' })
	return strings.Join(parts, "-")
}

// npmRequest reads the registry API of npm: a document is put at the name of its package. Without npm's own words about it, a put of one piece (or of a
// scope and a name) at the root is taken for one.
func npmRequest(method string, parts []string, agent string) (registryRequest, bool) {
	if rest, ok := behind(parts, "-"); ok {
		return npmService(method, rest, parts)
	}
	tool := slices.ContainsFunc([]string{"npm/", "yarn/", "pnpm/", "lerna/", "bun/"}, func(t string) bool { return strings.HasPrefix(strings.ToLower(agent), t) })
	name := parts[max(len(parts)-1, 0):]
	if i := slices.IndexFunc(parts, func(p string) bool { return strings.HasPrefix(p, "@") }); i >= 0 {
		name = parts[i:min(i+2, len(parts))]
	}
	project := strings.Join(name, "/")
	root := len(parts) == len(name)
	if project == "" || method == "" || !tool && (method != "PUT" || !root || strings.Contains(project, ".")) {
		return registryRequest{}, false
	}
	class := methodClass(method)
	if method == "PUT" {
		class = tokens.Publish
	}
	return registryRequest{class: class, project: project}, true
}

// npmService reads what stands behind "/-/": users, tokens, tags, tarballs.
func npmService(method string, rest, parts []string) (registryRequest, bool) {
	class := methodClass(method)
	switch first := piece(rest, 0); {
	case strings.HasPrefix(first, "user"), first == "whoami", first == "ping", first == "v1" && piece(rest, 1) == "login":
		return registryRequest{class: tokens.Auth}, true
	case first == "npm", first == "org", first == "team":
		if class == tokens.Write {
			class = tokens.Access
		}
		return registryRequest{class: class}, true
	case first == "package":
		name, tag, _ := strings.Cut(strings.Join(rest[1:], "/"), "/dist-tags")
		if class == tokens.Write && tag != "" {
			class = tokens.Publish // a tag moves what others install
		}
		return registryRequest{class: class, project: strings.TrimSuffix(name, "/access"), subject: "dist-tags" + tag}, true
	}
	i := slices.Index(parts, "-")
	if i < 1 {
		return registryRequest{}, false
	}
	name := parts[i-1 : i]
	if i > 1 && strings.HasPrefix(parts[i-2], "@") {
		name = parts[i-2 : i]
	}
	return registryRequest{class: class, project: strings.Join(name, "/"), subject: strings.Join(rest, "/")}, true
}
