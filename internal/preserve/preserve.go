// Package preserve answers "is this what was captured": it writes a case and what belongs to it into one archive with a manifest of digests,
// and checks such an archive elsewhere. It takes streams; it knows neither SQLite nor git. It does not say who captured: the archive is
// not signed, and whoever can change a file can change its digest too. Keep the digest of the archive itself in another place.
//
// The archive is a ZIP file (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), which opens anywhere: case.db, objects/, a
// README.txt, SHA256SUMS as sha256sum reads it, and manifest.json.
package preserve

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Schema of the manifest.
const Schema = "pentimento/preserved/v1"

// Names of files in the archive.
const (
	CaseName     = "case.db"
	manifestName = "manifest.json"
	sumsName     = "SHA256SUMS"
	readmeName   = "README.txt"
)

// Manifest says what is in an archive.
type Manifest struct {
	Schema  string    `json:"schema"`
	MadeAt  time.Time `json:"made_at"` // UTC
	MadeBy  string    `json:"made_by"` // version of the program
	Objects bool      `json:"objects"` // git objects were asked for: what is in objects/ may hold secrets that somebody committed
	Waiting int       `json:"waiting"` // repositories of which the collection had not had everything yet
	Missing []Missing `json:"missing,omitempty"`
	Files   []Entry   `json:"files"`
}

// sums are the digests as sha256sum reads them.
func (m Manifest) sums() string {
	var out strings.Builder
	for _, e := range m.Files {
		fmt.Fprintf(&out, "%s  %s\n", e.SHA256, e.Name)
	}
	return out.String()
}

// Entry is one file of the archive.
type Entry struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
}

// Missing is what should be in the archive and could not be had.
type Missing struct {
	Name   string `json:"name"` // of the file that it belongs to
	What   string `json:"what"` // an object id, or "all" of a repository
	Reason string `json:"reason"`
}

// Writer writes one archive.
type Writer struct {
	zip      *zip.Writer
	manifest Manifest
}

// NewWriter begins an archive of which m says when and by what it is made, and what it is of. Files of the same content and the same stamps give
// the same bytes.
func NewWriter(w io.Writer, m Manifest) *Writer {
	m.Schema, m.MadeAt = Schema, m.MadeAt.UTC()
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	return &Writer{zip: z, manifest: m}
}

// Add writes one file, whose content write gives.
func (w *Writer) Add(name string, write func(io.Writer) error) error {
	f, err := w.create(name)
	if err != nil {
		return err
	}
	sum, size := sha256.New(), &counter{}
	if err := write(io.MultiWriter(f, sum, size)); err != nil {
		return fmt.Errorf("preserve %s: %w", name, err)
	}
	w.manifest.Files = append(w.manifest.Files, Entry{Name: name, Bytes: size.n, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// Lacks notes what could not be had.
func (w *Writer) Lacks(m Missing) { w.manifest.Missing = append(w.manifest.Missing, m) }

// Lacking counts what was noted so far.
func (w *Writer) Lacking() int { return len(w.manifest.Missing) }

// Close writes the manifest and ends the archive.
func (w *Writer) Close() error {
	if err := w.Add(readmeName, func(f io.Writer) error { _, err := io.WriteString(f, w.readme()); return err }); err != nil {
		return err
	}
	text, err := json.MarshalIndent(w.manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("preserve: manifest: %w", err)
	}
	if err := w.plain(sumsName, w.manifest.sums()); err != nil {
		return err
	}
	if err := w.plain(manifestName, string(text)+"\n"); err != nil {
		return err
	}
	if err := w.zip.Close(); err != nil {
		return fmt.Errorf("preserve: %w", err)
	}
	return nil
}

func (w *Writer) plain(name, content string) error {
	f, err := w.create(name)
	if err == nil {
		_, err = io.WriteString(f, content)
	}
	if err != nil {
		return fmt.Errorf("preserve %s: %w", name, err)
	}
	return nil
}

func (w *Writer) create(name string) (io.Writer, error) {
	f, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.manifest.MadeAt})
	if err != nil {
		return nil, fmt.Errorf("preserve %s: %w", name, err)
	}
	return f, nil
}

func (w *Writer) readme() string {
	text := `A case of pentimento, captured as it was.

case.db       open it with: pentimento --case case.db repos
SHA256SUMS    check it with: sha256sum -c SHA256SUMS, or the whole with: pentimento verify ARCHIVE

Bodies and texts in the case were scanned for the shapes of credentials, and what had one was taken out before it was stored.
`
	if w.manifest.Objects {
		text += `
objects/      git objects as the servers gave them, one bundle a repository. NOTHING WAS TAKEN OUT OF THEM: they can hold secrets that
              somebody committed, and malicious code. Never run any of it. To look into one:
              git init --bare x.git && git -C x.git bundle unbundle ../NAME.bundle && git -C x.git cat-file -p OBJECT
`
	}
	return text
}

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
