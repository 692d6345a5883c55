package internal_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The budget of non-test Go. A file or function over it is a question to ask, not a thing to split badly: the answer goes into the
// tables below.
const (
	maxFileLines       = 350
	maxFileLinesReason = 400 // with a reason in longFiles
	maxFuncLines       = 60
	maxFuncLinesP90    = 40
	maxInterfaces      = 5
	maxMethods         = 3
)

// longFiles names the files that may have up to maxFileLinesReason lines, by their path in the module, and why.
var longFiles = map[string]string{}

// longFuncs names the functions that may be longer than maxFuncLines, as "path:Name", and why.
var longFuncs = map[string]string{}

// source is one parsed non-test file.
type source struct {
	path  string // in the module
	lines int
	file  *ast.File
	fset  *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	var all []source
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			full := filepath.Join(p.Dir, name)
			text, err := os.ReadFile(full)
			if err != nil {
				t.Fatal(err)
			}
			path, err := filepath.Rel(root, full)
			if err != nil {
				t.Fatal(err)
			}
			s := source{path: filepath.ToSlash(path), lines: bytes.Count(text, []byte("\n")), fset: token.NewFileSet()}
			if s.file, err = parser.ParseFile(s.fset, full, text, parser.ParseComments); err != nil {
				t.Error(err)
				continue
			}
			all = append(all, s)
		}
	}
	return all
}

func TestFileBudget(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		limit := maxFileLines
		if longFiles[s.path] != "" {
			limit = maxFileLinesReason
			used[s.path] = s.lines > maxFileLines
		}
		if s.lines > limit {
			t.Errorf("%s has %d lines, the budget is %d", s.path, s.lines, limit)
		}
	}
	for path := range longFiles {
		if !used[path] {
			t.Errorf("%s needs no exception: take it out of longFiles", path)
		}
	}
}

func TestFuncBudget(t *testing.T) {
	var lengths []int
	used := map[string]bool{}
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			lengths = append(lengths, n)
			name := s.path + ":" + f.Name.Name
			if n <= maxFuncLines {
				continue
			}
			used[name] = true
			if longFuncs[name] == "" {
				t.Errorf("%s has %d lines, the budget is %d", name, n, maxFuncLines)
			}
		}
	}
	for name := range longFuncs {
		if !used[name] {
			t.Errorf("%s needs no exception: take it out of longFuncs", name)
		}
	}
	slices.Sort(lengths)
	if p90 := lengths[len(lengths)*9/10]; p90 > maxFuncLinesP90 {
		t.Errorf("one function in ten has more than %d lines, the budget is %d", p90, maxFuncLinesP90)
	}
}

func TestInterfaceBudget(t *testing.T) {
	var found []string
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			i, ok := n.(*ast.InterfaceType)
			if !ok || len(i.Methods.List) == 0 {
				return true // any is no abstraction of ours
			}
			at := fmt.Sprintf("%s:%d", s.path, s.fset.Position(i.Pos()).Line)
			found = append(found, at)
			if i.Methods.NumFields() > maxMethods {
				t.Errorf("interface at %s has more than %d methods", at, maxMethods)
			}
			return true
		})
	}
	if len(found) > maxInterfaces {
		t.Errorf("%d interfaces, the budget is %d: %s", len(found), maxInterfaces, strings.Join(found, ", "))
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	commented, named := map[string]string{}, map[string]string{}
	for _, s := range sources(t) {
		dir := filepath.ToSlash(filepath.Dir(s.path))
		named[dir] = s.file.Name.Name
		if s.file.Doc == nil {
			continue
		}
		if commented[dir] != "" {
			t.Errorf("%s: package comments in both %s and %s", dir, commented[dir], s.path)
		}
		commented[dir] = s.path
		if want := "Package " + s.file.Name.Name + " "; s.file.Name.Name != "main" && !strings.HasPrefix(s.file.Doc.Text(), want) {
			t.Errorf("%s: the package comment does not begin with %q", s.path, want)
		}
	}
	for dir, name := range named {
		if commented[dir] == "" {
			t.Errorf("%s: package %s has no comment", dir, name)
		}
	}
}
