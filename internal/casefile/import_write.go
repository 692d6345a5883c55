package casefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// usesAtOnce is how many uses one statement writes: a call costs more than a row.
const usesAtOnce = 200

// importWriter writes batches, each in one transaction, on the connection of the import.
type importWriter struct {
	im         *Import
	ctx        context.Context
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	args       []any
}

// write is the goroutine that stores batches until there are no more, or one fails.
func (im *Import) write(ctx context.Context) (err error) {
	w := &importWriter{im: im, ctx: ctx, statements: map[string]*sql.Stmt{}}
	defer func() {
		for _, s := range w.statements {
			err = errors.Join(err, s.Close())
		}
	}()
	for b := range im.writing {
		if err := w.batch(b); err != nil {
			return err
		}
		im.spare <- b
	}
	return nil
}

func (w *importWriter) batch(b *batch) (err error) {
	if w.tx, err = w.im.conn.BeginTx(w.ctx, nil); err != nil {
		return err
	}
	stored, err := w.all(b)
	if err == nil {
		n := b.counts
		err = w.run(`UPDATE import SET rows_read = ?, stored = stored + ?, rejected = ?, passed = ?, duplicate = max(0, ? - stored - ?) WHERE id = ?`,
			n.Read, stored, n.Rejected, n.Passed, n.Read-n.Rejected-n.Passed, stored, w.im.id)
	}
	if err != nil {
		return errors.Join(err, w.tx.Rollback())
	}
	return w.tx.Commit()
}

// all writes a batch and counts the rows of which something is new.
func (w *importWriter) all(b *batch) (stored int64, err error) {
	for _, x := range b.words {
		if err := w.run("INSERT INTO word (id, text) VALUES (?, ?)", x.id, x.text); err != nil {
			return 0, fmt.Errorf("word: %w", err)
		}
	}
	if stored, err = w.uses(b.sorted()); err != nil {
		return 0, fmt.Errorf("use: %w", err)
	}
	for _, m := range b.mixed {
		n, err := w.mixed(m)
		if err != nil {
			return 0, err
		}
		if !m.ofFile {
			stored += n
		}
	}
	for _, r := range b.rejects {
		err := w.run("INSERT OR REPLACE INTO import_reject (import, number, line, reason, text) VALUES (?, ?, ?, ?, ?)", w.im.id, r.number, r.line, r.reason, r.text)
		if err != nil {
			return 0, fmt.Errorf("rejected row: %w", err)
		}
	}
	return stored, nil
}

// mixed writes a row that told several things: 1 where any of them is new.
func (w *importWriter) mixed(m mixedRow) (int64, error) {
	fresh, err := w.uses(m.uses)
	if err != nil {
		return 0, fmt.Errorf("use: %w", err)
	}
	for _, f := range m.facts {
		n, err := w.exec(f.query, f.args)
		if err != nil {
			return 0, fmt.Errorf("fact about credentials: %w", err)
		}
		fresh += n
	}
	return min(fresh, 1), nil
}

func (w *importWriter) run(query string, args ...any) error {
	_, err := w.exec(query, args)
	return err
}

// maxImportStatements bounds the prepared statements: there are a dozen for facts and one for each set of columns that uses fill.
const maxImportStatements = 100

// exec runs a statement, prepared once for the connection, and gives how many rows it changed.
func (w *importWriter) exec(query string, args []any) (int64, error) {
	s, ok := w.statements[query]
	if !ok {
		if len(w.statements) >= maxImportStatements {
			for q, s := range w.statements {
				delete(w.statements, q)
				if err := s.Close(); err != nil {
					return 0, err
				}
				break
			}
		}
		var err error
		if s, err = w.im.conn.PrepareContext(w.ctx, query); err != nil {
			return 0, err
		}
		w.statements[query] = s
	}
	res, err := s.ExecContext(w.ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// useColumn is one column of the table of uses that may be NULL: what stands in it, nil for nothing.
type useColumn struct {
	name  string
	value func(*useRow) any
}

// idColumn is a column with the id of a word.
func idColumn(name string, place int) useColumn {
	return useColumn{name, func(u *useRow) any {
		if u.words[place] == 0 {
			return nil
		}
		return int64(u.words[place])
	}}
}

func wholeColumn(name string, of func(*useRow) int64) useColumn {
	return useColumn{name, func(u *useRow) any {
		if n := of(u); n != 0 {
			return n
		}
		return nil
	}}
}

// optionalColumns in the order of the table's.
var optionalColumns = []useColumn{
	wholeColumn("within", func(u *useRow) int64 { return u.within }),
	idColumn("log", wordLog), idColumn("provider", wordProvider), idColumn("account", wordAccount), idColumn("action", wordAction), idColumn("class", wordClass),
	idColumn("project", wordProject), idColumn("subject", wordSubject),
	{"address", func(u *useRow) any {
		switch {
		case u.isV4:
			return int64(u.v4)
		case u.address != "":
			return u.address
		}
		return nil
	}},
	idColumn("country", wordCountry), idColumn("agent", wordAgent), idColumn("outcome", wordOutcome), idColumn("via", wordVia),
	wholeColumn("run_id", func(u *useRow) int64 { return u.run }), idColumn("commit_oid", wordCommit), idColumn("minted", wordMinted),
	{"external", func(u *useRow) any {
		if u.external == "" {
			return nil
		}
		return u.external
	}},
}

// uses writes rows that are in the order of the table and counts those that are new.
func (w *importWriter) uses(rows []useRow) (fresh int64, err error) {
	for len(rows) > 0 {
		n := min(usesAtOnce, len(rows))
		if n < usesAtOnce {
			n = min(n, 1)
		}
		added, err := w.someUses(rows[:n])
		if err != nil {
			return fresh, err
		}
		fresh, rows = fresh+added, rows[n:]
	}
	return fresh, nil
}

// someUses writes rows by one statement that names the columns that any of them fills: most logs fill half of them.
func (w *importWriter) someUses(rows []useRow) (int64, error) {
	var filled []useColumn
	for _, c := range optionalColumns {
		for i := range rows {
			if c.value(&rows[i]) != nil {
				filled = append(filled, c)
				break
			}
		}
	}
	var b strings.Builder
	b.WriteString("INSERT OR IGNORE INTO use (import, credential, at, key, line")
	for _, c := range filled {
		b.WriteString(", " + c.name)
	}
	row := "(?1" + strings.Repeat(", ?", 4+len(filled)) + ")"
	b.WriteString(") VALUES " + row + strings.Repeat(", "+row, len(rows)-1))
	w.args = append(w.args[:0], w.im.id)
	for i := range rows {
		u := &rows[i]
		w.args = append(w.args, u.credential, u.at, u.key, u.line)
		for _, c := range filled {
			w.args = append(w.args, c.value(u))
		}
	}
	return w.exec(b.String(), w.args)
}
