package family

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// Standing is a family with where it stands and how its commits were made.
type Standing struct {
	Family
	Places  []Place
	Commits []Commit
	Habits  Habits
}

// Habits are how the commits of a family were made.
type Habits struct {
	Commits  int      // all that follow but Triggers count among these
	ByToken  int      // with the whole print of the contents API
	Unsigned int      // without a signature
	Forms    []string // of the messages, see [MessageForm]
	Zones    []string
	Triggers int // commits that only start it
	Shortest int // seconds from a commit to its trigger; 0 where there is no trigger
	Longest  int
	Spells   []Spell  // in time order
	Stamped  int      // commits that left a stamp in the README
	Walls    []string // zones of the clocks that they were stamped by, see [detect.Stamp]
	Epochs   int      // commits on a branch whose name bears a time
}

// Spell is a time in which commits of a family were made, by the committer's word: between two spells a day at least went by.
type Spell struct{ From, To time.Time }

// betweenSpells is how long nothing must have come for what comes next to be another spell: the waves of one campaign were days apart.
const betweenSpells = 24 * time.Hour

// maxSpells bounds the spells of a family: campaigns had six waves a year.
const maxSpells = 50

// Standings lists the families with what the round found, by id.
func (w *Watch) Standings() []Standing {
	slices.SortFunc(w.places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Repository.Key(), b.Repository.Key()), cmp.Compare(a.Blob, b.Blob))
	})
	slices.SortFunc(w.commits, func(a, b Commit) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Repository.Key(), b.Repository.Key()), a.At.Compare(b.At), cmp.Compare(a.OID, b.OID))
	})
	out := make([]Standing, len(w.families))
	for i, f := range w.families {
		out[i].Family = f
		for k, m := range f.Members {
			if !m.Found && w.found[m.Blob] {
				out[i].Members[k].Found, out[i].Members[k].Reason = true, m.Reason[:strings.LastIndex(m.Reason, ";")]+"; hit by a rule in a repository where its context holds"
			}
		}
	}
	for _, p := range w.places {
		out[p.Family].Places = append(out[p.Family].Places, p)
	}
	for _, c := range w.commits {
		s := &out[c.Family]
		s.Commits = append(s.Commits, c)
		s.Habits.add(c)
	}
	for i := range out {
		h := &out[i].Habits
		h.Forms, h.Zones, h.Walls = distinct(h.Forms), distinct(h.Zones), distinct(h.Walls)
		out[i].Habits.Spells = spells(out[i].Commits)
	}
	return out
}

// spells tells the times of commits apart. What has no date is left out, and where there are more than maxSpells the last holds all that came after.
func spells(commits []Commit) []Spell {
	var times []time.Time
	for _, c := range commits {
		if !c.At.IsZero() {
			times = append(times, c.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	var out []Spell
	for _, t := range times {
		if last := len(out) - 1; last >= 0 && (t.Sub(out[last].To) < betweenSpells || len(out) == maxSpells) {
			out[last].To = t
			continue
		}
		out = append(out, Spell{t, t})
	}
	return out
}

func (h *Habits) add(c Commit) {
	h.Commits++
	if c.ContentsAPI() {
		h.ByToken++
	}
	if c.Unsigned {
		h.Unsigned++
	}
	h.Forms, h.Zones = append(h.Forms, MessageForm(c.Subject)), append(h.Zones, c.Zone)
	if c.Stamp != "" {
		h.Stamped, h.Walls = h.Stamped+1, append(h.Walls, c.Wall)
	}
	if c.Epoch {
		h.Epochs++
	}
	if c.Role != "trigger" {
		return
	}
	gap := int(c.After.Seconds())
	if h.Triggers == 0 || gap < h.Shortest {
		h.Shortest = gap
	}
	h.Triggers, h.Longest = h.Triggers+1, max(h.Longest, gap)
}

// Repositories lists where the family stands, each once.
func (s Standing) Repositories() []evidence.Repository {
	var out []evidence.Repository
	for _, p := range s.Places {
		out = append(out, p.Repository)
	}
	return distinct(out)
}
