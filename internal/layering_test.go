// Package internal_test holds the shape of the module: who imports whom, which dependency enters by which door, and how long files and
// functions may be.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "pentimento"

// layer says what one package may import.
type layer struct {
	own   []string // packages of this module, without "pentimento/" and "internal/"
	doors []string // third-party modules that enter here, by their import path or a prefix of it
	// testOnly packages are imported by tests alone and may use testing.
	testOnly bool
}

// Third-party modules that have one door each.
const (
	actionlint  = "github.com/rhysd/actionlint"
	cobra       = "github.com/spf13/cobra"
	goGit       = "github.com/go-git"
	goGitHub    = "github.com/google/go-github/v66"
	gqlparser   = "github.com/vektah/gqlparser/v2"
	isatty      = "github.com/mattn/go-isatty"
	gqlParser   = "github.com/vektah/gqlparser/v2"
	kinOpenAPI  = "github.com/getkin/kin-openapi"
	mpb         = "github.com/vbauerster/mpb/v8"
	rapid       = "pgregory.net/rapid"
	shellParser = "mvdan.cc/sh/v3"
	sqlite      = "modernc.org/sqlite"
	yamlV3      = "go.yaml.in/yaml/v3"
	yamlV4      = "go.yaml.in/yaml/v4" // the parser that actionlint itself uses: what is vetted is what it will read
	compress    = "github.com/klauspost/compress"
	errgroup    = "golang.org/x/sync"
	maxMind     = "github.com/oschwald/maxminddb-golang/v2"
)

// layers is the import table, in the order of the path of the data: each package imports only what stands above it. Tests may import
// what they need; the table is about the product. A package that is not here fails the test.
var layers = map[string]layer{
	"when":     {},
	"evidence": {own: []string{"when"}},
	"queries":  {},
	"inert":    {},
	"intake":   {own: []string{"evidence", "when"}},

	"collect/wire":      {own: []string{"evidence", "when"}},
	"collect/gitpack":   {},
	"collect/gitremote": {own: []string{"collect/gitpack", "collect/wire", "evidence", "when"}, doors: []string{goGit}},
	"collect/localgit":  {own: []string{"collect/gitremote", "evidence", "when"}},
	"collect/ghexport":  {own: []string{"evidence", "when"}, doors: []string{compress}},
	"collect/ghapi":     {own: []string{"collect/wire", "evidence", "when"}, doors: []string{goGitHub}},
	"collect/gharchive": {own: []string{"collect/wire", "evidence", "when"}, doors: []string{compress}},
	"collect":           {own: []string{"evidence", "when"}, doors: []string{errgroup}},

	"tokens":   {own: []string{"evidence", "when"}},
	"tokenlog": {own: []string{"tokens", "evidence", "when"}, doors: []string{compress, yamlV3, maxMind}},

	"casefile/schema": {},
	"casefile":        {own: []string{"casefile/schema", "queries", "tokens", "evidence", "when"}, doors: []string{sqlite, compress}},

	"script":            {doors: []string{shellParser}},
	"workflow":          {own: []string{"evidence", "script"}, doors: []string{actionlint, yamlV4}},
	"campaign":          {own: []string{"script", "workflow", "evidence", "when"}, doors: []string{yamlV3}},
	"campaign/exchange": {own: []string{"campaign"}},

	"heuristic": {own: []string{"campaign"}, doors: []string{yamlV3}},
	"detect":    {own: []string{"casefile", "heuristic", "campaign", "workflow", "script", "evidence", "when"}},
	"family":    {own: []string{"detect", "casefile", "campaign", "workflow", "evidence"}},
	"timeline":  {own: []string{"casefile", "workflow", "evidence", "when"}},
	"linkage":   {own: []string{"casefile", "tokens", "evidence"}},
	"exposure":  {own: []string{"linkage", "detect", "timeline", "casefile", "workflow", "tokens", "evidence", "when"}},
	"verdict":   {own: []string{"exposure", "linkage", "casefile", "tokens", "evidence", "when"}},

	"answer": {own: []string{"casefile", "queries"}},
	"report": {own: []string{"answer", "inert", "verdict", "exposure", "casefile"}},

	"changed":      {own: []string{"casefile", "evidence"}},
	"preserve":     {},
	"drill":        {own: []string{"evidence", "when"}, doors: []string{gqlparser}},
	"seeded":       {doors: []string{rapid}, testOnly: true},
	"openapicheck": {doors: []string{kinOpenAPI, gqlParser}, testOnly: true},

	"cmd/pentimento": {
		own: []string{"when", "evidence", "queries", "inert", "intake", "collect/wire", "collect/gitremote", "collect/ghapi", "collect/gharchive", "collect/ghexport",
			"collect/localgit", "collect", "preserve", "tokens", "tokenlog", "casefile",
			"workflow", "campaign", "campaign/exchange", "heuristic", "detect", "family", "timeline", "linkage", "exposure", "verdict", "report", "changed", "drill"},
		doors: []string{cobra, mpb, isatty, errgroup},
	},
}

