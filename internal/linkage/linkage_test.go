package linkage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	"pentimento/internal/linkage"
	_ "pentimento/internal/seeded"
	"pentimento/internal/tokens"
)

const repo = evidence.Repository("larkmere/tidepool")

func pypi(id, account, label string, projects ...string) tokens.Credential {
	return tokens.Credential{Provider: tokens.PyPI, ID: id, Account: account, Label: label, Projects: projects, AccountWide: len(projects) == 0}
}

// published says that a project's releases come from the repository, by its trusted publisher.
func published(project string) tokens.Release {
	return tokens.Release{Provider: tokens.PyPI, Project: project, Version: "1", Publisher: "github:Larkmere/Tidepool/.github/workflows/release.yml"}
}

func uploaded(project, account string) tokens.Release {
	return tokens.Release{Provider: tokens.PyPI, Project: project, Version: "2", Uploader: account}
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     linkage.Input
		secret string
		want   []string // credential, project, confidence; "?" behind where a question is open
		reason string   // a part of the first link's
	}{
		{name: "a mapping is certain and outweighs what a label says", secret: "PYPI_TOKEN", want: []string{"pypi:b pypi:reef certain"}, reason: "the mapping says so",
			in: linkage.Input{
				Credentials: []tokens.Credential{pypi("a", "mira", "larkmere/tidepool", "tidepool"), pypi("b", "mira", "old", "reef")},
				Mappings:    []tokens.Mapping{{Repository: "Larkmere/tidepool", Secret: "pypi_token", Provider: tokens.PyPI, Credential: "b"}},
			}},
		{name: "a mapping of the repository outweighs one of all", secret: "T", want: []string{"aws:two - certain?"},
			in: linkage.Input{Mappings: []tokens.Mapping{{Secret: "T", Provider: tokens.AWS, Credential: "one"}, {Repository: repo, Secret: "T", Provider: tokens.AWS, Credential: "two"}}}},
		{name: "a mapping to a credential that nobody listed stands, and asks for the inventory", secret: "T", want: []string{"pypi:gone - certain?"},
			in: linkage.Input{Mappings: []tokens.Mapping{{Secret: "T", Provider: tokens.PyPI, Credential: "gone"}}}},
		{name: "a mapping to an account leads to its only token", secret: "T", want: []string{"pypi:a pypi:reef high"},
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "Mira", "x", "reef")}, Mappings: []tokens.Mapping{{Secret: "T", Provider: tokens.PyPI, Account: "mira"}}}},
		{name: "and to each of two, with the question which", secret: "T", want: []string{"pypi:a pypi:reef medium?", "pypi:b pypi:kelp medium?"},
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "mira", "x", "reef"), pypi("b", "mira", "y", "kelp")},
				Mappings: []tokens.Mapping{{Secret: "T", Provider: tokens.PyPI, Account: "mira"}}}},
		{name: "a label that names owner and repository", secret: "PYPI_TOKEN", want: []string{"pypi:a pypi:tidepool high"}, reason: "names the repository and its owner",
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "mira", "CI of Larkmere/Tidepool", "tidepool")}}},
		{name: "a label within another word names nothing", secret: "PYPI_TOKEN", want: []string{"- - low?"},
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "mira", "tidepools", "x")}}},
		{name: "a scope that holds a project of the repository", secret: "PYPI_TOKEN", want: []string{"pypi:a pypi:tide-pool medium"},
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "mira", "laptop", "Tide.Pool")}, Releases: []tokens.Release{published("tide_pool")}}},
		{name: "two of that scope", secret: "PYPI_TOKEN", want: []string{"pypi:a pypi:tidepool low?", "pypi:b pypi:tidepool low?"},
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "mira", "laptop", "tidepool"), pypi("b", "mira", "desk", "tidepool")},
				Releases: []tokens.Release{published("tidepool")}}},
		{name: "an account-wide token spreads to all that its owner has", secret: "PYPI_TOKEN",
			want: []string{"pypi:a pypi:kelp low", "pypi:a pypi:reef low", "pypi:a pypi:tidepool low"}, reason: "acts on all that mira has",
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "mira", "laptop")},
				Releases: []tokens.Release{published("tidepool"), uploaded("tidepool", "mira"), uploaded("reef", "Mira")}, Published: []linkage.Published{{tokens.PyPI, "mira", "kelp", "use-1"}}}},
		{name: "the convention bounds the provider", secret: "NPM_TOKEN", want: []string{"- - low?"},
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "mira", "larkmere/tidepool", "tidepool")}}},
		{name: "a name that tells nothing leads to what is labelled with it", secret: "DEPLOY_KEY_EAST", want: []string{"aws:a - high"}, reason: "names the repository, its label names the secret",
			in: linkage.Input{Credentials: []tokens.Credential{{Provider: tokens.AWS, ID: "a", Label: "tidepool deploy key east"}}}},
		{name: "unlinked secrets keep the projects of the repository", secret: "PYPI_TOKEN", want: []string{"- pypi:tidepool low?"}, reason: "nothing says which",
			in: linkage.Input{Mappings: []tokens.Mapping{{Repository: repo, Provider: tokens.PyPI, Project: "tidepool"}}}},
		{name: "a credential that was deleted before anybody listed it is led to by what its removal tells", secret: "PYPI_TOKEN", want: []string{"pypi:a - high"},
			in: linkage.Input{Events: []tokens.Event{{Provider: tokens.PyPI, ID: "a", Account: "mira", Label: "larkmere tidepool", What: tokens.Removed}}}},
		{name: "two names of one credential are one", secret: "GH_PAT", want: []string{"github:44 - certain"},
			in: linkage.Input{Credentials: []tokens.Credential{{Provider: tokens.GitHub, ID: "77", Alias: "44", Label: "bot"}},
				Mappings: []tokens.Mapping{{Secret: "GH_PAT", Provider: tokens.GitHub, Credential: "77"}}}},
		{name: "words for more than one secret stay a question", secret: "*", want: []string{"- - low?"},
			in: linkage.Input{Credentials: []tokens.Credential{pypi("a", "mira", "larkmere/tidepool", "tidepool")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			links := linkage.NewBook(c.in).Of(repo, []string{c.secret})
			var got []string
			for _, l := range links {
				line := fmt.Sprintf("%s %s %s", or(string(l.Credential)), or(l.Project), l.Confidence)
				if l.Question != "" {
					line += "?"
				}
				got = append(got, line)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("links\n%q, want\n%q", got, c.want)
			}
			if !strings.Contains(links[0].Reason, c.reason) {
				t.Errorf("reason %q lacks %q", links[0].Reason, c.reason)
			}
		})
	}
}

