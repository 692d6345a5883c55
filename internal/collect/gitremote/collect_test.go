package gitremote

import (
	"context"
	"errors"
	"maps"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

const (
	goodWorkflow = "on: push\njobs: {}\n"
	evilWorkflow = "on: push\njobs:\n  a:\n    steps:\n      - run: curl 192.0.2.7\n"
)

// lost makes a repository with a commit that was pushed and forced away again.
func lost(t testing.TB, s *gitServer) (r repo, good, evil evidence.OID) {
	r = s.create(t, demo)
	r.commit("main", 0, "first\n", map[string]string{"README.md": "hello\n", "src/a.txt": strings.Repeat("a", 999)})
	good = r.commit("main", 60, "ci", map[string]string{".github/workflows/ci.yml": goodWorkflow, ".github/workflows/notes.txt": "no"})
	evil = r.commit("main", 120, "evil\n", map[string]string{".github/workflows/x.yaml": evilWorkflow})
	r.git("tag", "-a", "-m", "one", "v1", string(good))
	r.git("update-ref", "refs/heads/main", string(good))
	r.git("update-ref", "refs/pull/7/head", string(good))
	return r, good, evil
}

func TestCollect(t *testing.T) {
	for name, setup := range map[string]struct {
		allow []string
		v0    bool
		gaps  []string
	}{
		"github":   {allow: asGitHub},
		"any":      {allow: asAny},
		"plain":    {allow: asPlain, gaps: []string{"filter"}},
		"v0":       {allow: asGitHub, v0: true, gaps: []string{"protocol v2"}},
		"v0 plain": {allow: asPlain, v0: true, gaps: []string{"protocol v2", "filter"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveGit(t, setup.allow)
			s.v0 = setup.v0
			r, good, evil := lost(t, s)
			c := collector(t, s)
			f := collect(t, c, demo)

			var gaps []string
			for _, g := range f.gaps {
				gaps = append(gaps, g.Subject)
			}
			if !slices.Equal(gaps, setup.gaps) {
				t.Errorf("gaps %v, want %v", f.gaps, setup.gaps)
			}
			tag := r.oid("v1")
			wantRefs := []evidence.ListedRef{
				{Ref: "HEAD", OID: good, Symref: "refs/heads/main"}, {Ref: "refs/heads/main", OID: good},
				{Ref: "refs/pull/7/head", OID: good}, {Ref: "refs/tags/v1", OID: tag, Peeled: good},
			}
			if !reflect.DeepEqual(f.refs, wantRefs) {
				t.Errorf("refs %v, want %v", f.refs, wantRefs)
			}
			if len(f.commits) != 2 || len(f.holdings) != 2 || !f.done[unitRefs] || !f.done[unitHistory] {
				t.Errorf("%d commits, %d holdings, done %v", len(f.commits), len(f.holdings), f.done)
			}
			if m := f.commits[good].Message; m != "ci" {
				t.Errorf("message %q", m)
			}
			if a := f.commits[good].Author; a.Zone != "+0200" || a.Date.Unix() != 1_700_000_060 || a.Email != "ada@example.invalid" {
				t.Errorf("author %+v", a)
			}
			if s := f.seen[good]; s.Via != "fetch" || s.NamedBy != nil {
				t.Errorf("seen %+v", s)
			}
			h := f.holdings[good]
			if !h.Known || !slices.Equal(h.RootChanges, []string{".github"}) || len(f.entries[h.Workflows]) != 1 {
				t.Errorf("holding %+v, entries %v", h, f.entries)
			}
			e := f.entries[h.Workflows][0]
			if e.Path != ".github/workflows/ci.yml" || e.Mode != "100644" || f.blobs[e.Blob] != goodWorkflow {
				t.Errorf("entry %+v, blob %q", e, f.blobs[e.Blob])
			}
			if len(f.blobs) != 1 || litter(t, c) != nil {
				t.Errorf("%d blobs, litter %v", len(f.blobs), litter(t, c))
			}

			// The store is a repository to git, without the file contents that a filter leaves out.
			dir, err := c.storeDir(demo)
			if err != nil {
				t.Fatal(err)
			}
			own := repo{t, dir}
			if log := own.git("log", "--format=%H", "--all", "HEAD"); strings.Count(log, "\n") != 2 {
				t.Errorf("git log in the store: %q", log)
			}
			if own.git("show", "main:.github/workflows/ci.yml") != goodWorkflow {
				t.Error("git show does not give the workflow")
			}
			filtered := !slices.Contains(setup.gaps, "filter")
			if err := exec.Command("git", "-C", dir, "cat-file", "-e", "main:README.md").Run(); (err == nil) == filtered {
				t.Errorf("README.md is there: %v; filter: %v", err == nil, filtered)
			}

			missing, err := c.Missing(context.Background(), demo, []evidence.OID{good, evil, tag})
			if err != nil || !slices.Equal(missing, []evidence.OID{evil}) {
				t.Errorf("missing %v, %v", missing, err)
			}
		})
	}
}

func TestRecover(t *testing.T) {
	absent := evidence.OID(strings.Repeat("12", 20))
	for name, setup := range map[string]struct {
		allow []string
		v0    bool
		had   bool
	}{
		"github":    {allow: asGitHub, had: true},
		"plain":     {allow: asPlain, had: true},
		"v0 any":    {allow: asAny, v0: true, had: true},
		"v0 github": {allow: asGitHub, v0: true, had: false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveGit(t, setup.allow)
			s.v0 = setup.v0
			_, good, evil := lost(t, s)
			c := collector(t, s)
			collect(t, c, demo)
			wants := []Want{{OID: absent, NamedBy: []string{"upd-0"}}, {OID: evil, NamedBy: []string{"upd-2", "upd-1"}}, {OID: good, NamedBy: []string{"upd-3"}}}
			first := newFacts()
			missing, err := c.Recover(context.Background(), demo, wants, first.add)
			if err != nil {
				t.Fatal(err)
			}
			if !setup.had {
				if len(missing) != 2 || len(first.commits) != 0 {
					t.Errorf("missing %v, commits %v", missing, first.commits)
				}
				return
			}
			if len(missing) != 1 || missing[0].OID != absent {
				t.Errorf("missing %v", missing)
			}
			if s := first.seen[evil]; len(first.seen) != 1 || s.Via != "recovery" || !slices.Equal(s.NamedBy, []string{"upd-1", "upd-2"}) {
				t.Errorf("seen %+v", first.seen)
			}
			if texts := slices.Collect(maps.Values(first.blobs)); !slices.Contains(texts, evilWorkflow) {
				t.Errorf("blobs %q", first.blobs)
			}

			// A rerun finds the commit in the store and says the same; so does Collect, for which it stays unlisted.
			again := newFacts()
			if _, err := c.Recover(context.Background(), demo, wants, again.add); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(first.all, again.all) {
				t.Errorf("rerun %+v, first %+v", again.all, first.all)
			}
			if f := collect(t, c, demo); len(f.commits) != 2 || f.seen[good].Via != "fetch" {
				t.Errorf("collect after recovery: %v", f.seen)
			}
		})
	}
}

