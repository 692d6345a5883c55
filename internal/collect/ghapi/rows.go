package ghapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// maxText bounds one text of a row: names, paths and refs. Git itself refuses refs beyond 4 KB on common file systems.
const maxText = 4096

// page is what one answer of a list told.
type page struct {
	facts  evidence.Observation
	rows   int   // all of them, readable or not
	bad    int   // rows that could not be read
	total  int   // of the whole list, where the answer says so
	enough bool  // no later page is wanted
	stray  int64 // the id of another repository that a row belongs to, 0 for none
}

// each decodes the rows of a page one by one, so that one bad row costs itself alone. It leaves a gap for those that it could not read.
func each[T any](p *page, rows []json.RawMessage, take func(T) error) {
	p.rows = len(rows)
	var first error
	for i, raw := range rows {
		var row T
		err := json.Unmarshal(raw, &row)
		if err == nil {
			err = take(row)
		}
		if err != nil {
			p.bad++
			if first == nil {
				first = fmt.Errorf("row %d: %w", i+1, err)
			}
		}
	}
	if first != nil {
		p.facts.Gaps = append(p.facts.Gaps, evidence.Gap{Kind: evidence.GapRefused,
			Detail: fmt.Sprintf("%d of %d rows could not be read, the first: %s", p.bad, p.rows, evidence.Printable(first.Error())),
			Hint:   "see the stored answer"})
	}
}

// array reads a list that is the whole answer; null is none.
func array(body []byte) ([]json.RawMessage, error) {
	var rows []json.RawMessage
	if err := json.Unmarshal(body, &rows); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, errors.New("null in place of a list")
	}
	return rows, nil
}

// account is a person or app as rows name it; null for deleted ones.
type account struct {
	Login string `json:"login"`
}

func (a *account) login() string {
	if a == nil {
		return ""
	}
	return a.Login
}

// plain checks texts that go into facts: bounded, and without the NUL that separates the parts of ids.
func plain(texts ...string) error {
	for _, s := range texts {
		if len(s) > maxText {
			return errors.New("a text is too long")
		}
		if strings.ContainsRune(s, 0) {
			return errors.New("a text holds NUL")
		}
	}
	return nil
}

// oid reads an object name where a row may name none.
func oid(s string) (evidence.OID, error) {
	if s == "" {
		return "", nil
	}
	return evidence.ParseOID(s)
}

// stamp reads a server time; the zero time for null. Years that no server has seen are refused: they do not fit RFC 3339.
func stamp(t *time.Time) (time.Time, error) {
	if t == nil || t.IsZero() {
		return time.Time{}, nil
	}
	if y := t.UTC().Year(); y < 1970 || y > 9999 {
		return time.Time{}, errors.New("a time is out of range")
	}
	return t.UTC(), nil
}

// stamps reads several times at once.
func stamps(pairs map[*time.Time]*time.Time) error {
	for to, from := range pairs {
		t, err := stamp(from)
		if err != nil {
			return err
		}
		*to = t
	}
	return nil
}

// home is the repository that a row says it belongs to.
type home struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// claims notes a row of another repository than the name stood for at first: the name was given away in between.
func (p *page) claims(h home, known int64) {
	if known != 0 && h.ID != 0 && h.ID != known {
		p.stray = h.ID
	}
}

// oldest of two times, where the zero time is none.
func oldest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
