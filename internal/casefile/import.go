package casefile

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/tokens"
)

// ImportPlan says what one file is read as. The same file under the same plan is one import.
type ImportPlan struct {
	Kind, Format, Name string
	Options            string // JSON: zone, time of listing, scope, covers, mapping
	Scope              *ImportScope
	Addresses          *tokens.Addresses // that ranges are kept of; nil keeps none
}

// ImportCounts are the rows of a file: Read = Stored + Duplicate + Rejected + Passed. A row is stored where any fact of it is new.
type ImportCounts struct {
	Read, Stored, Duplicate, Rejected, Passed int64
}

// Import is one file on its way into the case. Its methods are called by one goroutine; a second one, which it owns, writes. End or Abort end it.
type Import struct {
	id      int64
	plan    ImportPlan
	words   *words
	now     *batch // that rows are added to
	limit   int    // of its uses
	writing chan *batch
	written chan error // what the writer came to; one value
	spare   chan *batch
	conn    *sql.Conn
	c       *Case

	row      pending
	counts   ImportCounts // of all rows that were begun
	rejects  int64
	notes    []string
	passed   map[passedDay]int64
	released bool
}

// BeginImport begins to read a file into the case, or goes on with one that was interrupted: what was stored of it stays, and is a duplicate
// when it comes again. Only one import or collection runs at a time.
func (c *Case) BeginImport(ctx context.Context, plan ImportPlan) (*Import, error) {
	im := &Import{c: c, plan: plan, writing: make(chan *batch, 1), spare: make(chan *batch, 2), written: make(chan error, 1), passed: map[passedDay]int64{}}
	if c.collecting == nil {
		var err error
		if c.collecting, err = lock(c.path + ".lock"); err != nil {
			return nil, fmt.Errorf("import %s: %w", plan.Name, err)
		}
	}
	err := im.begin(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("import %s: %w", plan.Name, err), c.release())
	}
	go func() { im.written <- im.write(ctx) }()
	return im, nil
}

func (im *Import) begin(ctx context.Context) (err error) {
	if im.conn, err = im.c.db.Conn(ctx); err != nil {
		return err
	}
	tx, err := im.conn.BeginTx(ctx, nil)
	if err != nil {
		return errors.Join(err, im.conn.Close())
	}
	if err = im.register(ctx, tx); err == nil {
		err = tx.Commit()
	} else {
		err = errors.Join(err, tx.Rollback())
	}
	if err == nil {
		im.words, err = newWords(ctx, im.c)
	}
	if err == nil {
		err = im.checkpointEvery(ctx, importLogPages)
	}
	if err != nil {
		return errors.Join(err, im.conn.Close())
	}
	im.now, im.limit = newBatch(), firstBatchUses
	im.spare <- newBatch()
	return nil
}

// Checkpoints of the log beside the case (https://www.sqlite.org/wal.html#ckpt). Batch after batch an import writes to many of the same pages: those that
// wait in the log together go into the case once, and with one wait for the disk. What is in the log survives a kill as what is in the case does.
const (
	importLogPages = 64_000 // 250 MiB
	usualLogPages  = 1000   // SQLite's own
)

func (im *Import) checkpointEvery(ctx context.Context, pages int) error {
	_, err := im.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA wal_autocheckpoint = %d", pages))
	return err
}

// register finds the interrupted import of the same plan, else makes a new one.
func (im *Import) register(ctx context.Context, tx *sql.Tx) error {
	p := im.plan
	row := tx.QueryRowContext(ctx, "SELECT id FROM import WHERE kind = ? AND format = ? AND name = ? AND options = ? AND finished = 0 ORDER BY id LIMIT 1",
		p.Kind, p.Format, p.Name, p.Options)
	switch err := row.Scan(&im.id); {
	case errors.Is(err, sql.ErrNoRows):
		res, err := tx.ExecContext(ctx, `INSERT INTO import (kind, format, name, sha256, bytes, options, rows_read, stored, duplicate, rejected, passed, notes, finished)
			VALUES (?, ?, ?, '', 0, ?, 0, 0, 0, 0, 0, '[]', 0)`, p.Kind, p.Format, tokens.Redacted(p.Name), p.Options)
		if err == nil {
			im.id, err = res.LastInsertId()
		}
		if err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		for _, table := range []string{"import_reject", "use_passed"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE import = ?", im.id); err != nil {
				return err
			}
		}
	}
	return p.Scope.store(ctx, tx, im.id)
}

// Row begins a row of the file. What is told of it comes before the next one begins.
func (im *Import) Row(line int64) error {
	if err := im.endRow(); err != nil {
		return err
	}
	im.row.begin(line)
	return nil
}

// endRow judges the row that was under way and counts it.
func (im *Import) endRow() error {
	r := &im.row
	if !r.open {
		return nil
	}
	r.open = false
	im.counts.Read++
	switch {
	case r.rejected:
		im.counts.Rejected++
	case len(r.facts) == 0 && len(r.uses) == 0 && r.passed:
		im.counts.Passed++
	case len(r.facts) == 0 && len(r.uses) == 0:
		im.row.rejected = true
		im.counts.Rejected++
		im.keepAside("the row tells nothing of credentials", nil)
	case len(r.facts) == 0 && len(r.uses) == 1:
		im.now.uses.add(&r.uses[0])
	default:
		im.now.mixed = append(im.now.mixed, mixedRow{uses: slices.Clone(r.uses), facts: slices.Clone(r.facts)})
	}
	if im.now.full(im.limit) {
		im.limit = min(2*im.limit, maxBatchUses)
		return im.flush()
	}
	return nil
}

// maxRejects is how many rows of a file are kept aside with their text; all are counted.
const maxRejects = 10_000

