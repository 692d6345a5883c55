package gitpack_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pentimento/internal/collect/gitpack"
)

// repo is a bare repository made by the git command line.
type repo struct {
	tb  testing.TB
	dir string
}

func newRepo(tb testing.TB) repo {
	tb.Helper()
	r := repo{tb, tb.TempDir()}
	r.git("init", "-q", "--bare", "-b", "main")
	r.git("config", "gc.auto", "0")
	return r
}

func (r repo) git(args ...string) string { return r.input("", args...) }

func (r repo) input(stdin string, args ...string) string {
	r.tb.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "LC_ALL=C", "HOME=" + os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.invalid", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.invalid"}
	cmd.Stdin = strings.NewReader(stdin)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		r.tb.Fatalf("git %q: %v: %s", args, err, said.String())
	}
	return out.String()
}

func (r repo) refs() []gitpack.OID {
	var out []gitpack.OID
	for _, x := range strings.Fields(r.git("for-each-ref", "--format=%(objectname)")) {
		out = append(out, oid(r.tb, x))
	}
	return out
}

func (r repo) open(opts gitpack.Options) *gitpack.Reader {
	r.tb.Helper()
	x, err := gitpack.Open(r.dir, opts)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.tb.Cleanup(func() {
		if err := x.Close(); err != nil {
			r.tb.Error(err)
		}
	})
	return x
}

func oid(tb testing.TB, s string) gitpack.OID {
	tb.Helper()
	o, err := gitpack.ParseOID(strings.TrimSpace(s))
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// Names around .github in the order of trees, and what may stand in place of folders.
var (
	rootNames   = []string{".git0", ".gitattributes", ".githu", ".github-x", ".github.txt", ".github0", ".githubx/f", ".githuc", "!a", "README", "src/a"}
	flowNames   = []string{"a.yml", "b.yaml", "sub/c.yml", "sub/deep/d", "sub-x", "sub.x", "with space", "q\"uote", "caf\u00e9.yml", "a.yml/x"}
	folderNames = []string{".github", ".github/workflows"}
)

// history is a fast-import stream of n commits: merges of up to four parents, several roots, files that become folders, links and
// submodules and back, empty commits, and at times so many files ahead of .github that it stands far down its tree.
func history(rng *rand.Rand, n int, prefix string) string {
	var b strings.Builder
	branches := []string{prefix + "0"}
	write := func(mode, path string) {
		quoted := fmt.Sprintf("%q", path)
		if path == "caf\u00e9.yml" {
			quoted = path
		}
		switch mode {
		case "160000":
			fmt.Fprintf(&b, "M 160000 %040x %s\n", rng.Uint64(), quoted)
		default:
			text := fmt.Sprintf("%d\n", rng.IntN(12))
			fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s", mode, quoted, len(text), text)
		}
	}
	modes := []string{"100644", "100644", "100644", "100755", "120000", "160000"}
	mode := func() string { return modes[rng.IntN(len(modes))] }
	for i := range n {
		branch := branches[rng.IntN(len(branches))]
		if rng.IntN(6) == 0 {
			branch = fmt.Sprintf("%s%d", prefix, len(branches))
			branches = append(branches, branch)
		}
		msg := fmt.Sprintf("commit %d", i)
		fmt.Fprintf(&b, "commit refs/heads/%s\nmark :%d\ncommitter a <a@example.invalid> %d +0000\ndata %d\n%s\n", branch, i+1, 1700000000+i, len(msg), msg)
		if i > 0 && rng.IntN(12) > 0 {
			fmt.Fprintf(&b, "from :%d\n", max(1, i-rng.IntN(5)))
			for range max(0, rng.IntN(8)-4) {
				fmt.Fprintf(&b, "merge :%d\n", 1+rng.IntN(i))
			}
		}
		for range rng.IntN(4) {
			switch rng.IntN(12) {
			case 0:
				path := folderNames[rng.IntN(2)]
				fmt.Fprintf(&b, "D %s\n", path)
				if rng.IntN(2) == 0 {
					write(mode(), path)
				}
			case 1:
				for k := range rng.IntN(40) {
					write("100644", fmt.Sprintf("-early-%03d", k))
				}
			case 2, 3, 4, 5:
				fmt.Fprintf(&b, "D %q\n", rootNames[rng.IntN(len(rootNames))])
				write(mode(), rootNames[rng.IntN(len(rootNames))])
			case 6:
				fmt.Fprintf(&b, "D %q\n", ".github/workflows/"+flowNames[rng.IntN(len(flowNames)-3)])
			default:
				write(mode(), ".github/workflows/"+flowNames[rng.IntN(len(flowNames))])
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// layouts are ways to store the same history.
var layouts = map[string]func(r repo, rng *rand.Rand){
	"as imported": func(repo, *rand.Rand) {},
	"loose": func(r repo, _ *rand.Rand) {
		r.input("", "repack", "-q", "-a", "-d")
		pack := strings.TrimSpace(r.sh("ls objects/pack/*.pack"))
		r.sh("mv objects/pack/* . && git unpack-objects -q < $(basename " + pack + ") && rm -f pack-*")
	},
	"one pack":    func(r repo, rng *rand.Rand) { r.repack(rng) },
	"named bases": func(r repo, rng *rand.Rand) { r.git("config", "repack.useDeltaBaseOffset", "false"); r.repack(rng) },
	"two packs with the same objects": func(r repo, rng *rand.Rand) {
		r.repack(rng)
		r.sh("git rev-list --all --objects | cut -d' ' -f1 | head -60 | git pack-objects -q objects/pack/pack > /dev/null")
	},
	"packs and loose objects": func(r repo, rng *rand.Rand) {
		r.git("config", "fastimport.unpackLimit", "10000")
		r.input(history(rng, 20, "later"), "fast-import", "--quiet", "--force")
	},
	"no compression": func(r repo, rng *rand.Rand) { r.git("config", "core.compression", "0"); r.git("repack", "-q", "-adF") },
}

func (r repo) repack(rng *rand.Rand) {
	depth := []string{"1", "3", "50", "250"}[rng.IntN(4)]
	r.git("repack", "-q", "-adf", "--depth="+depth, "--window=20")
}

// sh runs a line that this file wrote, in the repository.
func (r repo) sh(line string) string {
	r.tb.Helper()
	cmd := exec.Command("sh", "-ec", line)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.tb.Fatalf("%s: %v: %s", line, err, out)
	}
	return string(out)
}
