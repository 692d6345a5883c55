package timeline

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// What became of an opportunity.
const (
	Open      = "possible"
	Matched   = "matched"
	NoRunSeen = "no-run-seen" // runs were listed to the end and none fits: deleted, disabled or skipped; not "did not run"
)

// Opportunity is a ref update or a span at which GitHub could start a version.
type Opportunity struct {
	ID       string
	Presence string
	Ref      evidence.Ref
	Path     string
	Blob     evidence.OID
	Event    string
	Head     evidence.OID // the pushed commit; empty for events that name none
	Status   string       // Open, Suppressed, Matched, NoRunSeen
	Reason   string
	RunID    int64
	Excluded bool // suppressed, or matched to runs that all show that the leaking step did not run
	At       when.Instant
}

// indexExecutions makes those of a head or an event quick to find.
func (r *reader) indexExecutions(runs []Execution) {
	r.byHead, r.byEvent = map[evidence.OID][]Execution{}, map[string][]Execution{}
	for _, e := range runs {
		r.byHead[e.Run.HeadSHA] = append(r.byHead[e.Run.HeadSHA], e)
		r.byEvent[e.Run.Event] = append(r.byEvent[e.Run.Event], e)
	}
}

// pushed is one head on one ref.
type pushed struct {
	ref  evidence.Ref
	head evidence.OID
}

// opportunities lists them for every row: one for each push of a tip, and one for the time of each version for each event that needs no push.
func (r *reader) opportunities(rows []Presence) []Opportunity {
	stood := map[pushed][]when.Instant{} // a head can come to a ref again
	for _, t := range r.tracks {
		for _, x := range t.tips {
			stood[pushed{t.ref, x.oid}] = append(stood[pushed{t.ref, x.oid}], x.at)
		}
	}
	var out []Opportunity
	for _, p := range rows {
		for _, x := range p.tips {
			blob := r.holds(x.oid, p.Path)
			for _, t := range r.Malicious[blob].Triggers {
				if t.Event == "push" && t.MatchesRef(p.Ref) && !p.Ref.Pull() {
					runs := r.runsOfPush(p, x, stood[pushed{p.Ref, x.oid}])
					out = append(out, r.opportunity(p, blob, t.Event, x.oid, widened(p, r.arrival(x, x.oid)), x.by, runs))
				}
			}
		}
		for _, x := range r.unproven(p) {
			blob := r.holds(x.oid, p.Path)
			for _, t := range r.Malicious[blob].Triggers {
				if t.Event == "push" && t.MatchesRef(p.Ref) {
					out = append(out, r.opportunity(p, blob, t.Event, x.oid, widened(p, x.at), nil, r.runsOfPush(p, x, nil)))
				}
			}
		}
		for i, v := range p.Versions {
			if r.passed(p, i) {
				continue
			}
			for _, t := range r.Malicious[v.Blob].Triggers {
				if span, reached := r.reaches(p, t.Event, throughout(p, i)); t.Event != "push" && reached {
					out = append(out, r.opportunity(p, v.Blob, t.Event, "", span, nil, r.runsOfEvent(p, v.Blob, t.Event, span)))
				}
			}
		}
	}
	return out
}

// widened is when a tip came by claimed dates, in a row in which they run backwards.
func widened(p Presence, at when.Instant) when.Instant {
	if from := p.Added.NotBefore; p.backwards && at.NotBefore.Clock == when.Git && from.At.Before(at.NotBefore.At) {
		return when.Between(from, at.NotAfter, slices.Concat(at.Evidence, p.Added.Evidence)...)
	}
	return at
}

// unproven lists the commits of a row that may have been its tip though git does not show it: a local merge puts what the ref held on its
// second parent. Where an update brought the tip, one push is proven, and what lies behind it never was one. What a side branch shares with
// the default branch was pushed there.
func (r *reader) unproven(p Presence) []tip {
	if !p.Ref.Branch() {
		return nil
	}
	seen, tips := r.graph.none(), r.graph.none()
	for _, x := range p.tips {
		tips.add(x.oid)
	}
	var out []tip
	for _, x := range p.tips {
		for stack := []evidence.OID{x.oid}; len(stack) > 0; {
			o := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen.has(o) || r.holds(o, p.Path) == "" {
				continue
			}
			seen.add(o)
			stack = append(stack, r.h.Parents(o)...)
			if x.by == nil && !tips.has(o) && (p.Ref == r.defaultRef || !r.trunk[o]) {
				out = append(out, tip{oid: o, at: r.arrival(x, o)})
			}
		}
	}
	return out
}

