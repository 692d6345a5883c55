package localgit

import (
	"bytes"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

func FuzzReflogLine(f *testing.F) {
	oid := strings.Repeat("1a", 20)
	for _, s := range []string{
		oid + " " + oid + " Ada Example <ada@example.invalid> 1756814400 +0200\tfetch origin: fast-forward",
		string(evidence.ZeroOID) + " " + oid + " <> 1756814400 -0330\tupdate by push", oid + " " + oid + " > 1 +0000", oid + " " + oid,
		oid + " " + oid + " a <b> 99999999999999999999 +0000\t", "\x00", oid + " " + oid + " a <b> -5 +0000\tclone: from x",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := parseEntry(line)
		if err != nil {
			return
		}
		if e.At.Before(gitBirth) || e.At.Year() > 9999 || len(e.Old) != 40 || len(e.New) != 40 || !bytes.HasSuffix(line, []byte(e.Message)) {
			t.Errorf("%q was read as %+v", line, e)
		}
		if does, words := reads(e.Message); does == push && len(words) > 0 || does == other && len(words) > 0 {
			t.Errorf("%q does %d with %q", e.Message, does, words)
		}
	})
}

func FuzzPackedRefs(f *testing.F) {
	oid := strings.Repeat("1a", 20)
	f.Add([]byte("# pack-refs with: peeled fully-peeled sorted \n" + oid + " refs/tags/v1\n^" + oid + "\n"))
	f.Add([]byte("^" + oid + "\n" + oid + "\n" + oid + " refs/../x\n" + oid + " HEAD\n"))
	f.Add([]byte(oid + "\tnot-for-merge\tbranch 'a' of https://github.com/o/r\n" + oid + "\t\ttag 'it''s' of ' of x\n" + oid + "\t\thttps://github.com/o/r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		refs, bad := parsePacked(text)
		for name, x := range refs {
			if !sane(name) || !x.oid.Object() {
				t.Errorf("%q was read as a ref of %q", name, x.oid)
			}
		}
		if lines := bytes.Count(text, []byte("\n")) + 1; len(refs)+bad > lines {
			t.Errorf("%d refs and %d bad lines of %d", len(refs), bad, lines)
		}
		rows, _ := parseFetchHead(text)
		for _, x := range rows {
			if !sane(string(x.ref)) || !x.oid.Object() {
				t.Errorf("FETCH_HEAD: %+v", x)
			}
		}
	})
}

func FuzzConfig(f *testing.F) {
	for _, s := range []string{
		"[remote \"o\\\"x\"]\n\turl = \"a b\" # words\n\tfetch = +refs/heads/*:refs/remotes/o/*\n[url \"git@x:\"]\n\tinsteadOf = y:\n",
		"[a] b = c\\\n  d ; e\n[remote.origin]\nurl=git@github.com:o/r.git\n\tpromisor\n", "[", "[]", "[a \"", "a=\\", "[x]\n=\n", "[remote \"\"]\nurl=x\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		settings, _ := parseConfig(text)
		for _, s := range settings {
			if s.section == "" || !plainKey(s.key) {
				t.Errorf("%+v", s)
			}
		}
		for _, m := range readRemotes(settings) {
			for _, u := range append(m.urls, m.push...) {
				if _, full, _ := splitAddress(u); full != "" && strings.Count(full, "/") != 1 {
					t.Errorf("%q names %q", u, full)
				}
			}
			for _, local := range []string{"refs/remotes/o/a", "refs/heads/a", ""} {
				if server, ok := m.server(local); ok && !strings.HasPrefix(string(server), "refs/") {
					t.Errorf("%q stands for %q", local, server)
				}
			}
		}
	})
}