func or(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func TestProviderOf(t *testing.T) {
	for secret, want := range map[string]tokens.Provider{"PYPI_API_TOKEN": tokens.PyPI, "pypi-token": tokens.PyPI, "TWINE_PASSWORD": tokens.PyPI, "NODE_AUTH_TOKEN": tokens.NPM,
		"CARGO_REGISTRY_TOKEN": tokens.Crates, "AWS_SECRET_ACCESS_KEY": tokens.AWS, "CF_API_TOKEN": tokens.Cloudflare, "GH_PAT": tokens.GitHub, "DOCKERHUB_TOKEN": tokens.DockerHub,
		"HAPPY": "", "TOKEN": "", "COPYPITCH": ""} {
		if got := linkage.ProviderOf(secret); got != want {
			t.Errorf("%s: %q, want %q", secret, got, want)
		}
	}
}

// Every secret keeps a link; what is unlinked asks something; the order of the rows changes nothing.
func TestLinksKeepTheirPromises(t *testing.T) {
	words := []string{"tidepool", "larkmere", "reef", "token", "pypi", "npm", ""}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(words)
		var in linkage.Input
		for i := range rapid.IntRange(0, 6).Draw(t, "credentials") {
			in.Credentials = append(in.Credentials, tokens.Credential{Provider: rapid.SampledFrom([]tokens.Provider{tokens.PyPI, tokens.NPM}).Draw(t, "provider"),
				ID: fmt.Sprint("id", i%4), Account: word.Draw(t, "account"), Label: word.Draw(t, "l1") + " " + word.Draw(t, "l2"), AccountWide: rapid.Bool().Draw(t, "wide"),
				Projects: rapid.SliceOfN(word, 0, 2).Draw(t, "scope")})
		}
		for range rapid.IntRange(0, 4).Draw(t, "mappings") {
			in.Mappings = append(in.Mappings, tokens.Mapping{Repository: rapid.SampledFrom([]evidence.Repository{"", repo}).Draw(t, "of"), Secret: rapid.SampledFrom([]string{"", "NPM_TOKEN", "X"}).Draw(t, "secret"),
				Provider: tokens.NPM, Credential: word.Draw(t, "id"), Account: word.Draw(t, "owner"), Project: word.Draw(t, "project")})
		}
		for range rapid.IntRange(0, 4).Draw(t, "releases") {
			in.Releases = append(in.Releases, uploaded(word.Draw(t, "p"), word.Draw(t, "a")), published(word.Draw(t, "q")))
		}
		secrets := []string{"PYPI_TOKEN", "NPM_TOKEN", "X", "*"}
		links := linkage.NewBook(copied(in)).Of(repo, secrets)
		for _, s := range secrets {
			if !slices.ContainsFunc(links, func(l linkage.Link) bool { return l.Secret == s }) {
				t.Fatalf("%s has no link", s)
			}
		}
		for _, l := range links {
			if l.Credential == "" && l.Question == "" || l.Reason == "" || l.Confidence == "" {
				t.Fatalf("%+v says too little", l)
			}
		}
		turned := copied(in)
		slices.Reverse(turned.Credentials)
		slices.Reverse(turned.Mappings)
		slices.Reverse(turned.Releases)
		if again := linkage.NewBook(turned).Of(repo, secrets); fmt.Sprint(again) != fmt.Sprint(links) {
			t.Fatalf("in another order\n%v, before\n%v", again, links)
		}
	})
}

func copied(in linkage.Input) linkage.Input {
	in.Credentials, in.Mappings, in.Releases = slices.Clone(in.Credentials), slices.Clone(in.Mappings), slices.Clone(in.Releases)
	return in
}
