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
			x.Reason = annotate(span.why, x.Reason)
		}
		out, spans = append(out, x), append(spans, span)
	}
	for i := range out {
		// A value is out of use when the next one that was exposed came; one that nothing could take stands for no window.
		until := when.Bound{}
		if i+1 < len(out) {
			until = spans[i+1].from
		}
		out[i].stored = span{from: spans[i].from, until: until, value: out[i].Value}
		shut(w.Facts.Statements, &out[i], spans[i].from, until)
		w.judgeStored(&out[i])
	}
	return out
}

// spans lists the values of a secret by the times at which somebody, or the record of stored secrets, says that it was replaced, or that it was revoked and nobody says what
// was stored after that: if a version could still start, that was within its reach.
func (w *windows) spans(secret string) []span {
	replaced, revoked := map[time.Time][]string{}, map[time.Time][]string{}
	for _, d := range w.Facts.Statements {
		switch {
		case !about(d, secret, Unlinked):
		case d.Fact == casefile.Replaced:
			replaced[d.At.UTC()] = append(replaced[d.At.UTC()], d.ID())
		case d.Fact == casefile.Revoked && stored(d, secret):
			revoked[d.At.UTC()] = append(revoked[d.At.UTC()], d.ID())
		}
	}
	clocks := map[time.Time]when.Clock{}
	for at, ids := range w.replacements(secret) {
		replaced[at], clocks[at] = append(replaced[at], ids...), when.Server
	}
	times := slices.SortedFunc(maps.Keys(replaced), time.Time.Compare)
	ends := slices.SortedFunc(maps.Keys(revoked), time.Time.Compare)
	if n := len(ends); n > 0 && (len(times) == 0 || times[len(times)-1].Before(ends[n-1])) {
		times = append(times, ends[n-1])
	}
	out := []span{{value: 1}}
	for _, at := range times {
		next := span{from: when.Bound{At: at, Clock: max(when.Declared, clocks[at])}, value: len(out) + 1, evidence: slices.Sorted(slices.Values(replaced[at])),
			why: "replaced at " + evidence.Stamp(at) + " while a malicious version could still start: the new value is exposed too"}
		if len(next.evidence) == 0 {
			next.evidence = slices.Sorted(slices.Values(revoked[at]))
			next.why = "a malicious version could still start after the revocation at " + evidence.Stamp(at) + ": whatever was stored then is exposed too"
		}
		out[len(out)-1].until = next.from
		out = append(out, next)
	}
	return out
}

// stored reports whether a statement can speak of a secret: one of a whole repository speaks of the secrets stored there, not of all that
// was ever committed.
func stored(d casefile.Declaration, secret string) bool {
	return secret != "" && secret != History || d.Secret != "" || d.Credential != ""
}

func annotate(reasons ...string) string {
	return strings.Join(slices.DeleteFunc(reasons, func(s string) bool { return s == "" }), "; ")
}

// span is the time in which a value was the one stored, as far as anyone declared it; zero bounds are open.
type span struct {
	from, until when.Bound
	value       int
	evidence    []string // who says that it began
	why         string   // it is exposed though the value before was dealt with
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
func shut(statements []casefile.Declaration, x *Window, from, until when.Bound) {
	for _, d := range statements {
		if !about(d, x.Secret, x.Credential) {
			continue
		}
		switch d.Fact {
		case casefile.Revoked:
			current := (!from.Known() || d.At.After(from.At)) && (!until.Known() || !d.At.After(until.At))
			switch {
			case !current || !stored(d, x.Secret):
			case x.Opened.NotBefore.Known() && d.At.Before(x.Opened.NotBefore.At):
				x.Reason = annotate(x.Reason, "declared revoked at "+evidence.Stamp(d.At)+" ("+d.ID()+"), before anything could take it: that was another value")
			case x.State != Closed || d.At.Before(x.Closed.NotAfter.At):
				x.Closed, x.State = when.At(d.At, when.Declared, d.ID()), Closed
			}
		case casefile.FalsePositive, casefile.NotUsed:
			x.Reason = annotate(x.Reason, "declared "+d.Fact+" by "+d.By+" ("+d.ID()+")")
		}
	}
}
