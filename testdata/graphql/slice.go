//go:build ignore

// Slice cuts GitHub's GraphQL schema down to what pentimento asks and the drill answers.
//
//	npm pack @octokit/graphql-schema@15.26.1 && tar xzf octokit-graphql-schema-15.26.1.tgz
//	go run slice.go package/schema.graphql > github.graphql
//
// It keeps the fields below with all their arguments, every input type, enumeration and scalar that these reach, and of an interface or
// union what is kept of its members. Descriptions are dropped; nothing else is changed.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// fields are what is kept of each object and interface.
var fields = map[string][]string{
	"Query":                              {"repository", "rateLimit"},
	"RateLimit":                          {"cost", "limit", "remaining", "resetAt"},
	"Repository":                         {"databaseId", "nameWithOwner", "object", "pullRequest", "pullRequests"},
	"PullRequestConnection":              {"totalCount", "pageInfo", "nodes"},
	"PageInfo":                           {"hasNextPage", "endCursor"},
	"PullRequest":                        {"number", "updatedAt", "closedAt", "headRefName", "headRefOid", "baseRefName", "isCrossRepository", "headRepository", "timelineItems"},
	"PullRequestTimelineItemsConnection": {"totalCount", "pageInfo", "nodes"},
	"HeadRefForcePushedEvent":            {"id", "createdAt", "actor", "beforeCommit", "afterCommit", "ref"},
	"BaseRefForcePushedEvent":            {"id", "createdAt", "actor", "beforeCommit", "afterCommit", "ref"},
	"HeadRefDeletedEvent":                {"id", "createdAt", "actor", "headRefName"},
	"HeadRefRestoredEvent":               {"id", "createdAt", "actor"},
	"BaseRefChangedEvent":                {"id", "createdAt", "actor", "currentRefName", "previousRefName"},
	"Ref":                                {"name", "prefix"},
	"Actor":                              {"login"},
	"User":                               {"login"},
	"Bot":                                {"login"},
	"GitObject":                          {"oid"},
	"Commit":                             {"oid", "signature"},
	"Tag":                                {"oid"},
	"Tree":                               {"oid"},
	"Blob":                               {"oid"},
	"GitSignature":                       {"isValid", "state", "wasSignedByGitHub", "verifiedAt"},
	"GpgSignature":                       {"isValid", "state", "wasSignedByGitHub", "verifiedAt"},
	"SshSignature":                       {"isValid", "state", "wasSignedByGitHub", "verifiedAt"},
	"SmimeSignature":                     {"isValid", "state", "wasSignedByGitHub", "verifiedAt"},
	"UnknownSignature":                   {"isValid", "state", "wasSignedByGitHub", "verifiedAt"},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run slice.go schema.graphql > github.graphql")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "slice:", err)
		os.Exit(1)
	}
}

func run(file string, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	all, err := parser.ParseSchema(&ast.Source{Name: file, Input: string(text)})
	if err != nil {
		return err
	}
	s := slicer{all: map[string]*ast.Definition{}, kept: map[string]bool{}}
	for _, d := range all.Definitions {
		s.all[d.Name] = d
	}
	for name, want := range fields {
		if err := s.object(name, want); err != nil {
			return err
		}
	}
	var doc ast.SchemaDocument
	for _, d := range all.Definitions {
		if s.kept[d.Name] {
			s.trim(d)
			doc.Definitions = append(doc.Definitions, d)
		}
	}
	fmt.Fprint(out, "# Cut by slice.go from schema.graphql of the npm package @octokit/graphql-schema 15.26.1 (MIT, see LICENSE).\n\n")
	formatter.NewFormatter(out, formatter.WithoutDescription()).FormatSchemaDocument(&doc)
	return nil
}

type slicer struct {
	all  map[string]*ast.Definition
	kept map[string]bool
}

// object keeps the named fields of a type and what their types and arguments are made of.
func (s slicer) object(name string, want []string) error {
	d := s.all[name]
	if d == nil {
		return fmt.Errorf("the schema has no type %s", name)
	}
	s.kept[name] = true
	var list ast.FieldList
	for _, f := range want {
		field := d.Fields.ForName(f)
		if field == nil {
			return fmt.Errorf("%s has no field %s", name, f)
		}
		field.Directives = nil
		list = append(list, field)
		if err := s.take(field.Type.Name()); err != nil {
			return fmt.Errorf("%s.%s: %w", name, f, err)
		}
		for _, a := range field.Arguments {
			a.Directives = nil
			if err := s.take(a.Type.Name()); err != nil {
				return fmt.Errorf("%s.%s(%s): %w", name, f, a.Name, err)
			}
		}
	}
	d.Fields, d.Directives = list, nil
	return nil
}

// take keeps a type that is reached: whole, but for objects and interfaces, of which the table says what is kept.
func (s slicer) take(name string) error {
	d := s.all[name]
	if d == nil { // built in
		return nil
	}
	if (d.Kind == ast.Object || d.Kind == ast.Interface) && fields[name] == nil {
		return fmt.Errorf("%s is reached, but nothing is said to be kept of it", name)
	}
	if s.kept[name] {
		return nil
	}
	s.kept[name] = true
	if d.Kind == ast.InputObject {
		for _, f := range d.Fields {
			f.Directives = nil
			if err := s.take(f.Type.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// trim drops what a type says of types that are not kept.
func (s slicer) trim(d *ast.Definition) {
	gone := func(name string) bool { return !s.kept[name] }
	d.Interfaces, d.Types = slices.DeleteFunc(d.Interfaces, gone), slices.DeleteFunc(d.Types, gone)
	d.Directives = nil
	for _, v := range d.EnumValues {
		v.Directives = nil
	}
}
