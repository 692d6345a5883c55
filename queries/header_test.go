package queries

import (
	"slices"
	"testing"
)

const whole = `-- What is there?
-- params: repo (default: all), role (default: plant)
-- columns: a, b,
--   c
-- limits: none that
--   matter.
SELECT 1; -- not the header
`

func TestParseHeader(t *testing.T) {
	q, err := parse(whole)
	if err != nil {
		t.Fatal(err)
	}
	if q.Purpose != "What is there?" || q.Limits != "none that matter." || !slices.Equal(q.Columns, []string{"a", "b", "c"}) {
		t.Errorf("parse: %+v", q)
	}
	if want := []Param{{"repo", "", "all"}, {"role", "plant", "plant"}}; !slices.Equal(q.Params, want) {
		t.Errorf("params %+v, want %+v", q.Params, want)
	}
}

func TestParseRefusesAHeaderThatLacksAPart(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":       "SELECT 1;",
		"purpose alone": "-- What?\nSELECT 1;",
		"no params":     "-- What?\n-- columns: a\n-- limits: none\nSELECT 1;",
		"no columns":    "-- What?\n-- params: none\n-- limits: none\nSELECT 1;",
		"no limits":     "-- What?\n-- params: none\n-- columns: a\nSELECT 1;",
		"wrong order":   "-- What?\n-- columns: a\n-- params: none\n-- limits: none\nSELECT 1;",
		"empty limits":  "-- What?\n-- params: none\n-- columns: a\n-- limits: \nSELECT 1;",
		"odd parameter": "-- What?\n-- params: repo=all\n-- columns: a\n-- limits: none\nSELECT 1;",
		"one too many":  "-- What?\n-- params: none\n-- columns: a\n-- limits: none\n-- author: x\nSELECT 1;",
	} {
		if q, err := parse(text); err == nil {
			t.Errorf("%s: parsed as %+v", name, q)
		}
	}
}
