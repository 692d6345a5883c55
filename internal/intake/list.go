package intake

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a list. Lists are made by people or by exports of search results; all of GitHub Actions' known campaigns together hit fewer
// than 100,000 repositories.
const (
	maxListBytes = 64 << 20  // held in memory twice while it is decoded
	maxListLines = 1_000_000 // a tenth of it is beyond any campaign
	maxLineBytes = 64 << 10  // a spreadsheet cell holds 32,767 characters
	maxProblems  = 10_000    // a file with more bad lines is no list of repositories
)

// remark starts with a # after a space; a # inside a word is a fragment of a URL.
var remark = regexp.MustCompile(`\s#`)

// ListOptions says how to read a list.
type ListOptions struct {
	Column string // header of the column that holds the repository; empty to find it, or to read one name per line
}

// ReadList reads one repository per line, or a CSV (comma, semicolon or tab) with a header. Blank lines and what follows a # at the
// start of a line or after a space are passed over; a BOM, CRLF and UTF-16 with BOM are understood. Entries and problems come in the
// order of the file and together cover every other line; a strict caller adds nothing when there are problems. An error means that the
// file as a whole cannot be read as a list: it broke off, is too large, is not text, or has no such column.
func ReadList(r io.Reader, file string, opts ListOptions) (entries []Entry, problems []Problem, err error) {
	text, err := readText(r)
	if err != nil {
		return nil, nil, fmt.Errorf("read list %s: %w", printable(file), err)
	}
	l := list{file: file, lines: strings.Split(text, "\n")}
	if len(l.lines) > maxListLines {
		return nil, nil, fmt.Errorf("read list %s: more than %d lines", printable(file), maxListLines)
	}
	if err := l.read(opts.Column); err != nil {
		return nil, nil, fmt.Errorf("read list %s: %w", printable(file), err)
	}
	return l.entries, l.problems, nil
}

// list is one file while it is read.
type list struct {
	file     string
	lines    []string
	entries  []Entry
	problems []Problem
}

func (l *list) read(column string) error {
	first := l.next(0)
	if first == len(l.lines) {
		if column != "" {
			return fmt.Errorf("is empty: no column %q", column)
		}
		return nil
	}
	t, err := findTable(l.lines[first], column)
	switch {
	case err != nil:
		return err
	case t != nil:
		return l.readCSV(first+1, t)
	case spreadsheet(l.file) && strings.ContainsAny(l.lines[first], ",;\t"):
		return fmt.Errorf("no column is named %s; name the one that holds the repository, of: %s",
			strings.Join(repositoryHeaders, ", "), printable(masked(l.lines[first])))
	}
	return l.readText(first)
}

func spreadsheet(file string) bool {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv", ".tsv":
		return true
	}
	return false
}

// next is the index of the first line from i on that is neither blank nor a comment.
func (l *list) next(i int) int {
	for ; i < len(l.lines); i++ {
		if s := strings.TrimSpace(l.lines[i]); s != "" && s[0] != '#' {
			break
		}
	}
	return i
}

func (l *list) readText(from int) error {
	for i := l.next(from); i < len(l.lines); i = l.next(i + 1) {
		text := l.lines[i]
		if at := remark.FindStringIndex(text); at != nil {
			text = text[:at[0]]
		}
		if err := l.add(i, text); err != nil {
			return err
		}
	}
	return nil
}

// add files one text under entries or problems; line counts from 0.
func (l *list) add(line int, text string) error {
	if len(l.lines[line]) > maxLineBytes {
		return l.bad(line, text, fmt.Sprintf("line is longer than %d bytes", maxLineBytes))
	}
	repository, err := ParseName(text)
	if err != nil {
		return l.bad(line, text, err.Error())
	}
	l.entries = append(l.entries, Entry{Repository: repository, Given: shown(text), Line: line + 1, File: l.file})
	return nil
}

// bad reports a line; the error says that there were too many.
func (l *list) bad(line int, text, reason string) error {
	if len(l.problems) == maxProblems {
		return fmt.Errorf("more than %d lines name no repository, the first is line %d: %s", maxProblems, l.problems[0].Line,
			l.problems[0].Reason)
	}
	l.problems = append(l.problems, Problem{File: l.file, Line: line + 1, Text: masked(clipBytes(text)), Reason: reason})
	return nil
}

// clipBytes keeps the patterns of masked away from megabytes.
func clipBytes(s string) string { return s[:min(len(s), 4*maxShown)] }

// readText reads all of r as UTF-8 with \n line ends.
func readText(r io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxListBytes+1))
	switch {
	case err != nil:
		return "", err
	case len(data) > maxListBytes:
		return "", fmt.Errorf("larger than %d MiB", maxListBytes>>20)
	}
	if data, err = decode(data); err != nil {
		return "", err
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return "", errors.New("holds NUL bytes: it is not a text file, or UTF-16 without a byte order mark")
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return strings.ReplaceAll(text, "\r", "\n"), nil
}

// decode turns UTF-16 with a byte order mark, which spreadsheets call "Unicode text", into UTF-8 and drops the mark of either.
func decode(data []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		return data[3:], nil
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	default:
		return data, nil
	}
	data = data[2:]
	if len(data)%2 != 0 {
		return nil, errors.New("is UTF-16 cut within a character")
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	out := make([]byte, 0, len(data))
	for _, r := range utf16.Decode(units) {
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}
