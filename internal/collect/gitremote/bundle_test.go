package gitremote

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// TestBundleOpensInGit lets git itself take a bundle with a commit that was erased, and read the workflow file out of it.
func TestBundleOpensInGit(t *testing.T) {
	s := serveGit(t, asGitHub)
	_, good, evil := lost(t, s)
	c := collector(t, s)
	collect(t, c, demo)
	if _, err := c.Recover(t.Context(), demo, []Want{{OID: evil, NamedBy: []string{"upd-1"}}}, func(evidence.Observation) error { return nil }); err != nil {
		t.Fatal(err)
	}
	absent := evidence.OID(strings.Repeat("ab", 20))
	var out, again bytes.Buffer
	has, gone, err := c.Bundle(t.Context(), demo, "", []evidence.OID{evil, good, absent}, &out)
	if err != nil || !has || len(gone) != 1 || gone[0].OID != absent {
		t.Fatalf("has %v, lost %v, %v", has, gone, err)
	}
	if _, _, err := c.Bundle(t.Context(), demo, "", []evidence.OID{good, absent, evil}, &again); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Errorf("the same commits in another order gave other bytes: %v", err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "x.bundle")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, text)
		}
		return string(text)
	}
	git("init", "-q", "--bare", "b.git")
	if heads := git("-C", "b.git", "bundle", "unbundle", path); !strings.Contains(heads, string(evil)+" refs/pentimento/"+string(evil)) {
		t.Errorf("heads %q", heads)
	}
	if text := git("-C", "b.git", "cat-file", "-p", string(evil)+":.github/workflows/x.yaml"); text != evilWorkflow {
		t.Errorf("workflow %q", text)
	}
}

func TestBundleOfNothing(t *testing.T) {
	s := serveGit(t, asGitHub)
	c := collector(t, s)
	oid := evidence.OID(strings.Repeat("cd", 20))
	var out bytes.Buffer
	has, gone, err := c.Bundle(t.Context(), demo, "", []evidence.OID{oid}, &out)
	if err != nil || has || len(gone) != 1 || out.Len() > 0 {
		t.Errorf("without a store: has %v, lost %v, %d bytes, %v", has, gone, out.Len(), err)
	}
}
