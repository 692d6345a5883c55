package localgit_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pentimento/internal/collect/localgit"
	"pentimento/internal/evidence"
)

// state is every file of a folder with its time, kind and digest.
func state(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s %s", name, info.Mode(), info.ModTime())
		if d.Type().IsRegular() {
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(text))
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func seeded(t *testing.T) (*world, string, evidence.OID) {
	t.Helper()
	w := newWorld(t)
	c := w.commit(1, w.seed, "start", map[string]string{".gitattributes": "* filter=x\n"})
	w.git(1, w.seed, "push", "-q", "origin", "main")
	return w, w.clone(2), c
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// Everything in a clone that git would run, run it would leave a mark; and a reading changes no file.
func TestNothingIsRunOrWritten(t *testing.T) {
	w, dir, c := seeded(t)
	mark := filepath.Join(t.TempDir(), "mark")
	run := "touch " + mark
	included := filepath.Join(t.TempDir(), "included")
	write(t, included, "[remote \"origin\"]\n\turl = https://github.com/else/where\n")
	appendTo(t, filepath.Join(dir, ".git/config"), "[core]\n\tfsmonitor = "+run+"\n\tsshCommand = "+run+"\n\thooksPath = "+dir+"/.git/hooks\n\tpager = "+run+
		"\n[filter \"x\"]\n\tclean = "+run+"\n\tsmudge = "+run+"\n\tprocess = "+run+"\n[credential]\n\thelper = !"+run+"\n[remote \"origin\"]\n\tuploadpack = "+run+
		"\n\tpromisor = true\n\tvcs = ext\n[diff]\n\texternal = "+run+"\n[include]\n\tpath = "+included+"\n[extensions]\n\tpartialClone = origin\n")
	for _, hook := range []string{"post-checkout", "reference-transaction", "pre-auto-gc"} {
		name := filepath.Join(dir, ".git/hooks", hook)
		write(t, name, "#!/bin/sh\n"+run+"\n")
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fake := w.commit(3, w.seed, "other", nil)
	write(t, filepath.Join(dir, ".git/refs/replace", string(c)), string(fake)+"\n")
	write(t, filepath.Join(dir, ".git/info/grafts"), string(c)+" "+string(fake)+"\n")
	before := state(t, dir)
	got := collect(t, dir)
	if _, err := os.Stat(mark); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something in the clone was run: %v", err)
	}
	if state(t, dir) != before {
		t.Error("the clone was written to")
	}
	if len(got.Commits) != 1 || len(got.Commits[0].Parents) != 0 || !got.gap(evidence.GapNotCollected, "config include") {
		t.Errorf("%d commits, %v", len(got.Commits), got.Gaps)
	}
	same(t, got.lines(), []string{"12:02 saw refs/heads/main " + c.Short()})
}

// Links that leave the folder lead nowhere, and what they would have led to stands in no fact, source or gap.
func TestLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	const private = "private words"
	write(t, outside, private+"\n")
	link := func(from, to string) {
		t.Helper()
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		spoil   func(git string)
		commits int
	}{
		"a reflog":        {func(git string) { link(outside, git+"/logs/refs/heads/main") }, 1},
		"all reflogs":     {func(git string) { link(filepath.Dir(outside), git+"/logs") }, 1},
		"configuration":   {func(git string) { link(outside, git+"/config") }, 1},
		"packed refs":     {func(git string) { link(outside, git+"/packed-refs") }, 0},
		"the last fetch":  {func(git string) { link(outside, git+"/FETCH_HEAD") }, 0},
		"shallow":         {func(git string) { link(outside, git+"/shallow") }, 0},
		"loose objects":   {func(git string) { link(filepath.Dir(outside), git+"/objects/aa") }, 0},
		"objects":         {func(git string) { link(filepath.Dir(outside), git+"/objects") }, 0},
		"a nested folder": {func(git string) { link(filepath.Dir(outside), git+"/.git") }, 0},
	} {
		_, dir, _ := seeded(t)
		c.spoil(filepath.Join(dir, ".git"))
		got := collect(t, dir)
		if len(got.Commits) != c.commits {
			t.Errorf("%s: %d commits, %v", name, len(got.Commits), got.Gaps)
		}
		for _, s := range got.Sources {
			if strings.Contains(string(s.Body), private) {
				t.Errorf("%s: what lies outside was read", name)
			}
		}
		for _, g := range got.Gaps {
			if strings.Contains(g.Detail, private) || strings.Contains(g.Detail, filepath.Dir(outside)) {
				t.Errorf("%s: %s", name, g)
			}
		}
	}

	_, dir, _ := seeded(t)
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(filepath.Join(dir, ".git"), moved); err != nil {
		t.Fatal(err)
	}
	link(moved, filepath.Join(dir, ".git"))
	if got := collect(t, dir); len(got.Sources) != 0 || !got.gap(evidence.GapUnreadable, "clone") {
		t.Errorf("a .git elsewhere: %v", got.Gaps)
	}
	if err := os.Remove(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	for pointer, read := range map[string]bool{"gitdir: " + moved: false, "gitdir: ../" + filepath.Base(moved): false, "gitdir: in/side": true, "gitdir: ": false,
		"words": false, "gitdir: in/../../x": false} {
		write(t, filepath.Join(dir, ".git"), pointer+"\n")
		if read {
			if err := os.MkdirAll(filepath.Join(dir, "in"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(moved, filepath.Join(dir, "in/side")); err != nil {
				t.Fatal(err)
			}
		}
		if got := collect(t, dir); (len(got.Commits) == 1) != read {
			t.Errorf("%q: %d commits, %v", pointer, len(got.Commits), got.Gaps)
		}
		if read {
			if err := os.Rename(filepath.Join(dir, "in/side"), moved); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "nothing")} {
		if got := collect(t, dir); len(got.Gaps) != 1 {
			t.Errorf("no clone: %v", got.Gaps)
		}
	}
}

// Damaged lines cost no others; a reflog that is too long is read from its beginning.
func TestDamagedReflog(t *testing.T) {
	_, dir, c := seeded(t)
	name := filepath.Join(dir, ".git/logs/refs/remotes/origin/main")
	line := func(minute int64, message string) string {
		return fmt.Sprintf("%s %s Ada > <ada@example.invalid> %d -0330\t%s\n", c, c, minute, message)
	}
	good := line(at(10).Unix(), "fetch: fast-forward")
	write(t, name, strings.Join([]string{"\x00\x00\x00\n", "words\n", line(at(9).Unix(), "fetch: "+strings.Repeat("x", 70<<10)), line(0, "fetch: fast-forward"),
		line(now().Unix()+3600, "fetch: fast-forward"), line(at(9).Unix(), "fetch\x00: fast-forward"), good, line(at(8).Unix(), "update-ref by hand"),
		strings.TrimSuffix(line(at(11).Unix(), "fetch: fast-forward"), "\n")}, ""))
	got := collect(t, dir)
	same(t, got.lines(), []string{"12:02 saw refs/heads/main " + c.Short(), "12:10 saw refs/heads/main " + c.Short(), "12:11 saw refs/heads/main " + c.Short()})
	for kind, subject := range map[evidence.GapKind]string{evidence.GapUnreadable: "logs/refs/remotes/origin/main",
		evidence.GapContradiction: "logs/refs/remotes/origin/main", evidence.GapUnsupported: "entries by other commands"} {
		if !got.gap(kind, subject) {
			t.Errorf("no gap %s of %s: %v", kind, subject, got.Gaps)
		}
	}
	for _, g := range got.Gaps {
		if g.Kind == evidence.GapUnreadable && !strings.HasPrefix(g.Detail, "6 lines could not be used; the first, line 1, holds a NUL") {
			t.Error(g)
		}
	}

	long := line(at(10).Unix(), "fetch: fast-forward "+strings.Repeat("x", 4000))
	write(t, name, strings.Repeat(long, 65<<20/len(long)))
	if got := collect(t, dir); !got.gap(evidence.GapRefused, "logs/refs/remotes/origin/main") || len(got.Sources) < 64 {
		t.Errorf("a huge reflog: %d sources, %v", len(got.Sources), got.Gaps)
	}
}

func TestEndsEarly(t *testing.T) {
	_, dir, _ := seeded(t)
	full := errors.New("the disk is full")
	for n := range 4 {
		left := n
		err := localgit.Collect(context.Background(), repo, dir, localgit.Config{Now: now}, func(evidence.Observation) error {
			if left--; left < 0 {
				return full
			}
			return nil
		})
		if !errors.Is(err, full) {
			t.Errorf("observation %d could not be stored: %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := localgit.Collect(ctx, repo, dir, localgit.Config{Now: now}, func(evidence.Observation) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
