package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"pentimento/internal/drill"
)

// TestScripts runs one script for each behaviour through the built program. Beside testscript's own commands there are
//
//	github RECIPE   serves a recipe of the drill, its address in $PENTIMENTO_HOST
//	kept RECIPE DIR  writes what others kept of its world: audit.jsonl, webhooks.jsonl, hours/ of the archive
//	unpack ARCHIVE  unpacks a capture into the current folder
//	spoil A COPY    copies a capture and changes one byte of a bundle
//
// With UPDATE_SCRIPTS set, what cmp finds different is written into the scripts.
func TestScripts(t *testing.T) {
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(file)+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"github": serveRecipe, "kept": writeKept, "unpack": unpackArchive, "spoil": spoilArchive},
	})
}

func serveRecipe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: github RECIPE")
	}
	recipe, err := drill.Parse(args[0], []byte(ts.ReadFile(args[0])))
	ts.Check(err)
	server, err := drill.Start(context.Background(), recipe, ts.MkAbs(".github-server"))
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	ts.Setenv("PENTIMENTO_HOST", server.URL())
}
