package localgit_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/collect/localgit"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

const (
	repo    = evidence.Repository("octo-org/demo")
	address = "https://github.com/Octo-Org/demo.git" // case does not count
)

// day is when the clones of these tests were made; minute m of it is at(m).
var day = time.Date(2025, 9, 2, 12, 0, 0, 0, time.UTC)

func at(minute int) time.Time { return day.Add(time.Duration(minute) * time.Minute) }

func now() time.Time { return time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC) }

// world is a server's repository in a folder, which git is made to take for the address on GitHub.
type world struct {
	t      *testing.T
	server string
	seed   string // a working tree that pushes to the server, by others
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, server: filepath.Join(t.TempDir(), "server.git")}
	w.git(0, t.TempDir(), "init", "-q", "--bare", "-b", "main", w.server)
	w.git(0, w.server, "config", "uploadpack.allowFilter", "true")
	w.seed = filepath.Join(t.TempDir(), "seed")
	w.git(0, t.TempDir(), "init", "-q", "-b", "main", w.seed)
	w.git(0, w.seed, "remote", "add", "origin", address)
	return w
}

// git runs the real git with every date at a minute of the day and no configuration but the address.
func (w *world) git(minute int, dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	date := fmt.Sprintf("%d +0200", at(minute).Unix())
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date,
		"GIT_AUTHOR_NAME=Ada Example", "GIT_AUTHOR_EMAIL=ada@example.invalid", "GIT_COMMITTER_NAME=Ada Example", "GIT_COMMITTER_EMAIL=ada@example.invalid",
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=url."+w.server+".insteadOf", "GIT_CONFIG_VALUE_0="+address, "GIT_CONFIG_KEY_1=gc.auto",
		"GIT_CONFIG_VALUE_1=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files and commits them in a working tree.
func (w *world) commit(minute int, dir, message string, files map[string]string) evidence.OID {
	w.t.Helper()
	for name, text := range files {
		write(w.t, filepath.Join(dir, name), text)
	}
	w.git(minute, dir, "add", "-A")
	w.git(minute, dir, "commit", "-q", "--allow-empty", "-m", message)
	return evidence.OID(w.git(minute, dir, "rev-parse", "HEAD"))
}

func (w *world) clone(minute int, args ...string) string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "clone")
	w.git(minute, w.t.TempDir(), append(append([]string{"clone", "-q"}, args...), address, dir)...)
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// told is all that a reading emitted.
type told struct {
	evidence.Observation
	last evidence.Observation
}

