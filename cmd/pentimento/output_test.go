package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pentimento/internal/inert"
)

func TestWriteTable(t *testing.T) {
	var out strings.Builder
	err := writeTable(&out, []string{"REPOSITORY", "REF", "REMOVED"}, [][]string{
		{"octo/demo", "refs/heads/ma\x1b[2Jin", "2025-09-02T14:30:00Z"},
		{"octo/other-one", "refs/heads/x\ny", ""},
	})
	want := `REPOSITORY      REF                     REMOVED
octo/demo       refs/heads/ma\x1b[2Jin  2025-09-02T14:30:00Z
octo/other-one  refs/heads/x\ny
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
	out.Reset()
	if err := writeTable(&out, []string{"A", "B"}, nil); err != nil || out.String() != "A  B\n" {
		t.Errorf("no rows: %v %q", err, out.String())
	}
	if err := writeTable(&out, []string{"A", "B"}, [][]string{{"1"}}); err == nil {
		t.Error("a short row was written")
	}
	if err := writeTable(full{}, []string{"A"}, nil); !errors.Is(err, errFull) {
		t.Errorf("error of the writer is lost: %v", err)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteCSV(t *testing.T) {
	var out strings.Builder
	cells := []string{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\uFF1D1", "a=b", `say "hi", you`, "two\nlines", "\u202ex", ""}
	want := []string{"'=1+1", "'+1", "'-1", "'@x", `'\t=1`, `'\r=1`, "'\uFF1D1", "a=b", `say "hi", you`, `two\nlines`, `\u202ex`, ""}
	header := strings.Split("abcdefghijkl", "")
	if err := writeCSV(&out, header, [][]string{cells}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(out.String(), "\r\n"); len(lines) != 3 || strings.Contains(strings.Join(lines, ""), "\n") {
		t.Errorf("not two CRLF lines: %q", out.String())
	}
	got, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	for i := range want {
		if got[1][i] != want[i] {
			t.Errorf("%q was written as %q, want %q", cells[i], got[1][i], want[i])
		}
	}
	if err := writeCSV(&out, header, [][]string{{"short"}}); err == nil {
		t.Error("a short row was written")
	}
	if err := writeCSV(full{}, header, nil); !errors.Is(err, errFull) {
		t.Errorf("error of the writer is lost: %v", err)
	}
}

func TestWriteJSON(t *testing.T) {
	type row struct {
		Ref  string  `json:"ref"`
		Seen *string `json:"seen"`
	}
	ref := "a<b>&\"\u202e\x1b\u009b\U000E0041 漢\n"
	var out strings.Builder
	err := writeJSON(&out, "pentimento/presence/v1", "presence", []row{{Ref: ref}}, list{"contains", []row(nil)})
	want := `{
  "schema": "pentimento/presence/v1",
  "presence": [
    {
      "ref": "a<b>&\"\u202e\u001b\u009b\udb40\udc41 漢\n",
      "seen": null
    }
  ],
  "contains": []
}
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
	var back struct{ Presence []row }
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back.Presence[0].Ref != ref {
		t.Errorf("reads back as %+v, %v", back.Presence, err)
	}
	if err := writeJSON(&out, "s", "k", func() {}); err == nil {
		t.Error("a function was written")
	}
	if err := writeJSON(full{}, "s", "k", []row{}); !errors.Is(err, errFull) {
		t.Errorf("error of the writer is lost: %v", err)
	}
}

// Whatever a string holds, the document is printable and says the same.
func FuzzWriteJSON(f *testing.F) {
	f.Add("\u202e\U000E0041\u2028\x7f\\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		var out strings.Builder
		if err := writeJSON(&out, "s", "k", []string{s}); err != nil {
			t.Fatal(err)
		}
		if strings.IndexFunc(strings.ReplaceAll(out.String(), "\n", ""), inert.Hidden) >= 0 {
			t.Errorf("%q lets a hidden character through", out.String())
		}
		var back struct{ K []string }
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back.K[0] != strings.ToValidUTF8(s, "\uFFFD") && utf8.ValidString(s) {
			t.Errorf("%q reads back as %q, %v", s, back.K, err)
		}
	})
}
