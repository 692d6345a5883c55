package timeline

import (
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

// opportunities lists them for every row: one for each push of a tip, and one for the whole presence for each event that needs no push.
func (r *reader) opportunities(rows []Presence, runs []Execution) []Opportunity {
	var out []Opportunity
	for _, p := range rows {
		for _, x := range p.tips {
			blob := r.holds(x.oid, p.Path)
			for _, t := range r.Malicious[blob].Triggers {
				if t.Event == "push" && t.MatchesRef(p.Ref) && !p.Ref.Pull() {
					out = append(out, r.opportunity(p, blob, t.Event, x.oid, r.arrival(x, x.oid), x.by, runs))
				}
			}
		}
		last := p.Versions[len(p.Versions)-1].Blob
		for _, t := range r.Malicious[last].Triggers {
			if t.Event != "push" && r.reaches(p, t.Event) {
				out = append(out, r.opportunity(p, last, t.Event, "", throughout(p), nil, runs))
			}
		}
	}
	return out
}

// reaches reports whether an event can start the file from the row's ref.
func (r *reader) reaches(p Presence, event string) bool {
	switch {
	case p.Ref.Pull():
		return event == "pull_request"
	case defaultOnly[event]:
		return p.Ref == r.defaultRef || p.Ref == ""
	}
	return event != "pull_request" || p.Ref.Branch()
}

// throughout spans a presence.
func throughout(p Presence) when.Instant {
	i := when.Instant{NotBefore: p.Added.NotBefore, Evidence: p.Added.Evidence}
	if p.Gone {
		i.NotAfter = p.Removed.NotAfter
		i.Evidence = append(slices.Clone(i.Evidence), p.Removed.Evidence...)
	}
	return when.Between(i.NotBefore, i.NotAfter, i.Evidence...)
}

func (r *reader) opportunity(p Presence, blob evidence.OID, event string, head evidence.OID, at when.Instant, by *Move, runs []Execution) Opportunity {
	o := Opportunity{Presence: p.ID, Ref: p.Ref, Path: p.Path, Blob: blob, Event: event, Head: head, At: at, Status: Open}
	o.ID = evidence.ID("opp", p.ID, event, string(head), evidence.Stamp(at.NotBefore.At), evidence.Stamp(at.NotAfter.At))
	var mine []Execution
	for _, e := range runs {
		if e.Path == p.Path && e.Run.Event == event && e.Ref == p.Ref && (head == "" && within(e, at) || head != "" && e.Run.HeadSHA == head) {
			mine = append(mine, e)
		}
	}
	suppressed := ""
	if event == "push" {
		suppressed = r.suppression(head, by)
	}
	switch {
	case len(mine) > 0:
		o.Status, o.RunID = Matched, mine[0].Run.RunID
		o.Reason = "run " + strconv.FormatInt(o.RunID, 10) + ": " + mine[len(mine)-1].Ladder
		// An event without a push can come again at any time: the runs that are seen excuse only themselves.
		o.Excluded = head != "" && !slices.ContainsFunc(mine, func(e Execution) bool { return !e.Excluded })
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
// (https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs).
var skipForms = []string{"[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"}

// suppression says why GitHub starts nothing for a push, empty where nothing shows it.
func (r *reader) suppression(head evidence.OID, by *Move) string {
	message := r.h.Commit(head).Message
	for _, form := range skipForms {
		if strings.Contains(strings.ToLower(message), form) {
			return "the head commit says " + form + " (" + evidence.CommitID(head) + ")"
		}
	}
	if skipTrailer(message) {
		return "the head commit bears skip-checks: true (" + evidence.CommitID(head) + ")"
	}
	if by != nil && by.Actor == "github-actions[bot]" {
		return "pushed with GITHUB_TOKEN, which starts no workflow (" + strings.Join(by.Evidence, ", ") + ")"
	}
	return ""
}

// skipTrailer reports the trailer form: the last line, behind two empty lines or among other trailers.
func skipTrailer(message string) bool {
	lines := strings.Split(strings.TrimSpace(message), "\n")
	last := strings.ToLower(strings.TrimSpace(lines[len(lines)-1]))
	return len(lines) > 1 && (last == "skip-checks: true" || last == "skip-checks:true")
}

// runsCovered reports that the runs of a whole span were listed to the end.
func (r *reader) runsCovered(span when.Instant) bool {
	return slices.ContainsFunc(r.Facts.Coverage, func(v evidence.Coverage) bool {
		if v.Origin != evidence.OriginRuns || !v.Complete || !span.NotBefore.Known() || span.NotBefore.At.Before(v.From) {
			return false
		}
		return !span.NotAfter.Known() || !span.NotAfter.At.After(v.To)
	})
}
