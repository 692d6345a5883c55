package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/tokenlog"
	"pentimento/internal/tokens"
)

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

	logs     map[logName]bool
	outside  int // uses that lie outside --covers
	strange  int // mappings of repositories that the case does not have
	undated  bool
	listings []tokens.Listing
}

func newImportSink(ctx context.Context, w *importWork, im *casefile.Import, f *importedFile) *importSink {
	return &importSink{w: w, ctx: ctx, im: im, file: f, latest: w.read.Now.AddDate(0, 0, 1), logs: map[logName]bool{}}
}

func (s *importSink) sink() *tokenlog.Sink {
	s.out = &tokenlog.Sink{
		Row: s.im.Row, Use: s.use, Credential: s.credential, Listing: s.listing, Event: s.event, Release: s.release, Coverage: s.im.Coverage,
		Contact: s.im.Contact, Mapping: s.mapping, Statement: s.statement, Network: s.im.Network, Reject: s.reject, Note: s.file.note,
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
	s.listings = append(s.listings, *l)
	return nil
}

// list stores that inventories were read. One of which anything could not be read does not show that a credential is not in it.
func (s *importSink) list(rejected int64, cut bool) error {
	for _, l := range s.listings {
		if l.Complete && (rejected > 0 || cut) {
			l.Complete = false
			s.file.note("not all of the inventory could be read: it does not count as complete")
		}
		if err := s.im.Listing(&l); err != nil {
			return err
		}
	}
	return nil
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

// finish tells what is of the file as a whole. log is what a file of its format without rows is of.
func (s *importSink) finish(log string, cut bool) error {
	w := s.w
	if s.undated {
		s.file.note("the inventory does not tell when it was exported: --listed-at says it, and only then does it show what was not used or gone by then")
	}
	if w.o.complete && len(s.listings) == 0 {
		s.file.note("--complete was not taken: nothing tells when the inventory was exported, or of which provider it is")
	}
	if s.strange > 0 {
		s.file.note(fmt.Sprintf("%d row(s) are of repositories that are not in the case: they count once those are added", s.strange))
	}
	rejected, err := s.im.Rejected()
	if err == nil {
		err = s.list(rejected, cut)
	}
	if err != nil || w.o.covers == "" {
		return err
	}
	return s.cover(log, rejected, cut)
}

// cover stores --covers for the logs that the file is of, unless something of it could not be read: that may be the use that is looked for.
func (s *importSink) cover(log string, rejected int64, cut bool) error {
	w := s.w
	if m := w.read.Mapping; m != nil {
		s.logs[logName{m.Log(), m.Provider()}] = true
	} else if len(s.logs) == 0 && log != "" {
		provider, _, _ := strings.Cut(log, "/")
		s.logs[logName{log, tokens.Provider(provider)}] = true
	}
	if s.outside > 0 {
		s.file.note(fmt.Sprintf("%d row(s) lie outside --covers %s", s.outside, w.o.covers))
	}
	switch {
	case rejected > 0:
		s.file.note(fmt.Sprintf("--covers was not taken: %d row(s) could not be read; correct them and import the file again", rejected))
		return nil
	case cut:
		s.file.note("--covers was not taken: the file was not had to its end")
		return nil
	case len(s.logs) == 0:
		s.file.note("--covers was not taken: no row tells which log the file is of")
		return nil
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
