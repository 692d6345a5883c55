package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// usedDoc is what the program says of the use of tokens, as somebody else would parse it.
type usedDoc struct {
	Windows []struct {
		Repository, Credential, State string
		Secret, Project               *string
		Value                         int
		Use                           *struct{ Verdict, Rule, Reason string }
	}
}

type releasedDoc struct {
	Releases []struct{ Repository, Release, State string }
}

// TestUseIsJudged plays recipes with the files that a responder is sent, and compares what the program says of each window and release with the recipe's
// own truth: one of all that can come of a stolen token, and the bundled one.
func TestUseIsJudged(t *testing.T) {
	for name, read := range map[string]func() (*drill.Recipe, error){"used": drill.Used, "bundled": drill.Bundled} {
		t.Run(name, func(t *testing.T) {
			recipe, err := read()
			if err != nil {
				t.Fatal(err)
			}
			useIsJudged(t, recipe, name == "used")
		})
	}
}

// useIsJudged compares what is said of each repository of which the recipe states verdicts, of all or of some.
func useIsJudged(t *testing.T, recipe *drill.Recipe, all bool) {
	ask := investigated(t, recipe)
	got, want, reasons := map[string][]string{}, map[string][]string{}, map[string][]string{}
	for _, w := range decode[usedDoc](t, ask("windows", "--json")).Windows {
		if w.Secret == nil || w.Use == nil {
			continue
		}
		got[w.Repository] = append(got[w.Repository], strings.Join([]string{*w.Secret, w.Credential, text(w.Project), strconv.Itoa(w.Value), w.State, w.Use.Verdict, w.Use.Rule}, " "))
		reasons[w.Repository] = append(reasons[w.Repository], w.Use.Reason)
	}
	for _, r := range decode[reposDoc](t, ask("repos", "--json")).Repos {
		got[r.Repository] = append(got[r.Repository], "state "+r.State)
	}
	for _, r := range decode[releasedDoc](t, ask("releases", "--json")).Releases {
		got[r.Repository] = append(got[r.Repository], fmt.Sprint("release ", strings.Fields(r.Release)[1], " ", r.State))
	}
	stated := map[evidence.Repository]bool{}
	for _, v := range recipe.Truth.Verdicts {
		stated[v.Repository] = true
		want[string(v.Repository)] = append(want[string(v.Repository)], strings.Join([]string{v.Secret, v.Credential, v.Project, v.Value, v.State, v.Verdict, v.Rule}, " "))
	}
	for _, r := range recipe.Truth.Repos {
		if !stated[r.Repository] {
			continue
		}
		want[string(r.Repository)] = append(want[string(r.Repository)], "state "+r.State)
	}
	for _, r := range recipe.Truth.Releases {
		want[string(r.Repository)] = append(want[string(r.Repository)], fmt.Sprint("release ", r.Version, " ", r.State))
	}
	for _, repo := range recipe.Repositories {
		name := string(repo.Name)
		if !stated[repo.Name] && !all {
			continue
		}
		t.Run(repo.Name.Name(), func(t *testing.T) {
			if len(want[name]) == 0 {
				t.Fatal("the recipe states no truth")
			}
			same(t, "truth", got[name], want[name])
			if t.Failed() {
				t.Logf("%q", reasons[name])
			}
		})
	}
	if again := ask("analyze", "--json"); !strings.Contains(string(again), `"changes": []`) {
		t.Errorf("an analysis of the same facts differs: %s", again)
	}
}
