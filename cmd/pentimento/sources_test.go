package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// witness is a way to play the recipe of sources: the origins that are heard, and the files that lie with others.
type witness struct {
	origins        []evidence.Origin
	archive, clone bool
	era            string
	least          int // spans that it tells of, without claims
}

// span is a row of the presence table, as somebody else would parse it.
type span struct {
	Ref       *string
	Versions  []struct{ Commit string }
	Added     when.Instant
	Removed   *when.Instant
	RemovedBy *struct{ How string } `json:"removed_by"`
	Certain   *struct{ From, To time.Time }
	Narrow    []string `json:"would_narrow"`
}

// heard plays the recipe with these witnesses alone through the whole program and gives its presence rows and its windows.
func (w witness) heard(t *testing.T) (spans []span, windows windowsDoc) {
	t.Helper()
	recipe, err := drill.Sources()
	if err != nil {
		t.Fatal(err)
	}
	recipe.Only(w.origins...)
	recipe.Era(w.era)
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	path, name := filepath.Join(t.TempDir(), "case.db"), string(recipe.Repositories[0].Name)
	impatient(t, path, "init", "--campaign", "ghostaction", "--now", evidence.Stamp(recipe.Now))
	impatient(t, path, "add", name)
	collect := []string{"collect", "--host", server.URL()}
	if w.clone {
		dir := t.TempDir()
		if err := recipe.WriteClone(dir, server.URL(), recipe.Repositories[0].Name, "laptop"); err != nil {
			t.Fatal(err)
		}
		impatient(t, path, "add", name, "--clone", dir)
	}
	if w.archive {
		dir := t.TempDir()
		if err := recipe.WriteArchive(dir, time.Date(2025, 9, 24, 0, 0, 0, 0, time.UTC), time.Date(2025, 10, 14, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		collect = append(collect, "--gharchive", dir)
	}
	impatient(t, path, collect...)
	impatient(t, path, "analyze")
	doc := decode[struct{ Presence []span }](t, command(t, path, "presence", "--json"))
	return doc.Presence, decode[windowsDoc](t, command(t, path, "windows", "--json"))
}

// String is the row for messages.
func (s span) String() string {
	how, commit := "", ""
	if s.RemovedBy != nil {
		how = s.RemovedBy.How
	}
	if len(s.Versions) > 0 {
		commit = s.Versions[0].Commit
	}
	return fmt.Sprintf("%s %.8s added %s removed %s %s, narrowed by %s", text(s.Ref), commit, spelled(s.Added), maybe(s.Removed), how, s.Narrow)
}

// within reports whether an instant's bounds hold a time.
func within(i when.Instant, at time.Time) bool {
	return (!i.NotBefore.Known() || !i.NotBefore.At.After(at)) && (!i.NotAfter.Known() || !i.NotAfter.At.Before(at))
}

// exact reports both bounds at one time.
func exact(i when.Instant) bool {
	return i.NotBefore.Known() && i.NotAfter.Known() && i.NotBefore.At.Equal(i.NotAfter.At)
}

// holds reports whether a row's bounds hold the truth: that the file was there from one time to another. A row may hold several spans
// of which its witnesses cannot tell that they are several.
func (s span) holds(truth []drill.TruthHeld) bool {
	var same []drill.TruthHeld
	for _, h := range truth {
		if string(h.Ref) == text(s.Ref) && slices.ContainsFunc(s.Versions, func(v struct{ Commit string }) bool { return slices.Contains(h.Commits, evidence.OID(v.Commit)) }) {
			same = append(same, h)
		}
	}
	for i, first := range same {
		for _, last := range same[i:] {
			if within(s.Added, first.From) && (s.Removed == nil && last.Until.IsZero() || s.Removed != nil && within(*s.Removed, last.Until)) {
				return true
			}
		}
	}
	return false
}

// certainlyThere reports whether the certain part of a row lies within one span of the truth.
func certainlyThere(s span, truth []drill.TruthHeld) bool {
	return slices.ContainsFunc(truth, func(h drill.TruthHeld) bool {
		return string(h.Ref) == text(s.Ref) && !s.Certain.From.Before(h.From) && !s.Certain.To.After(h.Until)
	})
}

// wider reports whether the bounds of a lie at or outside those of b.
func wider(a, b when.Instant) bool {
	return (!a.NotBefore.Known() || b.NotBefore.Known() && !a.NotBefore.At.After(b.NotBefore.At)) &&
		(!a.NotAfter.Known() || b.NotAfter.Known() && !a.NotAfter.At.Before(b.NotAfter.At))
}

// TestEachWitnessAlone: what one source alone tells holds the truth wherever it is no claim, is no narrower than what all together tell,
// and says which other source would narrow it.
func TestEachWitnessAlone(t *testing.T) {
	t.Parallel()
	recipe, err := drill.Sources()
	if err != nil {
		t.Fatal(err)
	}
	truth := recipe.Truth.Held
	everyone := witness{archive: true, clone: true, origins: []evidence.Origin{evidence.OriginActivity, evidence.OriginEvents, evidence.OriginCheckSuites,
		evidence.OriginArchive, evidence.OriginReflog, evidence.OriginPullTimeline, evidence.OriginSignatures, evidence.OriginReleases}}
	all, windows := everyone.heard(t)
	if len(all) != len(truth) || len(windows.Windows) == 0 {
		t.Errorf("all together tell of %d spans, the truth is %d; %d windows: %s", len(all), len(truth), len(windows.Windows), all)
	}
	for _, h := range truth { // together they are exact, but for when a pull request began: no source of ours dates that
		if !slices.ContainsFunc(all, func(s span) bool {
			begins := exact(s.Added) && s.Added.NotBefore.At.Equal(h.From) || h.Ref.Pull() && within(s.Added, h.From)
			return text(s.Ref) == string(h.Ref) && begins && s.Removed != nil && exact(*s.Removed) && s.Removed.NotBefore.At.Equal(h.Until)
		}) {
			t.Errorf("all together do not tell of %s from %s until %s: %s", h.Ref, h.From, h.Until, all)
		}
	}
	for name, w := range map[string]witness{
		"activity":     {least: 5, origins: []evidence.Origin{evidence.OriginActivity}}, // tags have none
		"events":       {least: 6, origins: []evidence.Origin{evidence.OriginEvents}},
		"archive":      {least: 6, origins: []evidence.Origin{evidence.OriginArchive}, archive: true},
		"check suites": {least: 0, origins: []evidence.Origin{evidence.OriginCheckSuites}}, // asked by commit: what was erased nobody names
		"reflog":       {least: 4, origins: []evidence.Origin{evidence.OriginReflog}, clone: true},
		"git":          {least: 0}, // nothing but claims
	} {
		t.Run(name, func(t *testing.T) {
			spans, windows := w.heard(t)
			if len(spans) == 0 {
				t.Error("tells of no span at all")
			}
			told := 0
			for _, s := range spans {
				claimed := s.Added.Claimed() || s.Removed != nil && s.Removed.Claimed()
				if claimed {
					if s.Certain != nil {
						t.Errorf("a claim has a certain part: %s", s)
					}
					continue
				}
				told++
				if !s.holds(truth) || s.Certain != nil && !certainlyThere(s, truth) {
					t.Errorf("does not hold the truth: %s", s)
				}
				if !slices.ContainsFunc(all, func(x span) bool { return text(x.Ref) == text(s.Ref) && wider(s.Added, x.Added) }) {
					t.Errorf("is narrower than all together: %s", s)
				}
				whole := exact(s.Added) && s.Removed != nil && exact(*s.Removed)
				if !whole && len(s.Narrow) == 0 {
					t.Errorf("says of no source that it would narrow: %s", s)
				}
			}
			if told < w.least || w.least == 0 && told > 0 {
				t.Errorf("tells of %d spans that are no claims, of %d at least: %s", told, w.least, spans)
			}
			for _, x := range windows.Windows {
				if x.Secret != nil && !x.Opened.Claimed() && !within(x.Opened, opened(truth, *x.Secret)) {
					t.Errorf("window of %s opened %s, in truth at %s", *x.Secret, spelled(x.Opened), opened(truth, *x.Secret))
				}
			}
		})
	}
}

// opened is when a secret of the recipe could first be taken, in truth: when the first version that names it came.
func opened(truth []drill.TruthHeld, secret string) time.Time {
	first := map[string]int{"PYPI_API_TOKEN": 0, "NPM_TOKEN": 1, "DOCKER_PASSWORD": 3, "SLACK_HOOK": 5} // places in the truth
	if secret == "DEPLOY_KEY" {
		return truth[0].From.Add(5 * time.Minute)
	}
	return truth[first[secret]].From
}

// TestErasTellTheSame: payloads of pushes with and without what was dropped in October 2025 give the same spans, of the same kinds.
func TestErasTellTheSame(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]witness{
		"events":  {origins: []evidence.Origin{evidence.OriginEvents}},
		"archive": {origins: []evidence.Origin{evidence.OriginArchive}, archive: true},
	} {
		t.Run(name, func(t *testing.T) {
			told := map[string]string{}
			for _, era := range []string{"old", "new"} {
				w.era = era
				spans, _ := w.heard(t)
				slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.String(), b.String()) })
				var lines []string
				forced := false
				for _, s := range spans {
					lines = append(lines, s.String())
					forced = forced || s.RemovedBy != nil && s.RemovedBy.How == "force_push"
				}
				if told[era] = strings.Join(lines, "\n"); !forced {
					t.Errorf("%s: no force-push is told of: %s", era, told[era])
				}
			}
			if told["old"] != told["new"] {
				t.Errorf("with commits:\n%s\nwithout:\n%s", told["old"], told["new"])
			}
		})
	}
}
