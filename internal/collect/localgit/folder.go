package localgit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// Limits on what is read from a clone, which anybody may have prepared.
const (
	maxPointer = 4 << 10  // a .git file holds one path
	maxFile    = 64 << 20 // of one reflog, packed-refs or FETCH_HEAD: 300,000 entries
	maxConfig  = 1 << 20  // of a configuration; those of real clones have a few kilobytes
	maxFiles   = 200_000  // files below logs or refs
	maxObjects = 4 << 20  // files below objects: git packs what is loose long before
)

// folder is a git folder that is only read, and out of which no link leads.
type folder struct {
	root *os.Root
	path string // of the folder, links resolved
}

func (f *folder) close() { f.root.Close() } // read only: there is nothing to lose

// openFolder finds the repository in dir: the .git folder of a working tree, a bare repository, or what a .git file points to so long as
// that lies inside dir itself (a linked worktree or a submodule points out of it, to a place that nobody named).
func openFolder(dir string) (*folder, *evidence.Gap) {
	outer, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unusable(err)
	}
	sub := "."
	if info, err := outer.Lstat(".git"); err == nil {
		sub = ".git"
		if info.Mode().IsRegular() {
			if sub, err = pointer(outer); err != nil {
				outer.Close()
				return nil, &evidence.Gap{Kind: evidence.GapUnsupported, Subject: ".git", Detail: err.Error(), Hint: "give the main clone, whose .git is a folder"}
			}
		}
	}
	defer outer.Close()
	root, err := outer.OpenRoot(sub)
	if err != nil {
		return nil, unusable(err)
	}
	full, err := filepath.EvalSymlinks(filepath.Join(dir, filepath.FromSlash(sub)))
	if err != nil {
		root.Close()
		return nil, unusable(err)
	}
	f := &folder{root: root, path: full}
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := root.Lstat(name); err != nil {
			f.close()
			return nil, &evidence.Gap{Kind: evidence.GapUnsupported, Subject: "clone", Detail: "no git repository: " + name + " is missing",
				Hint: "give the folder of a clone or of a bare repository"}
		}
	}
	return f, nil
}

func unusable(err error) *evidence.Gap {
	return &evidence.Gap{Kind: evidence.GapUnreadable, Subject: "clone", Detail: "the folder could not be opened: " + evidence.Printable(plain(err)),
		Hint: "give the folder of a clone, without links that lead out of it"}
}

// plain is the ground of an error without the path, which is nobody's business but the machine's.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// pointer reads a .git file, "gitdir: PATH". See gitrepository-layout(5).
func pointer(outer *os.Root) (string, error) {
	f, err := outer.Open(".git")
	if err != nil {
		return "", errors.New(plain(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPointer))
	if err != nil {
		return "", errors.New(plain(err))
	}
	to, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if to = path.Clean(filepath.ToSlash(to)); !ok || path.IsAbs(to) || filepath.IsAbs(to) || to == "." || !filepath.IsLocal(to) {
		return "", errors.New("a linked worktree or submodule: its repository lies outside the folder and was not followed")
	}
	return to, nil
}

// file reads a regular file whole; what is beyond the limit is cut off and said. No file is no bytes.
func (f *folder) file(name string, limit int64) (text []byte, changed time.Time, cut bool, err error) {
	info, err := f.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, changed, false, nil
	}
	if err != nil {
		return nil, changed, false, errors.New(plain(err))
	}
	if !info.Mode().IsRegular() { // a pipe would hold the reading up
		return nil, changed, false, errors.New("no regular file")
	}
	in, err := f.root.Open(name)
	if err != nil {
		return nil, changed, false, errors.New(plain(err))
	}
	defer in.Close()
	text, err = io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, changed, false, errors.New(plain(err))
	}
	if int64(len(text)) > limit {
		text, cut = text[:limit], true
	}
	return text, info.ModTime().UTC(), cut, nil
}

// files lists the regular files below a folder by name, links not followed. more says that the limit cut the list.
func (f *folder) files(below string) (names []string, more bool, err error) {
	err = fs.WalkDir(f.root.FS(), below, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == below:
			return fs.SkipAll
		case err != nil:
			return err
		case len(names) >= maxFiles:
			more = true
			return fs.SkipAll
		case d.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	if err != nil {
		err = errors.New(plain(err))
	}
	return names, more, err
}

// links looks for symbolic links among the files from which objects are read, by code that would follow them, and for a repository
// in the repository. An error says what was found.
func (f *folder) links() error {
	for _, name := range []string{"HEAD", "packed-refs", "FETCH_HEAD", "shallow", "refs", "objects"} {
		if info, err := f.root.Lstat(name); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%s is a symbolic link and was not followed", name)
		}
	}
	if _, err := f.root.Lstat(".git"); err == nil {
		return errors.New("the repository holds another one, .git")
	}
	n := 0
	return fs.WalkDir(f.root.FS(), "objects", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return errors.New(plain(err))
		}
		if d.Type()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%s is a symbolic link and was not followed", evidence.Printable(name))
		}
		if !d.IsDir() && !d.Type().IsRegular() {
			return fmt.Errorf("%s is no regular file", evidence.Printable(name))
		}
		if n++; n > maxObjects {
			return fmt.Errorf("more than %d files lie below objects", maxObjects)
		}
		return nil
	})
}
