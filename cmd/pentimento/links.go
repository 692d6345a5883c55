package main

import (
	"context"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/linkage"
	"pentimento/internal/verdict"
)

func (p *program) linksCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "links [REPO]...",
		short: "Which credential each secret is, and what would tell",
		long: `One row for each credential and project that a secret which could be taken leads to: by your mapping, which is certain; by inventories, whose
labels and scopes are told in REASON; else by the convention of its name, which gives the provider alone. A credential that acts on all that its
owner has leads to all projects of the owner.

QUESTION is the shortest question whose answer would link what is not, or tell several apart: import mapping takes the answers, import credentials the
inventories. Nothing is tried at a provider.`,
		example: "  pentimento links\n  pentimento links --json | jq '.links[] | select(.credential == null) | .question'",
		queries: []string{"links"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), plain("SECRET", "secret", nothing), plain("CREDENTIAL", "credential", "unlinked"), plain("ACCOUNT", "account", unknown),
			plain("PROJECT", "project", unknown), plain("CONFIDENCE", "confidence", unknown), plain("REASON", "reason", nothing), plain("QUESTION", "question", nothing),
		},
		schema: "pentimento/links/v1", key: "links", document: linksDocument,
	})
}

// linkJSON is one row of pentimento/links/v1. Credential is null for an unlinked secret, question where nothing is open.
type linkJSON struct {
	Repository string   `json:"repository"`
	Secret     *string  `json:"secret"`
	Credential *string  `json:"credential"`
	Provider   *string  `json:"provider"`
	Account    *string  `json:"account"`
	Project    *string  `json:"project"`
	Confidence string   `json:"confidence"`
	Reason     string   `json:"reason"`
	Question   *string  `json:"question"`
	Evidence   []string `json:"evidence"`
}

func linksDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	stored, err := linkage.StoredLinks(ctx, c)
	var out []linkJSON
	for _, l := range stored {
		if in.has(l.Repository) {
			out = append(out, linkJSON{Repository: string(l.Repository), Secret: nullable(l.Secret), Credential: nullable(l.Credential), Provider: nullable(l.Provider),
				Account: nullable(l.Account), Project: nullable(l.Project), Confidence: l.Confidence, Reason: l.Reason, Question: nullable(l.Question), Evidence: present(l.Evidence)})
		}
	}
	return out, nil, err
}

func (p *program) releasesCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "releases [REPO]...",
		short: "Releases that came out while their project was exposed",
		long: `One row for each release of a project that came out while a credential of it could be misused, with what speaks for its being the owner's own
(a trusted publisher, an attestation, a run on its commit or for its tag, another credential that the registry names) and what speaks against it (not
so before, an uploader or program never seen, removed since). explained needs something that a thief of the credential could not have made;
unexplained means that something speaks against it and nothing as strong for it. No release is called malicious: look at what is not explained.

A registry tells of a release only where its documents are in the case (import releases): without them an empty table says nothing.`,
		example: "  pentimento releases\n  pentimento releases --json | jq '.releases[] | select(.state != \"explained\")'",
		queries: []string{"releases"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), plain("RELEASE", "release", unknown), moment("AT", "at", false), plain("STATE", "state", unknown),
			plain("FOR", "for", nothing), plain("AGAINST", "against", nothing), plain("SECRET", "secret", nothing), plain("CREDENTIAL", "credential", unknown),
		},
		schema: "pentimento/releases/v1", key: "releases", document: releasesDocument, blind: unreleased,
	})
}

// unreleased says that the case holds no document of a registry: then nobody looked.
func unreleased(ctx context.Context, c *casefile.Case) (string, error) {
	all, err := c.Releases(ctx)
	if err != nil || len(all) > 0 {
		return "", err
	}
	return "no document of a registry is in the case: that no release is shown says nothing", nil
}

// releaseJSON is one row of pentimento/releases/v1: a release in one window.
type releaseJSON struct {
	Repository string   `json:"repository"`
	Release    string   `json:"release"`
	At         *string  `json:"at"`
	State      string   `json:"state"`
	For        []string `json:"for"`
	Against    []string `json:"against"`
	Secret     *string  `json:"secret"`
	Credential string   `json:"credential"`
	Window     string   `json:"window"`
	Evidence   []string `json:"evidence"`
}

func releasesDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	stored, err := verdict.StoredReleases(ctx, c)
	var out []releaseJSON
	for _, r := range stored {
		if in.has(r.Repository) {
			out = append(out, releaseJSON{Repository: string(r.Repository), Release: r.Name, At: stampJSON(r.At), State: r.State, For: present(r.For), Against: present(r.Against),
				Secret: nullable(r.Secret), Credential: r.Credential, Window: r.Window, Evidence: present(r.Evidence)})
		}
	}
	return out, nil, err
}
