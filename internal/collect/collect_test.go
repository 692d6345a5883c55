package collect_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pentimento/internal/collect"
	"pentimento/internal/evidence"
)

var now = time.Date(2025, 9, 12, 12, 0, 0, 0, time.UTC)

// book is a store in memory: what was appended, which units are done, which were reopened.
type book struct {
	mu       sync.Mutex
	writing  int
	stored   []evidence.Observation
	done     map[string]bool // "owner/name unit"
	reopened []string
}

func (b *book) store() collect.Store {
	return collect.Store{
		Append: func(_ context.Context, obs evidence.Observation) error {
			b.mu.Lock()
			b.writing++
			busy := b.writing > 1
			b.mu.Unlock()
			defer func() { b.mu.Lock(); b.writing--; b.mu.Unlock() }()
			if busy {
				return errors.New("two appends at one time")
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.stored = append(b.stored, obs)
			if obs.Done {
				b.done[string(obs.Repository)+" "+obs.Unit] = true
			}
			return nil
		},
		Done: func(_ context.Context, repo evidence.Repository) (map[string]bool, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			out := map[string]bool{}
			for key := range b.done {
				if unit, ok := strings.CutPrefix(key, string(repo)+" "); ok {
					out[unit] = true
				}
			}
			return out, nil
		},
		Reopen: func(_ context.Context, repo evidence.Repository, units []string) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, u := range units {
				delete(b.done, string(repo)+" "+u)
				b.reopened = append(b.reopened, string(repo)+" "+u)
			}
			return nil
		},
	}
}

// once is a single phase.
func once(steps func(evidence.Repository) []collect.Step) []collect.Phase {
	return []collect.Phase{{Name: "all", Steps: steps}}
}

func unit(name string, needs ...string) collect.Step {
	return collect.Step{Part: name, Needs: needs, Units: []string{name}, Run: func(_ context.Context, repo evidence.Repository, emit collect.Emit) error {
		return emit(evidence.Observation{Repository: repo, Unit: name, Done: true})
	}}
}

func (b *book) units(repo evidence.Repository) []string {
	var out []string
	for _, obs := range b.stored {
		if obs.Repository == repo {
			out = append(out, obs.Unit)
		}
	}
	return out
}

func TestUnitsThatAreDoneAreNotAskedAgain(t *testing.T) {
	b := &book{done: map[string]bool{"o/half first": true, "o/whole first": true, "o/whole second": true}}
	r := &collect.Runner{Store: b.store(), Now: func() time.Time { return now }, Concurrency: 3,
		Phases: once(func(evidence.Repository) []collect.Step {
			return []collect.Step{unit("first"), unit("second", "first")}
		})}
	if err := r.Run(t.Context(), []evidence.Repository{"o/new", "o/half", "o/whole"}); err != nil {
		t.Fatal(err)
	}
	for repo, want := range map[evidence.Repository][]string{"o/new": {"first", "second"}, "o/half": {"second"}, "o/whole": nil} {
		if got := b.units(repo); !slices.Equal(got, want) {
			t.Errorf("%s: asked %v, want %v", repo, got, want)
		}
	}
}

func TestOneRepositoryFailsAlone(t *testing.T) {
	b := &book{done: map[string]bool{}}
	boom := errors.New("boom")
	var mu sync.Mutex
	finished := map[evidence.Repository]error{}
	r := &collect.Runner{Store: b.store(), Now: func() time.Time { return now }, Concurrency: 2,
		Finished: func(_ string, repo evidence.Repository, err error) { mu.Lock(); finished[repo] = err; mu.Unlock() },
		Phases: once(func(repo evidence.Repository) []collect.Step {
			if repo == "o/bad" {
				return []collect.Step{{Units: []string{"x"}, Run: func(context.Context, evidence.Repository, collect.Emit) error { return boom }}, unit("after")}
			}
			return []collect.Step{unit("first")}
		})}
	err := r.Run(t.Context(), []evidence.Repository{"o/bad", "o/good"})
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "o/bad") {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(b.units("o/good"), []string{"first"}) || b.units("o/bad") != nil || finished["o/good"] != nil || finished["o/bad"] == nil {
		t.Errorf("stored %v, finished %v", b.stored, finished)
	}
}

