package detect

import (
	"cmp"
	"fmt"
	"slices"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// Unhit is what is left to say of a version that no rule hits. Takes: it could take something: it refers to a secret other than the job's own
// token, or reads past commits and sends a body. Partial says why not all of it was read, and is empty where it was. Names are for [Habits].
type Unhit struct {
	Takes   bool
	Partial string
	Names   []string
}

func unhit(file workflow.File, text []byte) Unhit {
	u := Unhit{Takes: campaign.ReadsSecrets(file), Partial: file.Partial, Names: names(file, text)}
	for _, j := range file.Jobs {
		if u.Takes {
			break
		}
		reads := false
		for _, s := range j.Steps {
			reads = reads || s.ReadsHistory
			u.Takes = u.Takes || reads && uploads(s)
		}
	}
	return u
}

// Suspect is a version that no rule hits and that is not to be called harmless before somebody has looked at it: the rules know what the
// campaign did so far. Path and Commit are one place where it stands. Why is one sentence, safe to print.
type Suspect struct {
	Blob   evidence.OID
	Path   string
	Commit evidence.OID
	Why    string
}

// Suspects finds among the versions that no rule hits those that could take something and stand at a path that is a campaign's own, came with
// a commit that bears a campaign's message, or could not be read in full. A path that anybody's workflow may have counts for nothing, and
// so does a message where the version stood there before, or where what stood there before is not known and the path is not listed.
func Suspects(h *evidence.History, versions map[evidence.OID]Unhit, packs []campaign.Pack) []Suspect {
	found := map[evidence.OID]Suspect{}
	takes := make([][]evidence.WorkflowEntry, h.Folders()+1) // by number of the workflow tree
	always := make([]bool, len(takes))                       // whether one of these is suspect whatever the commit says
	for f := range takes {
		for _, e := range h.Folder(int32(f)) {
			if v := versions[e.Blob]; v.Takes {
				takes[f] = append(takes[f], e)
				always[f] = always[f] || v.Partial != "" || slices.ContainsFunc(packs, func(p campaign.Pack) bool { return p.OwnsPath(e.Path) })
			}
		}
	}
	subjects := subjectSums(packs)
	for n := range int32(h.Len()) {
		f := h.FolderOf(n)
		if f <= 0 || len(takes[f]) == 0 || !always[f] && !subjects[h.Subject(n)] {
			continue
		}
		always[f] = false // the first commit that holds the tree tells all that holds for any
		o := h.ID(n)
		for _, e := range takes[f] {
			if _, done := found[e.Blob]; done {
				continue
			}
			if why := suspicion(h, o, e, versions[e.Blob], packs, subjects[h.Subject(n)]); why != "" {
				found[e.Blob] = Suspect{Blob: e.Blob, Path: e.Path, Commit: o, Why: why}
			}
		}
	}
	out := make([]Suspect, 0, len(found))
	for _, s := range found {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Suspect) int { return cmp.Compare(a.Blob, b.Blob) })
	return out
}

// suspicion says why a version is suspect where it stands in a commit; known: the commit may bear a message of a pack.
func suspicion(h *evidence.History, o evidence.OID, e evidence.WorkflowEntry, v Unhit, packs []campaign.Pack, known bool) string {
	const rest = ", can take secrets or past commits, and no rule judged it malicious"
	for _, p := range packs {
		if p.OwnsPath(e.Path) {
			return "stands at a path of campaign " + p.Name + rest
		}
	}
	for _, p := range packs {
		if known && p.MessageRole(h.Commit(o).Message) != "" && cameWith(h, o, e, p) {
			return "came with a commit that bears a message of campaign " + p.Name + rest
		}
	}
	if v.Partial != "" {
		return fmt.Sprintf("reads secrets and could not be read in full: %s", v.Partial)
	}
	return ""
}

// cameWith reports that a commit put a version where no parent holds it.
func cameWith(h *evidence.History, o evidence.OID, e evidence.WorkflowEntry, p campaign.Pack) bool {
	for _, parent := range h.Parents(o) {
		before, known := h.Workflows(parent)
		if !known && !p.KnowsPath(e.Path) || at(before, e.Path) == e.Blob {
			return false
		}
	}
	return true
}
