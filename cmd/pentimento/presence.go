package main

import (
	"context"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

func (p *program) presenceCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "presence [REPO]...",
		short: "On which refs a malicious version was, from when to when",
		long: `One row per ref, path and interval in which the ref's tip held a malicious version. A commit in a ref's history is not yet a presence: refs
that only contain one are listed by "pentimento query contains".

HOW is force_push, branch_deletion, retag, merge, revert, delete or edit; wave-ended where the file is its owner's and did harm only while a wave
of its pack lasted, such as one that uses an action whose tags were moved: pentimento evidence pack-NAME tells who says when.

"A .. B" are the bounds of an instant, ~ marks a claim of whoever made the commit, ? what nobody knows. With --exit-code, any row is
exposure.`,
		example: "  pentimento presence\n  pentimento presence octo-org/octo-repo --csv",
		queries: []string{"presence"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), ref("REF"), file("FILE"), short("VERSION", "blob", unknown), plain("N", "versions", unknown),
			plain("STATE", "state", unknown), plain("ARMED", "armed", unknown), instant("ADDED", "added"),
			{"REMOVED", func(r row) string {
				if r.text("gone") == "1" {
					return r.instant("removed")
				}
				return "there as of " + stamp(r.text("as_of"), false)
			}},
			plain("HOW", "how", nothing),
		},
		schema: "pentimento/presence/v1", key: "presence", document: presenceDocument,
		exposed: func(row) bool { return true },
		beside:  &aside{"contains", func(row) bool { return true }, "commit(s) are only in the history of further refs, which is no presence"},
	})
}

// presenceJSON is one row of pentimento/presence/v1. Removed and removed_by are null while it is there, as of as_of; ref is null where
// none can be named. The "how" of removed_by is force_push, branch_deletion, retag, merge, revert, delete or edit; wave-ended where the file stands there
// still and does no more harm, since the action that it uses is its owner's again. Certain is null where no source shows that the file was there without a break; would_narrow names the sources that were
// not had in full and could narrow a bound.
type presenceJSON struct {
	ID         string        `json:"id"`
	Repository string        `json:"repository"`
	Ref        *string       `json:"ref"`
	Path       string        `json:"path"`
	Blob       string        `json:"blob"`
	Versions   []versionJSON `json:"versions"`
	Campaign   *string       `json:"campaign"`
	Rules      []string      `json:"rules"`
	State      string        `json:"state"`
	Armed      string        `json:"armed"`
	Added      when.Instant  `json:"added"`
	AddedBy    changeJSON    `json:"added_by"`
	Removed    *when.Instant `json:"removed"`
	RemovedBy  *removalJSON  `json:"removed_by"`
	AsOf       *string       `json:"as_of"`
	Certain    *spanJSON     `json:"certain"`
	Narrow     []string      `json:"would_narrow"`
}

// spanJSON is the part of a presence in which the file was there and cannot have been away.
type spanJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type versionJSON struct {
	Blob   string       `json:"blob"`
	Commit *string      `json:"commit"`
	From   when.Instant `json:"from"`
}

type changeJSON struct {
	Commit *string `json:"commit"`
	Before *string `json:"before"`
	After  *string `json:"after"`
}

type removalJSON struct {
	changeJSON
	How *string `json:"how"`
}

type containsJSON struct {
	Repository string `json:"repository"`
	Ref        string `json:"ref"`
	Commit     string `json:"commit"`
}

func changeOf(x timeline.Change) changeJSON {
	return changeJSON{nullable(x.Commit), nullable(x.Before), nullable(x.After)}
}

func presenceDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	stored, err := timeline.Presences(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var out []presenceJSON
	for _, s := range stored {
		if !in.has(s.Repository) {
			continue
		}
		x := presenceJSON{ID: s.ID, Repository: string(s.Repository), Ref: nullable(s.Ref), Path: s.Path, Versions: []versionJSON{},
			Campaign: nullable(s.Campaign), Rules: distinct(present(s.Rules)), State: s.State, Armed: s.Armed,
			Added: s.Added, AddedBy: changeOf(s.AddedBy), AsOf: stampJSON(s.AsOf), Narrow: present(s.Narrow)}
		if !s.CertainFrom.IsZero() {
			x.Certain = &spanJSON{evidence.Stamp(s.CertainFrom), evidence.Stamp(s.CertainTo)}
		}
		for _, v := range s.Versions {
			x.Versions = append(x.Versions, versionJSON{string(v.Blob), nullable(v.Commit), v.From})
		}
		if len(s.Versions) > 0 {
			x.Blob = string(s.Versions[0].Blob)
		}
		if s.Gone {
			x.Removed, x.RemovedBy = &s.Removed, &removalJSON{changeOf(s.RemovedBy), nullable(s.RemovedBy.How)}
		}
		out = append(out, x)
	}
	contains := []containsJSON{}
	err = timeline.Containments(ctx, c, func(repo evidence.Repository, t timeline.Containment) {
		if in.has(repo) {
			contains = append(contains, containsJSON{string(repo), string(t.Ref), string(t.Commit)})
		}
	})
	return out, []list{{"contains", contains}}, err
}
