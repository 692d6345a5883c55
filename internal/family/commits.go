package family

import (
	"slices"
	"strings"
	"time"

	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

// Commit is a commit that brought a version of a family, changed one, or went with such a commit. Times are the committer's word.
type Commit struct {
	Family     int
	Repository evidence.Repository
	OID        evidence.OID
	Role       string // plant, rearm, repush, trigger: in the words of campaign packs
	Subject    string
	Author     string
	Name       string // of the author
	At         time.Time
	Zone       string
	Touched    string        // "workflows", "readme", "nothing", "other"
	After      time.Duration // of a trigger: since the commit that it follows
	Stamp      string        // form of the stamp in the README, empty for none; so its zone
	Wall       string
	Epoch      bool // its branch bears a time
	detect.Print
}

// maxGap is how long after a commit of the campaign the one that starts it may come: two seconds at most were seen in GhostAction, and a minute
// leaves room for a slow host.
const maxGap = time.Minute

// made finds the commits of families in a repository, by their numbers.
func (w *Watch) made(s Scene) map[int32]Commit {
	h := s.History
	held := make([][]evidence.WorkflowEntry, h.Folders()+1)
	for f := range held {
		for _, e := range h.Folder(int32(f)) {
			if _, in := w.member[e.Blob]; in {
				held[f] = append(held[f], e)
			}
		}
	}
	out := map[int32]Commit{}
	var queue []int32
	for n := range int32(h.Len()) {
		if f := h.FolderOf(n); f <= 0 || len(held[f]) == 0 {
			continue
		}
		if c, ok := w.bringer(s, n, held); ok {
			out[n] = c
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 { // a trigger may follow a trigger
		n := queue[0]
		queue = queue[1:]
		for _, child := range h.ChildrenOf(n) {
			if c, ok := w.follower(s, n, child, out[n]); ok {
				if _, there := out[child]; !there {
					out[child] = c
					queue = append(queue, child)
				}
			}
		}
	}
	return out
}

// bringer tells what a commit that holds a version of a family did: it put the version where no parent has it, or it changed nothing at all and
// bears the print of the contents API. Where what a parent held is not known, the print has to tell a maker from somebody whose commit came later.
func (w *Watch) bringer(s Scene, n int32, held [][]evidence.WorkflowEntry) (Commit, bool) {
	h := s.History
	parents := h.ParentsOf(n)
	blind := slices.ContainsFunc(parents, func(p int32) bool { return h.FolderOf(p) == evidence.UnknownFolder })
	before := func(p int32) []evidence.WorkflowEntry {
		if f := h.FolderOf(p); f > 0 {
			return held[f]
		}
		return nil
	}
	for _, e := range held[h.FolderOf(n)] {
		carried, replaced := false, false
		for _, p := range parents {
			for _, old := range before(p) {
				carried = carried || old.Blob == e.Blob
				replaced = replaced || old.Path == e.Path
			}
		}
		switch {
		case carried:
		case blind && !detect.PrintOf(h.Object(n)).ContentsAPI():
		case replaced:
			return w.commit(s, n, w.member[e.Blob], "rearm"), true
		default:
			return w.commit(s, n, w.member[e.Blob], "plant"), true
		}
	}
	if len(parents) == 1 && int(parents[0]) < h.Len() && h.Tree(n) == h.Tree(parents[0]) {
		c := w.commit(s, n, w.member[held[h.FolderOf(n)][0].Blob], "repush")
		return c, c.ContentsAPI()
	}
	return Commit{}, false
}

// follower tells whether a child of a family's commit went with it: made by the same hand, in the same way, at once.
func (w *Watch) follower(s Scene, n, child int32, first Commit) (Commit, bool) {
	gap := s.History.Committed(child).Sub(first.At)
	if gap < 0 || gap > maxGap || len(s.History.ParentsOf(child)) != 1 || !first.ContentsAPI() {
		return Commit{}, false
	}
	c := w.commit(s, child, first.Family, "trigger")
	c.After = gap
	return c, c.Author == first.Author && c.Print == first.Print && c.Touched != "workflows"
}

func (w *Watch) commit(s Scene, n int32, family int, role string) Commit {
	k := s.History.Object(n)
	c := Commit{Family: family, Repository: s.Repository, OID: k.OID, Role: role, Subject: evidence.Subject(k.Message), Author: address(k.Author),
		Name: k.Author.Name, At: k.Committer.Date, Zone: k.Committer.Zone, Touched: "other", Print: detect.PrintOf(k)}
	changes := s.History.Holding(k.OID).RootChanges
	parents := s.History.ParentsOf(n)
	switch {
	case slices.Equal(changes, []string{".github"}):
		c.Touched = "workflows"
	case len(changes) == 1 && strings.HasPrefix(strings.ToLower(changes[0]), "readme"):
		c.Touched = "readme"
	case len(parents) == 1 && int(parents[0]) < s.History.Len() && s.History.Tree(n) == s.History.Tree(parents[0]):
		c.Touched = "nothing"
	}
	return c
}

// MessageForm is a message with what differs from one victim to the next taken out: case, numbers, object names.
func MessageForm(subject string) string {
	words := strings.Fields(strings.ToLower(subject))
	for i, word := range words {
		switch hex := strings.Trim(word, "0123456789abcdef") == ""; {
		case strings.Trim(word, "0123456789.:-+tz") == "":
			words[i] = tokNumber
		case hex && len(word) >= 7:
			words[i] = tokBlob
		default:
			words[i] = strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return '0'
				}
				return r
			}, word)
		}
	}
	return strings.Join(words, " ")
}
