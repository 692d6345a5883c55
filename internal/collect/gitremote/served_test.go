package gitremote

import (
	"slices"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// An ordinary clone has its own branches beside what it last saw at its origin: only the latter tell of the repository.
func TestRefsOfAnOrdinaryClone(t *testing.T) {
	own, seen := plumbing.NewHash("01"), plumbing.NewHash("02")
	clone := refTable{{"refs/heads/main", own}, {"refs/heads/mine", own}, {"refs/remotes/origin/HEAD", seen}, {"refs/remotes/origin/main", seen},
		{"refs/remotes/origin/side/one", seen}, {"refs/tags/v1", own}}
	want := refTable{{"refs/heads/mine", own}, {"refs/heads/main", seen}, {"refs/heads/side/one", seen}, {"refs/tags/v1", own}}
	if got := asServed(clone); !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	bare := refTable{{"refs/heads/main", own}, {"refs/pull/1/head", seen}}
	if got := asServed(bare); !slices.Equal(got, bare) {
		t.Errorf("a bare mirror: %v", got)
	}
}
