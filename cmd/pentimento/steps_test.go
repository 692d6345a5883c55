package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// nobodyKnows is a GitHub that has no repository at all.
func nobodyKnows(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"message":"Not Found"}`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// An answer that the API does not know a repository waits for git only where git is asked.
func TestOnlyRepositoryTellsOfTheUnknown(t *testing.T) {
	path := caseOf(t, "2025-10-01T00:00:00Z", "orchard/gone")
	if _, errs, code := told(t, path, "", "collect", "--host", nobodyKnows(t), "--only", "repository"); code != exitDone {
		t.Fatalf("collect: exit %d: %s", code, errs)
	}
	if gaps := string(command(t, path, "gaps", "--json")); !strings.Contains(gaps, `"kind": "gone"`) {
		t.Errorf("the API's answer is nowhere: %s", gaps)
	}
}

// A collection that asks the API ends the gap of one that did not.
func TestAskingTheAPIEndsItsGap(t *testing.T) {
	path, host := caseOf(t, "2025-10-01T00:00:00Z", "orchard/gone"), nobodyKnows(t)
	const says = "the API was not asked"
	for _, step := range []struct {
		args []string
		gap  bool
	}{{[]string{"--api", "none"}, true}, {nil, false}, {[]string{"--api", "none"}, true}} {
		args := append([]string{"collect", "--host", host, "--only", "repository"}, step.args...)
		if _, errs, code := told(t, path, "", args...); code != exitDone {
			t.Fatalf("collect: exit %d: %s", code, errs)
		}
		if gaps := string(command(t, path, "gaps", "--json")); strings.Contains(gaps, says) != step.gap {
			t.Errorf("after %s the gap is there: %t, want %t: %s", args, !step.gap, step.gap, gaps)
		}
	}
}
