package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var updateReadme = flag.Bool("update-readme", false, "write what the README's commands print into the README")

const readmeFile = "../../README.md"

// transcript is a command of the README and what stands below it.
type transcript struct {
	command string
	from    int // line of the first line of output
	output  []string
}

// transcripts are the indented blocks that begin with "$ pentimento": each runs on from line to line until the indent ends.
func transcripts(lines []string) []transcript {
	var out []transcript
	for i := 0; i < len(lines); i++ {
		command, ok := strings.CutPrefix(lines[i], "    $ pentimento ")
		if !ok {
			continue
		}
		t := transcript{command: command, from: i + 1}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "    ") && !strings.HasPrefix(lines[i+1], "    $ ") {
			i++
			t.output = append(t.output, strings.TrimPrefix(lines[i], "    "))
		}
		out = append(out, t)
	}
	return out
}

// TestReadme runs every transcript of the README in one folder, in order, and compares what it prints.
func TestReadme(t *testing.T) {
	file, err := filepath.Abs(readmeFile)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	lines := strings.Split(string(text), "\n")
	found := transcripts(lines)
	if len(found) < 3 {
		t.Fatalf("%d transcripts found in the README", len(found))
	}
	for i := range found {
		x := &found[i]
		var out, errs bytes.Buffer
		p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }, clock: time.Now}
		if code := p.run(context.Background(), strings.Fields(x.command)); code != exitDone {
			t.Fatalf("pentimento %s: exit %d: %s", x.command, code, errs.String())
		}
		got := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
		if want := strings.Join(x.output, "\n"); !*updateReadme && strings.Join(got, "\n") != want {
			t.Errorf("pentimento %s prints\n%s\nthe README says\n%s", x.command, strings.Join(got, "\n"), want)
		}
		x.output = got
	}
	if *updateReadme {
		if err := os.WriteFile(file, []byte(strings.Join(rewritten(lines, found), "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func rewritten(lines []string, found []transcript) []string {
	var out []string
	for i := 0; i < len(lines); i++ {
		out = append(out, lines[i])
		if len(found) == 0 || i+1 != found[0].from {
			continue
		}
		for _, l := range found[0].output {
			out = append(out, strings.TrimRight("    "+l, " "))
		}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "    ") && !strings.HasPrefix(lines[i+1], "    $ ") {
			i++
		}
		found = found[1:]
	}
	return out
}
