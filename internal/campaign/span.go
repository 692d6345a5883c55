package campaign

import (
	"slices"
	"strings"
	"time"

	"pentimento/internal/when"
)

// Span is a time in which the campaign was at work, as far as the pack's sources tell. Where they tell of several waves that overlap, they speak of
// one and disagree: its ends lie between the earliest and the latest that anybody claims.
type Span struct {
	when.Window
	Waves []Wave // of the pack, in its order, that make the span
}

// EvidenceID is the id by which the pack can be looked up in a case that has it.
func (p Pack) EvidenceID() string { return "pack-" + p.Name }

// Spans joins the waves of the pack that overlap; by time, apart from each other. Bounds have the clock declared, and cite the pack.
func (p Pack) Spans() []Span {
	waves := slices.Clone(p.Waves)
	slices.SortStableFunc(waves, func(a, b Wave) int { return a.From.Compare(b.From) })
	var out []Span
	for _, w := range waves {
		n := len(out)
		if n == 0 || !w.From.Before(out[n-1].Closed.NotAfter.At) {
			out = append(out, Span{Window: when.Window{Opened: p.declared(w.From, w.latest(w.From)), Closed: p.declared(w.To, w.End())}, Waves: []Wave{w}})
			continue
		}
		s := &out[n-1]
		s.Opened, s.Closed = when.Hull(s.Opened, p.declared(w.From, w.latest(w.From))), when.Hull(s.Closed, p.declared(w.To, w.End()))
		s.Waves = append(s.Waves, w)
	}
	for i := range out {
		slices.SortFunc(out[i].Waves, func(a, b Wave) int { return p.place(a) - p.place(b) })
	}
	return out
}

// latest is the last begin that an instant of the wave's precision can stand for.
func (w Wave) latest(from time.Time) time.Time {
	one := Wave{To: from, Precision: w.Precision}
	return one.End()
}

func (p Pack) declared(from, to time.Time) when.Instant {
	return when.Between(when.Bound{At: from.UTC(), Clock: when.Declared}, when.Bound{At: to.UTC(), Clock: when.Declared}, p.EvidenceID())
}

func (p Pack) place(w Wave) int {
	return slices.IndexFunc(p.Waves, func(x Wave) bool { return x.ID == w.ID })
}

// Told names the pack and the waves that make a span, for a reason: "wave narrow of pack tj-actions".
func (p Pack) Told(s Span) string {
	var ids []string
	for _, w := range s.Waves {
		ids = append(ids, w.ID)
	}
	if len(ids) == 1 {
		return "wave " + ids[0] + " of pack " + p.Name
	}
	return "waves " + strings.Join(ids, ", ") + " of pack " + p.Name
}
