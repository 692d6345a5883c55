package gharchive

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// part is a download that is under way: path.part holds its bytes, path.part.tag which version of the file they are of. Without a tag
// nothing is resumed: two versions would be glued together.
type part struct {
	file   *os.File
	path   string
	tag    string // a strong ETag, or a Last-Modified date
	size   int64
	failed bool // to write
	fresh  bool // started over since the last look
}

// maxTag bounds a version tag.
const maxTag = 1 << 10

func openPart(path string) (*part, error) {
	p := &part{path: path + ".part"}
	var err error
	if p.file, err = os.OpenFile(p.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	tag, err := os.ReadFile(p.path + ".tag")
	if err == nil && len(tag) <= maxTag {
		p.tag = string(tag)
		p.size, err = p.file.Seek(0, io.SeekEnd)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(err, p.file.Close())
	}
	return p, nil
}

// ask adds to a request what resumes; it gives the offset asked for.
func (p *part) ask(h http.Header) int64 {
	if p.tag == "" || p.size == 0 {
		return 0
	}
	h.Set("Range", "bytes="+strconv.FormatInt(p.size, 10)+"-")
	h.Set("If-Range", p.tag)
	return p.size
}

// begin makes room for an answer that starts at an offset, and notes which version it is of.
func (p *part) begin(from int64, h http.Header) error {
	tag := h.Get("ETag")
	if tag == "" || strings.HasPrefix(tag, "W/") {
		tag = h.Get("Last-Modified")
	}
	if len(tag) > maxTag {
		tag = ""
	}
	if p.size > from {
		p.fresh = true
	}
	p.tag, p.size = tag, from
	if err := p.file.Truncate(from); err != nil {
		return err
	}
	if _, err := p.file.Seek(from, io.SeekStart); err != nil {
		return err
	}
	return os.WriteFile(p.path+".tag", []byte(tag), 0o600)
}

// Write appends what came.
func (p *part) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.size += int64(n)
	p.failed = p.failed || err != nil
	return n, err
}

// restarted reports once that what was there was thrown away, so that less than before is no standstill.
func (p *part) restarted() bool {
	was := p.fresh
	p.fresh = false
	return was
}

// discard throws away what came.
func (p *part) discard() error {
	p.fresh, p.tag, p.size = p.size > 0, "", 0
	if err := os.Remove(p.path + ".tag"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return p.file.Truncate(0)
}

// gzipped reports whether what came begins as gzip files do. Of an empty file nothing is said.
func (p *part) gzipped() bool {
	var head [2]byte
	n, err := p.file.ReadAt(head[:], 0)
	return n == 0 || (err == nil && head == [2]byte{0x1f, 0x8b})
}

// finish gives the file its name, once its bytes are on disk.
func (p *part) finish(path string) error {
	if err := errors.Join(p.file.Sync(), p.file.Close()); err != nil {
		return err
	}
	if err := os.Rename(p.path, path); err != nil {
		return err
	}
	return os.Remove(p.path + ".tag")
}

// close leaves behind only what can be resumed. What was finished was synced; of the rest the server's range and the file's own checksum
// tell whether it is whole.
func (p *part) close() {
	p.file.Close()
	if p.size == 0 {
		os.Remove(p.path)
		os.Remove(p.path + ".tag")
	}
}
