package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"pentimento/internal/drill"
)

// writeKept is the script command "kept RECIPE DIR". The hours are those of the recipe's last two weeks.
func writeKept(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: kept RECIPE DIR")
	}
	recipe, err := drill.Parse(args[0], []byte(ts.ReadFile(args[0])))
	ts.Check(err)
	dir := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Join(dir, "hours"), 0o755))
	ts.Check(recipe.WriteAuditLog(filepath.Join(dir, "audit.jsonl")))
	ts.Check(recipe.WriteWebhooks(filepath.Join(dir, "webhooks.jsonl")))
	ts.Check(recipe.WriteArchive(filepath.Join(dir, "hours"), recipe.Now.Add(-14*24*time.Hour), recipe.Now))
}

// unpackArchive is the script command "unpack ARCHIVE": every file of a capture into the current folder, as any tool would.
func unpackArchive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unpack ARCHIVE")
	}
	z, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		ts.Check(err)
		text, err := io.ReadAll(r)
		ts.Check(err)
		path := ts.MkAbs(f.Name)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, text, 0o600))
	}
}

// spoilArchive is the script command "spoil ARCHIVE COPY": the copy has another workflow in its bundle, with the same length.
func spoilArchive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: spoil ARCHIVE COPY")
	}
	z, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	defer z.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		r, err := f.Open()
		ts.Check(err)
		text, err := io.ReadAll(r)
		ts.Check(err)
		if filepath.Ext(f.Name) == ".bundle" {
			text[len(text)-1] ^= 1
		}
		to, err := w.Create(f.Name)
		ts.Check(err)
		_, err = to.Write(text)
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o600))
}
