package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"pentimento/internal/answer"
)

// Geometry of a drawing, in units of its own: the plot is stretched to the width of the page.
const (
	plotWidth = 1000
	laneHigh  = 18
	maxLanes  = 40 // what is more stands in the tables alone, and the drawing says so
)

// drawing is the time line of one repository. From and To are its ends, RFC 3339, UTC.
type drawing struct {
	From, To  string
	FromUnix  int64
	ToUnix    int64
	Lanes     []lane
	Left      int // lanes that were left out
	Undrawn   int // rows without any known time
	Height    int
	from, end time.Time
}

type lane struct {
	Name   string
	Y      int
	Shapes []shape
}

// shape is a bar or, with Width 0, an instant. Class says what it stands for: c certain, p possible, g claimed by git alone, o without a known end.
type shape struct {
	X, Width float64
	Class    string
	Says     string
}

// span is a row with two uncertain instants. A zero time is unbounded.
type span struct {
	lane                     string
	fromNB, fromNA, toNB, to time.Time
	claimed, openEnd         bool
	says                     string
	instant                  bool
	class                    string
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil { // an empty cell: not known
		return time.Time{}
	}
	return t
}

func between(r answer.Row, name string) string {
	nb, na := cmp.Or(r.Text(name+"_not_before"), "?"), cmp.Or(r.Text(name+"_not_after"), "?")
	clocks := []string{r.Text(name + "_not_before_clock"), r.Text(name + "_not_after_clock")}
	claimed := ""
	if slices.Contains(clocks, "git") {
		claimed = " (claimed: git)"
	}
	if nb == na {
		return nb + claimed
	}
	return nb + " .. " + na + claimed
}

func spans(r *Repository) []span {
	var out []span
	for _, p := range r.Presence {
		out = append(out, span{lane: cmp.Or(strings.TrimPrefix(p.Text("ref"), "refs/"), "no ref"), fromNB: at(p.Text("added_not_before")), fromNA: at(p.Text("added_not_after")),
			toNB: at(p.Text("removed_not_before")), to: at(p.Text("removed_not_after")), openEnd: p.Text("gone") != "1", claimed: p.Text("added_not_before_clock") == "git" || p.Text("removed_not_after_clock") == "git",
			says: p.Text("ref") + " held " + p.Text("path") + ": added " + between(p, "added") + ", removed " + between(p, "removed") + " " + p.Text("how"), class: "presence"})
	}
	for _, u := range r.Runs {
		out = append(out, span{lane: "runs", fromNB: at(u.Text("created_at")), fromNA: at(u.Text("created_at")), instant: true, class: "run " + u.Text("execution"),
			says: "run " + u.Text("run_id") + " attempt " + u.Text("attempt") + ", " + u.Text("event") + ": " + u.Text("execution") + ", created " + u.Text("created_at")})
	}
	for _, w := range r.Windows {
		name := cmp.Or(w.Text("secret"), w.Text("credential"))
		out = append(out, span{lane: "window of " + name, fromNB: at(w.Text("opened_not_before")), fromNA: at(w.Text("opened_not_after")), toNB: at(w.Text("closed_not_before")), to: at(w.Text("closed_not_after")),
			openEnd: w.Text("state") != "closed", claimed: w.Text("opened_not_before_clock") == "git", class: "window " + w.Text("verdict"),
			says: name + " " + w.Text("credential") + " " + w.Text("project") + ": " + w.Text("state") + ", opened " + between(w, "opened") + ", closed " + between(w, "closed") + ", verdict " + w.Text("verdict")})
	}
	for _, u := range r.Uses {
		out = append(out, span{lane: "uses", fromNB: at(u.Text("at")), fromNA: at(u.Text("at")), instant: true, class: "use " + u.Text("judged"),
			says: u.Text("credential") + " used " + u.Text("at") + " from " + cmp.Or(u.Text("address"), "?") + ", " + u.Text("judged") + " (" + u.Text("rule") + ")"})
	}
	for _, x := range r.Releases {
		out = append(out, span{lane: "releases", fromNB: at(x.Text("at")), fromNA: at(x.Text("at")), instant: true, class: "release " + x.Text("state"),
			says: x.Text("release") + " " + x.Text("at") + ": " + x.Text("state")})
	}
	return out
}

// draw gives nil where no row of the repository has a time. Ends that are not known run to the edge of the plot; nothing is drawn as certain
// that a bound leaves open.
func draw(r *Repository, now time.Time) *drawing {
	all := spans(r)
	d := &drawing{}
	for _, s := range all {
		known := false
		for _, t := range []time.Time{s.fromNB, s.fromNA, s.toNB, s.to} {
			if t.IsZero() {
				continue
			}
			known = true
			if d.from.IsZero() || t.Before(d.from) {
				d.from = t
			}
			if t.After(d.end) {
				d.end = t
			}
		}
		if !known {
			d.Undrawn++
		}
		if s.openEnd && now.After(d.end) && known {
			d.end = now
		}
	}
	if d.from.IsZero() {
		return nil
	}
	pad := max(d.end.Sub(d.from)/50, time.Minute)
	d.from, d.end = d.from.Add(-pad), d.end.Add(pad)
	d.From, d.To = d.from.UTC().Format(time.RFC3339), d.end.UTC().Format(time.RFC3339)
	d.FromUnix, d.ToUnix = d.from.Unix(), d.end.Unix()
	lanes := map[string]int{}
	for _, s := range all {
		i, known := lanes[s.lane]
		if !known {
			i = len(lanes)
			lanes[s.lane] = i
			if i < maxLanes {
				d.Lanes = append(d.Lanes, lane{Name: s.lane, Y: i * laneHigh})
			} else {
				d.Left++
			}
		}
		if i < maxLanes {
			d.Lanes[i].Shapes = append(d.Lanes[i].Shapes, d.shapes(s)...)
		}
	}
	d.Height = len(d.Lanes) * laneHigh
	return d
}

func (d *drawing) x(t time.Time) float64 {
	return plotWidth * float64(t.Sub(d.from)) / float64(d.end.Sub(d.from))
}

func (d *drawing) shapes(s span) []shape {
	if s.instant {
		if s.fromNB.IsZero() {
			return nil
		}
		return []shape{{X: d.x(s.fromNB), Class: s.class, Says: s.says}}
	}
	first, last := 0.0, float64(plotWidth)
	if t := s.fromNB; !t.IsZero() {
		first = d.x(t)
	}
	if t := s.to; !t.IsZero() && !s.openEnd {
		last = d.x(t)
	}
	class := s.class + " p"
	if s.claimed {
		class += " g"
	}
	if s.openEnd {
		class += " o"
	}
	out := []shape{{X: first, Width: max(last-first, 1), Class: class, Says: s.says}}
	if certain := d.certain(s); certain.Width > 0 && !s.claimed {
		out = append(out, certain)
	}
	return out
}

// certain is the part between the later bound of the beginning and the earlier bound of the end.
func (d *drawing) certain(s span) shape {
	if s.fromNA.IsZero() || (s.toNB.IsZero() && !strings.HasPrefix(s.class, "presence")) || (s.toNB.IsZero() && !s.openEnd) {
		return shape{}
	}
	last := float64(plotWidth)
	if !s.toNB.IsZero() {
		last = d.x(s.toNB)
	}
	first := d.x(s.fromNA)
	return shape{X: first, Width: last - first, Class: s.class + " c", Says: s.says}
}
