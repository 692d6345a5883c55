package gitremote

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// parseCommit reads a commit object as git stores it. What the maker wrote is kept as it is, within limits; cuts are said in words.
func parseCommit(h plumbing.Hash, raw []byte) (c evidence.Commit, tree plumbing.Hash, parents []plumbing.Hash, cuts []string, err error) {
	var bulk evidence.BulkCommit
	if cuts, err = readCommit(raw, &bulk); err != nil {
		return evidence.Commit{OID: oidOf(h)}, tree, nil, cuts, err
	}
	bulk.OID = evidence.Hash(h)
	for _, p := range bulk.Parents {
		parents = append(parents, plumbing.Hash(p))
	}
	return bulk.Commit(), plumbing.Hash(bulk.Tree), parents, cuts, nil
}

// readCommit reads a commit object into c, whose slices then point into raw but for the parents. Like git it takes the tree from the first line and the parents
// from those that follow, and of other headers the first of a name. One without a value that can be read leaves its field zero: git itself
// tolerates all of it but a missing tree.
func readCommit(raw []byte, c *evidence.BulkCommit) (cuts []string, err error) {
	*c = evidence.BulkCommit{Parents: c.Parents[:0], Author: evidence.BulkPerson{Seconds: evidence.NoDate}, Committer: evidence.BulkPerson{Seconds: evidence.NoDate}}
	line, rest := headerLine(raw)
	value, ok := bytes.CutPrefix(line, []byte("tree "))
	if !ok {
		return nil, malformed("a commit without a tree")
	}
	if c.Tree, err = hashIn(value); err != nil {
		return nil, err
	}
	total := 0
	for {
		line, next := headerLine(rest)
		if value, ok = bytes.CutPrefix(line, []byte("parent ")); !ok {
			break
		}
		p, err := hashIn(value)
		if err != nil {
			return cuts, err
		}
		if total++; total <= maxParents {
			c.Parents = append(c.Parents, p)
		}
		rest = next
	}
	if total > maxParents {
		cuts = append(cuts, fmt.Sprintf("only the first %d of %d parents were kept", maxParents, total))
	}
	var author, committer bool
	for len(rest) > 0 && rest[0] != '\n' {
		line, rest = headerLine(rest)
		key, value, _ := bytes.Cut(line, []byte(" "))
		switch {
		case string(key) == "author" && !author:
			c.Author, author = readPerson(value), true
		case string(key) == "committer" && !committer:
			c.Committer, committer = readPerson(value), true
		case string(key) == "gpgsig", string(key) == "gpgsig-sha256":
			c.Signed = true
		}
	}
	rest = bytes.TrimPrefix(rest, []byte("\n"))
	if len(rest) > maxMessage {
		cuts = append(cuts, fmt.Sprintf("the message has %s; the first %d were kept", sizeText(int64(len(rest))), maxMessage))
	}
	c.Message = cutBytes(rest, maxMessage)
	return cuts, nil
}

func headerLine(raw []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(raw, []byte("\n"))
	return line, rest
}

func hashIn(value []byte) (h evidence.Hash, err error) {
	if len(value) == hex.EncodedLen(len(h)) {
		_, err = hex.Decode(h[:], value)
	}
	if err != nil || h == (evidence.Hash{}) {
		return h, malformed("%q is not an object name", evidence.Printable(string(value)))
	}
	return h, nil
}

// readPerson reads "Name <address> seconds zone". A date outside of the years 1 to 9999 is none.
func readPerson(s []byte) evidence.BulkPerson {
	out := evidence.BulkPerson{Seconds: evidence.NoDate}
	who, when := s, []byte(nil)
	if at := bytes.LastIndexByte(s, '>'); at >= 0 {
		who, when = s[:at], s[at+1:]
	}
	name, email, _ := bytes.Cut(who, []byte("<"))
	out.Name, out.Email = cutBytes(bytes.TrimSpace(name), maxPerson), cutBytes(bytes.TrimSpace(email), maxPerson)
	const year1, year9999 = -62135596800, 253402300799
	n := 0
	for field := range bytes.FieldsSeq(when) {
		if n++; n == 1 {
			if seconds, err := strconv.ParseInt(string(field), 10, 64); err == nil && seconds > year1 && seconds <= year9999 {
				out.Seconds = seconds
			}
			continue
		}
		const zone = len("+0000")
		out.Zone = cutBytes(field, zone+3) // git accepts odd zones; nobody means more
		break
	}
	return out
}

