package gitremote

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// FuzzPktLine: every input is read to its end or refused, never past a line's own length.
func FuzzPktLine(f *testing.F) {
	for _, s := range []string{"", "0000", "0001", "0004", "0005x", "fff0", "000", "zzzz", pkt("ERR no") + "0000", pkt("packfile\n") + pkt("\x01PACK") + "0000"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		p := &pktReader{r: r}
		for {
			before := r.Len()
			_, body, err := p.next()
			if err != nil {
				break
			}
			if read := before - r.Len(); read != pktHeader+len(body) {
				t.Fatalf("read %d bytes for a payload of %d", read, len(body))
			}
		}
		p = &pktReader{r: bytes.NewReader(in)}
		if err := p.skipToPack(); err == nil {
			var out bytes.Buffer
			if err := p.demux(&out); err == nil && out.Len() > len(in) {
				t.Fatal("more pack than answer")
			}
		}
	})
}

// FuzzRefLine: what is accepted is a ref that git accepts, and is worded back to the same line.
func FuzzRefLine(f *testing.F) {
	oid := strings.Repeat("a", 40)
	for _, s := range []string{oid + " HEAD symref-target:refs/heads/main", oid + " refs/tags/v1 peeled:" + oid, oid + " refs/heads/../x", "x", oid, oid + " refs/heads/a.lock"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		ref, err := parseRefLine(line)
		if err != nil {
			return
		}
		if !validRef(string(ref.Ref)) || strings.ContainsAny(string(ref.Ref), " \n\x00") {
			t.Fatalf("ref %q", ref.Ref)
		}
		l := listing{}
		if err := l.add(line); err != nil {
			t.Fatal(err)
		}
		again := listing{}
		if err := again.add(strings.TrimSuffix(string(l.text()), "\n")); err != nil || again.refs[0] != ref {
			t.Fatalf("%v %v, %v", ref, again.refs, err)
		}
	})
}

// FuzzTree: every entry moves on, and a tree does not differ from itself.
func FuzzTree(f *testing.F) {
	f.Add([]byte("100644 a\x00" + strings.Repeat("x", 20) + "40000 b\x00" + strings.Repeat("y", 20)))
	f.Add([]byte("100644 a\x00short"))
	f.Add([]byte(" a\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		names := 0
		for rest := raw; len(rest) > 0; names++ {
			e, next, err := nextEntry(rest)
			if err != nil {
				break
			}
			if len(e.name) == 0 || len(next) >= len(rest) {
				t.Fatalf("entry %v", e)
			}
			rest = next
		}
		if same, err := treeChanges(raw, raw, 8); err == nil && len(same) > 0 {
			t.Fatalf("differs from itself in %q", same)
		}
		if all, err := treeChanges(nil, raw, 8); err == nil && names > 0 && len(all) == 0 {
			t.Fatal("no change from nothing")
		}
		if files, _, err := workflowFiles(plumbing.ZeroHash, raw); err == nil && len(files) > names {
			t.Fatalf("%d files in %d entries", len(files), names)
		}
	})
}

// FuzzCommit: nothing that is read leaves the limits or the calendar.
func FuzzCommit(f *testing.F) {
	tree := "tree " + strings.Repeat("a", 40) + "\n"
	for _, s := range []string{
		tree + "author A <a@example.invalid> 1 +0000\ncommitter A <> 99999999999999999999 +9999\n\nhello", tree, tree + "\n", "",
		tree + "author\ncommitter <<>>\nencoding latin1\ngpgsig -----\n more\n\nh\xe9llo", tree + strings.Repeat("parent "+strings.Repeat("b", 40)+"\n", 300),
		tree + "author A <a> -5 x\n\n" + strings.Repeat("é", maxMessage),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, root, parents, cuts, err := parseCommit(plumbing.ZeroHash, raw)
		if err != nil {
			return
		}
		if root.IsZero() || len(parents) > maxParents || len(c.Parents) != len(parents) || len(c.Message) > maxMessage {
			t.Fatalf("%d parents, message of %d", len(parents), len(c.Message))
		}
		for _, s := range []time.Time{c.Author.Date, c.Committer.Date} {
			if s.Year() < 1 || s.Year() > 9999 {
				t.Fatalf("year %d", s.Year())
			}
		}
		if len(cuts) == 0 && !bytes.HasSuffix(raw, []byte(c.Message)) {
			t.Fatalf("message %q", c.Message)
		}
	})
}

// FuzzPack: what the vetting lets through, go-git indexes or refuses; neither panics, and each error is one of ours.
func FuzzPack(f *testing.F) {
	for name, x := range hostilePacks {
		switch name {
		case "count", "truncated", "no trailer", "short", "more", "type 5", "ref delta":
			var b bytes.Buffer
			x.write(&b)
			f.Add(b.Bytes())
		}
	}
	var b bytes.Buffer
	p := newPack(&b, 2)
	chain(p, p.object(packBlob, 9, nil, stored([]byte("123456789"))), 9, 1)
	p.trailer()
	f.Add(b.Bytes())
	c := New(Config{Mirrors: f.TempDir()})
	c.limits.pack = packLimits{bytes: 1 << 20, objects: 100, object: 1 << 16, chain: 1 << 17, total: 1 << 18}
	st, err := c.openStore("o/r")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(st.close)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) >= 20 { // with the right checksum the fuzzer gets past it
			sum := sha1.Sum(raw[:len(raw)-20])
			raw = append(bytes.Clone(raw[:len(raw)-20]), sum[:]...)
		}
		err := st.addPack(context.Background(), c, func(w io.Writer) error { _, err := w.Write(raw); return err })
		var ours *failure
		if err != nil && !errors.As(err, &ours) {
			t.Fatalf("error %v", err)
		}
		files, err := os.ReadDir(st.packDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasPrefix(file.Name(), "tmp_") {
				t.Errorf("left %s", file.Name())
			}
			if err := os.Remove(filepath.Join(st.packDir(), file.Name())); err != nil {
				t.Fatal(err)
			}
		}
	})
}
