package timeline

import (
	"maps"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

// targetMoved is when pull_request_target began to read the default branch instead of the base branch
// (https://github.blog/changelog/2025-11-07-actions-pull_request_target-and-environment-branch-protections-changes/).
var targetMoved = time.Date(2025, 12, 8, 0, 0, 0, 0, time.UTC)

// pullTarget is the event of a pull request that is given the repository's secrets; see [targetMoved].
const pullTarget = "pull_request_target"

// Events of which the name alone says where their file comes from.
const (
	dispatch    = "workflow_dispatch"
	pullRequest = "pull_request"
	called      = "workflow_call" // its runs bear the path and the event of the caller
)

// defaultOnly lists events that run the default branch's file alone
// (https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows); pull_request_target since [targetMoved].
var defaultOnly = map[string]bool{
	"branch_protection_rule": true, "check_run": true, "check_suite": true, "discussion": true, "discussion_comment": true, "fork": true,
	"gollum": true, "issue_comment": true, "issues": true, "label": true, "milestone": true, "page_build": true, "project": true,
	"project_card": true, "project_column": true, "public": true, "registry_package": true, "repository_dispatch": true, "schedule": true,
	"status": true, "watch": true, "workflow_run": true, pullTarget: true,
}

// supply is the file that a run ran. known is false where it could not be had; why says what the choice rests on where that is no head.
type supply struct {
	path  string
	blob  evidence.OID // malicious; empty for none
	known bool
	why   string
}

// supplied names the file that a run ran. For most events the head commit supplies it; schedule, workflow_run and their like read the default
// branch as it was, pull_request reads the merge of the head with its base. A run again reads what its first attempt read.
func (r *reader) supplied(run evidence.Run, rows []Presence) supply {
	path := run.WorkflowPath()
	s := supply{path: path, known: true}
	switch {
	case path == "":
		return r.unnamedFile(run)
	case run.Event == pullTarget && run.CreatedAt.Before(targetMoved):
		s.blob = r.atBase(run, rows)
	case defaultOnly[run.Event]:
		s.blob = r.presentAt(func(ref evidence.Ref) bool { return ref == r.defaultRef }, run, rows)
	default:
		s.blob, s.known = r.judged(run.HeadSHA, path)
		if run.Event == pullRequest && s.known && s.blob == "" && !r.hasFile(run.HeadSHA, path) {
			if s.blob = r.atBase(run, rows); s.blob != "" {
				s.why = "its head has no such file: the merge with its base supplied it"
			}
		}
	}
	return s
}

// unnamedFile is the malicious file that a run may have run of which no source names the path: rows of an audit log leave it out. The first
// by name stands for all that its event could start.
func (r *reader) unnamedFile(run evidence.Run) supply {
	files, _ := r.malicious(run.HeadSHA)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if blob := files[path]; r.starts(blob, run.Event) {
			return supply{path, blob, true, "no source names its file: " + path + " is one that its event starts at that commit"}
		}
	}
	return supply{known: true}
}

// starts reports whether an event starts a version. Where no trigger could be read, any may.
func (r *reader) starts(blob evidence.OID, event string) bool {
	triggers := r.Malicious[blob].Triggers
	return len(triggers) == 0 || slices.ContainsFunc(triggers, func(t workflow.Trigger) bool { return t.Event == event })
}

// hasFile reports whether the tree of a commit holds a workflow file at a path, whatever it says.
func (r *reader) hasFile(o evidence.OID, path string) bool {
	n, had := r.h.Had(o)
	if !had {
		return false
	}
	folder := r.h.FolderOf(n)
	return folder != evidence.UnknownFolder && slices.ContainsFunc(r.h.Folder(folder), func(e evidence.WorkflowEntry) bool { return e.Path == path })
}

// atBase is the version that a branch, the base of a pull request, may have held; where none did, one that a ref without a name did.
func (r *reader) atBase(run evidence.Run, rows []Presence) evidence.OID {
	if blob := r.presentAt(evidence.Ref.Branch, run, rows); blob != "" {
		return blob
	}
	return r.presentAt(func(ref evidence.Ref) bool { return ref == "" }, run, rows)
}

// presentAt is the version that one of some refs may have held at the path and the time of a run, and that its event starts.
func (r *reader) presentAt(one func(evidence.Ref) bool, run evidence.Run, rows []Presence) evidence.OID {
	now := when.At(run.CreatedAt, when.Server)
	for _, p := range rows {
		if p.Path != run.WorkflowPath() || !one(p.Ref) || !p.Added.PossiblyBefore(now) || (p.Gone && !now.PossiblyBefore(p.Removed)) {
			continue
		}
		blob := p.Versions[0].Blob
		for _, v := range p.Versions {
			if v.From.PossiblyBefore(now) {
				blob = v.Blob
			}
		}
		if r.starts(blob, run.Event) {
			return blob
		}
	}
	return ""
}

// registration says what shows that a dispatch can name a path: GitHub takes one where the default branch has the file, or once it has run
// (https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflow_dispatch). Empty for nothing.
func (r *reader) registration(path string) string {
	for _, t := range r.tracks {
		if t.ref == r.defaultRef && slices.ContainsFunc(t.tips, func(x tip) bool { return r.hasFile(x.oid, path) }) {
			return "its path is known to GitHub by the default branch"
		}
	}
	for _, run := range r.runs {
		if run.WorkflowPath() == path {
			return "its path is known to GitHub since a run of " + evidence.Stamp(run.CreatedAt)
		}
	}
	return ""
}
