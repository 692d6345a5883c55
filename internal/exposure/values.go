package exposure

import (
	"maps"
	"slices"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// ofSecret gives one window for each value of a secret that could be taken: the first value, and each replacement made while a version
// could start again.
func (w *windows) ofSecret(secret string) []Window {
	var out []Window
	var spans []span
	for _, span := range w.spans(secret) {
		x, ok := w.value(secret, span)
		if !ok {
			continue
		}
		x.Value = span.value
		if span.value > 1 {
			x.Opened = when.Between(x.Opened.NotBefore, x.Opened.NotAfter, append(slices.Clone(x.Opened.Evidence), span.evidence...)...)
			x.Reason = annotate("replaced at "+evidence.Stamp(span.from.At)+" while a malicious version could still start: the new value is exposed too", x.Reason)
		}
		out, spans = append(out, x), append(spans, span)
	}
	for i := range out {
		// A value is out of use when the next one that was exposed came; one that nothing could take stands for no window.
		until := when.Bound{}
		if i+1 < len(out) {
			until = spans[i+1].from
		}
		w.shut(&out[i], spans[i].from, until)
	}
	return out
}

// spans lists the values of a secret by the times at which somebody says that it was replaced.
func (w *windows) spans(secret string) []span {
	replaced := map[time.Time][]string{}
	for _, d := range w.Facts.Statements {
		if d.Fact == casefile.Replaced && about(d, secret, Unlinked) {
			replaced[d.At.UTC()] = append(replaced[d.At.UTC()], d.ID())
		}
	}
	out := []span{{value: 1}}
	for _, at := range slices.SortedFunc(maps.Keys(replaced), time.Time.Compare) {
		from := when.Bound{At: at, Clock: when.Declared}
		out[len(out)-1].until = from
		out = append(out, span{from: from, value: len(out) + 1, evidence: slices.Sorted(slices.Values(replaced[at]))})
	}
	return out
}

func annotate(reasons ...string) string {
	return strings.Join(slices.DeleteFunc(reasons, func(s string) bool { return s == "" }), "; ")
}

// span is the time in which a value was the one stored, as far as anyone declared it; zero bounds are open.
type span struct {
	from, until when.Bound
	value       int
	evidence    []string // who says that it began
}

// overlaps reports whether an opportunity may have fallen into the span.
func (s span) overlaps(at when.Instant) bool {
	if s.until.Known() && at.NotBefore.Known() && !at.NotBefore.At.Before(s.until.At) {
		return false
	}
	return !s.from.Known() || !at.NotAfter.Known() || !at.NotAfter.At.Before(s.from.At)
}

func (s span) clamp(b when.Bound) when.Bound {
	if s.from.Known() && (!b.Known() || b.At.Before(s.from.At)) {
		return s.from
	}
	return b
}

// about reports whether a statement speaks of a secret or credential: by name, or of the whole repository.
func about(d casefile.Declaration, secret, credential string) bool {
	if d.Secret == "" && d.Credential == "" {
		return true
	}
	return (d.Secret != "" && strings.EqualFold(d.Secret, secret)) || (d.Credential != "" && d.Credential == credential)
}

// shut closes a window where the provider is said to refuse the value: revoked after it came and not after the next value that was exposed. A
// replacement closes nothing.
func (w *windows) shut(x *Window, from, until when.Bound) {
	for _, d := range w.Facts.Statements {
		if !about(d, x.Secret, x.Credential) {
			continue
		}
		switch d.Fact {
		case casefile.Revoked:
			current := (!from.Known() || d.At.After(from.At)) && (!until.Known() || !d.At.After(until.At))
			// Of a whole repository, it speaks of the secrets stored there.
			stored := x.Secret != "" && x.Secret != History || d.Secret != "" || d.Credential != ""
			if current && stored && (x.State != Closed || d.At.Before(x.Closed.NotAfter.At)) {
				x.Closed, x.State = when.At(d.At, when.Declared, d.ID()), Closed
			}
		case casefile.FalsePositive, casefile.NotUsed:
			x.Reason = annotate(x.Reason, "declared "+d.Fact+" by "+d.By+" ("+d.ID()+")")
		}
	}
}