// TestKeptTips: a branch that is forced away between two collections stays collected.
func TestKeptTips(t *testing.T) {
	s := serveGit(t, asGitHub)
	r, good, evil := lost(t, s)
	r.git("update-ref", "refs/heads/side", string(evil))
	c := collector(t, s)
	first := collect(t, c, demo)
	r.git("update-ref", "-d", "refs/heads/side")
	next := r.commit("main", 300, "next\n", map[string]string{"README.md": "again\n"})
	second := collect(t, c, demo)
	if first.seen[evil].Via != "fetch" || second.seen[evil].Via != "fetch" || second.commits[next].OID != next {
		t.Errorf("first %v, second %v", first.seen, second.seen)
	}
	dir, err := c.storeDir(demo)
	if err != nil {
		t.Fatal(err)
	}
	refs := repo{t, dir}.git("for-each-ref", "--format=%(refname) %(objectname)")
	if !strings.Contains(refs, "refs/pentimento/kept/"+string(evil)) || strings.Contains(refs, "kept/"+string(good)) || strings.Contains(refs, "side") {
		t.Errorf("refs of the store:\n%s", refs)
	}
	if last := s.requests(); !strings.Contains(last[len(last)-1], "have "+string(good)) {
		t.Errorf("the second fetch told no haves: %q", last)
	}
}

// TestManyMissing: 300 wants of which 200 are gone cost a handful of requests.
func TestManyMissing(t *testing.T) {
	s := serveGit(t, asGitHub)
	r, good, _ := lost(t, s)
	var wants []Want
	for i := range 100 {
		r.git("update-ref", "refs/heads/side", string(good))
		oid := r.commit("side", 1000+i, "side", map[string]string{"n.txt": strings.Repeat("x", i+1)})
		wants = append(wants, Want{OID: oid}, Want{OID: flip(oid, 0)}, Want{OID: flip(oid, 39)})
	}
	r.git("update-ref", "-d", "refs/heads/side")
	c := collector(t, s)
	collect(t, c, demo)
	before := len(s.requests())
	f := newFacts()
	missing, err := c.Recover(context.Background(), demo, wants, f.add)
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) != 200 || len(f.commits) != 100 {
		t.Errorf("%d missing, %d commits, gaps %v", len(missing), len(f.commits), f.gaps)
	}
	if n := len(s.requests()) - before; n > 6 {
		t.Errorf("%d requests", n)
	}
}

// flip changes one digit.
func flip(o evidence.OID, at int) evidence.OID {
	b := []byte(o)
	b[at] = "123456789abcdef0"[strings.IndexByte("0123456789abcdef", b[at])]
	return evidence.OID(b)
}

func TestMirror(t *testing.T) {
	s := serveGit(t, asGitHub)
	r, good, evil := lost(t, s)
	c := collector(t, s)
	f := newFacts()
	if err := c.Mirror(context.Background(), demo, r.dir, f.add); err != nil {
		t.Fatal(err)
	}
	if len(f.commits) != 3 || len(f.refs) != 4 || len(f.gaps) != 1 || f.gaps[0].Kind != evidence.GapNotCollected {
		t.Errorf("%d commits, refs %v, gaps %v", len(f.commits), f.refs, f.gaps)
	}
	if a, b := f.seen[good], f.seen[evil]; a.Via != "mirror" || a.NamedBy != nil || b.Via != "mirror" || len(b.NamedBy) != 1 {
		t.Errorf("seen %+v %+v", a, b)
	}
	if len(f.blobs) != 2 || !f.done[unitMirror] {
		t.Errorf("blobs %v, done %v", f.blobs, f.done)
	}
}

func TestEmitErrorStops(t *testing.T) {
	s := serveGit(t, asGitHub)
	lost(t, s)
	broken := errors.New("disk full")
	if err := collector(t, s).Collect(context.Background(), demo, func(evidence.Observation) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
