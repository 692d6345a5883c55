package timeline

import (
	"maps"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

// pull_request_target began to read the default branch instead of the base branch on a day of which no hour is told
// (https://github.blog/changelog/2025-11-07-actions-pull_request_target-and-environment-branch-protections-changes/): between these two, the
// ends of that day anywhere from UTC to the zone of GitHub's seat, a run may have read either.
var (
	targetMoved   = time.Date(2025, 12, 8, 0, 0, 0, 0, time.UTC)
	targetSettled = time.Date(2025, 12, 9, 8, 0, 0, 0, time.UTC)
)

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
		r.byDefault(&s, run, rows)
	default:
		s.blob, s.known = r.judged(run.HeadSHA, path)
		if run.Event == pullRequest && s.known && s.blob == "" {
			r.byMerge(&s, run, rows)
		}
	}
	return s
}

// byDefault fills in what the default branch held. A run names the one of its time, which may have been another: its head is that branch's tip.
func (r *reader) byDefault(s *supply, run evidence.Run, rows []Presence) {
	s.blob = r.presentAt(func(ref evidence.Ref) bool { return ref == r.defaultRef }, run, rows)
	switch {
	case s.blob != "":
	case run.Event == pullTarget:
		if run.CreatedAt.Before(targetSettled) {
			if s.blob = r.atBase(run, rows); s.blob != "" {
				s.why = "it was made while GitHub moved its reading from the base to the default branch, which held no such file"
			}
		}
	case r.wasDefault(r.runRef(run)):
		if s.blob, s.known = r.judged(run.HeadSHA, s.path); s.blob == "" {
			s.blob = r.presentAt(func(ref evidence.Ref) bool { return ref == r.runRef(run) }, run, rows)
		}
		if s.known = s.known || s.blob != ""; !r.starts(s.blob, run.Event) {
			s.blob = ""
		}
		s.why = "the default branch of that time was " + string(r.runRef(run))
	}
}

// wasDefault reports a branch that is not the default one, and that a run of an event that reads nothing else names.
func (r *reader) wasDefault(ref evidence.Ref) bool {
	if r.formerDefaults == nil {
		r.formerDefaults = map[evidence.Ref]bool{}
		for _, run := range r.runs {
			if at := r.runRef(run); defaultOnly[run.Event] && run.Event != pullTarget && at.Branch() && at != r.defaultRef {
				r.formerDefaults[at] = true
			}
		}
	}
	return r.formerDefaults[ref]
}

// byMerge fills in what the merge of a pull request's head with its base held: the base's text where the head has none, or one that is older.
func (r *reader) byMerge(s *supply, run evidence.Run, rows []Presence) {
	text, has := r.textAt(run.HeadSHA, s.path)
	blob := r.atBase(run, rows)
	switch {
	case blob == "":
	case !has:
		s.blob, s.why = blob, "its head has no such file: the merge with its base supplied it"
	case r.older(s.path, text, blob, rows):
		s.blob, s.why = blob, "its head has an older text of the file: the merge with its base supplied the newer"
	}
}

// older reports that the history behind a malicious version holds a text at its path.
func (r *reader) older(path string, text, blob evidence.OID, rows []Presence) bool {
	for _, p := range rows {
		i := slices.IndexFunc(p.Versions, func(v Held) bool { return v.Blob == blob })
		if p.Path != path || i < 0 {
			continue
		}
		reached, asked := r.h.Reach(p.Versions[i].Commit), map[int32]bool{}
		for n := range int32(r.h.Len()) {
			folder := r.h.FolderOf(n)
			if !reached.Has(n) || asked[folder] || folder == evidence.UnknownFolder {
				continue
			}
			asked[folder] = true
			if slices.ContainsFunc(r.h.Folder(folder), func(e evidence.WorkflowEntry) bool { return e.Path == path && e.Blob == text }) {
				return true
			}
		}
	}
	return false
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

// textAt is the text at the path of a workflow file in the tree of a commit, whatever it says.
func (r *reader) textAt(o evidence.OID, path string) (blob evidence.OID, has bool) {
	n, had := r.h.Had(o)
	if !had || r.h.FolderOf(n) == evidence.UnknownFolder {
		return "", false
	}
	files := r.h.Folder(r.h.FolderOf(n))
	i := slices.IndexFunc(files, func(e evidence.WorkflowEntry) bool { return e.Path == path })
	if i < 0 {
		return "", false
	}
	return files[i].Blob, true
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
		if t.ref == r.defaultRef && slices.ContainsFunc(t.tips, func(x tip) bool { _, has := r.textAt(x.oid, path); return has }) {
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
