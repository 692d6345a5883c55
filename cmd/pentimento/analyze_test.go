package main

import (
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
)

// What somebody else writes until an analysis gets its turn is in it as a whole.
func TestAnalysisIsOfOneState(t *testing.T) {
	path := caseOf(t, "2025-10-01T00:00:00Z", "orchard/press")
	c, err := casefile.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	type answer struct {
		errs string
		code int
	}
	done := make(chan answer)
	err = c.Rebuild(t.Context(), func(in *casefile.Inferences) error { // it holds the right to write
		go func() {
			_, errs, code := told(t, path, "", "analyze")
			done <- answer{errs, code}
		}()
		time.Sleep(500 * time.Millisecond) // for the analysis to wait; one that comes later sees the same
		return in.Exec("INSERT INTO repository (name, key, added_from, mirror) VALUES ('orchard/late', 'orchard/late', 'argument', '')")
	})
	if got := <-done; err != nil || got.code != exitDone || !strings.Contains(got.errs, "analysed 2 repositories") {
		t.Errorf("%v, exit %d: %s", err, got.code, got.errs)
	}
	out, errs, code := told(t, path, "", "repos", "--csv", "orchard/late")
	if code != exitDone || !strings.Contains(out, "orchard/late,unknown") || strings.Contains(errs, "out of date") {
		t.Errorf("the late repository: exit %d: %s%s", code, out, errs)
	}
}
