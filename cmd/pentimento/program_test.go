package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// TestMain takes the built program away when all tests have run.
func TestMain(m *testing.M) {
	code := m.Run()
	if builtIn != "" {
		os.RemoveAll(builtIn)
	}
	os.Exit(code)
}

var builtIn string // the folder of the built program, empty before it is made

// built is the program as users get it: without the race detector, whose memory and time are its own.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pentimento-test-")
	if err != nil {
		return "", err
	}
	builtIn = dir
	file := filepath.Join(dir, "pentimento")
	cmd := exec.Command("go", "build", "-trimpath", "-o", file, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return file, nil
})

// process is the built program, running.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	stderr bytes.Buffer
	began  time.Time
	took   time.Duration
	ended  chan struct{} // closed when it has
}

// start runs the built program on a case, without a token of whoever tests.
func start(t testing.TB, path string, env []string, args ...string) *process {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, ended: make(chan struct{}), began: time.Now()}
	p.cmd = exec.Command(file, append([]string{"--case", path}, args...)...)
	p.cmd.Env = append(append(os.Environ(), "GITHUB_TOKEN=", "GH_TOKEN=", "GITHUB_TOKENS=", "GITHUB_APP_ID=", "GITHUB_APP_INSTALLATION_ID=", "GITHUB_APP_PRIVATE_KEY_FILE=", "SOURCE_DATE_EPOCH="), env...)
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		if err := p.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Errorf("%s: %v", strings.Join(args, " "), err)
		}
		p.took = time.Since(p.began)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the program at once, as kill -9 does, and waits for it. An ended one stays as it is.
func (p *process) kill() {
	p.cmd.Process.Kill() // an error means that it has ended already
	<-p.ended
}

// code waits for the program and gives its exit code, -1 for one that was killed.
func (p *process) code() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(5 * time.Minute): // only to end a hang: a loaded machine takes its time
		p.kill()
		p.t.Fatalf("%s does not end: %s", p.cmd, &p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

// must waits for the program, which must end well.
func (p *process) must() {
	p.t.Helper()
	if code := p.code(); code != exitDone {
		p.t.Fatalf("%s: exit %d: %s", p.cmd, code, &p.stderr)
	}
}

// emptyCase makes a case of the recipe's repositories with nothing collected.
func emptyCase(t testing.TB, recipe *drill.Recipe) string {
	t.Helper()
	names := []string{}
	for _, r := range recipe.Repositories {
		names = append(names, string(r.Name))
	}
	return caseOf(t, evidence.Stamp(recipe.Now), names...)
}

// caseOf makes a case of these repositories, in a folder of its own.
func caseOf(t testing.TB, now string, names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "case.db")
	start(t, path, nil, "init", "--campaign", "ghostaction", "--now", now).must()
	start(t, path, nil, append([]string{"add"}, names...)...).must()
	return path
}
