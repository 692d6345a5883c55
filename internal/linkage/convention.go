package linkage

import (
	"strings"

	"pentimento/internal/tokens"
)

// conventions are parts of a secret's name, between underscores, and whose credential a secret of such a name is as a rule. They give a provider and
// never a credential.
var conventions = []struct {
	parts    string
	provider tokens.Provider
}{
	{"PYPI TWINE FLIT POETRY HATCH TESTPYPI", tokens.PyPI},
	{"NPM NPMJS NODE_AUTH YARN", tokens.NPM},
	{"CARGO CRATES CRATESIO CRATES_IO", tokens.Crates},
	{"GEM RUBYGEMS GEM_HOST", tokens.RubyGems},
	{"DOCKER DOCKERHUB DOCKER_HUB", tokens.DockerHub},
	{"AWS", tokens.AWS},
	{"CLOUDFLARE CF", tokens.Cloudflare},
	{"GITLAB", tokens.GitLab},
	{"GH GITHUB PAT", tokens.GitHub},
}

// ProviderOf is whose credential a secret is by the convention of its name; empty where the name does not tell.
func ProviderOf(secret string) tokens.Provider {
	name := "_" + strings.ToUpper(strings.ReplaceAll(secret, "-", "_")) + "_"
	for _, c := range conventions {
		for part := range strings.FieldsSeq(c.parts) {
			if strings.Contains(name, "_"+part+"_") {
				return c.provider
			}
		}
	}
	return ""
}

// titles are the providers' names for people.
var titles = map[tokens.Provider]string{tokens.PyPI: "PyPI", tokens.NPM: "npm", tokens.GitHub: "GitHub", tokens.AWS: "AWS", tokens.DockerHub: "Docker Hub",
	tokens.Cloudflare: "Cloudflare", tokens.Crates: "crates.io", tokens.RubyGems: "RubyGems", tokens.GitLab: "GitLab"}

// Title is how people call a provider.
func Title(p tokens.Provider) string {
	if t := titles[p]; t != "" {
		return t
	}
	return string(p)
}
