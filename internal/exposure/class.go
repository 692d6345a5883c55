package exposure

import "strings"

// class is what can be done with a secret, as far as its name tells; the lower the rank, the sooner it must go.
type class struct {
	rank     int
	provider string // as in "at PyPI"; empty where the name does not tell
	why      string
}

// Ranks: what can arm the repository again, what can publish to others, what can change machines, what nobody can tell, what can only read, then
// what stands for more than one.
const (
	ranksPush = iota
	ranksPublish
	ranksCloud
	ranksOther
	ranksRead
	ranksAll
	ranksName = ranksAll + 2 // the name of an account: no secret
)

// providers are conventions of names: parts of a name between underscores, in the order in which they are looked for.
var providers = []struct {
	parts, provider string
	rank            int
}{
	{"PYPI TESTPYPI TWINE FLIT POETRY", "PyPI", ranksPublish},
	{"NPM NODE_AUTH YARN", "npm", ranksPublish},
	{"CARGO CRATES CRATESIO", "crates.io", ranksPublish},
	{"GEM RUBYGEMS", "RubyGems", ranksPublish},
	{"NUGET", "NuGet", ranksPublish},
	{"OSSRH SONATYPE MAVEN GRADLE_PUBLISH", "Maven Central", ranksPublish},
	{"HEX PACKAGIST COCOAPODS PUB VSCE OVSX CHOCO SNAPCRAFT WINGET HOMEBREW CHROME", "its registry", ranksPublish},
	{"DOCKER DOCKERHUB QUAY GHCR", "its container registry", ranksPublish},
	{"SIGNING GPG CODESIGN P12 KEYSTORE", "whoever trusts its signatures", ranksPublish},
	{"GH GITHUB PAT REPO_TOKEN BOT_TOKEN PUSH_TOKEN DEPLOY_KEY", "GitHub", ranksPush},
	{"AWS", "AWS", ranksCloud},
	{"AZURE ARM", "Azure", ranksCloud},
	{"GCP GOOGLE GCLOUD FIREBASE", "Google Cloud", ranksCloud},
	{"CLOUDFLARE CF", "Cloudflare", ranksCloud},
	{"DIGITALOCEAN DO HEROKU VERCEL NETLIFY FLY RAILWAY KUBECONFIG KUBE SSH TERRAFORM TF VAULT HCLOUD LINODE", "its provider", ranksCloud},
}

// reading are parts of names of tokens that read or report.
var reading = []string{"READ", "READONLY", "RO", "PULL", "CODECOV", "COVERALLS", "SONAR", "SNYK"}

func classOf(secret string) class {
	switch secret {
	case AllSecrets:
		return class{ranksAll, "", "all that the repository had: list them, and treat each as taken"}
	case History:
		return class{ranksAll + 1, "", "every credential that was ever committed"}
	case GitHubToken, IDToken:
		return class{ranksPush, "GitHub", "ends with its job: see that no job of the file runs"}
	}
	if upper := strings.ToUpper(secret); strings.HasSuffix(upper, "USERNAME") || strings.HasSuffix(upper, "_USER") || strings.HasSuffix(upper, "USER_NAME") {
		return class{ranksName, "", "the password or token that it stands with is what to revoke; if somebody stored one here, revoke that too"}
	}
	name := "_" + strings.ToUpper(secret) + "_"
	has := func(part string) bool { return strings.Contains(name, "_"+part+"_") }
	c := class{rank: ranksOther, why: "its name does not tell what it opens"}
	for _, p := range providers {
		for part := range strings.FieldsSeq(p.parts) {
			if has(part) {
				c = class{p.rank, p.provider, map[int]string{ranksPush: "by its name it can push", ranksPublish: "by its name it can publish",
					ranksCloud: "by its name it opens machines or accounts"}[p.rank]}
			}
		}
		if c.provider != "" {
			break
		}
	}
	for _, part := range reading {
		if has(part) {
			c.rank, c.why = ranksRead, "by its name it reads or reports"
		}
	}
	return c
}

// advice is what to do with a secret of the class.
func (c class) advice(secret string) string {
	switch secret {
	case AllSecrets:
		return "revoke every secret that the repository, its environments and its organisation gave it, and store new values"
	case History:
		return "search the history for credentials, and revoke every one that was ever committed"
	case GitHubToken, IDToken:
		return "cancel the runs that hold one"
	}
	if c.rank == ranksName {
		return secret + " is a name, not a secret: nothing to revoke; check what it stands with"
	}
	at := "its provider"
	if c.provider != "" {
		at = c.provider
	}
	return "revoke " + secret + " at " + at + ", then store a new value"
}
