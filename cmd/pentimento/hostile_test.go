package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// maxResident is what no server may make the program exceed, in bytes.
const maxResident = 512 << 20

// attack is a server that answers the requests for one kind of thing in bad faith, and what the gap must say.
type attack struct {
	git, api func(w *bufio.Writer, r *http.Request)
	header   func(h http.Header, r *http.Request) int // status; nil for 200
	reason   string
	alone    bool   // one repository instead of four at a time: what it costs is disk
	only     string // parts that stand for all, where each request is tried again for seconds, or costs some
}

const oneRef = "9a1b0c5d3e2f4a6b8c7d9e0f1a2b3c4d5e6f7a8b"

// advertise says that the server speaks v2 and lists refs as given; false for the requests that come after.
func advertise(w *bufio.Writer, r *http.Request, refs func()) bool {
	if r.Method == http.MethodGet {
		pkt(w, "# service=git-upload-pack\n")
		w.WriteString("0000")
		pkt(w, "version 2\n")
		pkt(w, "ls-refs\n")
		pkt(w, "fetch=filter\n")
		w.WriteString("0000")
		return true
	}
	question, _ := io.ReadAll(r.Body)
	if !bytes.Contains(question, []byte("command=ls-refs")) {
		return false
	}
	if refs == nil {
		pkt(w, oneRef+" refs/heads/main\n")
	} else {
		refs()
	}
	w.WriteString("0000")
	return true
}

func pkt(w io.Writer, line string) error {
	_, err := fmt.Fprintf(w, "%04x%s", len(line)+4, line)
	return err
}

// listing is an attack by refs, pack one by a pack.
func listing(refs func(w *bufio.Writer)) func(*bufio.Writer, *http.Request) {
	return func(w *bufio.Writer, r *http.Request) { advertise(w, r, func() { refs(w) }) }
}

func pack(write func(band io.Writer)) func(*bufio.Writer, *http.Request) {
	return func(w *bufio.Writer, r *http.Request) {
		if !advertise(w, r, nil) {
			pkt(w, "packfile\n")
			write(sideband{w, "\x01"})
			w.WriteString("0000")
		}
	}
}

// sideband writes one band in packets.
type sideband struct {
	w    io.Writer
	band string
}

func (s sideband) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), 60_000)
		if err := pkt(s.w, s.band+string(rest[:n])); err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(p), nil
}

// summed writes a pack of count objects with its trailer.
func summed(band io.Writer, count uint32, objects ...[]byte) {
	h := sha1.New()
	w := io.MultiWriter(band, h)
	w.Write(binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), count))
	for _, o := range objects {
		w.Write(o)
	}
	band.Write(h.Sum(nil))
}

// object is one of a pack: type, size as declared, what stands before the data, the data deflated.
func object(kind byte, size int64, between, data []byte) []byte {
	first, rest := kind<<4|byte(size&15), size>>4
	out := []byte{}
	for ; rest > 0; rest >>= 7 {
		out, first = append(out, first|0x80), byte(rest&0x7f)
	}
	return append(append(append(out, first), between...), data...)
}

// zeros is a zlib stream of n zero bytes.
func zeros(n int64) []byte {
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.BestSpeed) // under the race detector the default takes minutes
	if err != nil {
		panic(err)
	}
	for chunk := make([]byte, 1<<20); n > 0; n -= int64(len(chunk)) {
		z.Write(chunk[:min(n, int64(len(chunk)))])
	}
	z.Close()
	return b.Bytes()
}

// blobBomb is an object of 1 GiB in about 5 MiB.
var blobBomb = sync.OnceValue(func() []byte { return object(3, 1<<30, nil, zeros(1<<30)) })

func deflate(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// deltaBomb is a base of 15 MiB and a delta of 3 GiB upon it.
var deltaBomb = sync.OnceValues(func() (base, delta []byte) {
	const size, times = 15 << 20, 200
	d := binary.AppendUvarint(binary.AppendUvarint(nil, size), size*times)
	for range times {
		d = append(d, 0xf0, 0x00, 0x00, 0xf0) // copy 0xf00000 bytes from 0
	}
	base = object(3, size, nil, zeros(size))
	n := int64(len(base))
	back := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		back = append([]byte{0x80 | byte(n&0x7f)}, back...)
	}
	return base, object(6, int64(len(d)), back, deflate(d))
})

func forever(write func() error) {
	for write() == nil {
	}
}

