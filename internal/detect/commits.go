package detect

import (
	"cmp"
	"slices"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// Role is what a commit did for a campaign, or against it.
type Role string

// Roles. Plant, rearm, repush and trigger are the campaign's own commits; removal takes a malicious version away, whoever made it.
const (
	Plant   Role = "plant"   // a malicious version where no parent has one
	Rearm   Role = "rearm"   // a malicious version replaced by another one
	Repush  Role = "repush"  // nothing changed, a campaign message: the push runs the workflow again
	Trigger Role = "trigger" // a message that only starts the workflow
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
// are the versions whose text was never had: nobody judged them, so a path that holds one was not cleaned.
func Commits(h *evidence.History, findings map[evidence.OID]Finding, packs []campaign.Pack, unread map[evidence.OID]bool) []Commit {
	j := judgement{h: h, findings: findings, packs: packs, unread: unread, held: map[evidence.OID][]evidence.WorkflowEntry{},
		roles: map[evidence.OID]Commit{}}
	triggers := []evidence.OID{}
	for _, o := range h.All() {
		c := j.byTree(o)
		if c.Role == Other && j.messageRole(o, "") == Trigger {
			triggers = append(triggers, o)
			continue
		}
		j.roles[o] = c
	}
	for _, o := range triggers {
		j.trigger(o)
	}
	var out []Commit
	for o, c := range j.roles {
		if c.Role != Other {
			c.OID = o
			c.Signals = j.signals(c)
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Commit) int {
		return cmp.Or(h.Commit(a.OID).Committer.Date.Compare(h.Commit(b.OID).Committer.Date), cmp.Compare(a.OID, b.OID))
	})
	return out
}

// judgement holds what is being worked out about one history.
type judgement struct {
	h        *evidence.History
	findings map[evidence.OID]Finding
	packs    []campaign.Pack
	unread   map[evidence.OID]bool
	held     map[evidence.OID][]evidence.WorkflowEntry // malicious entries by .github/workflows tree: most commits share theirs
	roles    map[evidence.OID]Commit
}

// malicious lists the malicious versions in a commit's tree, by path; ok is false where the tree could not be had.
func (j *judgement) malicious(o evidence.OID) (entries []evidence.WorkflowEntry, ok bool) {
	tree := j.h.Holding(o).Workflows
	if have, done := j.held[tree]; done && tree != "" {
		return have, true
	}
	all, ok := j.h.Workflows(o)
	for _, e := range all {
		if _, bad := j.findings[e.Blob]; bad {
			entries = append(entries, e)
		}
	}
	if ok && tree != "" {
		j.held[tree] = entries
	}
	return entries, ok
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
func (j *judgement) byTree(o evidence.OID) Commit {
	mine, ok := j.malicious(o)
	if !ok {
		return Commit{Role: Other}
	}
	parents := j.h.Commit(o).Parents
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
		if j.empty(o) {
			switch j.messageRole(o, j.findings[e.Blob].Campaign) {
			case Plant, Rearm, Repush:
				return j.commit(Repush, e)
			}
		}
	}
	return j.removal(o, mine, before[0])
}

// removal: a path that held a malicious version holds none that anybody could have judged, and the message is not one by which the campaign
// itself pushes: what its own commit put there may be malicious in a way that no rule knows.
func (j *judgement) removal(o evidence.OID, mine, before []evidence.WorkflowEntry) Commit {
	if j.messageRole(o, "") != Other {
		return Commit{Role: Other}
	}
	now, _ := j.h.Workflows(o)
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
func (j *judgement) empty(o evidence.OID) bool {
	p := j.h.FirstParent(o)
	return j.h.Has(p) && j.h.Commit(o).Tree == j.h.Commit(p).Tree
}

// messageRole is the role of a commit's message in a campaign; in any pack's where the campaign is not named, as for heuristics.
func (j *judgement) messageRole(o evidence.OID, name string) Role {
	message := j.h.Commit(o).Message
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
func (j *judgement) trigger(o evidence.OID) {
	var chain []evidence.OID
	seen := map[evidence.OID]bool{}
	for x := o; j.h.Has(x) && !seen[x]; x = j.h.FirstParent(x) {
		if _, done := j.roles[x]; done {
			break
		}
		seen[x] = true
		chain = append(chain, x)
	}
	for _, x := range slices.Backward(chain) {
		j.roles[x] = j.decideTrigger(x)
	}
}

// decideTrigger: the tree holds a version of the campaign whose message it is, or the first parent is a campaign commit.
func (j *judgement) decideTrigger(o evidence.OID) Commit {
	held, _ := j.malicious(o)
	for _, e := range held {
		if j.messageRole(o, j.findings[e.Blob].Campaign) == Trigger {
			return j.commit(Trigger, e)
		}
	}
	parent, ok := j.roles[j.h.FirstParent(o)]
	if !ok || parent.Role == Other || parent.Role == Removal {
		return Commit{Role: Other}
	}
	c := Commit{Role: Trigger, Campaign: parent.Campaign, Path: parent.Path, Blob: at(held, parent.Path)}
	return c
}
