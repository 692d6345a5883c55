package intake

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"pentimento/internal/evidence"
)

var errNotName = errors.New("names no repository: expected owner/name or the URL of a GitHub repository")

// maxName bounds a name or URL before it is taken apart: twice what browsers accept as an address.
const maxName = 4096

// refang undoes the ways in which reports make an address unclickable.
var refang = strings.NewReplacer(
	"[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "[:]", ":", "[://]", "://", "[/]", "/", "[at]", "@", "[@]", "@",
)

// otherHosts are well-known hosts whose addresses look like OWNER/NAME and name no repository of GitHub: reading them as one would put a
// stranger's repository into the case. Every other host is taken for GitHub or an Enterprise Server, as the responder says.
var otherHosts = map[string]string{
	"gitlab.com": "a GitLab project", "bitbucket.org": "a Bitbucket repository", "codeberg.org": "a Codeberg repository",
	"gist.github.com": "a gist", "docs.github.com": "GitHub's documentation", "avatars.githubusercontent.com": "a picture",
	"pypi.org": "a PyPI project", "test.pypi.org": "a PyPI project", "www.npmjs.com": "an npm package", "npmjs.com": "an npm package",
	"crates.io": "a crate", "rubygems.org": "a gem", "hub.docker.com": "a container image", "ghcr.io": "a container image",
	"huggingface.co": "a Hugging Face repository",
}

// reservedOwners are first path elements that GitHub keeps for its own pages: no account can have these names.
// Source: the site's own navigation (github.com/orgs/..., github.com/marketplace/..., and so on).
var reservedOwners = map[string]bool{
	"about": true, "apps": true, "codespaces": true, "collections": true, "enterprises": true, "explore": true, "features": true,
	"login": true, "marketplace": true, "new": true, "notifications": true, "organizations": true, "orgs": true, "search": true,
	"security": true, "sessions": true, "settings": true, "sponsors": true, "stars": true, "topics": true, "trending": true,
	"users": true,
}

// ParseName reads a repository out of "owner/name", an http, https, ssh or git URL, "git@host:owner/name" or "host/owner/name"; with or
// without .git, a trailing slash, a path below the repository, a query or a fragment; defanged or not. REST and raw-file addresses are
// understood too. The host is not kept: which one answers is chosen when collecting. The error is a reason without the text, which may
// hold a credential.
func ParseName(s string) (evidence.Repository, error) {
	s = strings.Trim(strings.TrimSpace(s), "<>\"'`")
	if len(s) > maxName {
		return "", fmt.Errorf("longer than %d bytes", maxName)
	}
	if strings.ContainsRune(s, '[') || strings.ContainsRune(s, '(') || strings.ContainsRune(s, '{') {
		s = refang.Replace(s)
	}
	switch {
	case s == "":
		return "", errors.New("is empty")
	case strings.Contains(s, "://"):
		return parseURL(s)
	case strings.HasPrefix(s, "//"):
		return parseURL("https:" + s)
	}
	if host, path, ok := scpAddress(s); ok {
		return parsePath(host, path)
	}
	s, _, _ = strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, "#")
	first, rest, _ := strings.Cut(s, "/")
	if strings.Contains(first, ".") {
		return parsePath(first, rest)
	}
	owner, name, ok := strings.Cut(strings.TrimSuffix(s, "/"), "/")
	if !ok || strings.Contains(name, "/") {
		return "", errNotName
	}
	return repository(owner, name)
}

// scpAddress takes apart git's "user@host:path" form; the user may be missing where the host has a dot.
func scpAddress(s string) (host, path string, ok bool) {
	before, path, ok := strings.Cut(s, ":")
	if !ok || strings.Contains(before, "/") {
		return "", "", false
	}
	at := strings.LastIndexByte(before, '@')
	host = before[at+1:]
	if host == "" || (at < 0 && !strings.Contains(host, ".")) {
		return "", "", false
	}
	// host:443/owner/name is an address without its scheme, not git's form.
	port, rest, _ := strings.Cut(path, "/")
	if at < 0 && port != "" && strings.Trim(port, "0123456789") == "" {
		return host, rest, true
	}
	return host, strings.TrimPrefix(path, "/"), true
}

func parseURL(s string) (evidence.Repository, error) {
	scheme, rest, _ := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	scheme = strings.TrimPrefix(scheme, "git+") // npm's form: git+https://...
	switch scheme {
	case "hxxp", "hxxps", "http", "https", "ssh", "git":
	default:
		return "", errors.New("is a URL of a scheme that is not http, https, ssh or git")
	}
	u, err := url.Parse("https://" + rest)
	if err != nil || u.Hostname() == "" {
		return "", errors.New("is a malformed URL") // the text of err repeats the URL, which may hold a credential
	}
	return parsePath(u.Hostname(), strings.TrimPrefix(u.EscapedPath(), "/"))
}

// parsePath reads OWNER/NAME[/...] below a host.
func parsePath(host, path string) (evidence.Repository, error) {
	host, _, _ = strings.Cut(strings.ToLower(host), ":")
	host = strings.TrimSuffix(host, ".")
	if what, ok := otherHosts[host]; ok {
		return "", fmt.Errorf("is %s, not a repository on GitHub", what)
	}
	if strings.HasSuffix(host, ".github.io") {
		return "", errors.New("is a GitHub Pages site: name the repository behind it")
	}
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	elements := strings.Split(path, "/")
	elements = apiPath(elements)
	if len(elements) > 0 && reservedOwners[strings.ToLower(elements[0])] {
		return "", fmt.Errorf("is a page of GitHub (/%s), not a repository", strings.ToLower(elements[0]))
	}
	if len(elements) < 2 || elements[1] == "" {
		return "", errors.New("names no repository below its host: expected HOST/owner/name")
	}
	return repository(elements[0], elements[1])
}

// apiPath drops what stands before OWNER/NAME in REST addresses: /repos/ on api.github.com, /api/v3/repos/ on Enterprise Server. No
// account is called "repos".
func apiPath(elements []string) []string {
	if len(elements) > 2 && elements[0] == "api" && elements[1] == "v3" {
		elements = elements[2:]
	}
	if len(elements) > 2 && elements[0] == "repos" {
		elements = elements[1:]
	}
	return elements
}

// repository validates the pair; ".git" is what clone URLs add to a name.
func repository(owner, name string) (evidence.Repository, error) {
	if n := len(name) - len(".git"); n > 0 && strings.EqualFold(name[n:], ".git") {
		name = name[:n]
	}
	r, err := evidence.ParseRepository(owner + "/" + name)
	if err != nil {
		return "", errNotName
	}
	return r, nil
}
