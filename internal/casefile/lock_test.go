package casefile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestOneCollectionAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "case.db")
	first, err := Create(t.Context(), path, Info{Now: day})
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	plan := Plan{Host: "http://127.0.0.1"}
	begin := func(c *Case) error { _, err := c.BeginCollection(t.Context(), plan, day); return err }
	for round, step := range []struct {
		do   func() error
		want error
	}{
		{func() error { return begin(first) }, nil},
		{func() error { return begin(first) }, nil}, // its own lock bars nobody
		{func() error { return begin(second) }, ErrBusy},
		{func() error { return first.FinishCollection(t.Context(), day) }, nil},
		{func() error { return begin(second) }, nil},
		{func() error { return begin(first) }, ErrBusy},
		{second.Close, nil},
		{func() error { return begin(first) }, nil},
		{first.Close, nil},
	} {
		if err := step.do(); !errors.Is(err, step.want) {
			t.Errorf("step %d: %v, want %v", round, err, step.want)
		}
	}
}

// TestKilledCollectionBarsNobody: the lock of a process that was killed is free.
func TestKilledCollectionBarsNobody(t *testing.T) {
	plan := Plan{Host: "http://127.0.0.1"}
	if path := os.Getenv("PENTIMENTO_TEST_LOCK"); path != "" {
		c, err := Open(t.Context(), path)
		if err == nil {
			_, err = c.BeginCollection(t.Context(), plan, day)
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("begun")
		time.Sleep(time.Minute) // until it is killed
		return
	}
	path := filepath.Join(t.TempDir(), "case.db")
	c, err := Create(t.Context(), path, Info{Now: day})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledCollectionBarsNobody$")
	cmd.Env = append(os.Environ(), "PENTIMENTO_TEST_LOCK="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.BeginCollection(t.Context(), plan, day); !errors.Is(err, ErrBusy) {
		t.Errorf("beside a running collection: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait() // it was killed
	if resumed, err := c.BeginCollection(t.Context(), plan, day); err != nil || !resumed {
		t.Errorf("after a killed collection: resumed %v, %v", resumed, err)
	}
}
