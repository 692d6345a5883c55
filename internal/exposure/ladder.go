package exposure

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
)

// Rung is how far one version got with one secret in a repository: the highest step that anything shows, and what shows it.
type Rung struct {
	Blob     evidence.OID
	Secret   string // a name, or a word that stands for more than one: see [AllSecrets], [History], [GitHubToken], [IDToken]
	Ladder   string
	Reason   string
	Reach    string // how the version could read it
	RunID    int64  // whose record says so; 0 for none
	Attempt  int
	Excluded bool // a complete record shows that nothing came of it
	Evidence []string
	weight   int // of the step among [rungs]
}

// Ladders lists a rung for every version that stood in an exposing row and every secret that it could read, by version and secret.
func Ladders(in Input) []Rung {
	w := newWindows(in)
	rows := map[evidence.OID][]timeline.Presence{}
	for _, p := range in.Timeline.Presence {
		for _, v := range p.Versions {
			if exposes(p) {
				rows[v.Blob] = append(rows[v.Blob], p)
			}
		}
	}
	ran := map[evidence.OID]bool{}
	for _, e := range in.Timeline.Executions {
		ran[e.Blob] = ran[e.Blob] || w.ownRun(e)
	}
	var out []Rung
	for _, blob := range slices.Sorted(maps.Keys(in.Findings)) {
		if len(rows[blob]) == 0 && !ran[blob] {
			continue
		}
		f := in.Findings[blob]
		for _, secret := range w.readable(f) {
			r := Rung{Blob: blob, Secret: secret, Ladder: timeline.Targeted, weight: len(rungs), Reach: reached(f, secret),
				Reason: "a version that names it was there; nothing shows that GitHub could start it"}
			for _, p := range rows[blob] {
				r.Evidence = append(r.Evidence, p.ID)
			}
			w.byRuns(&r)
			w.byOpportunities(&r)
			w.byWord(&r)
			r.Evidence = sortedIDs(append(r.Evidence, "blob-"+string(blob)))
			out = append(out, r)
		}
	}
	return out
}

// readable lists the secrets that a version could read: by name, and the words for what has none.
func (w *windows) readable(f detect.Finding) []string {
	names := f.SecretNames()
	if f.AllSecrets {
		names = append(append(names, w.storedNames()...), AllSecrets)
	}
	if f.History {
		names = append(names, History)
	}
	if len(f.Reach) > 0 {
		names = append(names, GitHubToken) // every job has one
	}
	if identifies(f) {
		names = append(names, IDToken)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reached says how the jobs of a version could read a secret.
func reached(f detect.Finding, secret string) string {
	var out []string
	for _, r := range f.Reach {
		how := ""
		switch {
		case secret == GitHubToken:
			how = "permissions " + cmp.Or(r.Permissions, "by the repository's default")
		case secret == IDToken:
			if r.IDToken == "yes" {
				how = "id-token: write"
			}
		case secret == History:
			if r.History {
				how = "reads past commits"
			}
		case slices.Contains(r.Secrets, secret):
			how = "named"
		case r.AllSecrets && slices.Contains(r.Forms, "inherit"):
			how = "inherited by the workflow that it calls"
		case r.AllSecrets:
			how = "all secrets taken together"
		}
		if how == "" {
			continue
		}
		if r.Environment != "" && secret != History {
			how += ", with those of environment " + evidence.Printable(r.Environment)
		}
		out = append(out, fmt.Sprintf("job %s: %s", cmp.Or(evidence.Printable(r.JobID), "(unread)"), how))
	}
	return strings.Join(out, "; ")
}

// raise sets the step where it is higher than what stands: see [rungs].
func (r *Rung) raise(step, reason string, run evidence.Run, excluded bool, ids ...string) {
	i := slices.Index(rungs, step)
	if i == r.weight && i < len(rungs) {
		r.Excluded = r.Excluded && excluded
	}
	if i < 0 || i >= r.weight {
		return
	}
	r.Excluded = excluded
	r.weight, r.Ladder, r.Reason, r.RunID, r.Attempt = i, step, reason, run.RunID, run.Attempt
	r.Evidence = slices.Clone(ids)
}

func (w *windows) byRuns(r *Rung) {
	for _, e := range w.Timeline.Executions {
		if e.Blob != r.Blob || !w.ownRun(e) {
			continue
		}
		step := e.Ladder
		if step == timeline.Executed && !w.sends(e.Blob, r.Secret) {
			step = timeline.Started // the step that leaks others ran
		}
		if _, given := w.given(e, r.Secret); !given {
			continue
		}
		r.raise(step, fmt.Sprintf("run %d attempt %d: %s", e.Run.RunID, e.Run.Attempt, e.Reason), e.Run, e.Excluded, append([]string{e.RunFact}, e.Leaked.Evidence...)...)
	}
}

// sends reports whether a leaking step takes the secret. A job's own token is in the hands of whatever step runs.
func (w *windows) sends(blob evidence.OID, secret string) bool {
	return secret == GitHubToken || secret == IDToken || secret == AllSecrets || w.leaks(blob, secret)
}

func (w *windows) byOpportunities(r *Rung) {
	for _, o := range w.Timeline.Opportunities {
		if o.Blob != r.Blob || !exposes(w.rows[o.Presence]) || o.Status == timeline.Matched {
			continue
		}
		step := timeline.Triggered
		switch {
		case o.Status == timeline.Suppressed:
			step = timeline.Suppressed
		case o.Status == timeline.RunGone, o.Status == timeline.Open && o.Head != "":
			step = timeline.Unknown // a run was there and is gone, or nobody listed them
		}
		if step == timeline.Triggered && o.Head == "" && r.weight < len(rungs) && r.Ladder != timeline.Suppressed {
			continue // what could be dispatched outweighs nothing that is known to have been started
		}
		r.raise(step, o.Event+": "+o.Reason, evidence.Run{}, o.Excluded, append([]string{o.ID}, o.At.Evidence...)...)
	}
}

// byWord takes the word of somebody who saw the data.
func (w *windows) byWord(r *Rung) {
	for _, d := range w.Facts.Statements {
		if d.Fact == casefile.Confirmed && about(d, r.Secret, Unlinked) {
			r.raise(timeline.Confirmed, "declared by "+d.By+": "+d.Because, evidence.Run{}, false, d.ID())
		}
	}
}
