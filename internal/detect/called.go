package detect

import (
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// maxCombinations bounds the versions of files that call one another which are read together, for one repository: a caller that hands on secrets has a
// handful of versions, and so have those that it calls.
const maxCombinations = 2000

const workflowFolder = ".github/workflows/"

// Calls lists the workflows of the same repository to which the version examined last hands secrets, by their paths: what [Called] is to follow.
func (x *Examiner) Calls() []string {
	var out []string
	for _, l := range x.file.Local {
		if strings.HasPrefix(l.Path, workflowFolder) && slices.ContainsFunc(x.file.Jobs, func(j workflow.Job) bool { return j.ID == l.Job && len(j.Secrets) > 0 }) {
			out = append(out, l.Path)
		}
	}
	return sorted(out)
}

// ExamineWith judges a version together with the workflows of the same tree that it calls: lookup gives their texts by path.
func (x *Examiner) ExamineWith(v Version, lookup func(path string) ([]byte, bool)) (f Finding, hit bool) {
	v.Paths = sorted(v.Paths)
	x.file = x.parser.ParseWith(v.Text, lookup)
	return x.judge(v, x.file)
}

// together is a version at its path with those that it calls, as some trees hold them.
type together struct {
	caller  evidence.WorkflowEntry
	called  []evidence.WorkflowEntry // sorted by path
	folders []int32
	finding Finding // where the two are malicious together
	bad     bool
}

// Called judges the versions of a repository that hand secrets to workflows beside them (calls, see [Examiner.Calls]) together with what these are in each
// tree: what goes out there may be known by neither alone. Known are the versions that rules hit by themselves. The finding is of the caller, where it is
// malicious in every tree that holds it; else of the called version that makes it so wherever that stands; the jobs of its leaks are then those of the
// callers. Of what is neither, and of callers with more combinations than are read, the doubts tell.
func Called(h *evidence.History, x *Examiner, calls map[evidence.OID][]string, known map[evidence.OID]Finding, text TextOf) (map[evidence.OID]Finding, []Suspect, error) {
	if len(calls) == 0 {
		return nil, nil, nil
	}
	all, doubts := combinations(h, calls, known)
	for _, t := range all {
		if err := t.judge(x, text); err != nil {
			return nil, nil, err
		}
	}
	out, bad := map[evidence.OID]Finding{}, map[int32]bool{}
	for _, t := range all {
		for _, f := range t.folders {
			bad[f] = bad[f] || t.bad
		}
	}
	for _, t := range all {
		if !t.bad {
			continue
		}
		e, exact := t.blame(h, bad)
		_, told := known[e.Blob]
		switch {
		case told: // what it calls is a finding wherever it stands
		case exact:
			f := t.finding
			f.Blob, f.Paths = e.Blob, []string{e.Path}
			if have, there := out[e.Blob]; there {
				f.Leaks = withLeaks(have.Leaks, f.Leaks)
			}
			out[e.Blob] = f
		case !slices.ContainsFunc(t.called, func(c evidence.WorkflowEntry) bool { _, bad := known[c.Blob]; return bad }):
			doubts = append(doubts, Suspect{Blob: t.caller.Blob, Path: t.caller.Path, Commit: holder(h, t.folders[0]),
				Why: fmt.Sprintf("is hit by %s together with %s, which it calls, in some of the trees that hold it", t.finding.rule(), t.called[0].Path)})
		}
	}
	return out, doubts, h.Err()
}

func (f Finding) rule() string {
	if len(f.Hits) > 0 {
		return f.Hits[0].Rule
	}
	return f.Conditional[0].Rule
}

// combinations lists what stands together in the trees, in the order in which the trees are numbered.
func combinations(h *evidence.History, calls map[evidence.OID][]string, known map[evidence.OID]Finding) (all []*together, doubts []Suspect) {
	index := map[string]*together{}
	left := map[evidence.OID]bool{}
	for f := int32(1); f <= int32(h.Folders()); f++ {
		entries := h.Folder(f)
		for _, e := range entries {
			if _, bad := known[e.Blob]; bad || len(calls[e.Blob]) == 0 {
				continue
			}
			called := closure(entries, e, calls)
			if len(called) == 0 {
				continue
			}
			key := e.Path + "\x00" + string(e.Blob)
			for _, c := range called {
				key += "\x00" + c.Path + "\x00" + string(c.Blob)
			}
			t, there := index[key]
			switch {
			case there:
				t.folders = append(t.folders, f)
			case len(all) < maxCombinations:
				t = &together{caller: e, called: called, folders: []int32{f}}
				index[key], all = t, append(all, t)
			case !left[e.Blob]:
				left[e.Blob] = true
				doubts = append(doubts, Suspect{Blob: e.Blob, Path: e.Path, Commit: holder(h, f),
					Why: fmt.Sprintf("hands secrets to workflows beside it, and the repository has more than %d combinations of such", maxCombinations)})
			}
		}
	}
	return all, doubts
}

// closure lists what a version calls in its tree, and what that calls.
func closure(entries []evidence.WorkflowEntry, e evidence.WorkflowEntry, calls map[evidence.OID][]string) []evidence.WorkflowEntry {
	var out []evidence.WorkflowEntry
	queue := slices.Clone(calls[e.Blob])
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		blob := at(entries, path)
		if blob == "" || path == e.Path || slices.ContainsFunc(out, func(c evidence.WorkflowEntry) bool { return c.Path == path }) {
			continue
		}
		out = append(out, evidence.WorkflowEntry{Path: path, Blob: blob})
		queue = append(queue, calls[blob]...)
	}
	slices.SortFunc(out, func(a, b evidence.WorkflowEntry) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// judge reads a combination. What hits the caller by itself is no news.
func (t *together) judge(x *Examiner, text TextOf) error {
	own, ok, err := text(t.caller.Blob)
	if err != nil || !ok {
		return err
	}
	v := Version{Blob: t.caller.Blob, Paths: []string{t.caller.Path}, Text: own}
	var failed error
	f, hit := x.ExamineWith(v, func(path string) ([]byte, bool) {
		i := slices.IndexFunc(t.called, func(c evidence.WorkflowEntry) bool { return c.Path == path })
		if i < 0 || failed != nil {
			return nil, false
		}
		body, ok, err := text(t.called[i].Blob)
		failed = err
		return body, ok && err == nil
	})
	if failed != nil || !hit {
		return failed
	}
	alone, _ := x.ExamineWith(v, nil)
	news := func(h Hit, before []Hit) bool {
		return !slices.ContainsFunc(before, func(b Hit) bool { return b.Rule == h.Rule })
	}
	var conditional []Conditional
	var before []Hit
	for _, c := range alone.Conditional {
		before = append(before, c.Hit)
	}
	for _, c := range f.Conditional {
		if !c.Context.AsksOfActions() && news(c.Hit, before) {
			c.Reason += t.told()
			conditional = append(conditional, c)
		}
	}
	f.Conditional = conditional
	for i := range f.Hits {
		f.Hits[i].Reason += t.told()
	}
	t.finding, t.bad = f, len(f.Hits)+len(f.Conditional) > 0
	return nil
}

func (t *together) told() string {
	var paths []string
	for _, c := range t.called {
		paths = append(paths, c.Path)
	}
	return "; read together with what it calls in the same tree: " + strings.Join(paths, ", ")
}

// blame finds the version that makes a combination malicious: one with which every tree is among the bad ones, the caller before what it calls.
func (t *together) blame(h *evidence.History, bad map[int32]bool) (e evidence.WorkflowEntry, exact bool) {
	for _, e := range append([]evidence.WorkflowEntry{t.caller}, t.called...) {
		exact := true
		for f := int32(1); f <= int32(h.Folders()) && exact; f++ {
			exact = bad[f] || at(h.Folder(f), e.Path) != e.Blob
		}
		if exact {
			return e, true
		}
	}
	return t.caller, false
}

// holder is a commit that holds a tree of workflows: the first by number.
func holder(h *evidence.History, folder int32) evidence.OID {
	for n := range int32(h.Len()) {
		if h.FolderOf(n) == folder {
			return h.ID(n)
		}
	}
	return ""
}
