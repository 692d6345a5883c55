package gharchive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// record is one row of a query's result. Texts are as the export wrote them.
type record struct {
	typ, id, created        string
	repoID, repoName, actor string
	payload                 string
	broken                  error // the row could not be taken apart
	raw                     []byte
	header                  string // of CSV
}

// cutError says that a result ends early or is damaged from some place on.
type cutError struct{ err error }

func (e *cutError) Error() string { return e.err.Error() }
func (e *cutError) Unwrap() error { return e.err }

// counted digests a result while it is read.
type counted struct {
	in   io.Reader
	hash hash.Hash
	n    int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.hash.Write(p[:n])
	c.n += int64(n)
	return n, err
}

// guarded ends a row that grows without measure.
type guarded struct {
	in   io.Reader
	left int
}

func (g *guarded) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, fmt.Errorf("a row is longer than %d bytes", maxLine)
	}
	n, err := g.in.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

func (g *guarded) next() { g.left = maxLine }

// records gives each row. The error is a [cutError] where the result ends early, and what take returned otherwise.
func records(ctx context.Context, in io.Reader, take func(record) error) error {
	buffered := bufio.NewReaderSize(in, chunk)
	head, err := buffered.Peek(3)
	if err != nil && err != io.EOF {
		return &cutError{err}
	}
	if string(head) == "\ufeff" {
		if _, err := buffered.Discard(len(head)); err != nil {
			return &cutError{err}
		}
		if head, err = buffered.Peek(1); err != nil && err != io.EOF {
			return &cutError{err}
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("{")):
		return jsonLines(ctx, buffered, take)
	case bytes.HasPrefix(head, []byte("[")):
		return jsonArray(ctx, buffered, take)
	}
	return csvRows(ctx, buffered, take)
}

func jsonLines(ctx context.Context, in io.Reader, take func(record) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := lines(ctx, in, make([]byte, chunk), maxLine, func(b []byte) {
		if ctx.Err() == nil {
			if err := take(jsonRecord(b)); err != nil {
				stop(err)
			}
		}
	}, func() {
		if err := take(record{broken: fmt.Errorf("a row is longer than %d bytes", maxLine)}); err != nil {
			stop(err)
		}
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return &cutError{err}
	}
	return nil
}

func jsonArray(ctx context.Context, in io.Reader, take func(record) error) error {
	g := &guarded{in: in}
	g.next()
	dec := json.NewDecoder(g)
	if _, err := dec.Token(); err != nil {
		return &cutError{err}
	}
	for g.next(); dec.More(); g.next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return &cutError{err}
		}
		if err := take(jsonRecord(raw)); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return &cutError{err}
	}
	return nil
}

// loose is a value that exports write as a text or as a number; an object stays JSON.
type loose string

// UnmarshalJSON takes any value; null is empty.
func (l *loose) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case 'n':
		*l = ""
	case '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = loose(s)
	default:
		*l = loose(b)
	}
	return nil
}

func jsonRecord(b []byte) record {
	var row struct {
		Type      loose `json:"type"`
		ID        loose `json:"id"`
		CreatedAt loose `json:"created_at"`
		Payload   loose `json:"payload"`
		Repo      struct {
			ID   loose `json:"id"`
			Name loose `json:"name"`
		} `json:"repo"`
		Actor struct {
			Login loose `json:"login"`
		} `json:"actor"`
		RepoID     loose `json:"repo_id"`
		RepoName   loose `json:"repo_name"`
		ActorLogin loose `json:"actor_login"`
		DotID      loose `json:"repo.id"`
		DotName    loose `json:"repo.name"`
		DotLogin   loose `json:"actor.login"`
	}
	err := json.Unmarshal(b, &row)
	one := func(all ...loose) string {
		for _, l := range all {
			if l != "" {
				return string(l)
			}
		}
		return ""
	}
	return record{typ: string(row.Type), id: string(row.ID), created: string(row.CreatedAt), payload: string(row.Payload), broken: err, raw: b,
		repoID: one(row.Repo.ID, row.RepoID, row.DotID), repoName: one(row.Repo.Name, row.RepoName, row.DotName), actor: one(row.Actor.Login, row.ActorLogin, row.DotLogin)}
}