func TestCancelEndsAll(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &book{done: map[string]bool{}}
	r := &collect.Runner{Store: b.store(), Now: func() time.Time { return now }, Concurrency: 1,
		Phases: once(func(evidence.Repository) []collect.Step {
			return []collect.Step{{Units: []string{"x"}, Run: func(ctx context.Context, _ evidence.Repository, _ collect.Emit) error { cancel(); return ctx.Err() }}}
		})}
	if err := r.Run(ctx, []evidence.Repository{"o/a", "o/b", "o/c"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// The case cannot speak of a time that it has not seen: what a server dates later than now is kept, and said.
func TestTimesAfterNow(t *testing.T) {
	b := &book{done: map[string]bool{}}
	late := evidence.RefUpdate{Repository: "o/a", Ref: "refs/heads/main", At: now.Add(time.Hour)}
	soon := evidence.RefUpdate{Repository: "o/a", Ref: "refs/heads/main", At: now.Add(time.Minute)}
	r := &collect.Runner{Store: b.store(), Now: func() time.Time { return now }, Concurrency: 1,
		Phases: once(func(evidence.Repository) []collect.Step {
			return []collect.Step{{Units: []string{"x"}, Run: func(_ context.Context, repo evidence.Repository, emit collect.Emit) error {
				return emit(evidence.Observation{Repository: repo, Unit: "x", Done: true, Updates: []evidence.RefUpdate{late, soon}})
			}}}
		})}
	if err := r.Run(t.Context(), []evidence.Repository{"o/a"}); err != nil {
		t.Fatal(err)
	}
	gaps := b.stored[0].Gaps
	if len(gaps) != 1 || gaps[0].Kind != evidence.GapContradiction || gaps[0].Subject != late.ID() || len(b.stored[0].Updates) != 2 {
		t.Errorf("gaps %v, updates %v", gaps, b.stored[0].Updates)
	}
}

// What may expire is asked of every repository before the rest is asked of any.
func TestPhases(t *testing.T) {
	b := &book{done: map[string]bool{}}
	phase := func(name string, needs ...string) collect.Phase {
		return collect.Phase{Name: name, Steps: func(evidence.Repository) []collect.Step { return []collect.Step{unit(name, needs...)} }}
	}
	r := &collect.Runner{Store: b.store(), Now: func() time.Time { return now }, Concurrency: 2, Phases: []collect.Phase{phase("soon"), phase("late")}}
	if err := r.Run(t.Context(), []evidence.Repository{"o/a", "o/b", "o/c"}); err != nil {
		t.Fatal(err)
	}
	for i, obs := range b.stored {
		if want := map[bool]string{true: "soon", false: "late"}[i < 3]; obs.Unit != want {
			t.Errorf("observation %d is of %s, want %s", i, obs.Unit, want)
		}
	}
}

// A step that is asked again opens what needs its finds, over the phases, and nothing else. What failed in one phase is left out of the next.
func TestWhatIsAskedAgain(t *testing.T) {
	b := &book{done: map[string]bool{"o/a api": true, "o/a git": true, "o/a lost": true, "o/a jobs": true}}
	delete(b.done, "o/a api")
	boom := errors.New("boom")
	r := &collect.Runner{Store: b.store(), Now: func() time.Time { return now }, Concurrency: 1, Phases: []collect.Phase{
		{Name: "one", Steps: func(repo evidence.Repository) []collect.Step {
			if repo == "o/bad" {
				return []collect.Step{{Part: "api", Units: []string{"api"}, Run: func(context.Context, evidence.Repository, collect.Emit) error { return boom }}}
			}
			return []collect.Step{unit("api")}
		}},
		{Name: "two", Steps: func(evidence.Repository) []collect.Step { return []collect.Step{unit("git")} }},
		{Name: "three", Steps: func(evidence.Repository) []collect.Step {
			return []collect.Step{unit("lost", "api", "git"), unit("jobs", "lost")}
		}},
	}}
	if err := r.Run(t.Context(), []evidence.Repository{"o/a", "o/bad"}); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if got := b.units("o/a"); !slices.Equal(got, []string{"api", "lost", "jobs"}) {
		t.Errorf("asked %v", got)
	}
	if got := b.units("o/bad"); got != nil {
		t.Errorf("asked of what had failed: %v", got)
	}
}

// A step that met the end of the calls allowed is not done.
func TestSpentIsNotDone(t *testing.T) {
	b := &book{done: map[string]bool{}}
	r := &collect.Runner{Store: b.store(), Now: func() time.Time { return now }, Concurrency: 1,
		Phases: once(func(evidence.Repository) []collect.Step {
			return []collect.Step{{Part: "x", Units: []string{"x"}, Run: func(_ context.Context, repo evidence.Repository, emit collect.Emit) error {
				return errors.Join(emit(evidence.Observation{Repository: repo, Unit: "part of x", Gaps: []evidence.Gap{{Kind: evidence.GapBudget}}}),
					emit(evidence.Observation{Repository: repo, Unit: "x", Done: true}))
			}}, unit("y")}
		})}
	if err := r.Run(t.Context(), []evidence.Repository{"o/a"}); err != nil {
		t.Fatal(err)
	}
	if b.done["o/a x"] || !b.done["o/a y"] || len(b.stored) != 3 {
		t.Errorf("done %v, stored %v", b.done, b.stored)
	}
}
