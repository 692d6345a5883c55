package openapicheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// GraphQL also holds queries, and the replies to them, against a schema (testdata/graphql/github.graphql).
func (t *Transport) GraphQL(schema string) error {
	text, err := os.ReadFile(schema)
	if err != nil {
		return err
	}
	t.schema, err = gqlparser.LoadSchema(&ast.Source{Name: schema, Input: string(text)})
	return err
}

// graphql validates one exchange. A reply with errors may lack data; one without must have all that the query asks.
func (t *Transport) graphql(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var asked struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, fmt.Errorf("GraphQL request: %w", err)
	}
	query, errs := gqlparser.LoadQueryWithRules(t.schema, asked.Query, nil)
	if len(errs) > 0 {
		return nil, fmt.Errorf("GraphQL query: %w", errs)
	}
	if len(query.Operations) != 1 {
		return nil, fmt.Errorf("GraphQL request of %d operations", len(query.Operations))
	}
	if _, err := validator.VariableValues(t.schema, query.Operations[0], asked.Variables); err != nil {
		return nil, fmt.Errorf("GraphQL variables: %w", err)
	}
	again := req.Clone(req.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := t.base.RoundTrip(again)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	reply, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(reply))
	var said struct {
		Data   map[string]any `json:"data"`
		Errors gqlerror.List  `json:"errors"`
	}
	if err := json.Unmarshal(reply, &said); err != nil {
		return nil, fmt.Errorf("GraphQL reply: %w", err)
	}
	if len(said.Errors) > 0 {
		return resp, nil
	}
	if err := t.object("data", t.schema.Query, query.Operations[0].SelectionSet, said.Data); err != nil {
		return nil, fmt.Errorf("GraphQL reply: %w", err)
	}
	return resp, nil
}

// object holds the fields that were asked of an object against their types.
func (t *Transport) object(at string, def *ast.Definition, asked ast.SelectionSet, value map[string]any) error {
	if def.IsAbstractType() {
		name, _ := value["__typename"].(string)
		if name == "" {
			return fmt.Errorf("%s: __typename is missing", at)
		}
		for _, possible := range t.schema.GetPossibleTypes(def) {
			if possible.Name == name {
				return t.object(at, possible, asked, value)
			}
		}
		return fmt.Errorf("%s: %s is no %s", at, name, def.Name)
	}
	for _, s := range asked {
		var err error
		switch s := s.(type) {
		case *ast.Field:
			v, ok := value[s.Alias]
			switch {
			case s.Name == "__typename":
			case !ok:
				err = fmt.Errorf("%s.%s is missing", at, s.Alias)
			default:
				err = t.value(at+"."+s.Alias, s.Definition.Type, s.SelectionSet, v)
			}
		case *ast.InlineFragment:
			err = t.fragment(at, def, s.TypeCondition, s.SelectionSet, value)
		case *ast.FragmentSpread:
			err = t.fragment(at, def, s.Definition.TypeCondition, s.Definition.SelectionSet, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fragment applies where the object is of the type, or of one that implements it.
func (t *Transport) fragment(at string, def *ast.Definition, condition string, asked ast.SelectionSet, value map[string]any) error {
	for _, possible := range t.schema.GetPossibleTypes(t.schema.Types[condition]) {
		if possible.Name == def.Name {
			return t.object(at, def, asked, value)
		}
	}
	return nil
}

func (t *Transport) value(at string, typ *ast.Type, asked ast.SelectionSet, v any) error {
	if v == nil {
		if typ.NonNull {
			return fmt.Errorf("%s is null", at)
		}
		return nil
	}
	if typ.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s is no list", at)
		}
		for i, e := range list {
			if err := t.value(fmt.Sprintf("%s[%d]", at, i), typ.Elem, asked, e); err != nil {
				return err
			}
		}
		return nil
	}
	def := t.schema.Types[typ.NamedType]
	if object, ok := v.(map[string]any); ok {
		// The fakes' __typename is asked for where it matters; a type behind an interface that asks for no more than the interface has
		// needs none.
		if _, named := object["__typename"]; !named && def.Kind == ast.Interface && !fragments(asked) {
			return nil
		}
		return t.object(at, def, asked, object)
	}
	ok := map[string]bool{"Int": is[float64](v), "Boolean": is[bool](v)}
	switch {
	case def.Kind == ast.Object || def.Kind == ast.Interface || def.Kind == ast.Union:
		return fmt.Errorf("%s is no object", at)
	case def.Kind == ast.Enum && def.EnumValues.ForName(fmt.Sprint(v)) == nil:
		return fmt.Errorf("%s: %v is no %s", at, v, def.Name)
	case def.Name == "Int" || def.Name == "Boolean":
		if !ok[def.Name] {
			return fmt.Errorf("%s: %v is no %s", at, v, def.Name)
		}
	case !is[string](v):
		return fmt.Errorf("%s: %v is no %s", at, v, def.Name)
	case def.Name == "DateTime" && !strings.Contains(v.(string), "T"):
		return fmt.Errorf("%s: %v is no time", at, v)
	}
	return nil
}

func is[T any](v any) bool { _, ok := v.(T); return ok }

func fragments(asked ast.SelectionSet) bool {
	for _, s := range asked {
		if _, field := s.(*ast.Field); !field {
			return true
		}
	}
	return false
}
