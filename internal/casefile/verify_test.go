package casefile

import (
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// kept makes a case with an answer, an answer of which something is redacted, a workflow text and a pack.
func kept(t *testing.T) *Case {
	t.Helper()
	path := filepath.Join(t.TempDir(), "case.db")
	c, err := Create(t.Context(), path, Info{Now: day}, Pack{Name: "p", Text: []byte("name: p\n")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := c.Add(t.Context(), []Addition{{Repository: "o/r", From: "test"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.BeginCollection(t.Context(), Plan{Host: "h"}, day); err != nil {
		t.Fatal(err)
	}
	text := []byte("on: push\n")
	source := func(target, body string) evidence.Source {
		return evidence.Source{Repository: "o/r", Origin: evidence.OriginActivity, Method: "GET", Target: target, Status: 200, FetchedAt: day, Body: []byte(body)}
	}
	obs := evidence.Observation{Repository: "o/r", Unit: "u", Sources: []evidence.Source{source("/a", "[]"), source("/b", "x "+"gh"+"p_"+strings.Repeat("a1", 18)+" y")},
		Blobs: []evidence.Blob{{OID: evidence.OID(blobName(text)), Text: text}}}
	if err := c.Append(t.Context(), obs); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	c := kept(t)
	v, err := c.Verify(t.Context())
	if err != nil || len(v.Faults) > 0 || v.Answers != 2 || v.Texts != 1 || v.Redacted != 1 || v.Packs != 1 {
		t.Fatalf("an untouched case: %+v, %v", v, err)
	}
	other := c.codec.pack([]byte("another text"))
	for _, damage := range []struct{ what, sql string }{
		{"answer", "UPDATE source SET body = ? WHERE target = '/a'"},
		{"answer", "UPDATE source SET body = substr(?, 1, 9) WHERE target = '/b'"},
		{"workflow text", "UPDATE workflow_blob SET text = ?"},
	} {
		if _, err := c.db.ExecContext(t.Context(), damage.sql, other.blob); err != nil {
			t.Fatal(err)
		}
		v, err := c.Verify(t.Context())
		if err != nil || !slices.ContainsFunc(v.Faults, func(f Fault) bool { return f.What == damage.what }) {
			t.Errorf("%s: %+v, %v", damage.sql, v, err)
		}
	}
	for _, damage := range []string{"UPDATE pack SET text = x'00'", "UPDATE workflow_blob SET stored_sha256 = '" + other.sha256 + "', text = x'" + hex.EncodeToString(other.blob) + "'"} {
		if _, err := c.db.ExecContext(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
	}
	if v, err = c.Verify(t.Context()); err != nil || len(v.Faults) != 4 {
		t.Errorf("a text that is another git object, and a changed pack: %d faults: %+v, %v", len(v.Faults), v, err)
	}
}

func TestSnapshotIsTheSameCase(t *testing.T) {
	c := kept(t)
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := c.Snapshot(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := c.Snapshot(t.Context(), path); err == nil {
		t.Error("a second snapshot overwrote the first")
	}
	other, err := OpenRead(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if v, err := other.Verify(t.Context()); err != nil || len(v.Faults) > 0 || v.Answers != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	here, err := c.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if there, err := other.Mark(t.Context()); err != nil || there != here {
		t.Errorf("mark %q, was %q: %v", there, here, err)
	}
}
