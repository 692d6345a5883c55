package answer

import (
	"encoding/json"
	"testing"
)

// What is unknown is null in JSON, never an empty text.
func TestRowInJSON(t *testing.T) {
	value, empty := "a\"b", ""
	out, err := json.Marshal(Row{[]string{"one", "two", "three"}, []*string{&value, &empty, nil}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"one":"a\"b","two":null,"three":null}`; string(out) != want {
		t.Errorf("got %s, want %s", out, want)
	}
}

func TestEvidenceOfAllColumns(t *testing.T) {
	a, b := "upd-2 upd-1", "upd-2 run-3"
	got := Row{[]string{"added_evidence", "evidence", "evidences"}, []*string{&a, &b, &b}}.Evidence()
	if len(got) != 3 || got[0] != "run-3" || got[1] != "upd-1" || got[2] != "upd-2" {
		t.Errorf("evidence %q", got)
	}
}