// listed is what `go list -json` says of a package: the fields that are read here.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string // of non-test files
	Standard   bool
}

// short is the name of a package in the table.
func short(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module+"/"), "internal/")
}

// packages lists every package of the module that has non-test files.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports,Standard", "./...")
	cmd.Dir, cmd.Stderr = "..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) < 2 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}

func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		l, ok := layers[short(p.ImportPath)]
		if !ok {
			t.Errorf("%s is not in the import table: say what it may import", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if reason := l.refuses(imported); reason != "" {
				t.Errorf("%s imports %s: %s", short(p.ImportPath), short(imported), reason)
			}
		}
	}
}

// refuses says why a package of this layer may not import another; empty where it may.
func (l layer) refuses(imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case first == module:
		if layers[short(imported)].testOnly {
			return "it is for tests"
		}
		if !slices.Contains(l.own, short(imported)) {
			return "the table has no such edge"
		}
	case strings.Contains(first, "."):
		through := func(door string) bool { return imported == door || strings.HasPrefix(imported, door+"/") }
		if !slices.ContainsFunc(l.doors, through) {
			return "this dependency has its door elsewhere"
		}
	case (first == "testing" || imported == "net/http/httptest") && !l.testOnly:
		return "product code does not test"
	}
	return ""
}

// The table itself must have no cycle and no edge to a package that it does not name.
func TestLayersPointOneWay(t *testing.T) {
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		path = append(path, name)
		if state[name] == visiting {
			t.Errorf("cycle: %s", strings.Join(path, " -> "))
		}
		if state[name] != 0 {
			return
		}
		state[name] = visiting
		for _, next := range layers[name].own {
			if _, ok := layers[next]; !ok {
				t.Errorf("%s may import %s, which the table does not name", name, next)
			}
			visit(next, path)
		}
		state[name] = done
	}
	for name := range layers {
		visit(name, nil)
	}
}

// Only the command reaches the simulator, whatever the table is made to say.
func TestDrillIsALeaf(t *testing.T) {
	for name, l := range layers {
		if name != "cmd/pentimento" && slices.Contains(l.own, "drill") {
			t.Errorf("%s may import drill", name)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		from, imported string
		allowed        bool
	}{
		"upstream":             {"evidence", "pentimento/internal/when", true},
		"downstream":           {"when", "pentimento/internal/evidence", false},
		"standard library":     {"when", "encoding/json", true},
		"testing":              {"when", "testing", false},
		"testing/fstest":       {"when", "testing/fstest", false},
		"a fake server":        {"drill", "net/http/httptest", false},
		"own door":             {"casefile", "modernc.org/sqlite/lib", true},
		"other door":           {"detect", "modernc.org/sqlite", false},
		"door, another module": {"casefile", "modernc.org/sqlite2", false},
		"test-only package":    {"cmd/pentimento", "pentimento/internal/openapicheck", false},
		"test-only testing":    {"openapicheck", "testing", true},
	} {
		if reason := layers[c.from].refuses(c.imported); (reason == "") != c.allowed {
			t.Errorf("%s: %s imports %s: %q", name, c.from, c.imported, reason)
		}
	}
}
