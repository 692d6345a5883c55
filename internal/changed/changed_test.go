package changed

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	_ "pentimento/internal/seeded"
)

func same(s string) string { return s }

func held(says map[about]string) Conclusions { return Conclusions{Analysed: true, says: says} }

func TestLines(t *testing.T) {
	before := held(map[about]string{
		{Repository, "o/a", ""}:                       "clean",
		{Finding, "o/b", "x.yml 1"}:                   "pack/form-post",
		{Presence, "o/b", "refs/heads/main x.yml"}:    "proven, there, armed",
		{Window, "o/b", "NPM_TOKEN"}:                  "open, executed",
		{Proposal, "", "host drop.example.invalid"}:   "high",
		{Family, "", "fam-1"}:                         "1 found, 0 relatives, 1 repositories",
		{Commit, "o/b", "0123456789ab x.yml"}:         "plant",
		{Run, "o/b", "run 7 attempt 1"}:               "started",
		{Repository, "o/unchanged", ""}:               "armed",
		{Finding, "o/unchanged", "y.yml 9"}:           "pack/form-post",
		{Proposal, "", "message Run the new scanner"}: "low",
	})
	after := held(map[about]string{
		{Repository, "o/a", ""}:                       "armed",
		{Finding, "o/a", "x.yml 2"}:                   "pack/known-host",
		{Finding, "o/a", "x.yml 3"}:                   "pack/known-host",
		{Finding, "o/c", "x.yml 2"}:                   "pack/known-host",
		{Finding, "o/b", "x.yml 1"}:                   "pack/form-post pack/known-host",
		{Presence, "o/b", "refs/heads/main x.yml"}:    "proven, gone by revert",
		{Window, "o/b", "NPM_TOKEN"}:                  "closed, executed",
		{Family, "", "fam-1"}:                         "4 found, 0 relatives, 3 repositories",
		{Commit, "o/b", "0123456789ab x.yml"}:         "plant",
		{Run, "o/b", "run 7 attempt 1"}:               "executed",
		{Repository, "o/unchanged", ""}:               "armed",
		{Finding, "o/unchanged", "y.yml 9"}:           "pack/form-post",
		{Proposal, "", "message Run the new scanner"}: "low",
	})
	want := []string{
		"~ o/a: clean -> armed",
		"+ 3 finding(s) in 2 repositories by pack/known-host",
		"~ 1 finding(s) in 1 repositories: now by pack/known-host as well",
		"~ presence o/b refs/heads/main x.yml: proven, there, armed -> proven, gone by revert",
		"~ run o/b run 7 attempt 1: started -> executed",
		"~ window o/b NPM_TOKEN: open, executed -> closed, executed",
		"~ family fam-1: 1 found, 0 relatives, 1 repositories -> 4 found, 0 relatives, 3 repositories",
		"- proposal host drop.example.invalid: was high",
	}
	if got := Lines(Compare(before, after), same); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := Compare(Conclusions{}, after); got != nil {
		t.Errorf("a first analysis changes nothing: %v", got)
	}
}

func TestLinesAreBounded(t *testing.T) {
	says := map[about]string{}
	for n := range 5000 {
		says[about{Repository, evidence.Repository(fmt.Sprint("o/r", n)), ""}] = "armed"
		says[about{Finding, "o/r", fmt.Sprint(n)}] = fmt.Sprint("pack/rule-", n)
	}
	if got := Lines(Compare(held(nil), held(says)), same); len(got) != 2*(MaxLines+1) {
		t.Errorf("%d lines", len(got))
	}
}

// TestCompare: whatever is held before and after, applying the changes to what was gives what is, and a case is like itself.
func TestCompare(t *testing.T) {
	some := rapid.MapOf(rapid.Custom(func(t *rapid.T) about {
		return about{rapid.SampledFrom(Kinds).Draw(t, "kind"), evidence.Repository(rapid.SampledFrom([]string{"", "o/a", "o/b"}).Draw(t, "repository")),
			rapid.StringMatching(`[a-c]?`).Draw(t, "subject")}
	}), rapid.StringMatching(`[a-c]`))
	rapid.Check(t, func(t *rapid.T) {
		before, after := some.Draw(t, "before"), some.Draw(t, "after")
		if got := Compare(held(before), held(before)); len(got) != 0 {
			t.Fatalf("the same case differs: %v", got)
		}
		is := map[about]string{}
		for a, v := range before {
			is[a] = v
		}
		for _, c := range Compare(held(before), held(after)) {
			a := about{c.Kind, c.Repository, c.Subject}
			if is[a] != c.From {
				t.Fatalf("%v was %q", c, is[a])
			}
			if c.To == "" {
				delete(is, a)
			} else {
				is[a] = c.To
			}
		}
		if !reflect.DeepEqual(is, after) {
			t.Fatalf("%v, want %v", is, after)
		}
	})
}
