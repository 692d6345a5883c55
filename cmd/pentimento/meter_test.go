package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// Off a terminal a collection of many repositories says a line for each phase, each problem, and what all wait for once.
func TestMeterOffTerminal(t *testing.T) {
	var errs bytes.Buffer
	const n = 500
	m := (&program{stderr: &errs}).newMeter(n, 2)
	for _, phase := range []string{"repository", "git"} {
		for i := range n {
			var err error
			if phase == "git" && i == 7 {
				err = errors.New("disk full")
			}
			m.finished(phase, evidence.Repository(fmt.Sprintf("orchard/press-%d", i)), err)
			m.waiting("primary rate limit", time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC))
		}
	}
	m.close()
	m.close()
	want := []string{"waiting until 2025-09-01T00:00:00Z: primary rate limit", "repository: 500 of 500 repositories", "orchard/press-7: disk full", "git: 500 of 500 repositories", ""}
	if got := errs.String(); got != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
}
