package gharchive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"

	"pentimento/internal/evidence"
)

const (
	// maxFile bounds one hour file, compressed. The largest that were seen have 135 MB.
	maxFile = 1 << 30
	// maxInflated bounds what a file may expand to: ten times the largest hour, and far from what would fill a day with a bomb.
	maxInflated = 8 << 30
	// maxLine bounds one line. The longest pushes, with 20 commit messages, have some hundred kilobytes; what is longer is skipped and
	// counted as bad.
	maxLine = 4 << 20
	// chunk is how much is read and inflated at a time.
	chunk = 1 << 20
)

// refusedError says that our own limits ended the reading of a file.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return e.why }

// file reads one local hour file into the sieve and fills in the hour. An error is about the context alone; anything else is the state
// of the hour.
func (s *sieve) file(ctx context.Context, path string, hour *evidence.ArchiveHour) error {
	in, size, err := openRegular(path)
	if err == nil {
		defer in.Close()
		if size > maxFile {
			err = &refusedError{fmt.Sprintf("the file has %d bytes, at most %d are read", size, int64(maxFile))}
		}
	}
	if err != nil {
		hour.State, hour.Detail = stateOf(err), reason(err)
		return nil
	}
	sum := &summed{in: in, hash: sha256.New(), alive: ctx.Err}
	err = s.stream(ctx, sum)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if more := sum.rest(); err == nil {
		err = more
	}
	hour.Digest, hour.Bytes = hex.EncodeToString(sum.hash.Sum(nil)), sum.n
	s.settle(err, hour)
	return nil
}

// openRegular refuses what is no regular file: a pipe would never end.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &refusedError{"it is no regular file"}
	}
	f, err := os.Open(path)
	return f, info.Size(), err
}

// stateOf sorts failures to open.
func stateOf(err error) evidence.HourState {
	var refused *refusedError
	switch {
	case errors.As(err, &refused):
		return evidence.HourRefused
	case errors.Is(err, os.ErrNotExist):
		return evidence.HourAbsent
	}
	return evidence.HourUnread
}

// reason is an error without the path, which says nothing to whoever reads the case elsewhere.
func reason(err error) string {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// settle says what the reading of a file came to.
func (s *sieve) settle(err error, hour *evidence.ArchiveHour) {
	hour.State = evidence.HourPresent
	hour.Events, hour.Pushes, hour.Bad, hour.First, hour.Last = s.events, s.pushes, s.bad, s.first, s.last
	var refused *refusedError
	switch {
	case errors.As(err, &refused):
		s.gather, s.elsewhere = newGather(s.gather.index), nil
		*hour = evidence.ArchiveHour{Archive: hour.Archive, Hour: hour.Hour, State: evidence.HourRefused, Digest: hour.Digest, Bytes: hour.Bytes, Detail: refused.why}
	case err != nil:
		hour.State, hour.Detail = evidence.HourTruncated, "the file is damaged or ends early: "+reason(err)
	case s.gather.full:
		hour.State, hour.Detail = evidence.HourTruncated, fmt.Sprintf("more than %d bytes of lines belong to the case: the rest was not read", maxTaken)
	case s.timeline > 0 && s.events == 0:
		hour.State, hour.Detail = evidence.HourRefused, fmt.Sprintf("%d lines: %s", s.timeline, errTimeline)
	case s.events == 0:
		hour.State, hour.Detail = evidence.HourTruncated, "the file holds no event at all"
	case s.timeline > 0:
		hour.Detail = fmt.Sprintf("%d lines: %s", s.timeline, errTimeline)
	case s.bad > 0:
		hour.Detail = fmt.Sprintf("lines that could not be read: %d", s.bad)
	}
	for i := range s.elsewhere {
		s.elsewhere[i].Archive = hour.Archive
	}
}

// summed digests a file while it is read. It is here that a cancelled scan ends: a stream of nothing but empty blocks may go on for long
// without a line.
type summed struct {
	in    io.Reader
	hash  hash.Hash
	n     int64
	alive func() error
}

func (s *summed) Read(p []byte) (int, error) {
	if err := s.alive(); err != nil {
		return 0, err
	}
	n, err := s.in.Read(p)
	s.hash.Write(p[:n])
	if s.n += int64(n); s.n > maxFile {
		return n, &refusedError{fmt.Sprintf("more than %d bytes", int64(maxFile))}
	}
	return n, err
}

// rest reads to the end, so that the digest is of the whole file however the scan ended.
func (s *summed) rest() error {
	_, err := io.Copy(io.Discard, s)
	return err
}

// stream tells gzip from plain text by its first bytes and works all lines off. A gzip file may have many members.
func (s *sieve) stream(ctx context.Context, in io.Reader) error {
	buffered := bufio.NewReaderSize(in, chunk)
	magic, err := buffered.Peek(2)
	if err != nil && err != io.EOF {
		return err
	}
	var text io.Reader = buffered
	if string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		text = z
	}
	side := readAhead(&inflated{in: text})
	defer side.close()
	return lines(ctx, side, make([]byte, chunk), maxLine, s.line, func() { s.bad++ })
}