func collect(t *testing.T, dir string) told {
	t.Helper()
	var out told
	err := localgit.Collect(context.Background(), repo, dir, localgit.Config{Now: now}, func(obs evidence.Observation) error {
		if obs.Unit != localgit.Unit(dir) || obs.Repository != repo || out.last.Done {
			t.Errorf("observation of %s in %s, done before: %t", obs.Repository, obs.Unit, out.last.Done)
		}
		if (len(obs.Updates)+len(obs.Sightings) > 0) && len(obs.Sources) == 0 {
			t.Error("facts without a source")
		}
		for _, g := range obs.Gaps {
			if g.Repository != repo || g.Unit != obs.Unit || g.Kind == "" || g.Subject == "" || g.Detail == "" {
				t.Errorf("a gap that says too little: %+v", g)
			}
		}
		out.last = obs
		out.Sources = append(out.Sources, obs.Sources...)
		out.Refs = append(out.Refs, obs.Refs...)
		out.Updates = append(out.Updates, obs.Updates...)
		out.Sightings = append(out.Sightings, obs.Sightings...)
		out.Commits = append(out.Commits, obs.Commits...)
		out.Seen = append(out.Seen, obs.Seen...)
		for _, b := range obs.Bulks {
			for i := range b.Len() {
				c := b.At(i)
				out.Commits = append(out.Commits, c.Commit())
				out.Seen = append(out.Seen, evidence.CommitSeen{Commit: c.OID.OID(), Via: b.Via})
			}
		}
		out.Holdings = append(out.Holdings, obs.Holdings...)
		out.Blobs = append(out.Blobs, obs.Blobs...)
		out.Gaps = append(out.Gaps, obs.Gaps...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !out.last.Done {
		t.Error("the unit was not done")
	}
	if len(out.Refs) > 0 {
		t.Error("a clone was taken for a listing of the server")
	}
	return out
}

// lines words sightings and updates, sorted.
func (o told) lines() []string {
	var out []string
	for _, s := range o.Sightings {
		out = append(out, fmt.Sprintf("%s saw %s %s", s.At.Format("15:04"), s.Ref, s.OID.Short()))
		if s.Clock != when.Local || s.Origin != evidence.OriginReflog {
			out = append(out, "wrong clock or origin")
		}
	}
	for _, u := range o.Updates {
		out = append(out, fmt.Sprintf("%s by %t moved %s from %q to %s", u.At.Format("15:04"), u.By, u.Ref, u.Before, u.After.Short()))
		if u.Clock != when.Local || u.Origin != evidence.OriginReflog || u.Kind != evidence.Push {
			out = append(out, "wrong clock, origin or kind")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (o told) gap(kind evidence.GapKind, subject string) bool {
	return slices.ContainsFunc(o.Gaps, func(g evidence.Gap) bool { return g.Kind == kind && g.Subject == subject })
}

func (o told) via(oid evidence.OID) (via string, named bool) {
	for _, s := range o.Seen {
		if s.Commit == oid {
			return s.Via, len(s.NamedBy) > 0
		}
	}
	return "", false
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: env}]\n"

// A clone that fetched a planted commit before its owner erased it holds what the server has lost, with the times between which it stood.
func TestPlantSeenAndErased(t *testing.T) {
	w := newWorld(t)
	good := w.commit(1, w.seed, "start", map[string]string{"README": "a"})
	w.git(1, w.seed, "push", "-q", "origin", "main", "main:stable")
	dir := w.clone(5)
	bad := w.commit(10, w.seed, "security", map[string]string{".github/workflows/scan.yml": workflow})
	w.git(10, w.seed, "push", "-q", "origin", "main")
	w.git(12, dir, "fetch", "-q")
	w.git(13, w.seed, "reset", "-q", "--hard", string(good))
	fixed := w.commit(14, w.seed, "go on", map[string]string{"README": "b"})
	w.git(15, w.seed, "push", "-q", "--force", "origin", "main")
	w.git(20, dir, "fetch", "-q", "origin")
	w.git(20, dir, "merge", "-q", "--ff-only", "origin/main")
	own := w.commit(30, dir, "own", map[string]string{"README": "c"})
	w.git(31, dir, "push", "-q", "origin", "main", "main:refs/heads/topic/x")
	secret := w.commit(32, dir, "never pushed", nil)

	got := collect(t, dir)
	same(t, got.lines(), []string{
		"12:05 saw refs/heads/main " + good.Short(), "12:05 saw refs/heads/stable " + good.Short(),
		"12:12 saw refs/heads/main " + bad.Short(), "12:20 saw refs/heads/main " + fixed.Short(),
		`12:31 by true moved refs/heads/main from "" to ` + own.Short(), `12:31 by true moved refs/heads/topic/x from "" to ` + own.Short(),
	})
	for o, want := range map[evidence.OID]string{good: "clone false", own: "clone false", bad: "clone true", secret: "clone-local true"} {
		if via, named := got.via(o); fmt.Sprintf("%s %t", via, named) != want {
			t.Errorf("%s was had by way of %s, named %t; want %s", o.Short(), via, named, want)
		}
	}
	if len(got.Blobs) != 1 || string(got.Blobs[0].Text) != workflow {
		t.Errorf("texts of workflows: %d", len(got.Blobs))
	}
	if again := collect(t, dir); !slices.Equal(again.lines(), got.lines()) || len(again.Seen) != len(got.Seen) || again.Sources[0].ID() != got.Sources[0].ID() {
		t.Error("a second reading says something else")
	}
	if !slices.ContainsFunc(got.Sources, func(s evidence.Source) bool { return strings.Contains(string(s.Body), "+0200") }) {
		t.Error("the zone that the clone wrote is not kept")
	}
}

// What the reflogs of the clone's own branches name and git has thrown away is asked for, and nobody is said to have pushed it.
func TestThrownAway(t *testing.T) {
	w := newWorld(t)
	w.commit(1, w.seed, "start", nil)
	w.git(1, w.seed, "push", "-q", "origin", "main")
	dir := w.clone(2)
	lost := w.commit(3, dir, "amended", nil)
	w.git(4, dir, "commit", "-q", "--amend", "--allow-empty", "-m", "other")
	if via, _ := collect(t, dir).via(lost); via != localgit.ViaLocal {
		t.Errorf("the amended commit was had by way of %q", via)
	}
	text, err := os.ReadFile(filepath.Join(dir, ".git/logs/HEAD"))
	if err != nil {
		t.Fatal(err)
	}
	w.git(5, dir, "reflog", "expire", "--expire=all", "--all")
	w.git(5, dir, "gc", "-q", "--prune=now")
	write(t, filepath.Join(dir, ".git/logs/HEAD"), string(text))
	got := collect(t, dir)
	if via, _ := got.via(lost); via != "" || !got.gap(evidence.GapObjectMissing, string(lost)) {
		t.Errorf("the lost commit: via %q, gaps %v", via, got.Gaps)
	}
}

func TestShallowAndPartial(t *testing.T) {
	w := newWorld(t)
	w.commit(1, w.seed, "start", map[string]string{".github/workflows/a.yml": workflow})
	w.commit(2, w.seed, "next", map[string]string{".github/workflows/a.yml": workflow + "#\n"})
	w.git(2, w.seed, "push", "-q", "origin", "main")
	shallow := collect(t, w.clone(3, "--depth=1", "--no-local"))
	if !shallow.gap(evidence.GapTruncated, "shallow boundary") || len(shallow.Commits) != 1 {
		t.Errorf("shallow: %d commits, gaps %v", len(shallow.Commits), shallow.Gaps)
	}
	partial := collect(t, w.clone(3, "--filter=blob:none", "--no-checkout", "--no-local"))
	missing := slices.DeleteFunc(slices.Clone(partial.Gaps), func(g evidence.Gap) bool { return g.Kind != evidence.GapObjectMissing })
	if !partial.gap(evidence.GapUnsupported, "partial clone") || len(partial.Commits) != 2 || len(missing) != 2 {
		t.Errorf("partial: %d commits, gaps %v", len(partial.Commits), partial.Gaps)
	}
}

func TestPackedAlternatesWorktreesBare(t *testing.T) {
	w := newWorld(t)
	c := w.commit(1, w.seed, "start", nil)
	w.git(1, w.seed, "push", "-q", "origin", "main")
	dir := w.clone(2)
	d := w.commit(3, w.seed, "next", nil)
	w.git(3, w.seed, "push", "-q", "origin", "main")
	w.git(4, dir, "fetch", "-q")
	w.git(5, dir, "pack-refs", "--all")
	w.git(5, dir, "worktree", "add", "-q", "-b", "side", filepath.Join(t.TempDir(), "side"))
	want := []string{"12:02 saw refs/heads/main " + c.Short(), "12:04 saw refs/heads/main " + d.Short()}
	same(t, collect(t, dir).lines(), want)
	same(t, collect(t, filepath.Join(dir, ".git")).lines(), want)

	shared := filepath.Join(t.TempDir(), "shared")
	w.git(6, t.TempDir(), "clone", "-q", "--shared", dir, shared)
	w.git(6, shared, "remote", "set-url", "origin", address)
	if got := collect(t, shared); !got.gap(evidence.GapUnsupported, "objects/info/alternates") || len(got.lines()) != 0 || len(got.Commits) != 0 {
		t.Errorf("borrowed objects: %v, %d commits, %v", got.lines(), len(got.Commits), got.Gaps)
	}

	side := filepath.Join(t.TempDir(), "side2")
	w.git(7, dir, "worktree", "add", "-q", "-b", "side2", side)
	if got := collect(t, side); !got.gap(evidence.GapUnsupported, ".git") || len(got.Sources) != 0 {
		t.Errorf("a linked worktree: %v", got.Gaps)
	}

	bare := w.clone(8, "--bare")
	if got := collect(t, bare); !got.gap(evidence.GapNotCollected, "logs") || len(got.lines()) != 0 || len(got.Commits) != 2 {
		t.Errorf("a bare clone: %v, %d commits, %v", got.lines(), len(got.Commits), got.Gaps)
	} else if via, named := got.via(d); via != localgit.ViaClone || named {
		t.Errorf("a bare clone: via %s, named %t", via, named)
	}
}

// The last fetch lists what the server held, changed or not: at the time of its file, where that can be believed.
func TestLastFetch(t *testing.T) {
	w := newWorld(t)
	c := w.commit(1, w.seed, "start", nil)
	w.git(1, w.seed, "tag", "light")
	w.git(1, w.seed, "tag", "-m", "words", "annotated")
	w.git(1, w.seed, "push", "-q", "origin", "main", "light", "annotated")
	dir := w.clone(2)
	w.git(200, dir, "fetch", "-q", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
	name := filepath.Join(dir, ".git/FETCH_HEAD")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, strings.ReplaceAll(string(text), w.server[:len(w.server)-len(".git")], strings.TrimSuffix(address, ".git")))
	dated(t, at(200), name)
	for _, f := range []string{"description", "info/exclude"} {
		dated(t, at(2), filepath.Join(dir, ".git", f))
	}
	at2 := "12:02 saw refs/heads/main " + c.Short()
	same(t, collect(t, dir).lines(), []string{at2, "15:20 saw refs/heads/main " + c.Short(), "15:20 saw refs/tags/light " + c.Short(),
		"15:20 saw refs/tags/annotated " + c.Short()})

	dated(t, at(180), filepath.Join(dir, ".git/description"))
	dated(t, at(190), filepath.Join(dir, ".git/info/exclude"))
	if got := collect(t, dir); !got.gap(evidence.GapNotCollected, "FETCH_HEAD") || !slices.Equal(got.lines(), []string{at2}) {
		t.Errorf("a copy without times: %v, %v", got.lines(), got.Gaps)
	}
}

func dated(t *testing.T, when time.Time, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Chtimes(name, when, when); err != nil {
			t.Fatal(err)
		}
	}
}

// The drill's server has an address of its own.
func TestOtherHost(t *testing.T) {
	w := newWorld(t)
	c := w.commit(1, w.seed, "start", nil)
	w.git(1, w.seed, "push", "-q", "origin", "main")
	dir := w.clone(2)
	w.git(2, dir, "remote", "set-url", "origin", "http://127.0.0.1:8765/octo-org/demo.git")
	log := filepath.Join(dir, ".git/logs/refs/remotes/origin/main")
	write(t, log, fmt.Sprintf("%s %s Ada Example <ada@example.invalid> %d -0330\tfetch: storing head\n", evidence.ZeroOID, c, at(9).Unix()))
	host := &url.URL{Scheme: "http", Host: "127.0.0.1:4321"}
	var got told
	err := localgit.Collect(context.Background(), repo, dir, localgit.Config{Now: now, Host: host}, func(obs evidence.Observation) error {
		got.Sightings = append(got.Sightings, obs.Sightings...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, got.lines(), []string{"12:09 saw refs/heads/main " + c.Short()})
	other := collect(t, dir)
	same(t, other.lines(), []string{"12:02 saw refs/heads/main " + c.Short()}) // it was made from there
	if !other.gap(evidence.GapNotCollected, "remotes") {
		t.Errorf("another server's clone: %v", other.Gaps)
	}
}
