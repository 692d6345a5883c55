package verdict

import (
	"cmp"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/linkage"
	"pentimento/internal/tokens"
	"pentimento/internal/when"
)

// view is one window under judgement.
type view struct {
	*judge
	repository evidence.Repository
	window     *exposure.Window
	track      *track // nil: it leads to no credential
	effects    *track // of its account; nil: none is known

	certain, possible int
	counts            map[string]int // of uses by word
	kept              map[string][]kept
	firstUse, lastUse time.Time
	alive             time.Time // the last use that succeeded, of the credential itself
	aliveID           string
	after             int // uses after the closure
	out               []Release
}

// kept is a use that is kept, and where it came from.
type kept struct {
	Judged
	place string
}

// holds reports whether a use may lie in the window.
func (v *view) holds(u *tokens.Use) bool {
	w := v.window
	if from := at(w.Opened.NotBefore); !from.IsZero() && u.At.Add(u.Within).Before(from) {
		return false
	}
	to := at(w.Closed.NotAfter)
	return w.State != exposure.Closed || to.IsZero() || !u.At.After(to)
}

// surely reports whether a use lies in the part of the window that no bound can take away. The end of a window that nothing shows closed is not before
// the last sign of life, and a use is one.
func (v *view) surely(from, to time.Time) bool {
	w := v.window
	if !firm(w.Opened.NotAfter) || from.Before(w.Opened.NotAfter.At) {
		return false
	}
	return w.State != exposure.Closed || firm(w.Closed.NotBefore) && to.Before(w.Closed.NotBefore.At)
}

// firm reports a bound that no forger wrote.
func firm(b when.Bound) bool { return b.Known() && b.Clock > when.Git }

// note counts a use. One of which only the account is known may be another credential's: it is possible at most, and so is one that rests on a
// link that is not sure.
func (v *view) note(u *tokens.Use, f *features, x opinion, effect bool) {
	part := Possible
	if !effect && v.window.Link.Sure() && v.surely(u.At, u.At.Add(u.Within)) {
		part = Certain
	}
	v.count(part, x.Word, u.At)
	id := ""
	if !effect && u.Outcome != tokens.Failed && u.At.After(v.alive) && slices.Contains(v.track.names, u.Ref()) {
		id = tokens.UseID(u.Key())
		v.alive, v.aliveID = u.At, id
	}
	list := v.kept[x.Word]
	if x.Word == Unexplained && f.runner == "" && f.network.IsValid() && v.window.Link.Account != "" {
		place := f.place()
		if v.places[place] == nil {
			v.places[place] = map[string]bool{}
		}
		v.places[place][string(v.window.Link.Provider)+":"+fold(v.window.Link.Account)] = true
	}
	if len(list) < maxKept {
		v.kept[x.Word] = append(list, kept{Judged{u.Key(), u.At, u.Ref(), "", part, x.Word, x.Rule, x.Reason, f.ranges}, f.place()})
	}
}

func (v *view) count(part, word string, t time.Time) {
	if v.kept == nil {
		v.kept, v.counts = map[string][]kept{}, map[string]int{}
	}
	if part == Certain {
		v.certain++
	} else {
		v.possible++
	}
	v.counts[word]++
	v.firstUse = first(v.firstUse, t)
	if t.After(v.lastUse) {
		v.lastUse = t
	}
}

// raiseSince makes uses since a time suspicious that came from another network than a run's use at that time.
func (v *view) raiseSince(since time.Time, place string) {
	list := v.kept[Unexplained]
	for i := len(list) - 1; i >= 0 && !list[i].At.Before(since); i-- {
		if u := &list[i]; u.place != "" && u.place != place && u.Word == Unexplained {
			u.Word, u.Rule = Suspicious, "impossible-overlap"
			u.Reason = "from " + u.place + " within two minutes of an own run's use from " + place + ": one machine is not in two places"
		}
	}
}

// endure takes what shows the credential alive: uses that a log tells, and times of last use, of which one after the closure refutes it.
func (v *view) endure() {
	if !v.alive.IsZero() && v.window.State != exposure.Closed {
		v.window.Alive(v.alive, v.aliveID, "used")
	}
	for _, c := range v.rows[v.window.Link.Credential] {
		if c.LastUsedTold && !c.LastUsedAt.IsZero() && !c.ListedAt.IsZero() {
			v.window.Alive(c.LastUsedAt, c.FactID(), "last used")
		}
	}
}

// projectOf is the project of a use as windows name it.
func projectOf(u *tokens.Use) string { return linkage.ProjectName(u.Provider, u.Project) }

// uses lists what was kept, by time, and counts by what each was raised to.
func (v *view) uses() (list []Judged, counts map[string]int) {
	counts = map[string]int{}
	for word, n := range v.counts {
		counts[word] = n
	}
	for word, kept := range v.kept {
		for _, u := range kept {
			list = append(list, u.Judged)
			if u.Word != word {
				counts[word]--
				counts[u.Word]++
			}
		}
	}
	slices.SortFunc(list, func(a, b Judged) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key)) })
	return list, counts
}
