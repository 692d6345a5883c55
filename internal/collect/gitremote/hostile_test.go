package gitremote

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// maxResident is what no server may make us exceed.
const maxResident = 512 << 20

// TestMain lets the test binary collect from a hostile server in a process of its own, whose peak memory is then its own.
func TestMain(m *testing.M) {
	if host := os.Getenv("GITREMOTE_HOSTILE_HOST"); host != "" {
		if err := collectAlone(host, os.Getenv("GITREMOTE_HOSTILE_MIRRORS"), os.Getenv("GITREMOTE_HOSTILE_WANT")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// collectAlone prints every gap, the number of commits and the process's peak resident memory in bytes. A wanted commit is recovered
// afterwards.
func collectAlone(host, mirrors, want string) error {
	u, err := url.Parse(host)
	if err != nil {
		return err
	}
	c := New(Config{Host: u, Client: &http.Client{}, Mirrors: mirrors, Now: time.Now, UserAgent: "pentimento test"})
	commits := 0
	emit := func(o evidence.Observation) error {
		commits += len(o.Commits)
		for _, b := range o.Bulks {
			commits += b.Len()
		}
		for _, g := range o.Gaps {
			fmt.Printf("gap %s %s\n", g.Kind, g.Detail)
		}
		return nil
	}
	if err := c.Collect(context.Background(), demo, emit); err != nil {
		return err
	}
	if want != "" {
		if _, err := c.Recover(context.Background(), demo, []Want{{OID: evidence.OID(want)}}, emit); err != nil {
			return err
		}
	}
	fmt.Println("commits", commits)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			fmt.Println("peak", kib<<10)
			return err
		}
	}
	return fmt.Errorf("no VmHWM in /proc/self/status")
}

// TestHostilePacks: each is refused with its reason, or let through, and none costs more memory than the limit.
func TestHostilePacks(t *testing.T) {
	for name, x := range hostilePacks {
		t.Run(name, func(t *testing.T) {
			file := packFile(t, x.write)
			out := alone(t, scripted(func(w io.Writer) { sendPack(t, w, file) }))
			if x.reason != "" && (!strings.Contains(out, "gap refused") || !strings.Contains(out, x.reason)) {
				t.Errorf("%s", out)
			}
			if x.reason == "" && strings.Contains(out, "gap refused") {
				t.Errorf("refused: %s", out)
			}
		})
	}
}

// TestLongHistory: a history as long as the limit on objects allows, with messages of some length.
func TestLongHistory(t *testing.T) {
	const commits = longHistory
	var tip string
	file := packFile(t, func(w io.Writer) {
		p := newPack(w, commits)
		for i := range commits {
			parent := ""
			if tip != "" {
				parent = "parent " + tip + "\n"
			}
			raw := fmt.Appendf(nil, "tree %s\n%sauthor A <a@example.invalid> %d +0000\ncommitter A <a@example.invalid> %d +0000\n\n%s", emptyTree, parent, i, i,
				strings.Repeat("m", 300))
			p.object(packCommit, int64(len(raw)), nil, stored(raw))
			tip = fmt.Sprintf("%x", sha1.Sum(append(fmt.Appendf(nil, "commit %d\x00", len(raw)), raw...)))
		}
		p.trailer()
	})
	out := alone(t, func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if bytes.Contains(body, []byte("command=ls-refs")) {
			w.Header().Set("Content-Type", resultType)
			io.WriteString(w, pkt("%s refs/heads/main\n", tip)+"0000")
			return true
		}
		return scripted(func(w io.Writer) { sendPack(t, w, file) })(w, r, body)
	})
	if !strings.Contains(out, fmt.Sprintf("commits %d\n", commits)) {
		t.Error(out)
	}
}

func packFile(t *testing.T, write func(io.Writer)) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pack")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	b := bufio.NewWriter(f)
	write(b)
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

func sendPack(t *testing.T, w io.Writer, name string) {
	f, err := os.Open(name)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	io.WriteString(w, pkt("packfile\n"))
	for buf := make([]byte, 60_000); ; {
		n, err := f.Read(buf)
		if err != nil {
			break
		}
		if _, err := io.WriteString(w, pkt("\x01%s", buf[:n])); err != nil {
			return
		}
	}
	io.WriteString(w, "0000")
}

// alone collects in another process from a server that answers with hook, and checks its peak memory and that nothing is left.
func alone(t *testing.T, hook func(http.ResponseWriter, *http.Request, []byte) bool) string {
	t.Helper()
	s := serveGit(t, asGitHub)
	s.on(hook)
	c := collector(t, s)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "GITREMOTE_HOSTILE_HOST="+s.url.String(), "GITREMOTE_HOSTILE_MIRRORS="+c.cfg.Mirrors)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	_, peak, _ := strings.Cut(string(out), "peak ")
	bytes, err := strconv.ParseInt(strings.TrimSpace(peak), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("peak %d MiB, %s", bytes>>20, time.Since(start).Round(time.Millisecond))
	if judgeResident && bytes > maxResident {
		t.Errorf("peak memory %d MiB", bytes>>20)
	}
	if l := litter(t, c); l != nil {
		t.Errorf("litter %v", l)
	}
	return string(out)
}
