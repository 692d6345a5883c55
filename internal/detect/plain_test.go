package detect

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// TestCommitsAgainstPlain: on random histories the campaign commits are those that a reading of every commit finds.
func TestCommitsAgainstPlain(t *testing.T) {
	findings, packs := known(t)
	unread := map[evidence.OID]bool{oid("b", "lost"): true}
	roles := map[Role]int{}
	for seed := range uint64(3000) {
		h := invent(t, randomHistory(rand.New(rand.NewPCG(seed, 11))))
		got, want := Commits(h, findings, packs, unread), plainCommits(h, findings, packs, unread)
		for i := range got {
			roles[got[i].Role]++
			got[i].Signals = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d:\ngot  %+v\nwant %+v", seed, got, want)
		}
	}
	for _, r := range []Role{Plant, Rearm, Repush, Trigger, Removal} {
		if roles[r] < 100 {
			t.Errorf("the histories had %d commits of role %s: they show little", roles[r], r)
		}
	}
}

// randomHistory makes commits that plant, change, move and remove versions, with messages that fit and others.
func randomHistory(r *rand.Rand) []made {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var out []made
	for i := range 2 + r.IntN(14) {
		m := made{id: fmt.Sprint(i), message: pick(add, update, scan, revert1, revert2, "Work\n", "\n "+add+" \r\n\nmore", ""), unseen: r.IntN(20) == 0, noTree: r.IntN(15) == 0}
		m.files, m.rest = map[string]string{}, pick("", "", "a", "b")
		if i > 0 && r.IntN(8) > 0 {
			first := out[max(0, i-1-r.IntN(3))]
			m.parents = []string{first.id}
			for path, text := range first.files {
				m.files[path] = text
			}
			if r.IntN(2) == 0 {
				m.rest = first.rest
			}
			if second := out[r.IntN(i)].id; r.IntN(5) == 0 && second != first.id {
				m.parents = append(m.parents, second)
			}
		}
		for range r.IntN(3) {
			path := pick(listed, listed, ".github/workflows/q.yml", ".github/workflows/other.yml")
			if text := pick("evil1", "evil1", "evil2", "quiet", "plain", "lost", "none", "none"); text != "none" {
				m.files[path] = text
			} else {
				delete(m.files, path)
			}
		}
		out = append(out, m)
	}
	return out
}

// plainCommits is [Commits] as the rules read: it looks at the object of every commit.
func plainCommits(h *evidence.History, findings map[evidence.OID]Finding, packs []campaign.Pack, unread map[evidence.OID]bool) []Commit {
	j := plain{h: h, findings: findings, packs: packs, unread: unread, held: map[evidence.OID][]evidence.WorkflowEntry{},
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
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Commit) int {
		return cmp.Or(h.Commit(a.OID).Committer.Date.Compare(h.Commit(b.OID).Committer.Date), cmp.Compare(a.OID, b.OID))
	})
	return out
}

// plain holds what is being worked out about one history.
type plain struct {
	h        *evidence.History
	findings map[evidence.OID]Finding
	packs    []campaign.Pack
	unread   map[evidence.OID]bool
	held     map[evidence.OID][]evidence.WorkflowEntry // malicious entries by .github/workflows tree: most commits share theirs
	roles    map[evidence.OID]Commit
}

// malicious lists the malicious versions in a commit's tree, by path; ok is false where the tree could not be had.
func (j *plain) malicious(o evidence.OID) (entries []evidence.WorkflowEntry, ok bool) {
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

// byTree finds the role that trees and message decide, all but trigger. The first that fits counts, in the order of [Role].
func (j *plain) byTree(o evidence.OID) Commit {
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
func (j *plain) removal(o evidence.OID, mine, before []evidence.WorkflowEntry) Commit {
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

func (j *plain) commit(r Role, e evidence.WorkflowEntry) Commit {
	return Commit{Role: r, Campaign: j.findings[e.Blob].Campaign, Path: e.Path, Blob: e.Blob}
}

// empty reports that the commit changes nothing against its first parent; false where the parent could not be had.
func (j *plain) empty(o evidence.OID) bool {
	p := j.h.FirstParent(o)
	return j.h.Has(p) && j.h.Commit(o).Tree == j.h.Commit(p).Tree
}

// messageRole is the role of a commit's message in a campaign; in any pack's where the campaign is not named, as for heuristics.
func (j *plain) messageRole(o evidence.OID, name string) Role {
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
func (j *plain) trigger(o evidence.OID) {
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
func (j *plain) decideTrigger(o evidence.OID) Commit {
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
