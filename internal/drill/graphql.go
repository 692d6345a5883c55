package drill

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

const (
	// graphqlPath is where a GitHub of one's own has GraphQL: beside the REST API, not below it.
	graphqlPath = "/api/graphql"
	// maxGraphQLNodes is GitHub's bound on the nodes that one query may ask for.
	maxGraphQLNodes = 500_000
)

//go:embed schema.graphql
var schemaText string

// schema is parsed once: a query that GitHub's schema does not allow is refused here as there.
var schema = sync.OnceValues(func() (*ast.Schema, error) {
	return gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
})

// node is a value of an object type: its fields by name. A field with arguments is a func(arguments) (any, error).
type node map[string]any

type arguments = map[string]any

// serveGraphQL answers one query. As GitHub's, it says most errors in a body with status 200.
func (s *Server) serveGraphQL(w http.ResponseWriter, r *http.Request) {
	c := &call{s: s, w: w, r: r, query: r.URL.Query()}
	if r.Method != http.MethodPost {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	if s.recipe.tokened && r.Header.Get("Authorization") == "" {
		c.fail(http.StatusUnauthorized, "This endpoint requires you to be authenticated.")
		return
	}
	s.mu.Lock()
	ok, met, until := s.limiter.allow(time.Now())
	served := s.limiter.served
	s.mu.Unlock()
	c.rateHeaders(left(served), time.Now().Add(time.Hour))
	w.Header().Set("X-RateLimit-Resource", "graphql")
	if !ok {
		c.limited(met, until)
		return
	}
	var asked struct {
		Query         string         `json:"query"`
		OperationName string         `json:"operationName"`
		Variables     map[string]any `json:"variables"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&asked); err != nil {
		c.fail(http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	q := &query{recipe: s.recipe, remaining: left(served)}
	data, err := q.run(asked.Query, asked.OperationName, asked.Variables)
	answer := map[string]any{}
	if data != nil {
		answer["data"] = data
	}
	if err != nil {
		q.errors = append(q.errors, gqlFailure{Message: err.Error()})
	}
	if len(q.errors) > 0 {
		answer["errors"] = q.errors
	}
	c.json(answer)
}

// gqlFailure is GitHub's shape of an error in a body.
type gqlFailure struct {
	Type    string `json:"type,omitempty"`
	Path    []any  `json:"path,omitempty"`
	Message string `json:"message"`
}

func (e *gqlFailure) Error() string { return e.Message }

// query is one query on its way to an answer.
type query struct {
	recipe    *Recipe
	remaining int64
	variables map[string]any
	fragments ast.FragmentDefinitionList
	nodes     int64 // asked for, at most
	errors    []gqlFailure
}

// run parses, validates and executes a document. An error stands for the whole; errors of single fields are kept aside.
func (q *query) run(text, operation string, variables map[string]any) (any, error) {
	known, err := schema()
	if err != nil {
		return nil, err
	}
	doc, errs := gqlparser.LoadQueryWithRules(known, text, nil)
	if len(errs) > 0 {
		return nil, firstOf(errs)
	}
	op := doc.Operations.ForName(operation)
	if op == nil || op.Operation != ast.Query {
		return nil, fmt.Errorf("no query named %q", operation)
	}
	if q.variables, err = validator.VariableValues(known, op, variables); err != nil {
		return nil, err
	}
	q.fragments = doc.Fragments
	return q.object(op.SelectionSet, q.root(), nil), nil
}

func firstOf(errs gqlerror.List) error { return fmt.Errorf("%s", errs[0].Message) }

// ordered is an answer whose fields stand in the order in which they were asked for, as GraphQL demands.
type ordered struct {
	keys   []string
	values map[string]any
}

// MarshalJSON implements json.Marshaler.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o.values[key])
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// object answers a selection on an object: fields of the same response key are merged first.
func (q *query) object(set ast.SelectionSet, on node, path []any) any {
	out := ordered{values: map[string]any{}}
	merged := map[string][]*ast.Field{}
	q.gather(set, on, &out.keys, merged)
	for _, key := range out.keys {
		fields := merged[key]
		at := append(slices.Clone(path), key)
		value, err := q.field(fields[0], on)
		if err != nil {
			failure := gqlFailure{Message: err.Error(), Path: at}
			if f, ok := err.(*gqlFailure); ok {
				failure.Type = f.Type
			}
			q.errors = append(q.errors, failure)
			out.values[key] = nil
			continue
		}
		var below ast.SelectionSet
		for _, f := range fields {
			below = append(below, f.SelectionSet...)
		}
		out.values[key] = q.complete(below, value, at)
	}
	return out
}

// gather lists the fields of a selection, those of fragments that fit the object included.
func (q *query) gather(set ast.SelectionSet, on node, keys *[]string, fields map[string][]*ast.Field) {
	for _, selection := range set {
		switch x := selection.(type) {
		case *ast.Field:
			if !q.included(x.Directives) {
				continue
			}
			if len(fields[x.Alias]) == 0 {
				*keys = append(*keys, x.Alias)
			}
			fields[x.Alias] = append(fields[x.Alias], x)
		case *ast.InlineFragment:
			if q.included(x.Directives) && on.is(x.TypeCondition) {
				q.gather(x.SelectionSet, on, keys, fields)
			}
		case *ast.FragmentSpread:
			if f := q.fragments.ForName(x.Name); f != nil && q.included(x.Directives) && on.is(f.TypeCondition) {
				q.gather(f.SelectionSet, on, keys, fields)
			}
		}
	}
}

// included obeys @skip and @include.
func (q *query) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		yes, _ := d.ArgumentMap(q.variables)["if"].(bool)
		if (d.Name == "skip" && yes) || (d.Name == "include" && !yes) {
			return false
		}
	}
	return true
}

// is reports whether an object is of a type, or implements it.
func (n node) is(condition string) bool {
	name, _ := n["__typename"].(string)
	if condition == "" || condition == name {
		return true
	}
	known, err := schema()
	if err != nil {
		return false
	}
	abstract := known.Types[condition]
	return abstract != nil && slices.ContainsFunc(known.GetPossibleTypes(abstract), func(d *ast.Definition) bool { return d.Name == name })
}

func (q *query) field(f *ast.Field, on node) (any, error) {
	value, ok := on[f.Name]
	if !ok {
		return nil, fmt.Errorf("the drill does not answer %s", f.Name)
	}
	if resolve, takes := value.(func(arguments) (any, error)); takes {
		return resolve(f.ArgumentMap(q.variables))
	}
	return value, nil
}

// complete goes below objects and lists.
func (q *query) complete(set ast.SelectionSet, value any, path []any) any {
	switch v := value.(type) {
	case node:
		if v == nil {
			return nil
		}
		return q.object(set, v, path)
	case []node:
		out := make([]any, len(v))
		for i, n := range v {
			out[i] = q.object(set, n, append(slices.Clone(path), i))
		}
		return out
	}
	return value
}

// connection cuts a page out of a list, by GitHub's rules: first is demanded, 100 at most. Cursors are places in the list.
func (q *query) connection(kind string, all []node, args arguments) (node, error) {
	first, ok := number(args["first"])
	if !ok {
		return nil, &gqlFailure{Type: "MISSING_PAGINATION_BOUNDARIES", Message: "You must provide a `first` or `last` value to properly paginate the connection."}
	}
	if first < 0 || first > maxPerPage {
		return nil, &gqlFailure{Type: "EXCESSIVE_PAGINATION", Message: fmt.Sprintf("Requesting %d records on the connection exceeds the `first` limit of 100 records.", first)}
	}
	if q.nodes += first; q.nodes > maxGraphQLNodes {
		return nil, &gqlFailure{Type: "MAX_NODE_LIMIT_EXCEEDED", Message: "This query requests more than the maximum of 500,000 nodes."}
	}
	from := 0
	if after, _ := args["after"].(string); after != "" {
		n, err := strconv.Atoi(after)
		if err != nil || n < 0 || n > len(all) {
			return nil, &gqlFailure{Type: "INVALID_CURSOR_ARGUMENTS", Message: fmt.Sprintf("`%s` does not appear to be a valid cursor.", after)}
		}
		from = n
	}
	size := int(first)
	if limit := q.recipe.caps["graphql"]; limit > 0 {
		size = min(size, limit)
	}
	to := min(len(all), from+size)
	info := node{"__typename": "PageInfo", "hasNextPage": to < len(all), "hasPreviousPage": from > 0, "startCursor": nil, "endCursor": nil}
	if to > from {
		info["startCursor"], info["endCursor"] = strconv.Itoa(from+1), strconv.Itoa(to)
	}
	return node{"__typename": kind, "nodes": all[from:to], "pageInfo": info, "totalCount": len(all), "filteredCount": len(all), "pageCount": to - from}, nil
}

// number reads an integer however a literal or a variable brought it.
func number(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case json.Number:
		i, err := n.Int64()
		return i, err == nil
	}
	return 0, false
}

// left is what the hour still allows. The hour is over when it is used up: nobody waits in a drill but for a limit that the recipe states.
func left(served int64) int64 { return hourlyLimit - served%hourlyLimit }
