package gitremote

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/adler32"
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

// packWriter writes packs as nobody should.
type packWriter struct {
	w    io.Writer
	sum  io.Writer
	hash interface{ Sum([]byte) []byte }
	at   int64
}

func newPack(w io.Writer, count uint32) *packWriter {
	h := sha1.New()
	p := &packWriter{w: io.MultiWriter(w, h), hash: h, sum: w}
	p.write([]byte("PACK\x00\x00\x00\x02"))
	p.write(binary.BigEndian.AppendUint32(nil, count))
	return p
}

func (p *packWriter) write(b []byte) {
	p.at += int64(len(b))
	p.w.Write(b) // a bufio.Writer over a file, which is checked when it is flushed
}

func (p *packWriter) trailer() { p.sum.Write(p.hash.Sum(nil)) }

const (
	packCommit   = 1
	packBlob     = 3
	packOfsDelta = 6
	packRefDelta = 7
)

// object writes a header that declares size, what stands between header and data, and the data; it gives the object's offset.
func (p *packWriter) object(kind byte, size int64, between, zlibbed []byte) int64 {
	at := p.at
	b := kind<<4 | byte(size&15)
	head := []byte{}
	for size >>= 4; size > 0; size >>= 7 {
		head = append(head, b|0x80)
		b = byte(size & 0x7f)
	}
	p.write(append(head, b))
	p.write(between)
	p.write(zlibbed)
	return at
}

// distance is the offset encoding of an ofs-delta.
func distance(n int64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append([]byte{0x80 | byte(n&0x7f)}, out...)
	}
	return out
}

// stored is a zlib stream without compression: quick to make.
func stored(b []byte) []byte {
	out := []byte{0x78, 0x01}
	for rest := b; ; {
		n := min(len(rest), 65_535)
		final := byte(0)
		if n == len(rest) {
			final = 1
		}
		out = append(out, final, byte(n), byte(n>>8), ^byte(n), ^byte(n>>8))
		out = append(out, rest[:n]...)
		if rest = rest[n:]; len(rest) == 0 {
			return binary.BigEndian.AppendUint32(out, adler32.Checksum(b))
		}
	}
}

// zeros is a zlib stream of n zero bytes.
func zeros(n int64) []byte {
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	io.CopyN(z, zeroReader{}, n)
	z.Close()
	return b.Bytes()
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// copyDelta makes a delta that copies the first size bytes of its base times over.
func copyDelta(size, times int64) []byte {
	d := binary.AppendUvarint(nil, uint64(size))
	d = binary.AppendUvarint(d, uint64(size*times))
	for range times {
		for at := int64(0); at < size; at += 0xffffff {
			n := min(size-at, 0xffffff)
			d = append(d, 0xff, byte(at), byte(at>>8), byte(at>>16), byte(at>>24), byte(n), byte(n>>8), byte(n>>16))
		}
	}
	return d
}

// hostilePacks are the attacks by name: field observations of what kills go-git, and the worst that our limits let through.
var hostilePacks = map[string]struct {
	reason string // in a gap; empty for packs that are let through
	write  func(w io.Writer)
}{
	"count": {"4294967295 objects", func(w io.Writer) { newPack(w, 1<<32-1).trailer() }},
	"bomb": {"3.0 GiB", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packBlob, 3<<30, nil, zeros(64<<20)) // the header alone is enough to refuse it
		p.trailer()
	}},
	"delta": {"larger than", func(w io.Writer) {
		p := newPack(w, 2)
		base := p.object(packBlob, 0xffffff, nil, zeros(0xffffff))
		d := copyDelta(0xffffff, 192)
		p.object(packOfsDelta, int64(len(d)), distance(p.at-base), stored(d))
		p.trailer()
	}},
	"tiny": {"2000000 objects", func(w io.Writer) {
		p := newPack(w, 2_000_000)
		for i := range smallObjects {
			b := []byte(strconv.Itoa(i))
			p.object(packBlob, int64(len(b)), nil, stored(b))
		}
		p.trailer()
	}},
	"truncated":  {"cut off", func(w io.Writer) { newPack(w, 5).object(packBlob, 3, nil, stored([]byte("abc"))) }},
	"no trailer": {"cut off", func(w io.Writer) { newPack(w, 1).object(packBlob, 3, nil, stored([]byte("abc"))) }},
	"lie": {"exceeds declared", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packBlob, 10, nil, zeros(64<<20))
		p.trailer()
	}},
	"short": {"shorter", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packBlob, 10, nil, stored([]byte("abc")))
		p.trailer()
	}},
	"more": {"after its end", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packBlob, 3, nil, stored([]byte("abc")))
		p.trailer()
		w.Write([]byte("more"))
	}},
	"type 5": {"type 5", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(5, 3, nil, stored([]byte("abc")))
		p.trailer()
	}},
	"ref delta": {"by hash", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packRefDelta, 3, make([]byte, 20), stored([]byte("abc")))
		p.trailer()
	}},
	"chain": {"delta chain", func(w io.Writer) { // 40 times 4 MiB, one upon the other
		p := newPack(w, 40)
		chain(p, p.object(packBlob, 4<<20, nil, zeros(4<<20)), 4<<20, 39)
		p.trailer()
	}},
	// Chains as heavy as the limit allows, whose middles are asked for again when the cache of bases has lost them, in a pack with as
	// many objects as the limit allows.
	"all limits": {"", func(w io.Writer) {
		const size, small, chains = heavyBase, smallObjects, heavyChains
		p := newPack(w, small+chains*4)
		for i := range small {
			b := []byte(strconv.Itoa(i))
			p.object(packBlob, int64(len(b)), nil, stored(b))
		}
		var middles []int64
		for i := range chains {
			base := bytes.Repeat([]byte{byte(i)}, size)
			at := p.object(packBlob, size, nil, deflated(base))
			middles = append(middles, chain(p, at, size, 2))
		}
		for _, at := range middles {
			chain(p, at, size, 1)
		}
		p.trailer()
	}},
}

// chain puts n deltas on an object, each on the one before and as large, each with bytes of its own in front.
func chain(p *packWriter, base, size int64, n int) int64 {
	for i := range n {
		d := binary.AppendUvarint(nil, uint64(size))
		d = binary.AppendUvarint(d, uint64(size))
		d = append(d, 8, byte(i), byte(p.at), byte(p.at>>8), byte(p.at>>16), byte(p.at>>24), 0, 0, 0)
		for at := int64(8); at < size; at += 0xffffff {
			n := min(size-at, 0xffffff)
			d = append(d, 0xff, byte(at), byte(at>>8), byte(at>>16), byte(at>>24), byte(n), byte(n>>8), byte(n>>16))
		}
		at := p.at
		p.object(packOfsDelta, int64(len(d)), distance(at-base), stored(d))
		base = at
	}
	return base
}

func deflated(b []byte) []byte {
	var out bytes.Buffer
	z, _ := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	z.Write(b)
	z.Close()
	return out.Bytes()
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
