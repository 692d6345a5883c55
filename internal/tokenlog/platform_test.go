package tokenlog

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/tokens"
)

var updatePlatform = flag.Bool("update-platform", false, "write the goldens of the platforms' fixtures anew")

// shaped are values in the shape of credentials. Fixtures have their names in place of them, and so have goldens: none stands in the tree.
var shaped = map[string]string{
	"@AKIA1@":       "AK" + "IA" + "QWERTYUIOPASDFG2",
	"@AKIA2@":       "AK" + "IA" + "QWERTYUIOPASDFG3",
	"@AKIA3@":       "AK" + "IA" + "QWERTYUIOPASDFG4",
	"@ASIA1@":       "AS" + "IA" + "QWERTYUIOPASDFG5",
	"@ASIA2@":       "AS" + "IA" + "QWERTYUIOPASDFG6",
	"@SECRETKEY@":   strings.Repeat("s3cretKe", 5),
	"@SESSION@":     "IQoJ" + strings.Repeat("b3JpZ2luX2Vj", 20),
	"@DOCKERPAT@":   "dckr" + "_pat_" + strings.Repeat("Ab1-", 6) + "xyz",
	"@CERTIFICATE@": certificate(),
	"@ROOTKEY@":     strings.Repeat("5ec7e7", 10),
	"@NPM@":         "np" + "m_" + strings.Repeat("Qq7", 12),
	"@CRATES@":      "ci" + "o" + strings.Repeat("Kk5m", 8),
	"@PYPI@":        "py" + "pi-" + strings.Repeat("AgEIcHlwaS5vcmc", 7),
	"@VALUE@":       "gh" + "p_" + strings.Repeat("Zz9", 12),
}

// mayPass are shapes that name a credential and are none.
var mayPass = map[string]bool{"@AKIA1@": true, "@AKIA2@": true, "@AKIA3@": true, "@ASIA1@": true, "@ASIA2@": true}

func fillShapes(s string) string {
	for name, value := range shaped {
		s = strings.ReplaceAll(s, name, value)
	}
	return s
}

func hideShapes(s string) string {
	for name, value := range shaped {
		if mayPass[name] {
			s = strings.ReplaceAll(s, value, name)
		}
	}
	return s
}

// facts reads a text and lists all that it tells, one fact a line.
type facts struct {
	lines               []string
	uses                []tokens.Use
	line                int64
	begun, settled      int
	rejected            int
	open                bool
	coverage            int
	stop                error
	stopAfter, accepted int
}

func (f *facts) add(kind string, fact any) error {
	f.lines = append(f.lines, fmt.Sprintf("%d %s %s", f.line, kind, plainFact(fact)))
	if f.open {
		f.settled, f.open = f.settled+1, false
	}
	if f.accepted++; f.stop != nil && f.accepted > f.stopAfter {
		return f.stop
	}
	return nil
}

// plainFact writes the fields of a fact that are not zero, in their order.
func plainFact(fact any) string {
	v := reflect.Indirect(reflect.ValueOf(fact))
	var parts []string
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		x := v.Field(i).Interface()
		if t, ok := x.(time.Time); ok {
			x = t.Format(time.RFC3339Nano)
		}
		if d, ok := x.(time.Duration); ok {
			x = d.String()
		}
		text, err := json.Marshal(x)
		if err != nil {
			text = []byte(err.Error())
		}
		parts = append(parts, v.Type().Field(i).Name+"="+string(text))
	}
	return strings.Join(parts, " ")
}

func (f *facts) sink() *Sink {
	return &Sink{
		Row: func(line int64) error {
			if f.open {
				f.lines = append(f.lines, fmt.Sprintf("%d NOTHING", f.line))
			}
			f.line, f.open = line, true
			f.begun++
			return nil
		},
		Use:        func(u *tokens.Use) error { f.uses = append(f.uses, *u); return f.add("use", u) },
		Credential: func(c *tokens.Credential) error { return f.add("credential", c) },
		Event:      func(e *tokens.Event) error { return f.add("event", e) },
		Release:    func(r *tokens.Release) error { return f.add("release", r) },
		Coverage:   func(c *tokens.Coverage) error { f.coverage++; return f.add("coverage", c) },
		Network:    func(n *tokens.Network) error { return f.add("network", n) },
		Listing: func(l *tokens.Listing) error {
			f.lines = append(f.lines, "listing "+plainFact(l))
			return nil
		},
		Reject: func(reason string) error {
			f.rejected++
			f.lines = append(f.lines, fmt.Sprintf("%d rejected: %s", f.line, reason))
			if !f.open {
				f.lines = append(f.lines, "REJECTED AFTER IT WAS GIVEN ON")
			}
			f.settled, f.open = f.settled+1, false
			return nil
		},
		Note: func(text string) { f.lines = append(f.lines, "note: "+text) },
	}
}