// runsOfPush are the runs that GitHub started for the push of one tip: where the head came to the ref several times, a run belongs to the
// last coming before it.
func (r *reader) runsOfPush(p Presence, x tip, stood []when.Instant) []Execution {
	var out []Execution
	for _, e := range r.byHead[x.oid] {
		if e.Path != p.Path || e.Run.Event != "push" || e.Ref != p.Ref {
			continue
		}
		mine := x.at.NotBefore
		for _, s := range stood {
			if s.NotBefore.Known() && !s.NotBefore.At.After(e.Run.CreatedAt) && (!mine.Known() || s.NotBefore.At.After(mine.At) || mine.At.After(e.Run.CreatedAt)) {
				mine = s.NotBefore
			}
		}
		if len(stood) < 2 || mine.At.Equal(x.at.NotBefore.At) {
			out = append(out, e)
		}
	}
	return out
}

// runsOfEvent are the runs that an event started while a version of a row stood. A pull request's are known by its head: its branch may be a
// fork's. Those of pull_request_target name the head's branch and not the base, whose file they run.
func (r *reader) runsOfEvent(p Presence, blob evidence.OID, event string, span when.Instant) []Execution {
	var out []Execution
	for _, e := range r.byEvent[event] {
		head := func(x tip) bool { return x.oid == e.Run.HeadSHA }
		if e.Path == p.Path && (e.Blob == blob || e.Blob == "") && within(e, span) && (e.Ref == p.Ref || event == pullTarget || p.Ref.Pull() && slices.ContainsFunc(p.tips, head)) {
			out = append(out, e)
		}
	}
	return out
}

// reaches is the part of a span in which an event could start the file from the row's ref; possible is false for none of it. A claimed date does
// not show that a row began only when a side branch's file was no longer read.
func (r *reader) reaches(p Presence, event string, span when.Instant) (part when.Instant, possible bool) {
	switch {
	case p.Ref.Pull():
		return span, event == "pull_request"
	case defaultOnly[event] && (p.Ref == r.defaultRef || p.Ref == ""):
		return span, true
	case event == pullTarget && p.Ref.Branch():
		if from := span.NotBefore; firmOnly(from).Known() && !from.At.Before(targetMoved) {
			return span, false
		}
		if to := span.NotAfter; !to.Known() || to.At.After(targetMoved) {
			span = when.Between(span.NotBefore, when.Bound{At: targetMoved, Clock: when.Server}, span.Evidence...)
		}
		if from := span.NotBefore; from.At.After(span.NotAfter.At) {
			span.NotBefore = when.Bound{}
		}
		return span, true
	case defaultOnly[event]:
		return span, false
	}
	return span, event != "pull_request" || p.Ref.Branch()
}

// throughout spans the time in which a row held its version i: until the next one came, or until the file was gone.
func throughout(p Presence, i int) when.Instant {
	from, to := p.Versions[i].From, when.Instant{}
	if i == 0 {
		from = p.Added
	}
	switch {
	case i+1 < len(p.Versions):
		to = p.Versions[i+1].From
	case p.Gone:
		to = p.Removed
	}
	if from.NotBefore.Known() && to.NotAfter.Known() && from.NotBefore.At.After(to.NotAfter.At) {
		to.NotAfter = when.Bound{} // claimed dates that run backwards leave it open
	}
	return when.Between(from.NotBefore, to.NotAfter, slices.Concat(from.Evidence, to.Evidence)...)
}

// passed reports a version that an update brought together with its successor: no tip ever held it.
func (r *reader) passed(p Presence, i int) bool {
	if i+1 == len(p.Versions) || slices.ContainsFunc(p.tips, func(x tip) bool { return r.holds(x.oid, p.Path) == p.Versions[i].Blob }) {
		return false
	}
	grew := r.grew(p.Versions[i].Commit)
	first := slices.IndexFunc(p.tips, func(x tip) bool { return r.graph.holds(grew, x.oid) })
	return first >= 0 && p.tips[first].by != nil
}

