package exposure_test

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

func (w *world) stored(name string, action evidence.SecretAction, moved, created, updated int) {
	s := evidence.SecretRecord{Repository: repository, Origin: evidence.OriginAuditLog, Scope: evidence.RepositorySecret, Name: name, Action: action}
	if moved != 0 {
		s.At = at(moved)
	}
	if action == evidence.SecretListed {
		s.Origin, s.CreatedAt, s.UpdatedAt = evidence.OriginSecrets, at(created), at(updated)
	}
	w.Facts.Secrets = append(w.Facts.Secrets, s)
}

func (w *world) passed(run int64, names ...string) {
	for _, n := range names {
		w.Facts.Secrets = append(w.Facts.Secrets, evidence.SecretRecord{Repository: repository, Origin: evidence.OriginAuditLog, Name: n,
			Action: evidence.SecretPassed, RunID: run, Job: "job", At: at(101)})
	}
}

// listedAll says that the secrets of these scopes were listed to the end.
func (w *world) listedAll(seconds int, scopes ...evidence.SecretScope) {
	for _, s := range scopes {
		w.Facts.Coverage = append(w.Facts.Coverage, evidence.Coverage{Origin: evidence.OriginSecrets, Detail: string(s), Complete: true, To: at(seconds)})
	}
}

func (w *world) audited(from, to int) {
	w.Facts.Coverage = append(w.Facts.Coverage, evidence.Coverage{Origin: evidence.OriginAuditLog, Detail: evidence.OtherThanGit, Complete: true, From: at(from), To: at(to)})
}

