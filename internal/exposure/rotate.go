package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
)

// Kinds of a line of what to do.
const (
	Warn    = "warning"
	Revoke  = "revoke"
	Remove  = "remove"
	Check   = "check"    // by its name no secret: nothing to revoke
	LeftOut = "left-out" // need not be rotated, and why
)

// Warning is what a campaign's pack says that a responder must know before a step: "preserve", "revoke" (the pushing credential), "remove" (the
// workflow), "rotate" (what was stolen), "notify"; empty: before all.
type Warning struct{ Campaign, Text, Source, Before string }

// Line is one thing to do, or to know, in a repository.
type Line struct {
	Kind, Secret, Credential, Ladder string
	What, Reason                     string
	Windows, Evidence                []string
	values                           []int // those told already
}

// RotationInput is what is known of one repository. Windows are joined over all repositories: see [JoinPushers].
type RotationInput struct {
	Windows  []*Window
	Ladders  []Rung
	Presence []timeline.Presence
	Reruns   []timeline.Opportunity // those that can still be made
	Warnings []Warning              // of every campaign of the case
}

// RotationOf picks from a timeline what the order needs, so that the rest need not be kept.
func RotationOf(in Input) RotationInput {
	var out RotationInput
	out.Ladders = Ladders(in)
	for _, p := range newWindows(in).Timeline.Presence {
		if p.Armed == timeline.Armed || p.Armed == timeline.Inherited && exposes(p) {
			out.Presence = append(out.Presence, timeline.Presence{ID: p.ID, Ref: p.Ref, Path: p.Path, AsOf: p.AsOf})
		}
	}
	for _, o := range in.Timeline.Opportunities {
		if o.Event == timeline.Rerun && o.Status == timeline.Open {
			out.Reruns = append(out.Reruns, o)
		}
	}
	return out
}

// Rotate puts in order what to do: the credential that pushes first, for whoever holds it arms the repository again; then the workflow, for it takes
// what is stored anew; then what was seen to be taken, and what may have been, each by what can be done with it. A campaign's warnings stand
// before the step that they concern. What needs nothing comes last, with the reason.
func Rotate(in RotationInput) []Line {
	var pushers, secrets []Line
	for _, w := range in.Windows {
		switch {
		case !Exposes(w.State):
		case w.Secret == "":
			pushers = append(pushers, pusherLine(w))
		default:
			secrets = addValue(secrets, w)
		}
	}
	slices.SortStableFunc(secrets, compareLines)
	var out []Line
	step := func(before string, lines []Line) {
		if len(lines) > 0 {
			out = append(append(out, in.warn(before)...), lines...)
		}
	}
	if len(pushers)+len(secrets) > 0 || len(in.Presence) > 0 {
		out = append(out, in.warn("")...)
		out = append(out, in.warn("preserve")...)
	}
	step("revoke", pushers)
	step("remove", in.removals())
	step("rotate", secrets)
	return append(out, in.leftOut()...)
}

// warn lists what the campaigns of the repository say before a step.
func (in RotationInput) warn(before string) []Line {
	var out []Line
	for _, x := range in.Warnings {
		of := slices.ContainsFunc(in.Windows, func(w *Window) bool { return w.Campaign == x.Campaign })
		told := slices.ContainsFunc(out, func(l Line) bool { return l.What == x.Text })
		if x.Before == before && of && !told {
			out = append(out, Line{Kind: Warn, What: x.Text, Reason: strings.TrimSuffix(x.Campaign+": "+x.Source, ": ")})
		}
	}
	return out
}

func pusherLine(w *Window) Line {
	login := strings.TrimPrefix(w.Credential, "github:")
	l := Line{Kind: Revoke, Credential: w.Credential, Ladder: timeline.Confirmed, Windows: []string{w.ID}, Evidence: w.Opened.Evidence,
		What: "revoke every token, key and session of " + login + " at GitHub", Reason: annotate("whoever holds it can arm the repository again", w.Reason)}
	if login == unknownActor {
		l.What, l.Ladder = "find out who pushed, and revoke that credential at GitHub", timeline.Unknown
		l.Reason = annotate("no source names who pushed", w.Reason)
	}
	return l
}

// removals lists where the file can start again: whatever is stored while it stands is taken anew.
func (in RotationInput) removals() []Line {
	var out []Line
	for _, p := range in.Presence {
		ref := strings.TrimPrefix(string(p.Ref), "refs/")
		out = append(out, Line{Kind: Remove, What: "remove " + p.Path + " from " + ref, Evidence: []string{p.ID},
			Reason: "the file is still armed on " + ref + " as of " + evidence.Stamp(p.AsOf) + ": remove it before rotating, or rotate again after"})
	}
	for _, o := range in.Reruns {
		out = append(out, Line{Kind: Remove, What: "save its logs, then delete the run that can be run again", Evidence: append([]string{o.ID}, o.At.Evidence...),
			Reason: o.Reason + ": a new value is within its reach until then"})
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Reason, b.Reason)) })
	return out
}