// inflated ends a stream that expands without measure.
type inflated struct {
	in io.Reader
	n  int64
}

func (r *inflated) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if r.n += int64(n); r.n > maxInflated {
		return 0, &refusedError{fmt.Sprintf("it expands to more than %d bytes", int64(maxInflated))}
	}
	return n, err
}

// lines gives each line without its end; long is told of each line that has most bytes or more, which is skipped. A line that a failure of
// the stream cuts off is dropped, one that ends with the stream is not. Lines lie in buf, which grows to most, and are valid until take
// returns.
func lines(ctx context.Context, in io.Reader, buf []byte, most int, take func([]byte), long func()) error {
	have, skipping := 0, false
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := in.Read(buf[have:])
		fresh := have // no line ends before it
		have += n
		from := 0
		for {
			end := bytes.IndexByte(buf[max(from, fresh):have], '\n')
			if end < 0 {
				break
			}
			end += max(from, fresh)
			if !skipping {
				give(buf[from:end], take)
			}
			skipping, from = false, end+1
		}
		have = copy(buf, buf[from:have])
		if skipping {
			have = 0
		} else if have == len(buf) {
			if have < most {
				buf = append(buf, make([]byte, min(len(buf), most-len(buf)))...)
			} else {
				long()
				skipping, have = true, 0
			}
		}
		if err == io.EOF {
			if have > 0 && !skipping {
				give(buf[:have], take)
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// give drops the carriage return that some tools leave, and empty lines.
func give(b []byte, take func([]byte)) {
	if b = bytes.TrimSuffix(b, []byte("\r")); len(b) > 0 {
		take(b)
	}
}

// sieve works the lines of one hour off: it counts events and decodes the few that somebody asked for.
type sieve struct {
	gather    *gather
	lookout   *lookout // nil for none
	elsewhere []Elsewhere

	events, pushes, bad int64
	timeline            int64 // of the bad lines, those of the format of before 2015
	first, last         time.Time
}

func newSieve(x *index, w Watch) *sieve {
	return &sieve{gather: newGather(x), lookout: newLookout(w)}
}

// line deals with one line: at its fixed places where it has the shape that archives write and nobody asked for it, else by decoding it.
func (s *sieve) line(b []byte) {
	seen, ok := glance(b)
	if ok && !s.asked(seen, b) {
		s.count(seen.push)
		return
	}
	if ok && seen.push {
		if e, ok := skimPush(seen); ok {
			s.place(e, b)
			return
		}
	}
	s.decode(b)
}

// asked reports an event that may be of a repository of the case, or may be one to watch.
func (s *sieve) asked(seen sight, b []byte) bool {
	if !seen.wanted {
		return false
	}
	var key [maxKey]byte
	return s.gather.index.has(seen.repoID, fold(&key, seen.repoName)) ||
		(s.lookout != nil && seen.watched && s.lookout.may(fold(&key, seen.actor), b))
}

func (s *sieve) decode(b []byte) {
	e, err := decodeLine(b)
	if err != nil {
		s.bad++
		if errors.Is(err, errTimeline) {
			s.timeline++
		}
		return
	}
	s.place(e, b)
}

// place hands an event to whoever asked for it.
func (s *sieve) place(e event, b []byte) {
	s.count(e.typ == "PushEvent")
	s.note(e)
	if !wanted(e.typ) {
		return
	}
	if _, how := s.gather.index.find(e.repoID, e.repoName); how != foreign {
		s.gather.take(e, b)
	} else if s.lookout != nil && watched(e.typ) {
		if found, ok := s.lookout.see(e, b); ok && len(s.elsewhere) < maxElsewhere {
			s.elsewhere = append(s.elsewhere, found)
		}
	}
}

func (s *sieve) count(push bool) {
	s.events++
	if push {
		s.pushes++
	}
}

func (s *sieve) note(e event) {
	if s.first.IsZero() || e.at.Before(s.first) {
		s.first = e.at
	}
	if e.at.After(s.last) {
		s.last = e.at
	}
}