func (r *reader) opportunity(p Presence, blob evidence.OID, event string, head evidence.OID, at when.Instant, by *Move, mine []Execution) Opportunity {
	o := Opportunity{Presence: p.ID, Ref: p.Ref, Path: p.Path, Blob: blob, Event: event, Head: head, At: at, Status: Open}
	o.ID = evidence.ID("opp", p.ID, string(blob), event, string(head), evidence.Stamp(at.NotBefore.At), evidence.Stamp(at.NotAfter.At))
	suppressed := ""
	if event == "push" {
		suppressed = r.suppression(head, by)
	}
	switch {
	case len(mine) > 0:
		ran := max(slices.IndexFunc(mine, func(e Execution) bool { return !e.Excluded }), 0)
		o.Status, o.RunID = Matched, mine[ran].Run.RunID
		o.Reason = "run " + strconv.FormatInt(o.RunID, 10) + ": " + mine[ran].Ladder
		// An event without a push can come again at any time: the runs that are seen excuse only themselves.
		o.Excluded = head != "" && mine[ran].Excluded
	case suppressed != "":
		o.Status, o.Reason, o.Excluded = Suppressed, suppressed, true
	case r.runsCovered(at):
		o.Status, o.Reason = NoRunSeen, "no run seen: deleted, disabled or skipped"
	default:
		o.Reason = "runs of that time were not listed to the end"
	}
	return o
}

func within(e Execution, span when.Instant) bool {
	at := when.At(e.Run.CreatedAt, when.Server)
	return !at.CertainlyBefore(span) && !span.CertainlyBefore(at)
}

// skipForms are the words in a head commit's message at which GitHub starts nothing for push and pull_request
// (https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs). Other ways to write them may do it too: that is not
// documented, and only what surely started nothing is left out.
var skipForms = []string{"[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"}

// Actors whose pushes start nothing that can read the repository's secrets, and why.
var powerless = map[string]string{
	"github-actions[bot]": "pushed with GITHUB_TOKEN, which starts no workflow",
	Dependabot:            "pushed by Dependabot: its runs get secrets of their own",
}

// Dependabot is the actor of its pushes. Its runs are given Dependabot's secrets, not those of Actions
// (https://docs.github.com/en/code-security/reference/supply-chain-security/dependabot-on-actions).
const Dependabot = "dependabot[bot]"

// suppression says why GitHub starts nothing for a push, empty where nothing shows it.
func (r *reader) suppression(head evidence.OID, by *Move) string {
	message := r.h.Commit(head).Message
	for _, form := range skipForms {
		if strings.Contains(message, form) {
			return "the head commit says " + form + " (" + evidence.CommitID(head) + ")"
		}
	}
	if skipTrailer(message) {
		return "the head commit bears skip-checks: true (" + evidence.CommitID(head) + ")"
	}
	if by != nil && powerless[by.Actor] != "" {
		return powerless[by.Actor] + " (" + strings.Join(by.Evidence, ", ") + ")"
	}
	return ""
}

// skipTrailer reports the trailer form: the last line, behind two empty lines or among other trailers.
func skipTrailer(message string) bool {
	lines := strings.Split(strings.TrimRight(message, "\n"), "\n")
	n := len(lines)
	if last := lines[n-1]; last != "skip-checks: true" && last != "skip-checks:true" {
		return false
	}
	first := n - 1
	for first > 0 && trailer.MatchString(lines[first-1]) {
		first--
	}
	behind := func(k int) bool { return first > k && lines[first-k] == "" }
	return behind(1) && (first < n-1 || behind(2))
}

var trailer = regexp.MustCompile(`^[A-Za-z0-9-]+:.`)

// runsCovered reports that the runs of a whole span were listed to the end, and that it does not reach back to where GitHub keeps none.
func (r *reader) runsCovered(span when.Instant) bool {
	return slices.ContainsFunc(r.Facts.Coverage, func(v evidence.Coverage) bool {
		from, to := span.NotBefore, span.NotAfter.At
		if !span.NotAfter.Known() {
			to = r.Facts.Listing.At
		}
		return v.Origin == evidence.OriginRuns && v.Complete && from.Known() && !from.At.Before(v.From) && v.To.Sub(from.At) <= jobRetention &&
			!to.After(v.To)
	})
}