// cutBytes is cut for bytes.
func cutBytes(s []byte, n int) []byte {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// tagTarget is the object that an annotated tag names.
func tagTarget(raw []byte) (plumbing.Hash, bool) {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	oid, ok := strings.CutPrefix(string(line), "object ")
	if !ok {
		return plumbing.ZeroHash, false
	}
	h, err := parseHash(oid)
	return h, err == nil
}

// treeEntry is one entry of a tree object; name points into the tree's bytes.
type treeEntry struct {
	mode uint32
	name []byte
	oid  plumbing.Hash
}

// https://git-scm.com/docs/git-fast-import and git's cache.h: the kinds of entries, by the upper bits of their mode.
const (
	modeKind    = 0o170000
	modeFile    = 0o100000
	modeLink    = 0o120000
	modeFolder  = 0o040000
	maxModeSize = 7
)

func (e treeEntry) folder() bool { return e.mode&modeKind == modeFolder }

// nextEntry cuts the first entry off a tree's bytes: "mode name NUL" and 20 bytes.
func nextEntry(raw []byte) (treeEntry, []byte, error) {
	space := bytes.IndexByte(raw[:min(len(raw), maxModeSize)], ' ')
	if space < 1 {
		return treeEntry{}, nil, malformed("a tree entry without a mode")
	}
	mode, err := strconv.ParseUint(string(raw[:space]), 8, 32)
	if err != nil {
		return treeEntry{}, nil, malformed("a tree entry of mode %q", evidence.Printable(string(raw[:space])))
	}
	end := bytes.IndexByte(raw[space:], 0)
	if end < 2 || len(raw) < space+end+1+len(plumbing.ZeroHash) {
		return treeEntry{}, nil, malformed("a tree that is cut off")
	}
	e := treeEntry{mode: uint32(mode), name: raw[space+1 : space+end]}
	rest := raw[space+end+1:]
	copy(e.oid[:], rest)
	return e, rest[len(e.oid):], nil
}

// findEntry gives the first entry of a name, as git resolves it.
func findEntry(raw []byte, name string) (treeEntry, bool, error) {
	for len(raw) > 0 {
		e, rest, err := nextEntry(raw)
		if err != nil {
			return treeEntry{}, false, err
		}
		if string(e.name) == name {
			return e, true, nil
		}
		raw = rest
	}
	return treeEntry{}, false, nil
}

// treeChanges names the entries that differ between two trees, sorted, at most limit. Trees are sorted as git sorts them (a folder as if
// its name ended in a slash), so both are read once, side by side; a tree that is not gives more names, never fewer.
func treeChanges(a, b []byte, limit int) ([]string, error) {
	changed := map[string]bool{}
	for len(a) > 0 || len(b) > 0 {
		var ea, eb treeEntry
		var restA, restB []byte
		var err error
		if len(a) > 0 {
			if ea, restA, err = nextEntry(a); err != nil {
				return nil, err
			}
		}
		if len(b) > 0 {
			if eb, restB, err = nextEntry(b); err != nil {
				return nil, err
			}
		}
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = compareEntries(ea, eb)
		}
		switch {
		case order < 0:
			changed[string(ea.name)] = true
			a = restA
		case order > 0:
			changed[string(eb.name)] = true
			b = restB
		default:
			if ea.oid != eb.oid || ea.mode != eb.mode {
				changed[string(ea.name)] = true
			}
			a, b = restA, restB
		}
	}
	return sortedKeys(changed, limit), nil
}

func compareEntries(a, b treeEntry) int {
	key := func(e treeEntry) string {
		if e.folder() {
			return string(e.name) + "/"
		}
		return string(e.name)
	}
	return strings.Compare(key(a), key(b))
}

// workflowFiles lists the files of a .github/workflows tree that GitHub would read: direct entries ending in .yml or .yaml.
func workflowFiles(tree plumbing.Hash, raw []byte) (out []evidence.WorkflowEntry, odd int, err error) {
	seen := map[string]bool{}
	for len(raw) > 0 {
		e, rest, err := nextEntry(raw)
		if err != nil {
			return nil, odd, err
		}
		raw = rest
		name := string(e.name)
		if ext := path.Ext(name); ext != ".yml" && ext != ".yaml" {
			continue
		}
		if kind := e.mode & modeKind; kind != modeFile && kind != modeLink {
			continue
		}
		if strings.ContainsRune(name, '/') || seen[name] || len(out) >= maxFolder {
			odd++ // no git makes such names; of two entries with one name git finds the first
			continue
		}
		seen[name] = true
		out = append(out, evidence.WorkflowEntry{Tree: oidOf(tree), Path: workflowFolder + "/" + name, Blob: oidOf(e.oid),
			Mode: fmt.Sprintf("%06o", e.mode)})
	}
	return out, odd, nil
}

const workflowFolder = ".github/workflows"
