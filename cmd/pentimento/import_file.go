package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/casefile"
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
	cut                         bool // it was not had to its end
}

// note keeps what is told of the file. Some of it repeats what the file says.
func (f *importedFile) note(text string) {
	text = tokens.Redacted(text)
	if !slices.Contains(f.notes, text) {
		f.notes = append(f.notes, text)
	}
}

// failed reports a file of which nothing could be taken.
func (f *importedFile) failed() bool {
	return f.state == fileUnread || f.counts.Rejected == f.counts.Read && (f.counts.Read > 0 || f.cut)
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
		if _, generic := tokenlog.Find(w.kind, tokenlog.GenericName); !generic {
			return hint(err, "name its format with --format: %s; pentimento help formats says what each is", strings.Join(tokenlog.Names(w.kind), ", "))
		}
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
	err = w.take(ctx, f, format, src)
	return f, errors.Join(err, src.Close())
}

// take brings one open file into the case.
func (w *importWork) take(ctx context.Context, f *importedFile, format tokenlog.Format, src *tokenlog.Source) error {
	im, err := w.c.BeginImport(ctx, casefile.ImportPlan{Kind: w.kind, Format: format.Name, Name: f.name, Options: w.plan, Scope: w.scope, Addresses: w.read.Addresses})
	if err != nil {
		return err
	}
	s := newImportSink(ctx, w, im, f)
	if err := format.Read(ctx, &tokenlog.Input{Name: f.name, R: src.R, Options: w.read}, s.sink()); err != nil {
		return errors.Join(fmt.Errorf("import %s: %w", f.name, err), im.Abort())
	}
	f.cut = src.Cut()
	if err := s.finish(format.Log, f.cut); err != nil {
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
