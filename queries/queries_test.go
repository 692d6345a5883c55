package queries_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/queries"
)

func emptyCase(t *testing.T) *casefile.Case {
	t.Helper()
	c, err := casefile.Create(context.Background(), filepath.Join(t.TempDir(), "case.db"), casefile.Info{Now: time.Date(2025, 9, 10, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Every file runs on the schema as it is, and its header tells the truth about its columns.
func TestEveryQueryRunsAndItsHeaderHolds(t *testing.T) {
	all, err := queries.List()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d queries", len(all))
	}
	c := emptyCase(t)
	for _, q := range all {
		t.Run(q.Name, func(t *testing.T) {
			if !strings.HasSuffix(q.Purpose, "?") {
				t.Errorf("purpose %q asks nothing", q.Purpose)
			}
			if !strings.Contains(q.SQL, "ORDER BY") {
				t.Error("the rows have no order of their own")
			}
			args, err := q.Arguments(nil)
			if err != nil {
				t.Fatal(err)
			}
			for name := range args {
				if !strings.Contains(q.SQL, ":"+name) {
					t.Errorf("parameter %s is not used", name)
				}
			}
			var columns []string
			err = c.Query(context.Background(), q.SQL, args, func(got []string) error { columns = got; return nil },
				func([]*string) error { t.Error("a row in an empty case"); return nil })
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(columns, q.Columns) {
				t.Errorf("the header says columns\n%q, the query gives\n%q", q.Columns, columns)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	q, err := queries.Get("presence")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := q.Arguments(map[string]string{"repo": "a/b"}); err != nil || !maps.Equal(got, map[string]string{"repo": "a/b"}) {
		t.Errorf("Arguments: %v, %v", got, err)
	}
	if got, err := q.Arguments(map[string]string{"reop": "a/b"}); err == nil {
		t.Errorf("Arguments took an unknown parameter: %v", got)
	}
}

func TestGetKnowsOnlyItsFiles(t *testing.T) {
	for _, name := range []string{"", "nothing", "../go", "presence.sql", "a/b", "Presence"} {
		if _, err := queries.Get(name); !errors.Is(err, queries.ErrUnknown) {
			t.Errorf("Get(%q): %v, want ErrUnknown", name, err)
		}
	}
}
