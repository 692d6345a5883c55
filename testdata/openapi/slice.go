//go:build ignore

// Slice cuts GitHub's OpenAPI description down to the requests that pentimento makes and the drill answers.
//
//	npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
//	go run slice.go package/generated/api.github.com.json > github.json
//
// It keeps the GET operation of the paths below and every component that they reach, and corrects the places where the description
// contradicts itself or GitHub's own documentation; each is said where it is made. Documentation examples of responses are
// dropped: many break their own schema.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// paths are the operations kept, in the words of the description.
var paths = []string{
	"/rate_limit",
	"/repos/{owner}/{repo}",
	"/repos/{owner}/{repo}/activity",
	"/repos/{owner}/{repo}/events",
	"/repos/{owner}/{repo}/actions/runs",
	"/repos/{owner}/{repo}/actions/runs/{run_id}",
	"/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
	"/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs",
	"/repos/{owner}/{repo}/git/commits/{commit_sha}",
	"/repos/{owner}/{repo}/git/trees/{tree_sha}",
	"/repos/{owner}/{repo}/git/blobs/{file_sha}",
	"/repos/{owner}/{repo}/commits/{ref}/check-suites",
	"/repos/{owner}/{repo}/forks",
	"/repos/{owner}/{repo}/releases",
	"/repos/{owner}/{repo}/actions/jobs/{job_id}/logs",
	"/repos/{owner}/{repo}/actions/secrets",
	"/repos/{owner}/{repo}/actions/organization-secrets",
	"/repos/{owner}/{repo}/actions/runners",
	"/repos/{owner}/{repo}/environments",
	"/repos/{owner}/{repo}/environments/{environment_name}/secrets",
	"/repos/{owner}/{repo}/keys",
	"/repos/{owner}/{repo}/hooks",
	"/repos/{owner}/{repo}/collaborators",
	"/users/{username}/events/public",
}

type object = map[string]any

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run slice.go api.github.com.json > github.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "slice:", err)
		os.Exit(1)
	}
}

func run(file string, out io.Writer) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	kept := object{}
	for _, p := range paths {
		item, ok := doc["paths"].(object)[p].(object)
		if !ok {
			return fmt.Errorf("the description has no path %s", p)
		}
		kept[p] = object{"get": item["get"]}
	}
	dropExamples(kept)
	s := slicer{all: doc["components"].(object), kept: object{}}
	if err := s.walk(kept); err != nil {
		return err
	}
	if err := correct(s.kept); err != nil {
		return err
	}
	doc["paths"], doc["components"] = kept, s.kept
	delete(doc, "x-webhooks") // not part of OpenAPI 3.0; thousands of components hang on it
	delete(doc, "tags")
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(doc)
}

// slicer copies the components that a part of the description reaches.
type slicer struct{ all, kept object }

func (s slicer) walk(node any) error {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			if err := s.walk(v); err != nil {
				return err
			}
		}
	case object:
		if ref, ok := n["$ref"].(string); ok {
			return s.take(ref)
		}
		for _, v := range n {
			if err := s.walk(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// take copies the component of a reference "#/components/<kind>/<name>" and all that it reaches in turn.
func (s slicer) take(ref string) error {
	kind, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
	if !ok {
		return fmt.Errorf("unknown form of reference %q", ref)
	}
	group, _ := s.all[kind].(object)
	component, ok := group[name]
	if !ok {
		return fmt.Errorf("nothing at %q", ref)
	}
	if _, ok := s.kept[kind]; !ok {
		s.kept[kind] = object{}
	}
	if _, done := s.kept[kind].(object)[name]; done {
		return nil
	}
	dropExamples(component)
	s.kept[kind].(object)[name] = component
	return s.walk(component)
}

// dropExamples removes the examples of media types. One of them, "activity-items", names fields that the endpoint does not have
// (pushed_at, push_type, pusher) and lacks those that it has (timestamp, activity_type, actor).
func dropExamples(node any) {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			dropExamples(v)
		}
	case object:
		if content, ok := n["content"].(object); ok {
			for _, media := range content {
				if m, ok := media.(object); ok {
					delete(m, "examples")
					delete(m, "example")
				}
			}
		}
		for _, v := range n {
			dropExamples(v)
		}
	}
}

// correct mends what no real exchange satisfies. The parameter "created" of the runs list gets the type that its own text documents: a
// range such as a..b or >=a is no date-time. The payload of an event may match any of its alternatives: several are open objects,
// so that exactly one never does.
func correct(components object) error {
	created, ok := components["parameters"].(object)["created"].(object)
	if !ok {
		return fmt.Errorf("the parameter created is not reached")
	}
	created["schema"] = object{"type": "string"}
	event, ok := components["schemas"].(object)["event"].(object)
	if !ok {
		return fmt.Errorf("the schema event is not reached")
	}
	payload := event["properties"].(object)["payload"].(object)
	if _, ok := payload["oneOf"]; !ok {
		return fmt.Errorf("the payload of events is described in another way")
	}
	payload["anyOf"] = payload["oneOf"]
	delete(payload, "oneOf")
	return nil
}
