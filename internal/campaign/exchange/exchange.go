// Package exchange answers which indicators of a campaign a file holds that somebody else made: a STIX 2.1 bundle, a MISP event or feed, or a plain
// list, one indicator a line or in a column of a CSV.
//
// It takes the text of the file and gives entries for a campaign pack, each with where in the file it stands, and a list of everything that it
// did not take, with the reason. Spellings that make an indicator harmless (hxxp, [.], (dot)) are undone. A host that serves anybody, such as
// a request catcher, is taken by the whole URL only.
//
// It does not conclude that an indicator is right, nor when it was: valid_from and first_seen are what the maker of the feed saw, and no waves.
package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"pentimento/internal/campaign"
)

// Format is how a file is written.
type Format string

// Formats.
const (
	STIX  Format = "stix"
	MISP  Format = "misp"
	List  Format = "list"
	Guess Format = "guess" // by what the file looks like
)

// Formats are all that can be asked for.
var Formats = []Format{STIX, MISP, List, Guess}

const (
	// MaxFile bounds a file in bytes: an event of MISP with its attachments left out is some megabytes at most.
	MaxFile = 32 << 20
	// MaxEntries bounds what is taken of one file: a pack of so many stays below [campaign.MaxPack].
	MaxEntries = 4000
	// MaxLeft bounds what is told one by one of what was not taken; the rest is counted.
	MaxLeft = 200
)

// Import is what a file holds. Title is what it calls itself; empty where it does not.
type Import struct {
	Format  Format
	Title   string
	Entries []campaign.Entry // in the order of the file, each once
	Left    []Left           // what was not taken
	Further int              // more than [MaxLeft] that was not taken
}

// Left is something that was not taken, as it is called in the file, and why.
type Left struct {
	What string
	Why  string
}

// Options of reading.
type Options struct {
	Name   string // of the file, for the sources of entries
	Format Format
	Column string // of a CSV: the name of the column that holds the indicators; empty: the one with a name that says so
}

// Read reads a file. An error says that the file is none of its format; whatever single part of it is strange is in Left.
func Read(text []byte, o Options) (Import, error) {
	if len(text) > MaxFile {
		return Import{}, fmt.Errorf("%s: a file of indicators has at most %d bytes", o.Name, MaxFile)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if o.Format == Guess || o.Format == "" {
		o.Format = guess(text)
	}
	if o.Column != "" && o.Format != List {
		return Import{}, fmt.Errorf("%s: a column is of a list, this is read as %s", o.Name, o.Format)
	}
	r := reader{name: o.Name, seen: map[[2]string]bool{}}
	r.out.Format = o.Format
	var err error
	switch o.Format {
	case STIX:
		err = r.stix(text)
	case MISP:
		err = r.misp(text)
	case List:
		err = r.list(text, o.Column)
	default:
		err = fmt.Errorf("format %q is none of stix, misp, list, guess", o.Format)
	}
	if err != nil {
		return Import{}, fmt.Errorf("%s: %w", o.Name, err)
	}
	return r.out, nil
}

// guess goes by the first letter and the words that only one of the formats has.
func guess(text []byte) Format {
	head := bytes.TrimSpace(text[:min(len(text), 64<<10)])
	if len(head) == 0 || head[0] != '{' && head[0] != '[' || !json.Valid(text) {
		return List
	}
	if bytes.Contains(head, []byte(`"bundle"`)) || bytes.Contains(head, []byte(`"spec_version"`)) || bytes.Contains(head, []byte(`"pattern_type"`)) {
		return STIX
	}
	return MISP
}

// reader collects what one file holds.
type reader struct {
	name string
	out  Import
	seen map[[2]string]bool
}

func (r *reader) take(kind, value, source string) {
	e := campaign.Entry{Kind: kind, Value: value, Source: source}
	key := [2]string{kind, value}
	switch wrong := e.Wrong(); {
	case r.seen[key]:
		return
	case wrong != "":
		r.leave(value, wrong)
		return
	case len(r.out.Entries) >= MaxEntries:
		r.leave(value, fmt.Sprintf("the file holds more than %d indicators", MaxEntries))
		return
	}
	r.seen[key] = true
	r.out.Entries = append(r.out.Entries, e)
}

func (r *reader) leave(what, why string) {
	if len(r.out.Left) >= MaxLeft {
		r.out.Further++
		return
	}
	r.out.Left = append(r.out.Left, Left{What: oneLine(what), Why: why})
}

// oneLine makes a foreign text fit to be told: one line, of letters that show.
func oneLine(s string) string {
	const room = 120
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > room {
		s = strings.ToValidUTF8(s[:room], "") + "..."
	}
	return strings.TrimSpace(s)
}

var errShape = errors.New("nothing in it is of that format")

// file takes a file's name or path where it is a workflow's: a feed often gives the name alone.
func (r *reader) file(value, source string) {
	name := strings.TrimPrefix(strings.ReplaceAll(value, `\`, "/"), "./")
	if !strings.Contains(name, "/") {
		name = ".github/workflows/" + name
	}
	if ext := path.Ext(name); path.Dir(name) != ".github/workflows" || !slices.Contains([]string{".yml", ".yaml"}, ext) || !writable(name) {
		r.leave(value, "the file is no workflow of GitHub Actions")
		return
	}
	r.take("paths", name, source)
}

// author takes a name or address under which commits are made.
func (r *reader) author(value, source string) {
	if value = strings.TrimSpace(value); value == "" || !writable(value) {
		r.leave(value, "the author's name is empty or not one line of text")
		return
	}
	r.take("authors", strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(value), source)
}

// writable reports a text that stands in a pack as it is: one line of letters that show.
func writable(s string) bool {
	return len(s) <= 2048 && strings.TrimSpace(s) == s && strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }) < 0
}
