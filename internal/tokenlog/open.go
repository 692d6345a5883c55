package tokenlog

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// Stdin is the name under which standard input is read.
const Stdin = "-"

// Bounds of files.
const (
	// sampleSize is how much of a file a format is guessed by.
	sampleSize = 256 << 10
	// maxFiles bounds a folder: a year of CloudTrail in twenty regions has some two million files.
	maxFiles = 5_000_000
	// maxWindow is the most memory that a zst file may ask for; zstd itself refuses more without being told.
	maxWindow = 128 << 20
	// maxExpansion is how many times its size a compressed file may come to: logs of one repeated line reach about 1000.
	maxExpansion = 2000
)

// Files lists the regular files behind the names: folders with everything below them, by name. Links are not followed: they may lead anywhere.
func Files(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		if name == Stdin {
			out = append(out, name)
			continue
		}
		st, err := os.Stat(name) // a name that was given may be a link
		if err != nil {
			return nil, err
		}
		if !st.IsDir() {
			if !st.Mode().IsRegular() && st.Mode()&fs.ModeNamedPipe == 0 {
				return nil, fmt.Errorf("%s is neither a file nor a folder", name)
			}
			out = append(out, name)
			continue
		}
		err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				out = append(out, path)
			}
			if len(out) > maxFiles {
				return fmt.Errorf("%s has more than %d files", name, maxFiles)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Source is an open file: its text as UTF-8, decompressed, up to the size that it had when it was opened.
type Source struct {
	Sample Sample
	R      io.Reader

	received *received
	closers  []io.Closer
	note     func(string)
	cut      bool
}

// Cut reports, of a file that was read, that it was not had to its end: cut off, damaged, growing or larger than anything reads.
func (s *Source) Cut() bool { return s.cut }

// Open opens a file and looks at its beginning. What is wrong with it as a whole, now or while it is read, is told to note: the rest can be read. A text
// that is cut off ends in [io.ErrUnexpectedEOF].
func Open(name string, stdin io.Reader, note func(string)) (*Source, error) {
	s := &Source{note: note}
	if name == Stdin {
		s.received = &received{r: stdin, hash: sha256.New(), left: -1}
	} else if err := s.openFile(name); err != nil {
		return nil, err
	}
	raw, err := s.unpack()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", name, err), s.Close())
	}
	text := raw
	if !isDatabase(name) {
		text = newTextReader(raw, note)
	}
	head := make([]byte, sampleSize)
	n, err := io.ReadFull(text, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.Join(fmt.Errorf("read %s: %w", name, err), s.Close())
	}
	if s.Sample = (Sample{Name: filepath.Base(name), Text: head[:n]}); !isDatabase(name) {
		s.Sample = sampleOf(name, head[:n])
	}
	s.R = io.MultiReader(bytes.NewReader(head[:n]), text)
	return s, nil
}

func (s *Source) openFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, f)
	st, err := f.Stat()
	if err != nil {
		return errors.Join(err, s.Close())
	}
	s.received = &received{r: f, hash: sha256.New(), left: -1}
	if st.Mode().IsRegular() {
		s.received.left, s.received.file = st.Size(), f
	}
	return nil
}

// Marks with which compressed files begin.
var (
	gzipMark  = []byte{0x1f, 0x8b}
	zstdMark  = []byte{0x28, 0xb5, 0x2f, 0xfd}
	bzip2Mark = []byte("BZh")
)

// unpack decompresses by what the file begins with, whatever its name.
func (s *Source) unpack() (io.Reader, error) {
	head := make([]byte, len(zstdMark))
	n, err := io.ReadFull(s.received, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	raw := io.MultiReader(bytes.NewReader(head), s.received)
	switch {
	case bytes.HasPrefix(head, gzipMark):
		z, err := gzip.NewReader(raw)
		if err != nil {
			s.cut = true
			s.note("the gzip file cannot be read: its header is damaged")
			return bytes.NewReader(nil), nil
		}
		return &expanding{r: z, from: s.received, note: s.note, cut: &s.cut}, nil
	case bytes.HasPrefix(head, zstdMark):
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		s.closers = append(s.closers, z.IOReadCloser())
		return &expanding{r: z, from: s.received, note: s.note, cut: &s.cut}, nil
	case bytes.HasPrefix(head, bzip2Mark):
		return &expanding{r: bzip2.NewReader(raw), from: s.received, note: s.note, cut: &s.cut}, nil
	default:
		return &expanding{r: raw, from: s.received, note: s.note, cut: &s.cut, plain: true}, nil
	}
}

// Finish reads what the format left, and gives the digest of the file as received and its size.
func (s *Source) Finish() (sum string, size int64, err error) {
	if _, err := io.Copy(io.Discard, s.received); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", 0, fmt.Errorf("read to the end: %w", err)
	}
	return hex.EncodeToString(s.received.hash.Sum(nil)), s.received.size, nil
}

// Close closes the file.
func (s *Source) Close() error {
	var err error
	for i := len(s.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, s.closers[i].Close())
	}
	return err
}

// received is the file as it came: digested, and cut at the size at which it was opened, so that a file that grows is read to one place.
type received struct {
	r    io.Reader
	hash hash.Hash
	left int64    // -1: to the end
	file *os.File // of which left is known
	size int64
	grew bool
}

func (r *received) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, r.atEnd()
	}
	if r.left > 0 {
		p = p[:min(int64(len(p)), r.left)]
	}
	n, err := r.r.Read(p)
	r.hash.Write(p[:n])
	r.size += int64(n)
	if r.left > 0 {
		r.left -= int64(n)
		if errors.Is(err, io.EOF) && r.left > 0 {
			err = io.ErrUnexpectedEOF // it shrank while it was read
		}
	}
	return n, err
}

// atEnd tells a file that has grown from one that has not.
func (r *received) atEnd() error {
	if st, err := r.file.Stat(); err == nil && st.Size() > r.size {
		r.grew = true
		return io.ErrUnexpectedEOF
	}
	return io.EOF
}

// expanding is a decompressor whose errors are notes: what was read before them counts.
type expanding struct {
	r     io.Reader
	from  *received
	note  func(string)
	cut   *bool
	size  int64
	plain bool
	end   error
}

func (e *expanding) Read(p []byte) (int, error) {
	if e.end != nil {
		return 0, e.end
	}
	n, err := e.r.Read(p)
	e.size += int64(n)
	switch {
	case err == nil && !e.plain && e.size > maxExpansion*(e.from.size+sampleSize):
		e.note(fmt.Sprintf("the file decompresses to more than %d times its size: it was read up to there", maxExpansion))
		e.end = io.ErrUnexpectedEOF
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		e.end = io.EOF
	case e.from.grew:
		e.note("the file grew while it was read: it was read to the size that it had when it was opened; import it again when it is whole")
		e.end = io.ErrUnexpectedEOF
	case e.plain && !errors.Is(err, io.ErrUnexpectedEOF):
		e.end = err // the disk, not the file
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.note("the file is cut off: what could be read of it went in")
		e.end = io.ErrUnexpectedEOF
	default:
		e.note("the compressed file is damaged: what could be read of it before that went in")
		e.end = io.ErrUnexpectedEOF
	}
	*e.cut = *e.cut || errors.Is(e.end, io.ErrUnexpectedEOF)
	if n > 0 {
		return n, nil
	}
	return 0, e.end
}
