package timeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Thousands of refs that each hold a version of their own, or a copy of one that stood on the default branch, take seconds: what is asked of
// every ref must not go through every row again. The limit is far above what it takes and far below the square.
func TestThousandsOfRefs(t *testing.T) {
	const branches, pulls, limit = 1500, 6000, 20 * time.Second
	w := newWorld()
	w.trunk("main")
	w.commit("base", 5, "")
	w.commit("plant", 100, "a.yml=bad1", "base")
	w.commit("fix", 101, "", "plant")
	var refs strings.Builder
	refs.WriteString("main=fix")
	for i := range branches {
		w.commit(fmt.Sprint("b", i), 200+i, "a.yml=bad1", "base")
		fmt.Fprintf(&refs, " b%d=b%d", i, i)
	}
	kept := len(w.campaign)
	for i := range pulls {
		w.commit(fmt.Sprint("p", i), 200+i, "a.yml=bad1", "plant")
		fmt.Fprintf(&refs, " pull/%d=p%d", i+1, i)
	}
	w.campaign = w.campaign[:kept]
	w.list(100000, refs.String())
	began := time.Now()
	if got, want := len(w.read().Presence), 1+branches+pulls; got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
	if took := time.Since(began); took > limit {
		t.Errorf("took %s", took)
	}
}
