package ghexport

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Limits on files, which may be anything.
const (
	maxRow     = 10 << 20 // of one row; a push of 2,048 commits has 2 MiB, and GitHub caps payloads of webhooks at 25 MiB by not sending them
	maxFiles   = 1_000_000
	maxUnpack  = 64 << 30 // of one file, decompressed: two orders of magnitude over the 100 MiB at which GitHub cuts an export
	zstdMemory = 128 << 20
)

// files is the file, or all files below the folder, that somebody named.
type files struct {
	root   *os.Root
	names  []string // relative, sorted
	links  []string // below a folder: not followed
	digest [sha256.Size]byte
}

func (f *files) close() { f.root.Close() } // read only: there is nothing to lose

// opened are all places of an export.
type opened struct {
	places []*files
	digest [sha256.Size]byte // of the one, or of all their digests
}

func (o *opened) close() {
	for _, f := range o.places {
		f.close()
	}
}

// openAll opens every path, or none.
func openAll(ctx context.Context, paths []string) (*opened, error) {
	out := &opened{}
	all := sha256.New()
	for _, path := range paths {
		f, err := openFiles(ctx, path)
		if err != nil {
			out.close()
			return nil, err
		}
		out.places = append(out.places, f)
		all.Write(f.digest[:])
		out.digest = f.digest
	}
	if len(paths) != 1 {
		out.digest = [sha256.Size]byte(all.Sum(nil))
	}
	return out, nil
}

// openFiles lists and digests. Links that lead out of a folder are not followed. Errors are the caller's: a path that is not there.
func openFiles(ctx context.Context, path string) (*files, error) {
	path, err := filepath.EvalSymlinks(path) // the caller's own link
	if err != nil {
		return nil, fmt.Errorf("open export: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open export: %w", err)
	}
	dir, names := path, []string{}
	if !info.IsDir() {
		dir, names = filepath.Dir(path), []string{filepath.Base(path)}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open export: %w", err)
	}
	f := &files{root: root, names: names}
	if info.IsDir() {
		err = f.list()
	} else if !info.Mode().IsRegular() {
		err = errors.New("no regular file")
	}
	if err == nil {
		err = f.sum(ctx)
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("open export: %w", err)
	}
	return f, nil
}

func (f *files) list() error {
	return fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if hidden := strings.HasPrefix(d.Name(), ".") && name != "."; hidden && d.IsDir() {
			return fs.SkipDir
		} else if !hidden && d.Type()&fs.ModeSymlink != 0 && len(f.links) < maxNamed {
			f.links = append(f.links, name)
		}
		if !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		if f.names = append(f.names, name); len(f.names) > maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		return nil
	})
}

// sum digests names and contents: the unit of an export is the same wherever it lies.
func (f *files) sum(ctx context.Context) error {
	slices.Sort(f.names)
	all := sha256.New()
	for _, name := range f.names {
		in, err := f.root.Open(name)
		if err != nil {
			return err
		}
		one := sha256.New()
		_, err = io.Copy(one, cancelled{ctx, in})
		in.Close()
		if err != nil {
			return err
		}
		if len(f.names) == 1 {
			f.digest = [sha256.Size]byte(one.Sum(nil))
			return nil
		}
		fmt.Fprintf(all, "%s\x00%x\n", name, one.Sum(nil))
	}
	f.digest = [sha256.Size]byte(all.Sum(nil))
	return nil
}

// cancelled ends a reading when the context does.
type cancelled struct {
	ctx context.Context
	in  io.Reader
}

func (c cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.in.Read(p)
}

// rows calls take for every row of a file. damage says why the file ended before its end; err is of the context or of take.
func (f *files) rows(ctx context.Context, name string, take func(n int, raw []byte, why error) error) (damage string, err error) {
	in, err := f.root.Open(name)
	if err != nil {
		return plain(err), nil
	}
	defer in.Close()
	text, shut, err := unpack(bufio.NewReaderSize(cancelled{ctx, in}, 1<<16))
	if err != nil {
		return plain(err), ctx.Err()
	}
	defer shut()
	limited := &io.LimitedReader{R: text, N: maxUnpack}
	s := &splitter{in: bufio.NewReaderSize(limited, 1<<16)}
	err = s.each(take)
	var reading readError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &reading):
		return plain(reading.error), nil
	case err == nil && s.n == 0 && !s.list:
		return "it is empty", nil
	case err == nil && limited.N <= 0:
		return fmt.Sprintf("it unpacks to more than %d GiB", maxUnpack>>30), nil
	}
	return "", err
}

// plain is the ground of an error without the path.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// unpack tells gzip and zstd by their first bytes, whatever the name of the file.
func unpack(in *bufio.Reader) (io.Reader, func(), error) {
	start, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		return z, func() {}, err
	case bytes.Equal(start, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderMaxWindow(zstdMemory))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	if bytes.HasPrefix(start, []byte("\xef\xbb\xbf")) {
		_, err = in.Discard(3)
		return in, func() {}, err
	}
	return in, func() {}, nil
}

// compact is a row in one line.
func compact(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, badRow("is no JSON")
	}
	return b.Bytes(), nil
}
