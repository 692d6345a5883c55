package preserve

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var made = time.Date(2025, 9, 12, 12, 0, 0, 0, time.UTC)

func write(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, Manifest{MadeAt: made, MadeBy: "(devel)", Objects: true})
	for _, name := range []string{CaseName, "objects/o/r.bundle"} {
		if err := w.Add(name, func(f io.Writer) error { _, err := io.WriteString(f, files[name]); return err }); err != nil {
			t.Fatal(err)
		}
	}
	w.Lacks(Missing{Name: "objects/o/r.bundle", What: "abc", Reason: "not had"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func check(t *testing.T, archive []byte) (Checked, string, error) {
	t.Helper()
	dir := t.TempDir()
	path, to := filepath.Join(dir, "a.zip"), filepath.Join(dir, "case.db")
	if err := os.WriteFile(path, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := Check(path, to)
	text, _ := os.ReadFile(to)
	return out, string(text), err
}

var content = map[string]string{CaseName: strings.Repeat("a case ", 5000), "objects/o/r.bundle": "a bundle"}

func TestWhatWasWrittenIsFound(t *testing.T) {
	archive := write(t, content)
	if !bytes.Equal(archive, write(t, content)) {
		t.Error("the same files gave other bytes")
	}
	out, text, err := check(t, archive)
	if err != nil || len(out.Faults) > 0 || text != content[CaseName] {
		t.Fatalf("%+v, case of %d bytes, %v", out, len(text), err)
	}
	if m := out.Manifest; !m.MadeAt.Equal(made) || !m.Objects || len(m.Files) != 3 || len(m.Missing) != 1 {
		t.Errorf("%+v", m)
	}
}

// rewrite copies an archive and lets edit change each file, drop it (false) or rename it.
func rewrite(t *testing.T, archive []byte, edit func(name, text string) (string, string, bool), more ...string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	put := func(name, text string) {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if name, text, keep := edit(f.Name, string(text)); keep {
			put(name, text)
		}
	}
	for _, name := range more {
		put(name, "")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEveryChangeIsFound(t *testing.T) {
	archive := write(t, content)
	same := func(name, text string) (string, string, bool) { return name, text, true }
	for what, c := range map[string]struct {
		archive []byte
		fault   string
	}{
		"changed": {rewrite(t, archive, func(n, s string) (string, string, bool) {
			return n, strings.Replace(s, "bundle", "bungle", 1), n != sumsName
		}), "SHA-256"},
		"longer": {rewrite(t, archive, func(n, s string) (string, string, bool) {
			if n == CaseName {
				s += "x"
			}
			return n, s, true
		}), "bytes"},
		"gone": {rewrite(t, archive, func(n, s string) (string, string, bool) { return n, s, n != "objects/o/r.bundle" }), "not in the archive"},
		"more": {rewrite(t, archive, same, "../../evil"), "not in its manifest"},
		"other sums": {rewrite(t, archive, func(n, s string) (string, string, bool) {
			if n == sumsName {
				s = strings.Replace(s, "  case.db", "  case.dc", 1)
			}
			return n, s, true
		}), "other digests"},
		"no sums": {rewrite(t, archive, func(n, s string) (string, string, bool) { return n, s, n != sumsName }), "not in the archive"},
		"in the manifest twice": {rewrite(t, archive, func(n, s string) (string, string, bool) {
			if n == manifestName {
				s = strings.ReplaceAll(s, "objects/o/r.bundle", CaseName)
			}
			return n, s, true
		}), "in the manifest twice"},
		"twice": {rewrite(t, archive, same, "objects/o/r.bundle"), "twice"},
		"cut":   {damage(archive), ""},
	} {
		out, _, err := check(t, c.archive)
		if c.fault == "" {
			if err == nil && len(out.Faults) == 0 {
				t.Errorf("%s: nothing found", what)
			}
			continue
		}
		if err != nil || !strings.Contains(strings.Join(out.Faults, "\n"), c.fault) {
			t.Errorf("%s: %q, %v", what, out.Faults, err)
		}
	}
}

// damage turns one byte in the middle of the first file around.
func damage(archive []byte) []byte {
	out := bytes.Clone(archive)
	out[60] ^= 0x55
	return out
}

func TestForeignFiles(t *testing.T) {
	for what, archive := range map[string][]byte{
		"text":        []byte("not a zip"),
		"no manifest": rewrite(t, write(t, content), func(n, s string) (string, string, bool) { return n, s, n != manifestName }),
		"other schema": rewrite(t, write(t, content), func(n, s string) (string, string, bool) {
			return n, strings.Replace(s, Schema, "pentimento/preserved/v9", 1), true
		}),
	} {
		if _, _, err := check(t, archive); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	var out bytes.Buffer
	w := NewWriter(&out, Manifest{MadeAt: made, MadeBy: "v"})
	if err := errors.Join(w.Add(CaseName, func(w io.Writer) error { _, err := io.WriteString(w, "case"); return err }), w.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, archive []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.zip")
		if err := os.WriteFile(path, archive, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Check(path, filepath.Join(dir, CaseName)); err != nil && !strings.HasPrefix(err.Error(), "verify ") {
			t.Error(err)
		}
		names, err := os.ReadDir(dir)
		if err != nil || len(names) > 2 {
			t.Errorf("%d files beside the archive: %v", len(names)-1, err)
		}
	})
}

func TestWhatInflatesWithoutEndIsNotUnpacked(t *testing.T) {
	archive := write(t, map[string]string{CaseName: strings.Repeat("a", 300*smallFile), "objects/o/r.bundle": ""})
	out, text, err := check(t, archive)
	if err != nil || !strings.Contains(strings.Join(out.Faults, ""), "no capture does") || text != "" {
		t.Errorf("%q, %d bytes unpacked, %v", out.Faults, len(text), err)
	}
}
