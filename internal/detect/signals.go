package detect

import (
	"slices"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// signals lists what speaks for a commit, in stable words. All but the waves are facts of the object; in-wave goes by the committer date,
// which the maker chose.
func (j *judgement) signals(n int32, c Commit) []string {
	var out []string
	add := func(word string, holds bool) {
		if holds {
			out = append(out, word)
		}
	}
	commit := j.h.Object(n)
	holding, print := j.h.Holding(c.OID), PrintOf(commit)
	add("no-trailing-newline", print.NoNewline)
	add("author-is-committer", print.OneHand)
	add("equal-dates", print.EqualDates)
	add("unsigned", print.Unsigned)
	add("contents-api", print.ContentsAPI())
	add("empty-commit", len(commit.Parents) == 1 && j.empty(n))
	add("readme-only", holding.Known && slices.Equal(holding.RootChanges, []string{"README.md"}))
	add("one-file-added", j.oneFileAdded(c.OID))
	add("parent-unknown", slices.ContainsFunc(j.h.ParentsOf(n), func(p int32) bool {
		_, ok := j.malicious(p)
		return !ok
	}))
	for _, p := range j.packs {
		if c.Campaign == "" || p.Name == c.Campaign {
			out = append(out, j.packSignals(c, commit, p)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (j *judgement) packSignals(c Commit, commit evidence.Commit, p campaign.Pack) []string {
	var out []string
	if p.MessageRole(commit.Message) != "" {
		out = append(out, "message-indicator")
	}
	if p.KnowsPath(c.Path) {
		out = append(out, "path-indicator")
	}
	if slices.ContainsFunc(j.findings[c.Blob].Destinations, p.KnowsHost) {
		out = append(out, "host-indicator")
	}
	if p.KnowsCommit(string(c.OID)) {
		out = append(out, "commit-indicator")
	}
	if a := commit.Author; p.KnowsAuthor(a.Name, a.Email) {
		out = append(out, "author-indicator")
	}
	for _, id := range p.WavesAt(commit.Committer.Date) {
		out = append(out, "in-wave:"+id)
	}
	return out
}

// oneFileAdded reports that the commit adds one workflow file and, as far as root entries and the workflow folder tell, nothing else.
func (j *judgement) oneFileAdded(o evidence.OID) bool {
	now, ok := j.h.Workflows(o)
	before, known := j.h.Workflows(j.h.FirstParent(o))
	if !ok || !known || len(now) != len(before)+1 || !slices.Equal(j.h.Holding(o).RootChanges, []string{".github"}) {
		return false
	}
	return !slices.ContainsFunc(before, func(e evidence.WorkflowEntry) bool { return at(now, e.Path) != e.Blob })
}