// csvRows reads a header and its records. A record is kept as it is written anew: with the header it is the same table.
func csvRows(ctx context.Context, in io.Reader, take func(record) error) error {
	g := &guarded{in: in}
	g.next()
	r := csv.NewReader(g)
	names, err := r.Read()
	if err != nil {
		return &cutError{err}
	}
	column := map[string]int{}
	for i, name := range names {
		column[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), ".", "_")] = i
	}
	for _, name := range []string{"type", "id", "payload", "created_at", "repo_name"} {
		if _, ok := column[name]; !ok {
			return fmt.Errorf("the result has no column %s", name)
		}
	}
	header, err := written(names)
	if err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		g.next()
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &cutError{err}
		}
		cell := func(name string) string {
			if i, ok := column[name]; ok {
				return row[i]
			}
			return ""
		}
		raw, err := written(row)
		if err != nil {
			return err
		}
		if err := take(record{typ: cell("type"), id: cell("id"), created: cell("created_at"), payload: cell("payload"), repoID: cell("repo_id"),
			repoName: cell("repo_name"), actor: cell("actor_login"), raw: []byte(raw), header: header}); err != nil {
			return err
		}
	}
}

func written(row []string) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	err := w.Write(row)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n"), errors.Join(err, w.Error())
}

// event reads the row.
func (r record) event() (event, error) {
	if r.broken != nil {
		return event{}, r.broken
	}
	at, err := warehouseTime(r.created)
	if err != nil {
		return event{}, err
	}
	e := event{id: r.id, typ: r.typ, actor: r.actor, repoName: r.repoName, at: at, payload: json.RawMessage(r.payload)}
	if r.typ == "" || (r.typ != coverageType && r.typ != askedType && (r.id == "" || r.repoName == "")) {
		return event{}, errors.New("no event: id, type or repo_name is missing")
	}
	if r.repoID != "" {
		if e.repoID, err = strconv.ParseInt(r.repoID, 10, 64); err != nil {
			return event{}, errors.New("repo_id is no number")
		}
	}
	return e, plain(e.id, e.typ, e.actor, e.repoName)
}

// cover takes a row that counts an hour.
func (s *survey) cover(e event) error {
	var c coverage
	if err := json.Unmarshal(e.payload, &c); err != nil {
		return fmt.Errorf("coverage row: %w", err)
	}
	hour := c.Hour.UTC().Truncate(time.Hour)
	if _, err := inRange(hour); err != nil || c.Events < 0 || c.Pushes < 0 || c.Pushes > c.Events {
		return errors.New("coverage row: no usable hour or counts")
	}
	s.at(hour)
	c.queries = []string{c.Asked}
	if old, again := s.counts[hour]; again { // of another part of the query, or of another query
		if c.Events, c.Pushes = max(c.Events, old.Events), max(c.Pushes, old.Pushes); slices.Contains(old.queries, c.Asked) || len(old.queries) == maxAsked {
			c.queries = old.queries
		} else {
			c.queries = append(old.queries, c.Asked)
		}
	}
	s.counts[hour] = c
	return nil
}

// warehouseTime reads a timestamp as the exports of BigQuery write it, or seconds, milliseconds or microseconds since 1970.
func warehouseTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02 15:04:05 UTC", time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return inRange(t)
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n < 0 || n >= 1e17 {
		return time.Time{}, errors.New("no usable created_at")
	}
	for n >= 1e11 { // seconds reach 1e11 in the year 5138
		n /= 1000
	}
	return inRange(time.UnixMilli(int64(n * 1000)))
}
