package tokenlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// told collects what a reader gives on: rows as "line: fields" and rejected ones as "line! reason".
type told struct {
	rows  []string
	line  int64
	notes []string
	read  int
}

func (g *told) sink() *Sink {
	return &Sink{
		Row:    func(line int64) error { g.line = line; g.read++; return nil },
		Reject: func(reason string) error { g.rows = append(g.rows, fmt.Sprintf("%d! %s", g.line, reason)); return nil },
		Note:   func(text string) { g.notes = append(g.notes, text) },
	}
}

// cutOff gives a text and then says that there should have been more.
type cutOff struct{ io.Reader }

func (c cutOff) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestRecords(t *testing.T) {
	long := strings.Repeat("x", maxRow+10)
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "A, b \n1,2\n3,4", "2: 1|2\n3: 3|4"},
		{"crlf and blank lines", "a,b\r\n1,2\r\n\r\n3,4\r\n", "2: 1|2\n4: 3|4"},
		{"semicolons", "a;b\n1,5;2\n", "2: 1,5|2"},
		{"tabs", "a\tb\n1\t2\n", "2: 1|2"},
		{"quotes", "a,b\n\"1,\"\"x\"\"\",2\n", "2: 1,\"x\"|2"},
		{"newline in quotes", "a,b\r\n\"1\r\n2\n\n3\",4\r\n5,6\r\n", "2: 1\r\n2\n\n3|4\n6: 5|6"},
		{"bare quotes within", "a,b\nMozilla \"x\",2\n", "2: Mozilla \"x\"|2"},
		{"ragged", "a,b\n1\n1,2,3\n4,5\n", "2! the row has 1 fields, the header 2\n3! the row has 3 fields, the header 2\n4: 4|5"},
		{"stray quote costs a row", "a,b\n\"1,2\n3,4\n5,6\n", "2! " + reasonQuote + "\n3: 3|4\n4: 5|6"},
		{"behind a closing quote", "a,b\n\"1\"x,2\n3,4\n", "2! " + reasonQuote + "\n3: 3|4"},
		{"long", "a,b\n1,2\n" + long + ",4\n5,6\n", "2: 1|2\n3! " + reasonLong + "\n4: 5|6"},
		{"long in quotes", "a,b\n1,2\n\"" + long + "\",4\n5,6\n", "2: 1|2\n3! " + reasonLong + "\n4: 5|6"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var g told
			err := eachRecord(t.Context(), &Input{R: strings.NewReader(tt.text)}, g.sink(), func(r *record) error {
				g.rows = append(g.rows, fmt.Sprintf("%d: %s|%s", g.line, r.get("a"), r.get("nothing", "b")))
				return nil
			})
			if got := strings.Join(g.rows, "\n"); err != nil || got != tt.want {
				t.Errorf("%v; got\n%.300s\nwant\n%.300s", err, got, tt.want)
			}
		})
	}
}

func TestCutOffRows(t *testing.T) {
	var g told
	err := eachRecord(t.Context(), &Input{R: cutOff{strings.NewReader("a,b\n1,2\n3,4")}}, g.sink(), func(*record) error { g.rows = append(g.rows, "row"); return nil })
	if want := "row\n3! " + reasonCut; err != nil || strings.Join(g.rows, "\n") != want {
		t.Errorf("CSV: %v, %q", err, g.rows)
	}
	g = told{}
	err = eachObject(t.Context(), &Input{R: cutOff{strings.NewReader("{\"a\":1}\n{\"a\":2}")}}, g.sink(), nil, func(object) error { g.rows = append(g.rows, "row"); return nil })
	if want := "row\n2! " + reasonCut; err != nil || strings.Join(g.rows, "\n") != want {
		t.Errorf("JSON lines: %v, %q", err, g.rows)
	}
}

func TestObjects(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
	for _, tt := range []struct{ name, text, want string }{
		{"lines", "{\"a\":1}\n\n{\"a\":\"x\"}\n", "1: 1\n3: x"},
		{"a bad line", "{\"a\":1}\n{\"a\":\nnull\n{\"a\":2}\n", "1: 1\n2! " + reasonNoJSON + "\n3! " + reasonNoJSON + "\n4: 2"},
		{"first line bad", "{\"a\":\"1\n{\"a\":2}\n", "1! " + reasonNoJSON + "\n2: 2"},
		{"array", "[{\"a\":1},\n{\"a\":2}]", "1: 1\n2: 2"},
		{"array with others", "[{\"a\":1}, 7, {\"a\":2}, {\"a\" 3}, {\"a\":4}]", "1: 1\n2! " + reasonNoJSON + "\n3: 2\n4! " + reasonNoJSON + "\n5: 4"},
		{"member on one line", "{\"v\":[1],\"Records\":[{\"a\":1},{\"a\":2}],\"z\":{}}", "1: 1\n1: 2"},
		{"member over lines", "{\n\"v\":[1],\n\"Records\": [\n{\"a\":1},\n{\"a\":2}\n]\n}\n{\"Records\": []}", "1: 1\n2: 2"},
		{"member of another name", "{\"x\":{\"Records\":[{}]},\"a\":3}", "1: 3"},
		{"one behind the other", "{\n\"a\":1\n}{\n\"a\":2\n}", "1: 1\n2: 2"},
		{"several on a line", "{\"a\":1}{\"a\":2}\n{\"a\":3}", "1: 1\n2: 2\n3: 3"},
		{"deep", "{\"a\":1}\n{\"a\":" + deep + "}\n{\"a\":2}", "1: 1\n2! " + reasonDeep + "\n3: 2"},
		{"cut array", "[{\"a\":1},{\"a\":", "1: 1\n2! " + reasonCut},
		{"long", "[{\"a\":1},{\"a\":\"" + strings.Repeat("x", maxRow) + "\"},{\"a\":2}]", "1: 1\n2! " + reasonLong + "\n3: 2"},
		{"none at all", "hello\nworld\n", "1! " + reasonNoJSON + "\n2! " + reasonNoJSON},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var g told
			err := eachObject(t.Context(), &Input{R: strings.NewReader(tt.text)}, g.sink(), []string{"Records"}, func(o object) error {
				g.rows = append(g.rows, fmt.Sprintf("%d: %s", g.line, o.text("a")))
				return nil
			})
			if got := strings.Join(g.rows, "\n"); err != nil || got != tt.want {
				t.Errorf("%v; got\n%.300s\nwant\n%.300s", err, got, tt.want)
			}
		})
	}
}

