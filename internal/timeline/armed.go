package timeline

import (
	"slices"

	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// arm judges for every row whether its version can start again from there.
func (r *reader) arm(rows []Presence) {
	for i := range rows {
		rows[i].Inherited = r.inherited(&rows[i])
		rows[i].Armed = r.armed(&rows[i])
		rows[i].ID = evidence.ID("pre", r.Facts.Repository.Key(), string(rows[i].Ref), rows[i].Path, string(rows[i].Versions[0].Commit),
			string(rows[i].AddedBy.Commit), evidence.Stamp(rows[i].added()))
	}
}

func (r *reader) armed(p *Presence) string {
	version := r.Malicious[p.Versions[len(p.Versions)-1].Blob]
	can := func(event string) bool {
		return slices.ContainsFunc(version.Triggers, func(t workflow.Trigger) bool { return t.Event == event })
	}
	switch {
	case p.Gone || p.Ref == "":
		return NotArmed
	case p.Ref.Pull():
		// Never by push. The head of a pull request from a fork is proposed to the repository; one of our own branches is judged as
		// that branch.
		if r.ownBranch(p.tips[len(p.tips)-1].oid) {
			return NotArmed
		}
		return Proposed
	case p.Inherited:
		return Inherited
	case p.Ref.Tag():
		if can("workflow_dispatch") || slices.ContainsFunc(version.Triggers, func(t workflow.Trigger) bool { return t.Event == "push" && t.MatchesRef(p.Ref) }) {
			return Armed
		}
		return NotArmed
	}
	for _, t := range version.Triggers {
		switch {
		case t.Event == "push" && t.MatchesRef(p.Ref), t.Event != "push" && (p.Ref == r.defaultRef || !defaultOnly[t.Event]):
			return Armed
		}
	}
	if len(version.Triggers) == 0 {
		return Armed // its triggers could not be read: GitHub may read them better than we do
	}
	return NotArmed
}

// defaultOnly lists events that run the default branch's file alone
// (https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows).
var defaultOnly = map[string]bool{
	"branch_protection_rule": true, "check_run": true, "check_suite": true, "discussion": true, "discussion_comment": true, "fork": true,
	"gollum": true, "issue_comment": true, "issues": true, "label": true, "milestone": true, "page_build": true, "project": true,
	"project_card": true, "project_column": true, "public": true, "registry_package": true, "repository_dispatch": true, "schedule": true,
	"status": true, "watch": true, "workflow_run": true, "pull_request_target": true,
}

// ownBranch reports a commit that a branch of this repository holds or held.
func (r *reader) ownBranch(o evidence.OID) bool {
	return slices.ContainsFunc(r.tracks, func(t *track) bool {
		return t.ref.Branch() && slices.ContainsFunc(t.tips, func(x tip) bool { return x.oid == o })
	})
}

// inherited reports a row of a fork that came with the fork: no update of this repository brought it. A fork does not hold the secrets
// of its parent.
func (r *reader) inherited(p *Presence) bool {
	if r.Facts.State == nil || r.Facts.State.ForkOf == "" {
		return false
	}
	made := r.Facts.State.CreatedAt
	first := p.tips[0]
	if first.by != nil && first.by.Before != evidence.ZeroOID {
		return false
	}
	// Without an update, the claimed date decides only towards caution: a commit that says it is younger than the fork was not inherited.
	claimed := r.claimedDate(p.Versions[0].Commit)
	return !claimed.Known() || made.IsZero() || !claimed.At.After(made)
}
