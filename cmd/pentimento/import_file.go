package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/tokenlog"
	"pentimento/internal/tokens"
)

// What became of a file.
const (
	fileImported = "imported"
	fileKnown    = "known" // the case had the same bytes, read in the same way
	fileUnread   = "not read"
)

// importedFile is one file and what became of it.
type importedFile struct {
	name, format, state, sha256 string
	size                        int64
	counts                      casefile.ImportCounts
	notes                       []string
}

func (f *importedFile) note(text string) {
	if !slices.Contains(f.notes, text) {
		f.notes = append(f.notes, text)
	}
}

// failed reports a file of which nothing could be taken.
func (f *importedFile) failed() bool {
	return f.state == fileUnread || f.counts.Read > 0 && f.counts.Rejected == f.counts.Read
}

// all reads the files in their order. One that cannot be read does not keep the others out.
func (w *importWork) all(ctx context.Context, files []string) error {
	var done []*importedFile
	for _, name := range files {
		f, err := w.file(ctx, name)
		if err != nil {
			return err
		}
		done = append(done, f)
		for _, n := range f.notes {
			w.p.say("%s: %s", f.name, n)
		}
	}
	if err := w.p.printImported(w.kind, done, w.o.json); err != nil {
		return err
	}
	return w.result(done)
}

// result says what is left to do, and fails where a file was not taken.
func (w *importWork) result(done []*importedFile) error {
	var bad []string
	rejected := int64(0)
	for _, f := range done {
		rejected += f.counts.Rejected
		if f.failed() {
			bad = append(bad, f.name)
		}
	}
	if rejected > 0 {
		w.p.say("%d row(s) were kept aside: pentimento import --rejects", rejected)
	}
	if len(bad) == 0 {
		w.p.say("next: pentimento analyze")
		return nil
	}
	err := fmt.Errorf("import: nothing could be read of %d of %d file(s), the first is %s", len(bad), len(done), bad[0])
	if w.o.format == "" {
		return hint(err, "name its format with --format, or draft a mapping: pentimento import %s FILE --explain", w.kind)
	}
	return hint(err, "pentimento import --rejects tells why")
}

// file reads one. What is wrong with the file is told in it; the error is of the case, or of who ended the command.
func (w *importWork) file(ctx context.Context, name string) (*importedFile, error) {
	f := &importedFile{name: name, state: fileUnread}
	if name == tokenlog.Stdin {
		f.name = "stdin"
	}
	src, err := tokenlog.Open(name, w.p.stdin, f.note)
	if err != nil {
		f.note(err.Error())
		return f, nil
	}
	format, found := tokenlog.Find(w.kind, w.o.format)
	if !found {
		if format, err = tokenlog.Guess(w.kind, src.Sample); err != nil {
			f.note(err.Error())
			return f, src.Close()
		}
	}
	f.format = format.Name
	err = w.read1(ctx, f, format, src)
	return f, errors.Join(err, src.Close())
}

// read1 brings one open file into the case.
func (w *importWork) read1(ctx context.Context, f *importedFile, format tokenlog.Format, src *tokenlog.Source) error {
	im, err := w.c.BeginImport(ctx, casefile.ImportPlan{Kind: w.kind, Format: format.Name, Name: f.name, Options: w.plan, Scope: w.scope})
	if err != nil {
		return err
	}
	s := &importSink{w: w, ctx: ctx, im: im, file: f, latest: w.read.Now.AddDate(0, 0, 1), logs: map[logName]bool{}}
	if err := format.Read(ctx, &tokenlog.Input{Name: f.name, R: src.R, Options: w.read}, s.sink()); err != nil {
		return errors.Join(fmt.Errorf("import %s: %w", f.name, err), im.Abort())
	}
	if err := s.finish(); err != nil {
		return errors.Join(err, im.Abort())
	}
	if f.sha256, f.size, err = src.Finish(); err != nil {
		return errors.Join(fmt.Errorf("import %s: %w", f.name, err), im.Abort())
	}
	for _, n := range f.notes { // those of the end are told while it is read to its end
		im.Note(n)
	}
	counts, known, err := im.End(ctx, f.sha256, f.size)
	f.counts, f.state = counts, fileImported
	if known {
		f.state = fileKnown
	}
	return err
}

// logName is a log that a file is of.
type logName struct {
	log      string
	provider tokens.Provider
}

