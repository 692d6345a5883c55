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
	few        useRows // of one row of the file
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
	if stored, err = w.uses(&b.uses); err != nil {
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
	w.few.reset()
	for i := range m.uses {
		w.few.add(&m.uses[i])
	}
	fresh, err := w.uses(&w.few)
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
	name    string
	value   func(*useRow) any
	differs func(*differing) bool
}

// idColumn is a column with the id of a word.
func idColumn(name string, place int) useColumn {
	return useColumn{name, func(u *useRow) any { return wholeOrNil(int64(u.words[place])) }, func(c *differing) bool { return c.words[place] }}
}

func wholeOrNil(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// optionalColumns in the order of the table's.
var optionalColumns = []useColumn{
	{"within", func(u *useRow) any { return wholeOrNil(u.within) }, func(c *differing) bool { return c.within }},
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
	}, func(c *differing) bool { return c.address }},
	idColumn("country", wordCountry), idColumn("agent", wordAgent), idColumn("outcome", wordOutcome), idColumn("via", wordVia),
	{"run_id", func(u *useRow) any { return wholeOrNil(u.run) }, func(c *differing) bool { return c.run }},
	idColumn("commit_oid", wordCommit), idColumn("minted", wordMinted),
	{"external", func(u *useRow) any {
		if u.external == "" {
			return nil
		}
		return u.external
	}, func(c *differing) bool { return c.external }},
}

// uses writes rows, which best are in the order of the table, and counts those that are new.
func (w *importWriter) uses(all *useRows) (fresh int64, err error) {
	l, n := newLayout(w.im.id, all), len(all.order)
	for from := 0; from < n; {
		rows := usesAtOnce
		if from+rows > n {
			rows = 1
		}
		w.args = append(w.args[:0], l.common...)
		for i := from; i < from+rows; i++ {
			w.args = l.row(w.args, all.at(i))
		}
		added, err := w.exec(l.statement(rows), w.args)
		if err != nil {
			return fresh, err
		}
		fresh += added
		from += rows
	}
	return fresh, nil
}

// useLayout is what the statements say that write some uses: they name the columns that any of these fills, which is half of them for most logs, and give
// once what is the same in all.
type useLayout struct {
	into, same string // names of the columns, and the parameters of those that are the same
	common     []any
	each       []useColumn // columns that differ, beside those that always do
	written    map[int]string
}

func newLayout(id int64, all *useRows) *useLayout {
	l := &useLayout{common: []any{id}, same: "?1", written: map[int]string{}}
	var unlike, alike strings.Builder
	for _, c := range optionalColumns {
		first := c.value(&all.first)
		switch {
		case c.differs(&all.differ):
			l.each = append(l.each, c)
			unlike.WriteString(", " + c.name)
		case first != nil:
			l.common = append(l.common, first)
			l.same += fmt.Sprintf(", ?%d", len(l.common))
			alike.WriteString(", " + c.name)
		}
	}
	l.into = "import" + alike.String() + ", credential, at, key, line" + unlike.String()
	return l
}

// row adds what stands for the parameters of one row.
func (l *useLayout) row(args []any, u *useRow) []any {
	args = append(args, u.credential, u.at, u.key, u.line)
	for i := range l.each {
		args = append(args, l.each[i].value(u))
	}
	return args
}

// statement is for as many rows. A parameter without a number has the next one.
func (l *useLayout) statement(rows int) string {
	if s, ok := l.written[rows]; ok {
		return s
	}
	// The number of the largest before it counts: the common ones come first.
	row := "(" + l.same + strings.Repeat(", ?", 4+len(l.each)) + ")"
	s := "INSERT OR IGNORE INTO use (" + l.into + ") VALUES " + row + strings.Repeat(", "+row, rows-1)
	l.written[rows] = s
	return s
}