func TestInstant(t *testing.T) {
	plus2 := time.FixedZone("", 2*60*60)
	for _, tt := range []struct {
		text   string
		zone   *time.Location
		want   string
		within time.Duration
	}{
		{"2025-09-05T12:34:56Z", nil, "2025-09-05T12:34:56Z", time.Second},
		{"2025-09-05T12:34:56.789012Z", nil, "2025-09-05T12:34:56.789012Z", 0},
		{"2025-09-05T12:34:56,5Z", nil, "2025-09-05T12:34:56.5Z", 0},
		{" 2025-09-05 12:34:56+02:00", nil, "2025-09-05T10:34:56Z", time.Second},
		{"2025-09-05 12:34:56.1+0200", nil, "2025-09-05T10:34:56.1Z", 0},
		{"2025-09-05 12:34:56+00", nil, "2025-09-05T12:34:56Z", time.Second},
		{"2025-09-05 12:34:56 UTC", nil, "2025-09-05T12:34:56Z", time.Second},
		{"2025-09-05 12:34:56.789012 UTC", nil, "2025-09-05T12:34:56.789012Z", 0},
		{"2025-09-05 12:34:56", time.UTC, "2025-09-05T12:34:56Z", time.Second},
		{"2025-09-05 12:34", plus2, "2025-09-05T10:34:00Z", time.Minute},
		{"2025-09-05", plus2, "2025-09-04T22:00:00Z", 24 * time.Hour},
		{"10/Oct/2025:13:55:36 -0700", nil, "2025-10-10T20:55:36Z", time.Second},
		{"Fri, 05 Sep 2025 12:34:56 GMT", nil, "2025-09-05T12:34:56Z", time.Second},
		{"1757075696", nil, "2025-09-05T12:34:56Z", time.Second},
		{"1757075696.25", nil, "2025-09-05T12:34:56.25Z", 0},
		{"1757075696789", nil, "2025-09-05T12:34:56.789Z", 0},
		{"1757075696789012", nil, "2025-09-05T12:34:56.789012Z", 0},
		{"1757075696789012345", nil, "2025-09-05T12:34:56.789012345Z", 0},
		{"1.757075696E9", nil, "2025-09-05T12:34:56Z", time.Second},
		{"2025-09-05 12:34:56", nil, errNaive.Error(), 0},
		{"2025-09-05", nil, errNaive.Error(), 0},
		{"2025-09-05 12:34:56 CET", nil, errNoTime.Error(), 0},
		{"2025-02-30T12:34:56Z", nil, errNoTime.Error(), 0},
		{"0001-01-01T00:00:00Z", nil, errNoTime.Error(), 0},
		{"12", nil, errNoTime.Error(), 0},
		{"-1757075696", nil, errNoTime.Error(), 0},
		{"yesterday", time.UTC, errNoTime.Error(), 0},
		{"", time.UTC, errNoTime.Error(), 0},
	} {
		at, within, err := instant(tt.text, tt.zone)
		got := at.Format(time.RFC3339Nano)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want || within != tt.within {
			t.Errorf("instant(%q) = %s, %v; want %s, %v", tt.text, got, within, tt.want, tt.within)
		}
	}
}

func FuzzRows(f *testing.F) {
	f.Add("a,b\n\"1\n2\",3\n")
	f.Add("{\"Records\":[{\"a\":1}]}")
	f.Add("{\"a\":1}\n{\"b\":")
	f.Fuzz(func(t *testing.T, text string) {
		rows := 0
		sink := &Sink{Row: func(int64) error { rows++; return nil }, Reject: func(string) error { rows--; return nil }, Note: func(string) {}}
		if err := eachRecord(context.Background(), &Input{R: strings.NewReader(text)}, sink, func(*record) error { rows--; return nil }); err != nil || rows != 0 {
			t.Errorf("CSV: %v, %d rows are neither given on nor rejected", err, rows)
		}
		if err := eachObject(context.Background(), &Input{R: strings.NewReader(text)}, sink, []string{"Records"}, func(object) error { rows--; return nil }); err != nil || rows != 0 {
			t.Errorf("JSON: %v, %d rows are neither given on nor rejected", err, rows)
		}
		if at, _, err := instant(text, time.UTC); err == nil && (at.Year() < firstYear-1 || at.Location() != time.UTC) {
			t.Errorf("instant(%q) = %v", text, at)
		}
	})
}