// importSink connects a reader to the case.
type importSink struct {
	w      *importWork
	ctx    context.Context
	im     *casefile.Import
	file   *importedFile
	out    *tokenlog.Sink
	latest time.Time // rows that tell of later are kept aside

	logs            map[logName]bool
	outside         int // uses that lie outside --covers
	strange         int // mappings of repositories that the case does not have
	undated, listed bool
}

func (s *importSink) sink() *tokenlog.Sink {
	s.out = &tokenlog.Sink{
		Row: s.im.Row, Use: s.use, Credential: s.credential, Listing: s.listing, Event: s.event, Release: s.release, Coverage: s.im.Coverage,
		Contact: s.im.Contact, Mapping: s.mapping, Statement: s.statement, Reject: s.reject, Note: s.file.note,
	}
	return s.out
}

func (s *importSink) reject(reason string) error { return s.im.Reject(reason, s.out.Present()) }

// future reports, and keeps the row aside, where one of the times is still to come: of a wrong zone or unit, most likely.
func (s *importSink) future(all ...time.Time) (bool, error) {
	if !slices.ContainsFunc(all, func(t time.Time) bool { return t.After(s.latest) }) {
		return false, nil
	}
	return true, s.reject("the row tells of a time later than the case's now by more than a day")
}

func (s *importSink) use(u *tokens.Use) error {
	if late, err := s.future(u.At); late {
		return err
	}
	s.logs[logName{u.Log, u.Provider}] = true
	if s.w.o.covers != "" && (u.At.Before(s.w.from) || !u.At.Before(s.w.till)) {
		s.outside++
	}
	return s.im.Use(u)
}

func (s *importSink) event(e *tokens.Event) error {
	if late, err := s.future(e.At); late {
		return err
	}
	s.logs[logName{e.Log, e.Provider}] = true
	return s.im.Event(e)
}

func (s *importSink) release(r *tokens.Release) error {
	if late, err := s.future(r.At); late {
		return err
	}
	return s.im.Release(r)
}

func (s *importSink) credential(v *tokens.Credential) error {
	if late, err := s.future(v.CreatedAt, v.LastUsedAt, v.ListedAt); late {
		return err
	}
	s.undated = s.undated || s.w.kind == tokenlog.KindCredentials && v.ListedAt.IsZero()
	return s.im.Credential(v)
}

func (s *importSink) listing(l *tokens.Listing) error {
	if l.At.IsZero() {
		s.undated = true
		return nil
	}
	s.listed = true
	return s.im.Listing(l)
}

func (s *importSink) mapping(m *tokens.Mapping) error {
	if m.Repository != "" {
		_, known, err := s.w.c.Resolve(s.ctx, m.Repository)
		if err != nil {
			return err
		}
		if !known {
			s.strange++
		}
	}
	return s.im.Mapping(m)
}

// finish tells what is of the file as a whole.
func (s *importSink) finish() error {
	w := s.w
	if s.undated {
		s.file.note("the inventory does not tell when it was exported: --listed-at says it, and only then does it show what was not used or gone by then")
	}
	if w.o.complete && !s.listed {
		s.file.note("--complete was not taken: nothing tells when the inventory was exported, or of which provider it is")
	}
	if s.strange > 0 {
		s.file.note(fmt.Sprintf("%d row(s) are of repositories that are not in the case: they count once those are added", s.strange))
	}
	if w.o.covers == "" {
		return nil
	}
	if s.outside > 0 {
		s.file.note(fmt.Sprintf("%d row(s) lie outside --covers %s", s.outside, w.o.covers))
	}
	if m := w.read.Mapping; m != nil {
		s.logs[logName{m.Log(), m.Provider()}] = true
	}
	if len(s.logs) == 0 {
		s.file.note("--covers was not taken: no row tells which log the file is of")
	}
	for _, l := range slices.SortedFunc(maps.Keys(s.logs), func(a, b logName) int {
		return cmp.Or(cmp.Compare(a.log, b.log), cmp.Compare(a.provider, b.provider))
	}) {
		err := s.im.Coverage(&tokens.Coverage{Log: l.log, Provider: l.provider, Account: w.o.account, From: w.from, To: w.till, Basis: tokens.CoverageDeclared,
			Detail: "--covers " + evidence.Stamp(w.from) + ".." + evidence.Stamp(w.till)})
		if err != nil {
			return err
		}
	}
	return nil
}
