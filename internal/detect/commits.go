package detect

import (
	"cmp"
	"slices"
	"time"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// Role is what a commit did for a campaign, or against it.
type Role string

// Roles. Plant, rearm, repush, trigger and listed are the campaign's own commits; removal takes a malicious version away, whoever made it.
const (
	Plant   Role = "plant"   // a malicious version where no parent has one
	Rearm   Role = "rearm"   // a malicious version replaced by another one
	Repush  Role = "repush"  // nothing changed, a campaign message: the push runs the workflow again
	Trigger Role = "trigger" // a message that only starts the workflow
	Listed  Role = "listed"  // a commit that a pack lists, in whatever repository: what it changed need be no workflow, as behind an action's moved tag
	Removal Role = "removal" // a path that held a malicious version in the first parent holds none, and the message is no campaign's
	Other   Role = "other"   // none of these; never listed
)

// Commit is a campaign commit or a removal. Path is the workflow file it is about, Blob the malicious version its tree holds there, empty
// where it holds none. Campaign is the finding's, empty for heuristics alone. Signals are sorted words that say what else speaks for it; none of them
// decided the role, except parent-unknown, which makes a plant uncertain: the parent that could not be had may have held the version.
type Commit struct {
	OID      evidence.OID
	Role     Role
	Campaign string
	Signals  []string
	Path     string
	Blob     evidence.OID
}

// Commits finds the campaign commits and removals among all commits of a history, whether a ref reaches them or not, by committer date and
// id. Merges that carry a version from a parent, renames that change nothing, and commits whose tree could not be had are not listed. Unread
// are the versions whose text was never had: nobody judged them, so a path that holds one was not cleaned. Versions that do harm in waves alone
// make no campaign commit: who brought them did so for reasons of their own.
func Commits(h *evidence.History, findings map[evidence.OID]Finding, packs []campaign.Pack, unread map[evidence.OID]bool) []Commit {
	j := judgement{h: h, findings: Unbound(findings), packs: packs, unread: unread, subjects: subjectSums(packs), roles: map[int32]Commit{}}
	j.sift()
	pending := map[int32]bool{}
	for n := range int32(h.Len()) {
		if !j.concerned(n) {
			continue
		}
		c := j.byTree(n)
		if c.Role == Other && j.messageRole(n, "") == Trigger {
			pending[n] = true
			continue
		}
		j.roles[n] = c
	}
	for n := range int32(h.Len()) {
		if pending[n] {
			j.trigger(n, pending)
		}
	}
	j.listed()
	var out []Commit
	for n, c := range j.roles {
		if c.Role != Other {
			c.OID = h.ID(n)
			c.Signals = j.signals(n, c)
			out = append(out, c)
		}
	}
	date := func(c Commit) time.Time {
		n, _ := h.Had(c.OID)
		return h.Committed(n)
	}
	slices.SortFunc(out, func(a, b Commit) int { return cmp.Or(date(a).Compare(date(b)), cmp.Compare(a.OID, b.OID)) })
	return out
}

// judgement holds what is being worked out about one history. Commits go by their numbers there.
type judgement struct {
	h        *evidence.History
	findings map[evidence.OID]Finding
	packs    []campaign.Pack
	unread   map[evidence.OID]bool
	subjects map[uint32]bool            // sums of the packs' messages
	held     [][]evidence.WorkflowEntry // malicious entries by number of the workflow tree: most commits share theirs
	roles    map[int32]Commit           // of the commits that are concerned; all others are Other
}

// subjectSums are the sums of all messages of packs: what has none of these bears none of them.
func subjectSums(packs []campaign.Pack) map[uint32]bool {
	out := map[uint32]bool{}
	for _, p := range packs {
		for _, m := range p.Indicators.Messages {
			out[evidence.SubjectSum(m.Text)] = true
		}
	}
	return out
}

// sift finds the malicious entries of every workflow tree.
func (j *judgement) sift() {
	j.held = make([][]evidence.WorkflowEntry, j.h.Folders()+1)
	if len(j.findings) == 0 {
		return
	}
	for f := range j.held {
		for _, e := range j.h.Folder(int32(f)) {
			if _, bad := j.findings[e.Blob]; bad {
				j.held[f] = append(j.held[f], e)
			}
		}
	}
}

// listed gives their role to the commits that packs list and that have none by what they did to workflows. One that took a malicious version away
// keeps its own: a list is no better than what is seen.
func (j *judgement) listed() {
	for _, p := range j.packs {
		for _, id := range p.Indicators.Commits {
			if n, ok := j.h.Had(evidence.OID(id)); ok && (j.roles[n].Role == "" || j.roles[n].Role == Other) {
				j.roles[n] = Commit{Role: Listed, Campaign: p.Name}
			}
		}
	}
}

// concerned is false for the commits of which nothing needs to be read to tell that they are neither the campaign's nor a removal: neither
// they nor a parent hold a malicious version, and no pack knows their message.
func (j *judgement) concerned(n int32) bool {
	if j.subjects[j.h.Subject(n)] {
		return true
	}
	if len(j.findings) == 0 {
		return false
	}
	if held, _ := j.malicious(n); len(held) > 0 {
		return true
	}
	return slices.ContainsFunc(j.h.ParentsOf(n), func(p int32) bool {
		held, _ := j.malicious(p)
		return len(held) > 0
	})
}

// malicious lists the malicious versions in a commit's tree, by path; ok is false where the tree could not be had.
func (j *judgement) malicious(n int32) (entries []evidence.WorkflowEntry, ok bool) {
	f := j.h.FolderOf(n)
	if f == evidence.UnknownFolder {
		return nil, false
	}
	return j.held[f], true
}

func at(entries []evidence.WorkflowEntry, path string) evidence.OID {
	for _, e := range entries {
		if e.Path == path {
			return e.Blob
		}
	}
	return ""
}

// byTree finds the role that trees and message decide, all but trigger. The first that fits counts, in the order of [Role].
func (j *judgement) byTree(n int32) Commit {
	mine, ok := j.malicious(n)
	if !ok {
		return Commit{Role: Other}
	}
	parents := j.h.ParentsOf(n)
	var before [][]evidence.WorkflowEntry // per parent
	for _, p := range parents {
		held, _ := j.malicious(p)
		before = append(before, held)
	}
	for _, e := range mine {
		if !slices.ContainsFunc(before, func(p []evidence.WorkflowEntry) bool { return at(p, e.Path) != "" }) && !moved(e, mine, before) {
			return j.commit(Plant, e)
		}
	}
	if len(before) == 0 {
		return Commit{Role: Other}
	}
	for _, e := range mine {
		carried := slices.ContainsFunc(before, func(p []evidence.WorkflowEntry) bool { return at(p, e.Path) == e.Blob })
		if at(before[0], e.Path) != "" && !carried {
			return j.commit(Rearm, e)
		}
	}
	if len(parents) > 1 {
		return Commit{Role: Other}
	}
	for _, e := range mine {
		if j.empty(n) {
			switch j.messageRole(n, j.findings[e.Blob].Campaign) {
			case Plant, Rearm, Repush:
				return j.commit(Repush, e)
			}
		}
	}
	return j.removal(n, mine, before[0])
}

// removal: a path that held a malicious version holds none that anybody could have judged, and the message is not one by which the campaign
// itself pushes: what its own commit put there may be malicious in a way that no rule knows.
func (j *judgement) removal(n int32, mine, before []evidence.WorkflowEntry) Commit {
	if j.messageRole(n, "") != Other {
		return Commit{Role: Other}
	}
	now := j.h.Folder(j.h.FolderOf(n))
	for _, e := range before {
		if at(mine, e.Path) == "" && !movedAway(e, mine, before) && !j.unread[at(now, e.Path)] {
			c := j.commit(Removal, e)
			c.Blob = ""
			return c
		}
	}
	return Commit{Role: Other}
}

func (j *judgement) commit(r Role, e evidence.WorkflowEntry) Commit {
	return Commit{Role: r, Campaign: j.findings[e.Blob].Campaign, Path: e.Path, Blob: e.Blob}
}

// moved reports that a version at a new path is a rename: a parent held the same blob at a path that the commit no longer fills.
func moved(e evidence.WorkflowEntry, mine []evidence.WorkflowEntry, before [][]evidence.WorkflowEntry) bool {
	for _, p := range before {
		for _, old := range p {
			if old.Blob == e.Blob && at(mine, old.Path) == "" {
				return true
			}
		}
	}
	return false
}

// movedAway is the other end of a rename.
func movedAway(old evidence.WorkflowEntry, mine, before []evidence.WorkflowEntry) bool {
	return slices.ContainsFunc(mine, func(e evidence.WorkflowEntry) bool { return e.Blob == old.Blob && at(before, e.Path) == "" })
}

// empty reports that the commit changes nothing against its first parent; false where the parent could not be had.
func (j *judgement) empty(n int32) bool {
	p := j.h.ParentsOf(n)
	return len(p) > 0 && int(p[0]) < j.h.Len() && j.h.Tree(n) == j.h.Tree(p[0])
}

// messageRole is the role of a commit's message in a campaign; in any pack's where the campaign is not named, as for heuristics.
func (j *judgement) messageRole(n int32, name string) Role {
	if !j.subjects[j.h.Subject(n)] {
		return Other
	}
	message := j.h.Object(n).Message
	for _, p := range j.packs {
		if name != "" && p.Name != name {
			continue
		}
		if r := p.MessageRole(message); r != "" {
			return Role(r)
		}
	}
	return Other
}

// trigger decides on a commit with a trigger message and all such commits below it along first parents, oldest first: a trigger may follow
// a trigger.
func (j *judgement) trigger(n int32, pending map[int32]bool) {
	var chain []int32
	for x := n; pending[x]; {
		pending[x] = false
		chain = append(chain, x)
		parents := j.h.ParentsOf(x)
		if len(parents) == 0 {
			break
		}
		x = parents[0]
	}
	for _, x := range slices.Backward(chain) {
		j.roles[x] = j.decideTrigger(x)
	}
}

// decideTrigger: the tree holds a version of the campaign whose message it is, or the first parent is a campaign commit.
func (j *judgement) decideTrigger(n int32) Commit {
	held, _ := j.malicious(n)
	for _, e := range held {
		if j.messageRole(n, j.findings[e.Blob].Campaign) == Trigger {
			return j.commit(Trigger, e)
		}
	}
	parents := j.h.ParentsOf(n)
	if len(parents) == 0 {
		return Commit{Role: Other}
	}
	parent, ok := j.roles[parents[0]]
	if !ok || parent.Role == Other || parent.Role == Removal {
		return Commit{Role: Other}
	}
	return Commit{Role: Trigger, Campaign: parent.Campaign, Path: parent.Path, Blob: at(held, parent.Path)}
}
