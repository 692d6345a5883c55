package preserve

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Bounds of what is read of an archive that somebody handed us: a file may inflate to what its manifest says and no more.
const (
	maxManifest = 64 << 20 // a line for each of a million files
	// maxRatio is how often over a file may inflate: what is in a case is compressed already, so an archive that grows more than that is made
	// to fill the disk of whoever checks it.
	maxRatio = 100
	// smallFile is what may inflate as it likes.
	smallFile = 1 << 20
)

// ErrForeign is returned for what is not an archive of this package.
var ErrForeign = errors.New("not an archive written by collect --preserve")

// Checked is what [Check] found.
type Checked struct {
	Manifest Manifest
	Faults   []string // one sentence each; empty: every file is there and has its digest
}

// Check reads an archive and holds every file against its digest. The case is written to caseTo on the way, which must not exist, so that it
// can be checked as well; nothing else is unpacked, and no name from the archive becomes a path.
func Check(path, caseTo string) (out Checked, err error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return out, fmt.Errorf("verify %s: %w: %w", path, ErrForeign, err)
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	files := map[string]*zip.File{}
	for _, f := range z.File {
		if _, twice := files[f.Name]; twice {
			out.Faults = append(out.Faults, fmt.Sprintf("%q is in the archive twice", f.Name))
		}
		files[f.Name] = f
	}
	if out.Manifest, err = readManifest(files[manifestName]); err != nil {
		return out, fmt.Errorf("verify %s: %w", path, err)
	}
	if fault := checkSums(files[sumsName], out.Manifest); fault != "" {
		out.Faults = append(out.Faults, fmt.Sprintf("%q %s", sumsName, fault))
	}
	listed := map[string]bool{manifestName: true, sumsName: true}
	for _, e := range out.Manifest.Files {
		if listed[e.Name] {
			out.Faults = append(out.Faults, fmt.Sprintf("%q is in the manifest twice", e.Name))
			continue
		}
		listed[e.Name] = true
		fault, err := checkFile(files[e.Name], e, caseTo)
		if err != nil {
			return out, fmt.Errorf("verify %s: %s: %w", path, e.Name, err)
		}
		if fault != "" {
			out.Faults = append(out.Faults, fmt.Sprintf("%q %s", e.Name, fault))
		}
	}
	for _, f := range z.File {
		if !listed[f.Name] {
			out.Faults = append(out.Faults, fmt.Sprintf("%q is in the archive and not in its manifest", f.Name))
		}
	}
	return out, nil
}

// checkSums says how the list for sha256sum differs from the manifest, if it does.
func checkSums(f *zip.File, m Manifest) string {
	if f == nil {
		return "is not in the archive"
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Sprintf("cannot be read: %v", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxManifest))
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Sprintf("cannot be read to its end: %v", err)
	}
	if string(text) != m.sums() {
		return "has other digests than the manifest"
	}
	return ""
}

func readManifest(f *zip.File) (m Manifest, err error) {
	if f == nil {
		return m, fmt.Errorf("%w: it has no %s", ErrForeign, manifestName)
	}
	r, err := f.Open()
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	text, err := io.ReadAll(io.LimitReader(r, maxManifest))
	if err != nil {
		return m, fmt.Errorf("%s: %w", manifestName, err)
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Schema != Schema {
		return m, errors.Join(fmt.Errorf("%w: its manifest is of schema %q, this program knows %s", ErrForeign, m.Schema, Schema), err)
	}
	return m, nil
}

// checkFile says what is wrong with one file; an error is of this machine alone.
func checkFile(f *zip.File, e Entry, caseTo string) (fault string, err error) {
	if f == nil {
		return "is in the manifest and not in the archive", nil
	}
	if e.Bytes < 0 || e.Bytes > smallFile && uint64(e.Bytes)/maxRatio > f.CompressedSize64 {
		return fmt.Sprintf("claims %d bytes of %d compressed ones, which no capture does", e.Bytes, f.CompressedSize64), nil
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Sprintf("cannot be read: %v", err), nil
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	sum := sha256.New()
	to := io.Writer(sum)
	if e.Name == CaseName {
		file, failed := os.OpenFile(caseTo, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if failed != nil {
			return "", failed
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		to = io.MultiWriter(sum, file)
	}
	n, err := io.Copy(to, io.LimitReader(r, e.Bytes+1))
	switch {
	case errors.As(err, new(*os.PathError)):
		return "", err
	case err != nil:
		return fmt.Sprintf("cannot be read to its end: %v", err), nil
	case n != e.Bytes:
		return fmt.Sprintf("has not the %d bytes that its manifest says", e.Bytes), nil
	case hex.EncodeToString(sum.Sum(nil)) != e.SHA256:
		return "has another SHA-256 than its manifest says", nil
	}
	return "", nil
}
