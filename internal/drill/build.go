package drill

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"pentimento/internal/evidence"
)

// buildRef carries commits into the repository and is gone when the stream ends.
const buildRef = "refs/drill/build"

// repositoryConfig is what GitHub lets a client of upload-pack do: it advertises wants by tip and by reachable SHA, and filters. It never
// allows any SHA; protocol v2 serves unreachable objects all the same, v0 refuses them. Nothing may be collected away.
const repositoryConfig = `
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

// build makes a bare repository in one git fast-import and checks that git gave every commit the id that the recipe worked out. A
// repository that is there already is refused: a drill starts from an empty folder.
func (s *Server) build(ctx context.Context, r *Repository) error {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	dir := s.path(r)
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s is there already", dir)
	}
	if err := s.run(ctx, nil, "init", "--quiet", "--bare", "--template=", "--initial-branch="+r.DefaultBranch, dir); err != nil {
		return err
	}
	config, err := os.OpenFile(filepath.Join(dir, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = config.WriteString(repositoryConfig)
	if err := errors.Join(err, config.Close()); err != nil {
		return err
	}
	stream, kept := r.stream()
	if len(kept) == 0 {
		return nil
	}
	marks := filepath.Join(dir, "drill-marks")
	if err := s.run(ctx, stream, "--git-dir="+dir, "fast-import", "--quiet", "--force", "--export-marks="+marks); err != nil {
		return err
	}
	return checkMarks(marks, kept)
}

func (s *Server) run(ctx context.Context, input []byte, args ...string) error {
	cmd := exec.CommandContext(ctx, s.git, args...)
	cmd.Env, cmd.Stdin = s.env(), bytes.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[len(args)-1], err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// stream writes a repository for git fast-import: every commit that git still holds, reachable or not, then the refs. The commit with
// mark N is kept[N-1].
func (r *Repository) stream() (stream []byte, kept []*commit) {
	var b bytes.Buffer
	marks := map[*commit]int{}
	for _, c := range r.order {
		if c.lostToGit {
			continue
		}
		kept = append(kept, c)
		marks[c] = len(kept)
		if len(c.parents) == 0 {
			fmt.Fprintf(&b, "reset %s\n", buildRef)
		}
		fmt.Fprintf(&b, "commit %s\nmark :%d\nauthor %s\ncommitter %s\n", buildRef, marks[c], c.author.sign(c.date), c.author.sign(c.date))
		data(&b, c.message)
		for i, p := range c.parents {
			fmt.Fprintf(&b, "%s :%d\n", []string{"from", "merge"}[min(i, 1)], marks[p])
		}
		b.WriteString("deleteall\n")
		for _, path := range slices.Sorted(maps.Keys(c.files)) {
			fmt.Fprintf(&b, "M 100644 inline %s\n", path)
			data(&b, c.files[path])
		}
		b.WriteByte('\n')
	}
	for _, ref := range slices.Sorted(maps.Keys(r.refs)) {
		if t := r.tags[ref]; t != nil {
			fmt.Fprintf(&b, "tag %s\nfrom :%d\ntagger %s\n", t.name, marks[t.target], t.tagger.sign(t.date))
			data(&b, t.message)
			continue
		}
		fmt.Fprintf(&b, "reset %s\nfrom :%d\n\n", ref, marks[r.named(r.refs[ref])])
	}
	fmt.Fprintf(&b, "reset %s\nfrom %s\n\n", buildRef, evidence.ZeroOID)
	return b.Bytes(), kept
}

// data is fast-import's counted text: a message without a final newline keeps being one.
func data(b *bytes.Buffer, text string) { fmt.Fprintf(b, "data %d\n%s\n", len(text), text) }

func checkMarks(name string, kept []*commit) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		mark, oid, _ := strings.Cut(lines.Text(), " ")
		var i int
		if _, err := fmt.Sscanf(mark, ":%d", &i); err != nil || i < 1 || i > len(kept) {
			return fmt.Errorf("unexpected mark %q", mark)
		}
		if c := kept[i-1]; string(c.oid) != oid {
			return fmt.Errorf("git made %s of %s, the recipe %s", oid, c.label, c.oid)
		}
	}
	if n != len(kept) {
		return fmt.Errorf("git made %d commits of %d", n, len(kept))
	}
	return nil
}