func TestRecordsOfSecrets(t *testing.T) {
	every := []evidence.SecretScope{evidence.RepositorySecret, evidence.EnvironmentSecret, evidence.OrganisationSecret}
	armed := func(w *world) { // a push at 100 that ran, and dispatch ever since
		w.row("p", "refs/heads/main", 100, 0, "bad")
		w.push("p", "bad", 100, 7, timeline.Matched)
		w.dispatch("p", "bad", 100, 0)
		w.ran(7, "bad", timeline.Executed, 101, 110)
	}
	named := func(w *world) { // pushed at 100, nothing seen to run
		w.row("p", "refs/heads/main", 100, 200, "bad")
		w.push("p", "bad", 100, 0, timeline.NoRunSeen)
	}
	for _, c := range []struct {
		name   string
		facts  func(*world)
		want   []string
		reason string
	}{
		{"a new value while armed is exposed too", func(w *world) { armed(w); w.stored("TOKEN", evidence.SecretListed, 0, 5, 300) },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`, `TOKEN#2 300s..? by "triggered"/"" triggered not_known_closed`},
			"replaced at"},
		{"a value set before the plant replaced nothing", func(w *world) { armed(w); w.stored("TOKEN", evidence.SecretListed, 0, 5, 50) },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}, ""},
		{"the audit log tells every change", func(w *world) { armed(w); w.stored("TOKEN", evidence.SecretUpdated, 250, 0, 0) },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`, `TOKEN#2 250s..? by "triggered"/"" triggered not_known_closed`},
			"replaced at"},
		{"another secret's change is not this one's", func(w *world) { armed(w); w.stored("OTHER", evidence.SecretUpdated, 250, 0, 0) },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}, ""},
		{"handed to the job", func(w *world) { armed(w); w.passed(7, "TOKEN") },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}, ""},
		{"not among what the job was handed", func(w *world) { armed(w); w.passed(7, "OTHER") },
			[]string{`TOKEN#1 100s..? by "executed"/"" triggered not_known_closed`}, ""},
		{"handed to another run says nothing of this one", func(w *world) { armed(w); w.passed(8, "OTHER") },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}, ""},
		{"what another job was handed says nothing of the one that leaks", func(w *world) { armed(w); w.passed(7, "OTHER"); w.Facts.Secrets[0].Job = "lint" },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}, ""},
		{"nor does a record that names no job", func(w *world) { armed(w); w.passed(7, "OTHER"); w.Facts.Secrets[0].Job = "" },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}, ""},
		{"another job's secret was not the leaking one's", func(w *world) {
			armed(w)
			w.passed(7, "OTHER", "TOKEN")
			w.Facts.Secrets[1].Job = "lint"
		}, []string{`TOKEN#1 100s..? by "executed"/"" triggered not_known_closed`}, ""},
		{"one job of the reusable workflow that it calls does not speak for the others", func(w *world) {
			armed(w)
			w.passed(7, "OTHER")
			w.Facts.Secrets[0].Job = "job / first"
			w.Findings["bad"].Leaks[0].StepIndex = -1
		}, []string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}, ""},
		{"not listed now", func(w *world) { named(w); w.listedAll(900, every...) },
			[]string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"not listed in one scope alone", func(w *world) { named(w); w.listedAll(900, every[:2]...) },
			[]string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, ""},
		{"never stored", func(w *world) { named(w); w.listedAll(900, every...); w.audited(50, 950) },
			[]string{`TOKEN#1 100s..? by "triggered"/"" triggered never_stored`}, "tells of no removal"},
		{"a job's own token stands in no list of secrets", func(w *world) {
			named(w)
			f := w.Findings["bad"]
			f.Reach, f.Secrets = []detect.Reach{{JobID: "job", JobName: "job", IDToken: "yes"}}, nil
			f.Leaks = nil
			w.Findings["bad"] = f
			w.listedAll(900, every...)
			w.audited(50, 950)
		}, []string{`id-token#1 100s..? by "triggered"/"" triggered not_known_closed`}, "ends with its job"},
		{"an audit log that begins too late proves nothing", func(w *world) { named(w); w.listedAll(900, every...); w.audited(101, 950) },
			[]string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"an audit log that ends too early neither", func(w *world) { named(w); w.listedAll(900, every...); w.audited(50, 899) },
			[]string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"nor one that ends before the last scope was listed", func(w *world) {
			named(w)
			w.listedAll(900, every[:2]...)
			w.listedAll(940, every[2])
			w.audited(50, 920)
		}, []string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"nor a listing from before the file was gone", func(w *world) {
			w.row("p", "refs/heads/main", 100, 20000, "bad")
			w.push("p", "bad", 100, 0, timeline.NoRunSeen)
			w.listedAll(150, every...)
			w.audited(50, 160)
		}, []string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"nor one from before the last look, where the file is still there", func(w *world) {
			named(w)
			w.row("q", "refs/heads/side", 100, 0, "bad")
			w.Timeline.AsOf = at(901)
			w.listedAll(900, every...)
			w.audited(50, 950)
		}, []string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"nor one from before the end of a run", func(w *world) {
			named(w)
			w.ran(7, "bad", timeline.Started, 890, 0).Run.UpdatedAt = at(901)
			w.listedAll(900, every...)
			w.audited(50, 950)
		}, []string{`TOKEN#1 100s..? by "triggered"/"" started not_known_closed`}, "removed since, or never stored"},
		{"nor any, by the clock of somebody's machine", func(w *world) {
			named(w)
			w.listedAll(900, every...)
			w.audited(50, 950)
			for i := range w.Timeline.Opportunities {
				w.Timeline.Opportunities[i].At.NotBefore.Clock = when.Local
			}
		}, []string{`TOKEN#1 100l..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"nor one that is known to lack rows", func(w *world) {
			named(w)
			w.listedAll(900, every...)
			w.audited(50, 950)
			w.Facts.Gaps = append(w.Facts.Gaps, evidence.Gap{Unit: "audit-log", Kind: evidence.GapTruncated, Subject: "the export"})
		}, []string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"nor one that is whole but for git", func(w *world) {
			named(w)
			w.listedAll(900, every...)
			w.audited(50, 950)
			w.Facts.Coverage[len(w.Facts.Coverage)-1].Detail = ""
		}, []string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, "removed since, or never stored"},
		{"the audit log tells of the removal", func(w *world) {
			named(w)
			w.listedAll(900, every...)
			w.audited(50, 950)
			w.stored("TOKEN", evidence.SecretRemoved, 400, 0, 0)
		}, []string{`TOKEN#1 100s..? by "triggered"/"" triggered not_known_closed`}, ""},
		{"a leak that was seen outweighs a listing", func(w *world) { armed(w); w.listedAll(900, every...); w.audited(50, 950) },
			[]string{`TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}, "removed since, or never stored"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.facts(w)
			if got := w.windows(); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			list := exposure.Windows(w.Input)
			reason := list[len(list)-1].Reason
			if (c.reason == "") != (reason == "") || !strings.Contains(reason, c.reason) {
				t.Errorf("reason %q, want %q", reason, c.reason)
			}
			if exposure.Exposes(list[0].State) != (list[0].State == exposure.NotKnownClosed) {
				t.Errorf("state %s", list[0].State)
			}
		})
	}
}

func TestAllSecretsAreThoseThatWereStored(t *testing.T) {
	w := newWorld()
	w.Findings["bad"] = detect.Finding{Blob: "bad", AllSecrets: true, Leaks: []detect.Leak{{JobID: "job", JobName: "job", AllSecrets: true}}}
	w.row("p", "refs/heads/main", 100, 0, "bad")
	w.push("p", "bad", 100, 7, timeline.Matched)
	w.ran(7, "bad", timeline.Executed, 101, 110)
	w.stored("NPM_TOKEN", evidence.SecretListed, 0, 5, 50)
	w.passed(7, "PYPI_TOKEN")
	got := w.windows()
	want := []string{`*#1 100s..110r by "executed"/"executed" executed not_known_closed`,
		`NPM_TOKEN#1 100s..? by "executed"/"" targeted not_known_closed`,
		`PYPI_TOKEN#1 100s..110r by "executed"/"executed" executed not_known_closed`}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