func jsonOf(body string) func(*bufio.Writer, *http.Request) {
	return func(w *bufio.Writer, _ *http.Request) { w.WriteString(body) }
}

const repositoryJSON = `{"id":1,"full_name":"%s","default_branch":"main","private":false,"archived":false,"disabled":false,"created_at":"2024-01-01T00:00:00Z"}`

// honest answers for the repository itself as GitHub would, and hands all else on.
func honest(rest func(*bufio.Writer, *http.Request)) func(*bufio.Writer, *http.Request) {
	return func(w *bufio.Writer, r *http.Request) {
		name, below := strings.TrimPrefix(r.URL.Path, "/api/v3/repos/"), ""
		if i := strings.Index(name, "/"); i >= 0 {
			if j := strings.Index(name[i+1:], "/"); j >= 0 {
				name, below = name[:i+1+j], name[i+1+j:]
			}
		}
		if below == "" {
			fmt.Fprintf(w, repositoryJSON, name)
			return
		}
		rest(w, r)
	}
}

var attacks = map[string]attack{
	"million-refs": {reason: "refs", git: listing(func(w *bufio.Writer) {
		for i := range 1_000_000 {
			if pkt(w, fmt.Sprintf("%040x refs/heads/branch-%d\n", i+1, i)) != nil {
				return
			}
		}
	})},
	"endless-refs": {reason: "refs", git: listing(func(w *bufio.Writer) {
		long := strings.Repeat("x", 900)
		n := 0
		forever(func() error { n++; return pkt(w, fmt.Sprintf("%040x refs/heads/%s%d\n", n, long, n)) })
	})},
	"endless-header": {only: "activity", reason: "header", header: func(h http.Header, _ *http.Request) int {
		for i := range 1000 {
			h.Set(fmt.Sprintf("X-Filler-%d", i), strings.Repeat("x", 1000))
		}
		return http.StatusOK
	}},
	"count": {reason: "4294967295 objects", git: pack(func(b io.Writer) { summed(b, 1<<32-1) })},
	"blob-bomb": {reason: "1.0 GiB", git: pack(func(b io.Writer) {
		summed(b, 1, blobBomb())
	})},
	"delta-bomb": {reason: "a delta of the pack makes an object larger than", git: pack(func(b io.Writer) {
		base, delta := deltaBomb()
		summed(b, 2, base, delta)
	})},
	"endless-pack": {reason: "the pack is larger than the limit", alone: true, git: pack(func(b io.Writer) {
		b.Write([]byte("PACK\x00\x00\x00\x02\x00\x00\xff\xff"))
		noise := bytes.Repeat([]byte("not deflated at all "), 50_000)
		forever(func() error { _, err := b.Write(noise); return err })
	})},
	"endless-progress": {reason: "larger than the limit", git: func(w *bufio.Writer, r *http.Request) {
		if !advertise(w, r, nil) {
			pkt(w, "packfile\n")
			words := bytes.Repeat([]byte("counting "), 100_000)
			forever(func() error { _, err := sideband{w, "\x02"}.Write(words); return err })
		}
	}},
	"bad-pktline":  {reason: "malformed", git: func(w *bufio.Writer, _ *http.Request) { w.WriteString("zzzz is no length") }},
	"bad-refs":     {reason: "malformed", git: listing(func(w *bufio.Writer) { pkt(w, "nonsense\n") })},
	"says-no":      {reason: "says", git: func(w *bufio.Writer, _ *http.Request) { pkt(w, "ERR go \x1b[2J away\n") }},
	"cut-off-pack": {reason: "cut off", git: pack(func(b io.Writer) { b.Write([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x05")) })},
	"no-pack":      {reason: "before the pack", git: func(w *bufio.Writer, r *http.Request) { advertise(w, r, nil) }},
	"git-is-html":  {reason: "malformed", git: jsonOf("<html>Welcome</html>")},

	"gzip-bomb": {only: "activity", reason: "larger than 16777216 bytes", header: func(h http.Header, _ *http.Request) int {
		h.Set("Content-Encoding", "gzip")
		return http.StatusOK
	}, api: func(w *bufio.Writer, _ *http.Request) {
		z := gzip.NewWriter(w)
		chunk := make([]byte, 1<<20)
		forever(func() error { _, err := z.Write(chunk); return err })
	}},
	"endless-json": {reason: "larger than 16777216 bytes", api: func(w *bufio.Writer, _ *http.Request) {
		w.WriteString(`{"id":1,"full_name":"`)
		forever(func() error { _, err := w.WriteString(strings.Repeat("x", 1000)); return err })
	}},
	"deep-json":      {only: "activity", reason: "could not be read", api: jsonOf(strings.Repeat(`{"id":[`, 1_000_000))},
	"malformed-json": {only: "activity", reason: "could not be read", api: jsonOf(`{"id":1,`)},
	"wrong-types":    {reason: "could not be read", api: jsonOf(`{"id":"one","full_name":[],"default_branch":7,"created_at":{}}`)},
	"rows-of-junk":   {reason: "rows", api: honest(jsonOf(`[1,"two",null,{"id":{}},{"ref":7,"timestamp":"yesterday"}]`))},
	"endless-pages": {only: "repository,activity,runs,git", reason: "did not end", header: func(h http.Header, r *http.Request) int {
		n := 1
		fmt.Sscan(r.URL.Query().Get("page"), &n)
		fmt.Sscan(r.URL.Query().Get("after"), &n)
		next := "page"
		if strings.HasSuffix(r.URL.Path, "/activity") {
			next = "after"
		}
		h.Set("Link", fmt.Sprintf(`<http://%s%s?%s=%d>; rel="next"`, r.Host, r.URL.Path, next, n+1))
		return http.StatusOK
	}, api: honest(func(w *bufio.Writer, r *http.Request) {
		page := 1
		fmt.Sscan(r.URL.Query().Get("after"), &page)
		w.WriteString("[")
		for i := range 100 {
			if i > 0 {
				w.WriteString(",")
			}
			id := page*100 + i
			fmt.Fprintf(w, `{"id":%d,"before":"%040x","after":"%040x","ref":"refs/heads/b%d","timestamp":"2025-09-01T00:00:00Z","activity_type":"push"}`, id, id, id+1, id)
		}
		w.WriteString("]")
	})},
	"too-many-runs": {reason: "runs", api: honest(func(w *bufio.Writer, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/runs") {
			w.WriteString(`{"total_count":1000000000,"workflow_runs":[]}`)
			return
		}
		w.WriteString("[]")
	})},
	"always-500": {only: "activity", reason: "the server failed", header: func(http.Header, *http.Request) int { return http.StatusInternalServerError }},
}

func (a attack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve := a.git
	if strings.HasPrefix(r.URL.Path, "/api/v3/") {
		serve = a.api
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	} else if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
	} else {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
	}
	status := http.StatusOK
	if a.header != nil {
		status = a.header(w.Header(), r)
	} else if serve == nil {
		status = http.StatusNotFound
	}
	w.WriteHeader(status)
	if serve != nil {
		b := bufio.NewWriterSize(w, 64<<10)
		serve(b, r)
		b.Flush()
	}
}

// TestHostileServers collects four repositories at once from a server that attacks, through the built program: it ends by itself and
// well, within memory, and each repository has a gap that says why.
func TestHostileServers(t *testing.T) {
	blobBomb() // made before any client waits for them: a slow answer would be another attack
	deltaBomb()
	for name, a := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of them wait: for a server that fails, or for the limit of bytes
			server := httptest.NewServer(a)
			defer server.Close()
			repositories := []string{"hostile/one", "hostile/two", "hostile/three", "hostile/four"}
			if a.alone {
				repositories = repositories[:1]
			}
			path := caseOf(t, "2025-10-01T00:00:00Z", repositories...)
			args := []string{"--quiet", "collect", "--host", server.URL}
			if a.only != "" {
				args = append(args, "--only", a.only)
			}
			p := start(t, path, nil, args...)
			seen := watch(p.cmd.Process.Pid, p.ended)
			p.must()
			peak := (<-seen)[1]
			t.Logf("peak %d MiB, %s", peak>>20, p.took.Round(time.Millisecond))
			if peak == 0 || peak > maxResident {
				t.Errorf("peak memory %d MiB", peak>>20)
			}
			type gap struct{ Repository, Unit, Kind, Subject, Detail string }
			gaps := decode[struct{ Gaps []gap }](t, command(t, path, "gaps", "--json")).Gaps
			for _, repository := range repositories {
				found := false
				for _, g := range gaps {
					found = found || (g.Repository == repository && strings.Contains(g.Subject+": "+g.Detail, a.reason))
				}
				if !found {
					t.Errorf("no gap of %s says %q: %+v", repository, a.reason, gaps)
				}
			}
		})
	}
}