// addValue adds a window to the line of its secret: every value that was exposed must be revoked.
func addValue(lines []Line, w *Window) []Line {
	i := slices.IndexFunc(lines, func(l Line) bool { return l.Secret == w.Secret && l.Credential == w.Credential })
	if i < 0 {
		c, kind := classOf(w.Secret), Revoke
		if c.rank == ranksName {
			kind = Check
		}
		return append(lines, Line{Kind: kind, Secret: w.Secret, Credential: w.Credential, Ladder: w.Execution, What: c.advice(w.Secret) + itself(w),
			Reason: annotate(because(w), c.why, w.Reason), values: []int{w.Value}, Windows: []string{w.ID}, Evidence: sortedIDs(slices.Concat(w.Opened.Evidence, w.Closed.Evidence))})
	}
	l := &lines[i]
	if slices.Index(rungs, w.Execution) >= 0 && (slices.Index(rungs, w.Execution) < slices.Index(rungs, l.Ladder) || !slices.Contains(rungs, l.Ladder)) {
		l.Ladder = w.Execution
	}
	l.Windows = append(l.Windows, w.ID)
	l.Evidence = sortedIDs(slices.Concat(l.Evidence, w.Opened.Evidence, w.Closed.Evidence))
	if !slices.Contains(l.values, w.Value) { // else the same value for another project
		l.values = append(l.values, w.Value)
		l.Reason = annotate(l.Reason, fmt.Sprintf("value %d was exposed too: a new value does not revoke the one before", w.Value))
	}
	return lines
}

// itself names the credential that a secret leads to, and how sure that is.
func itself(w *Window) string {
	if w.Link.Credential == "" {
		return ""
	}
	return ": it is " + w.Credential + " (" + w.Link.Confidence + ")"
}

func because(w *Window) string {
	if w.OpenedBy != "" {
		return "taken by " + evidence.Stamp(w.Opened.NotAfter.At) + " (" + w.OpenedBy + ")"
	}
	since := "at a time that nobody knows"
	if w.Opened.NotBefore.Known() {
		since = "since " + evidence.Stamp(w.Opened.NotBefore.At)
	}
	if w.Execution == timeline.Unknown {
		return "may have been taken " + since + ": no record tells whether it ran"
	}
	return "may have been taken " + since + " (" + w.Execution + ")"
}

// compareLines puts names, which are no secrets, last, and what was seen to be taken first, then by class, then by the step of the ladder and the name.
func compareLines(a, b Line) int {
	possible := func(l Line) int {
		if l.Ladder == timeline.Executed || l.Ladder == timeline.Confirmed {
			return 0
		}
		return 1
	}
	name := func(l Line) int {
		if l.Kind == Check {
			return 1
		}
		return 0
	}
	rung := func(l Line) int {
		if i := slices.Index(rungs, l.Ladder); i >= 0 {
			return i
		}
		return len(rungs)
	}
	return cmp.Or(cmp.Compare(name(a), name(b)), cmp.Compare(possible(a), possible(b)), cmp.Compare(classOf(a.Secret).rank, classOf(b.Secret).rank), cmp.Compare(rung(a), rung(b)),
		cmp.Compare(a.Secret, b.Secret), cmp.Compare(a.Credential, b.Credential))
}

// leftOut lists what needs no rotation, with the reason: a closed window, one that never held anything, or a secret of which every start is
// shown to have come to nothing.
func (in RotationInput) leftOut() []Line {
	var out []Line
	for _, w := range in.Windows {
		if Exposes(w.State) {
			continue
		}
		why := "closed at " + w.Closed.String()
		if w.State == NeverStored {
			why = "never stored"
		}
		out = append(out, Line{Kind: LeftOut, Secret: w.Secret, Credential: w.Credential, Ladder: w.Execution, What: "nothing to do", Windows: []string{w.ID},
			Reason: annotate(why, w.Reason), Evidence: sortedIDs(slices.Concat(w.Opened.Evidence, w.Closed.Evidence))})
	}
	for _, r := range in.Ladders {
		known := slices.ContainsFunc(in.Windows, func(w *Window) bool { return w.Secret == r.Secret })
		again := slices.ContainsFunc(out, func(l Line) bool { return l.Secret == r.Secret })
		if known || again || ofJobs(r.Secret) || !r.Excluded {
			continue
		}
		out = append(out, Line{Kind: LeftOut, Secret: r.Secret, Credential: Unlinked, Ladder: r.Ladder, What: "nothing to do",
			Reason: "every start is shown to have come to nothing: " + r.Reason, Evidence: r.Evidence})
	}
	slices.SortStableFunc(out, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Secret, b.Secret), cmp.Compare(a.Credential, b.Credential))
	})
	return out
}
