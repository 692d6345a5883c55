package casefile

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// packsOf reads the packs of a case.
func packsOf(t *testing.T, c *Case) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := c.Packs(t.Context(), func(name string, text []byte) error { out[name] = string(text); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCreateStoresTheWholeScopeInOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "case.db")
	c, err := Create(t.Context(), path, Info{Now: day, Since: day.Add(-time.Hour), Version: "test"}, Pack{"a", []byte("old")}, Pack{"b", []byte("b")}, Pack{"a", []byte("new")})
	if err != nil {
		t.Fatal(err)
	}
	if got := packsOf(t, c); len(got) != 2 || got["a"] != "new" {
		t.Errorf("packs %v", got)
	}
	info, err := c.Info(t.Context())
	if err != nil || !info.Now.Equal(day) || !info.Since.Equal(day.Add(-time.Hour)) || info.NowGiven || info.Version != "test" {
		t.Errorf("info %+v, %v", info, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if files := names(t, dir); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestFailedCreateLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Create(ctx, filepath.Join(dir, "case.db"), Info{Now: day}); err == nil {
		t.Error("a cancelled init made a case")
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link.db")); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), filepath.Join(dir, "link.db"), Info{Now: day}); !errors.Is(err, ErrExists) {
		t.Errorf("a link in the place of the case: %v", err)
	}
	if files := names(t, dir); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

// TestCreateOnce: of many that make the same case at once, one does.
func TestCreateOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "case.db")
	const racers = 8
	won := make(chan error, racers)
	for range racers {
		go func() {
			c, err := Create(context.Background(), path, Info{Now: day}, Pack{"p", []byte("text")})
			if err == nil {
				err = c.Close()
			} else if errors.Is(err, ErrExists) {
				err = ErrExists
			}
			won <- err
		}()
	}
	made := 0
	for range racers {
		if err := <-won; err == nil {
			made++
		} else if err != ErrExists {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d made it", made)
	}
}

// TestKilledCreate: whenever it is killed, there is no case or a whole one.
func TestKilledCreate(t *testing.T) {
	if path := os.Getenv("PENTIMENTO_TEST_CREATE"); path != "" {
		c, err := Create(context.Background(), path, Info{Now: day}, Pack{"p", []byte(strings.Repeat("text", 1000))})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	none, whole := 0, 0
	for i := range 40 {
		dir := t.TempDir()
		path := filepath.Join(dir, "case.db")
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledCreate$")
		cmd.Env = append(os.Environ(), "PENTIMENTO_TEST_CREATE="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(30 * time.Second); len(names(t, dir)) == 0 && time.Now().Before(deadline); {
			time.Sleep(100 * time.Microsecond) // the loader takes longer than the work: the clock starts with the first file
		}
		time.Sleep(time.Duration(i) * 500 * time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait() // it was killed, or had ended
		c, err := Open(t.Context(), path)
		if errors.Is(err, ErrMissing) {
			none++
			for _, name := range names(t, dir) {
				if !strings.HasPrefix(name, "case.db.unfinished-") {
					t.Errorf("left behind: %s", name)
				}
			}
			continue
		}
		if err != nil {
			t.Fatalf("after %d half milliseconds: %v", i, err)
		}
		if got := packsOf(t, c); len(got["p"]) != 4000 {
			t.Errorf("packs %v", got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		whole++
	}
	t.Logf("killed before it was made %d times, after %d times", none, whole)
}