func readFacts(t testing.TB, format Format, name, text string, o Options) *facts {
	t.Helper()
	var f facts
	if err := format.Read(t.Context(), &Input{Name: name, R: strings.NewReader(text), Options: o}, f.sink()); err != nil {
		t.Fatal(err)
	}
	if f.open {
		f.lines = append(f.lines, fmt.Sprintf("%d NOTHING", f.line))
	}
	if f.begun != f.settled {
		t.Errorf("%s: %d rows begun, %d given on or rejected", name, f.begun, f.settled)
	}
	return &f
}

func platformFormat(t testing.TB, name string) Format {
	t.Helper()
	for _, f := range knownFormats() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no format %s", name)
	return Format{}
}

// knownFormats are those whose files somebody else writes.
func knownFormats() []Format { return slices.Concat(registryFormats(), platformFormats()) }

// fixtures gives the fixtures of these formats: the folder is the format, files ending in .golden are what they tell.
func fixtures(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, f := range knownFormats() {
		paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "tokens", f.Name, "*"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range paths {
			if !strings.HasSuffix(p, ".golden") {
				all[p] = f.Name
				n++
			}
		}
		if n == 0 {
			t.Errorf("%s has no fixture", f.Name)
		}
	}
	return all
}

var listedAt = time.Date(2025, 9, 6, 0, 0, 0, 0, time.UTC)

// Every format reads its fixtures to the facts beside them, and no value in the shape of a secret comes out.
func TestPlatformFixtures(t *testing.T) {
	for path, name := range fixtures(t) {
		t.Run(name+"/"+filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := readFacts(t, platformFormat(t, name), path, fillShapes(string(text)), Options{ListedAt: listedAt, Complete: true})
			got := strings.Join(f.lines, "\n") + "\n"
			for shape, value := range shaped {
				if !mayPass[shape] && strings.Contains(got, value) {
					t.Errorf("%s came out", shape)
				}
			}
			if strings.Contains(got, "NOTHING") || strings.Contains(got, "REJECTED AFTER") {
				t.Errorf("a row without an end, or with two:\n%s", got)
			}
			got = hideShapes(got)
			golden := path + ".golden"
			if *updatePlatform {
				if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s: got\n%s\nwant\n%s", golden, got, want)
			}
		})
	}
}

// Of every fixture its own format is the surest, for each kind under which it can be imported.
func TestPlatformGuess(t *testing.T) {
	for path, name := range fixtures(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := sampleOf(path, []byte(fillShapes(string(text))))
		for _, kind := range platformFormat(t, name).Kinds {
			if f, err := Guess(kind, s); err != nil || f.Name != name {
				t.Errorf("%s is guessed to be %q (%v)", path, f.Name, err)
			}
		}
		for _, f := range Formats() {
			if f.Name != name && f.Guess(s) >= platformFormat(t, name).Guess(s) {
				t.Errorf("%s is as much %s as %s", path, f.Name, name)
			}
		}
	}
}

// A reader stops where the sink fails or the context ends, with that error.
func TestPlatformStops(t *testing.T) {
	for path, name := range fixtures(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := facts{stop: fmt.Errorf("the store is full")}
		err = platformFormat(t, name).Read(t.Context(), &Input{Name: path, R: bytes.NewReader(text)}, f.sink())
		if err != f.stop { //nolint:errorlint // the very error
			t.Errorf("%s: %v", path, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	line := `192.0.2.9 - - [05/Sep/2025:12:34:56 +0000] "GET / HTTP/1.1" 200 1` + "\n"
	if err := readAccess(ctx, &Input{R: strings.NewReader(line)}, (&facts{}).sink()); err == nil {
		t.Error("read on behind the end of its context")
	}
}
