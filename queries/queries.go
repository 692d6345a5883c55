// Package queries holds the questions that a case answers, one per file of SQL: the file's name is the query's name, its header says
// what it asks, which parameters it takes, which columns it gives and what its answer does not say. It takes nothing and runs nothing:
// the command runs them, and so can anybody with a SQLite shell (.parameter set :repo "”" asks about all repositories).
//
// A query concludes nothing of its own: it selects and orders facts and inferences. Times are the stored text (RFC 3339, UTC), NULL is
// unknown, lists within a cell are separated by a blank.
package queries

import (
	"embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Param is a named parameter, :Name in the SQL. Default is what stands for it where none is given.
type Param struct {
	Name, Default string
	Says          string // the default in words: "all"
}

// Query is one file. SQL is the whole text, header included: SQLite reads it as comments.
type Query struct {
	Name    string
	Purpose string
	Params  []Param
	Columns []string
	Limits  string
	SQL     string
}

// ErrUnknown is returned for a name that no file has.
var ErrUnknown = errors.New("no such query")

// List gives every query by name. An error means that a file of this package breaks the format of the header.
func List() ([]Query, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list queries: %w", err)
	}
	var out []Query
	for _, e := range entries { // ReadDir sorts by name
		q, err := Get(strings.TrimSuffix(e.Name(), ".sql"))
		if err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	return out, nil
}

// validName keeps a name from being a path.
var validName = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// Get gives one query by its name, or [ErrUnknown].
func Get(name string) (Query, error) {
	if !validName.MatchString(name) {
		return Query{}, fmt.Errorf("query %q: %w", name, ErrUnknown)
	}
	text, err := files.ReadFile(name + ".sql")
	if err != nil {
		return Query{}, fmt.Errorf("query %s: %w", name, ErrUnknown)
	}
	q, err := parse(string(text))
	if err != nil {
		return Query{}, fmt.Errorf("query %s: %w", name, err)
	}
	q.Name = name
	return q, nil
}

// Arguments are the values for a run: the given ones, defaults for the rest. A name that the query does not take is an error.
func (q Query) Arguments(given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range q.Params {
		out[p.Name] = p.Default
	}
	for name, value := range given {
		if _, ok := out[name]; !ok {
			return nil, fmt.Errorf("query %s has no parameter %q", q.Name, name)
		}
		out[name] = value
	}
	return out, nil
}

// parse reads the header: the purpose, then "params:", "columns:" and "limits:" in this order, each perhaps continued on lines that are
// indented by three blanks.
func parse(text string) (Query, error) {
	q := Query{SQL: text}
	var parts []string
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "-- ")
		if !ok {
			break
		}
		if more, ok := strings.CutPrefix(comment, "  "); ok && len(parts) > 0 {
			parts[len(parts)-1] += " " + strings.TrimSpace(more)
			continue
		}
		parts = append(parts, comment)
	}
	if len(parts) == 0 || strings.TrimSpace(parts[0]) == "" {
		return q, errors.New("the header has no purpose")
	}
	q.Purpose = parts[0]
	keys := []string{"params", "columns", "limits"}
	if len(parts) != 1+len(keys) {
		return q, fmt.Errorf("the header has %d parts, want the purpose and %s", len(parts), strings.Join(keys, ", "))
	}
	values := map[string]string{}
	for i, key := range keys {
		value, ok := strings.CutPrefix(parts[1+i], key+": ")
		if !ok || strings.TrimSpace(value) == "" {
			return q, fmt.Errorf("the header lacks %q in its place", key)
		}
		values[key] = value
	}
	q.Columns = strings.Split(values["columns"], ", ")
	q.Limits = values["limits"]
	return q, q.readParams(values["params"])
}

var paramForm = regexp.MustCompile(`^([a-z]+) \(default: ([a-z0-9]+)\)$`)

// readParams reads "none" or "NAME (default: WORD), ...". The word "all" stands for the empty text, which every query takes for no filter.
func (q *Query) readParams(s string) error {
	if s == "none" {
		return nil
	}
	for _, one := range strings.Split(s, ", ") {
		m := paramForm.FindStringSubmatch(one)
		if m == nil {
			return fmt.Errorf("parameter %q is not NAME (default: WORD)", one)
		}
		p := Param{Name: m[1], Default: m[2], Says: m[2]}
		if p.Says == "all" {
			p.Default = ""
		}
		q.Params = append(q.Params, p)
	}
	return nil
}