// maxRejectText is how much of such a row is kept.
const maxRejectText = 500

// Reject keeps the present row aside. Facts of it that came before are dropped.
func (im *Import) Reject(reason string, text []byte) error {
	if im.row.rejected || !im.row.open {
		return nil
	}
	im.row.rejected = true
	im.row.uses, im.row.facts = im.row.uses[:0], im.row.facts[:0]
	im.keepAside(reason, text)
	return nil
}

// Rejected ends the present row and tells how many were kept aside.
func (im *Import) Rejected() (int64, error) {
	err := im.endRow()
	return im.rejects, err
}

func (im *Import) keepAside(reason string, text []byte) {
	if im.rejects++; im.rejects > maxRejects {
		return
	}
	clean, _ := tokens.Redact(text) // before it is cut: a piece of a token has no shape
	clean = clean[:min(len(clean), maxRejectText)]
	im.now.rejects = append(im.now.rejects, rejected{im.rejects, im.row.line, tokens.Redacted(reason), strings.ToValidUTF8(string(clean), "\uFFFD")})
}

// Note keeps what is wrong with the file as a whole.
func (im *Import) Note(text string) {
	if !slices.Contains(im.notes, text) && len(im.notes) < maxNotes {
		im.notes = append(im.notes, text)
	}
}

// maxNotes bounds what is said of one file.
const maxNotes = 100

// flush hands the batch to the writer and goes on with another.
func (im *Import) flush() error {
	im.now.words, im.words.fresh = im.words.fresh, nil
	im.now.counts = im.counts
	im.now.uses.sort()
	select {
	case im.writing <- im.now:
	case err := <-im.written:
		im.written <- err
		return err
	}
	select {
	case im.now = <-im.spare:
	case err := <-im.written:
		im.written <- err
		return err
	}
	im.now.reset()
	if im.words.crowded() {
		return im.settle()
	}
	return nil
}

// settle waits until everything that was handed over is written, and forgets the words: they are looked up again when they come.
func (im *Import) settle() error {
	select {
	case b := <-im.spare: // the other batch comes back when it is written
		im.spare <- b
	case err := <-im.written:
		im.written <- err
		return err
	}
	im.words.forget()
	return nil
}

// End stores what is left and finishes the import. sha256 and bytes are of the file as received. known reports that the same bytes had been read under
// the same plan: then nothing of this import is kept, and the counts are of the present reading.
func (im *Import) End(ctx context.Context, sha256 string, size int64) (counts ImportCounts, known bool, err error) {
	err = im.endRow()
	if err == nil {
		err = im.flush()
	}
	if err = errors.Join(err, im.stop()); err != nil {
		return im.counts, false, errors.Join(fmt.Errorf("import %s: %w", im.plan.Name, err), im.close())
	}
	known, err = im.finish(ctx, sha256, size)
	if err != nil {
		err = fmt.Errorf("import %s: %w", im.plan.Name, err)
	}
	return im.counts, known, errors.Join(err, im.close())
}

// Abort ends the import as it stands: what was written stays, and the same import goes on from there.
func (im *Import) Abort() error {
	err := im.stop()
	if errors.Is(err, context.Canceled) {
		err = nil // the caller knows
	}
	return errors.Join(err, im.close())
}

// stop ends the writer.
func (im *Import) stop() error {
	if im.released {
		return nil
	}
	im.released = true
	close(im.writing)
	return <-im.written
}

// close gives the connection back as it was, also where the caller has gone away.
func (im *Import) close() error {
	return errors.Join(im.checkpointEvery(context.Background(), usualLogPages), im.conn.Close(), im.c.release())
}

// finish writes what is known of the file as a whole, unless the case has it already.
func (im *Import) finish(ctx context.Context, sha256 string, size int64) (known bool, err error) {
	tx, err := im.conn.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	p, stored := im.plan, int64(0)
	var other int64
	row := tx.QueryRowContext(ctx, "SELECT id FROM import WHERE kind = ? AND format = ? AND options = ? AND sha256 = ? AND finished = 1 AND id <> ? LIMIT 1",
		p.Kind, p.Format, p.Options, sha256, im.id)
	if err := row.Scan(&other); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT stored FROM import WHERE id = ?", im.id).Scan(&stored); err != nil {
		return false, err
	}
	// Of a file that shrank between an interrupted import and this one, more was stored than it has now.
	rest := im.counts.Read - im.counts.Rejected - im.counts.Passed
	im.counts.Stored = min(stored, rest)
	im.counts.Duplicate = rest - im.counts.Stored
	if other != 0 && stored == 0 {
		if err := im.forget(ctx, tx); err != nil {
			return false, err
		}
		return true, tx.Commit()
	}
	if err := im.writePassed(ctx, tx); err != nil {
		return false, err
	}
	notes, err := json.Marshal(append([]string{}, im.notes...))
	if err != nil {
		return false, err
	}
	n := im.counts
	_, err = tx.ExecContext(ctx, `UPDATE import SET sha256 = ?, bytes = ?, rows_read = ?, stored = ?, duplicate = ?, rejected = ?, passed = ?, notes = ?, finished = 1
		WHERE id = ?`, sha256, size, n.Read, n.Stored, n.Duplicate, n.Rejected, n.Passed, tokens.Redacted(string(notes)), im.id)
	if err != nil {
		return false, err
	}
	return false, tx.Commit()
}

// forget takes back an import that told nothing new.
func (im *Import) forget(ctx context.Context, tx *sql.Tx) error {
	for _, table := range []string{"import_reject", "use_passed", "import_kept"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE import = ?", im.id); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM import WHERE id = ?", im.id)
	return err
}
