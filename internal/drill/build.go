package drill

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"pentimento/internal/evidence"
)

// repositoryConfig is what GitHub lets a client of upload-pack do: it advertises wants by tip and by reachable SHA, and filters. It never
// allows any SHA; protocol v2 serves unreachable objects all the same, v0 refuses them. Nothing may be collected away.
const repositoryConfig = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
[uploadpack]
	allowTipSHA1InWant = true
	allowReachableSHA1InWant = true
	allowFilter = true
[http]
	receivepack = false
[gc]
	auto = 0
`

func (s *Server) path(r *Repository) string {
	return filepath.Join(s.root, filepath.FromSlash(string(r.Name))+".git")
}

// env is the whole environment of a git process: nothing of the user's configuration bends what is served.
func (s *Server) env() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C",
	}
}

// build writes a bare repository: every commit that git still holds, reachable or not, as one pack, and the refs. No git process is
// needed for it, so that thousands are quick; git fsck is the judge of them in the tests. A repository that is there already is refused:
// a drill starts from an empty folder.
func (s *Server) build(ctx context.Context, r *Repository) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	dir := s.path(r)
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s is there already", dir)
	}
	return writeRepository(dir, repositoryConfig, "refs/heads/"+r.DefaultBranch, r.refs, r.peeled(), r.gitObjects())
}

// peeled maps annotated tags to the commits that they stand for.
func (r *Repository) peeled() map[evidence.Ref]evidence.OID {
	out := map[evidence.Ref]evidence.OID{}
	for ref, t := range r.tags {
		if r.refs[ref] == t.oid {
			out[ref] = t.target.oid
		}
	}
	return out
}

// gitObjects gathers what git holds at the end: all commits but those that it lost, with their trees and texts, and the annotated tags.
func (r *Repository) gitObjects() map[evidence.OID]object {
	kept := &Repository{objects: map[evidence.OID]object{}}
	for _, c := range r.order {
		if !c.lostToGit {
			kept.file(c)
		}
	}
	for _, t := range r.tagged {
		if _, ok := kept.objects[t.target.oid]; ok {
			kept.objects[t.oid] = object{kind: "tag", body: t.encode()}
		}
	}
	return kept.objects
}

// writeRepository makes the folder of a repository, bare or the inner one of a clone.
func writeRepository(dir, config, head string, refs, peeled map[evidence.Ref]evidence.OID, objects map[evidence.OID]object) error {
	for _, d := range []string{"refs", "objects"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	var packed bytes.Buffer
	packed.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		fmt.Fprintf(&packed, "%s %s\n", refs[ref], ref)
		if oid, ok := peeled[ref]; ok {
			fmt.Fprintf(&packed, "^%s\n", oid)
		}
	}
	for name, text := range map[string]string{"config": config, "HEAD": "ref: " + head + "\n", "packed-refs": packed.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return writePack(dir, objects)
}
