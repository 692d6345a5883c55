package intake_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"pentimento/internal/intake"
)

// render is "line:repository" for entries and "line!reason" for problems, in the order of the file.
func render(entries []intake.Entry, problems []intake.Problem) string {
	var out []string
	for len(entries)+len(problems) > 0 {
		if len(problems) == 0 || (len(entries) > 0 && entries[0].Line < problems[0].Line) {
			out = append(out, fmt.Sprintf("%d:%s", entries[0].Line, entries[0].Repository))
			entries = entries[1:]
			continue
		}
		word, _, _ := strings.Cut(problems[0].Reason, ":")
		out = append(out, fmt.Sprintf("%d!%s", problems[0].Line, word))
		problems = problems[1:]
	}
	return strings.Join(out, " ")
}

func utf16Text(order binary.AppendByteOrder, s string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune("\uFEFF" + s)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

const noName = "names no repository"

func TestReadList(t *testing.T) {
	for name, c := range map[string]struct{ file, column, text, want string }{
		"empty":           {text: "", want: ""},
		"comments only":   {text: "# none\n\n  \n", want: ""},
		"plain":           {text: "octo/a\nocto/b\n", want: "1:octo/a 2:octo/b"},
		"no last newline": {text: "octo/a\nocto/b", want: "1:octo/a 2:octo/b"},
		"bom, crlf":       {text: "\uFEFFocto/a\r\n\r\nocto/b\r\n", want: "1:octo/a 3:octo/b"},
		"lone cr":         {text: "octo/a\rocto/b\r", want: "1:octo/a 2:octo/b"},
		"utf-16le":        {text: utf16Text(binary.LittleEndian, "octo/a\r\nocto/b"), want: "1:octo/a 2:octo/b"},
		"utf-16be":        {text: utf16Text(binary.BigEndian, "octo/a\nocto/b"), want: "1:octo/a 2:octo/b"},
		"comments": {text: "# wave 1\nocto/a # seen by us\nocto/b\t# too\nhttps://github.com/octo/c#readme\n",
			want: "2:octo/a 3:octo/b 4:octo/c"},
		"bad lines between":               {text: "octo/a\nnonsense\nocto/b\n\xff\xfe\nocto/c", want: "1:octo/a 2!" + noName + " 3:octo/b 4!" + noName + " 5:octo/c"},
		"repeated":                        {text: "octo/a\nOcto/A\n", want: "1:octo/a 2:Octo/A"},
		"long line":                       {text: strings.Repeat("x", 1<<17) + "\nocto/a", want: "1!line is longer than 65536 bytes 2:octo/a"},
		"csv text in .csv without header": {file: "x.csv", text: "octo/a\nocto/b\n", want: "1:octo/a 2:octo/b"},

		"csv":              {text: "id,repository\n1,octo/a\n2,octo/b\n", want: "2:octo/a 3:octo/b"},
		"csv one column":   {text: "Repo\nocto/a\n", want: "2:octo/a"},
		"csv best header":  {text: "url,full_name\nhttps://example.invalid,octo/a\n", want: "2:octo/a"},
		"csv html_url":     {text: "name,html_url\na,https://github.com/octo/a\n", want: "2:octo/a"},
		"csv api url":      {text: "url\nhttps://api.github.com/repos/octo/a\n", want: "2:octo/a"},
		"csv owner, name":  {text: "name,owner\na,octo\nocto/b,other\n", want: "2:octo/a 3:octo/b"},
		"csv owner, repo":  {text: "owner,repo\nocto,a\n", want: "2:octo/a"},
		"csv named column": {column: "Victim", text: "repository,victim\nx/y,octo/a\n", want: "2:octo/a"},
		"csv semicolons":   {text: "id;repository\n1;octo/a\n", want: "2:octo/a"},
		"tsv":              {text: "id\tnote\trepository\n\t\tocto/a\n", want: "2:octo/a"},
		"csv quoted":       {text: "\"note\", \"repository\"\n\"a, \"\"b\"\"\", \"octo/a\"\n", want: "2:octo/a"},
		"csv cell over lines": {text: "note,repository\n\"one\n# two\n\",octo/a\nx,octo/b\n",
			want: "2:octo/a 5:octo/b"},
		"csv short row": {text: "id,repository\n1\n2,octo/b\n", want: "2!row has 1 cells, the repository is in cell 2 3:octo/b"},
		"csv empty":     {text: "id,repository\n,\n2,\n3,octo/b\n", want: "3!is empty 4:octo/b"},
		"csv comments":  {text: "# from the registry\n\nid,repository\n# 1,octo/a\n2,octo/b\n", want: "5:octo/b"},
		"csv bare quote": {text: "note,repository\n5\" disk,octo/a\nx,octo/b\nanother 5\",octo/c\n",
			want: "2!is not CSV 3:octo/b 4!is not CSV"},
		"csv quote never closed": {text: "note,repository\n\"oops,octo/a\nx,octo/b\ny,octo/c\n", want: "2!is not CSV 3:octo/b 4:octo/c"},
		"csv utf-16":             {text: utf16Text(binary.LittleEndian, "id\trepository\r\n1\tocto/a\r\n"), want: "2:octo/a"},
	} {
		t.Run(name, func(t *testing.T) {
			entries, problems, err := intake.ReadList(strings.NewReader(c.text), c.file, intake.ListOptions{Column: c.column})
			if err != nil {
				t.Fatal(err)
			}
			if got := render(entries, problems); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestReadListRefusesTheWholeFile(t *testing.T) {
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		r            io.Reader
		file, column string
		want         string
	}{
		"broken off":      {r: io.MultiReader(strings.NewReader("octo/a\n"), iotest.ErrReader(broken)), want: "connection reset"},
		"binary":          {r: strings.NewReader("PK\x03\x04\x00\x00"), want: "NUL"},
		"half utf-16":     {r: strings.NewReader("\xff\xfea"), want: "cut within a character"},
		"no such column":  {r: strings.NewReader("id,repo\n1,octo/a\n"), column: "victim", want: `no column is named "victim"; the first line is: id,repo`},
		"column of none":  {r: strings.NewReader(""), column: "victim", want: "is empty"},
		"unknown headers": {r: strings.NewReader("id,project\n1,octo/a\n"), file: "x.CSV", want: "no column is named repository"},
		"too many lines":  {r: strings.NewReader(strings.Repeat("\n", 1_000_001)), want: "more than 1000000 lines"},
		"not a list":      {r: strings.NewReader(strings.Repeat("x\n", 10_001)), want: "more than 10000 lines name no repository"},
		"endless":         {r: endless{}, want: "larger than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			entries, problems, err := intake.ReadList(c.r, c.file, intake.ListOptions{Column: c.column})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if entries != nil || problems != nil {
				t.Errorf("half a file was given: %d entries, %d problems", len(entries), len(problems))
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestMerge(t *testing.T) {
	read := func(file, text string) []intake.Entry {
		entries, _, err := intake.ReadList(strings.NewReader(text), file, intake.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return entries
	}
	arguments, _ := intake.ParseArguments([]string{"Octo/B"})
	var got []string
	for _, e := range intake.Merge(arguments, read("one", "octo/a\nocto/b\nOCTO/A\n"), read("two", "octo/c\n")) {
		got = append(got, fmt.Sprintf("%s %s:%d", e.Repository, e.File, e.Line))
	}
	if want := []string{"Octo/B :0", "octo/a one:1", "octo/c two:1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProblemIsPrintedSafely(t *testing.T) {
	_, problems, err := intake.ReadList(strings.NewReader("\x1b[2J\u202eevil\n"), "a\x1bb", intake.ListOptions{})
	if err != nil || len(problems) != 1 {
		t.Fatal(problems, err)
	}
	if s := problems[0].String(); strings.ContainsAny(s, "\x1b\u202e") || !strings.Contains(s, ":1: ") {
		t.Errorf("%q", s)
	}
}

// Every line that is neither blank nor a comment comes back exactly once, in order.
func FuzzReadList(f *testing.F) {
	f.Add("octo/a\nbad\n# c\n", "")
	f.Add("id,repository\n1,octo/a\n\"x\n", "")
	f.Add("a\tb\n\tocto/a", "b")
	f.Add(utf16Text(binary.LittleEndian, "octo/a"), "")
	f.Fuzz(func(t *testing.T, text, column string) {
		entries, problems, err := intake.ReadList(strings.NewReader(text), "f", intake.ListOptions{Column: column})
		if err != nil {
			return
		}
		seen := map[int]bool{}
		for i, e := range entries {
			if i > 0 && e.Line <= entries[i-1].Line || seen[e.Line] {
				t.Errorf("entry of line %d is out of order or repeated", e.Line)
			}
			seen[e.Line] = true
		}
		for i, p := range problems {
			if i > 0 && p.Line <= problems[i-1].Line || seen[p.Line] {
				t.Errorf("problem of line %d is out of order or repeated", p.Line)
			}
			seen[p.Line] = true
		}
		if strings.ContainsAny(text, "\"\r\x00,;\t") || strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
			return // which lines make up a record is not for this test to repeat
		}
		lines := strings.Split(strings.TrimPrefix(text, "\uFEFF"), "\n")
		header := column != ""
		for i, line := range lines {
			line = strings.TrimSpace(line)
			said := line != "" && line[0] != '#'
			if said && i+1 < len(lines) && !seen[i+1] && !header && len(seen) == 0 {
				header = true // a header of one column
				continue
			}
			if said != seen[i+1] && !(said && header) {
				t.Errorf("line %d %q: read %t", i+1, line, seen[i+1])
			}
		}
	})
}
