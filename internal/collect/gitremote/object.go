package gitremote

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// parseCommit reads a commit object as git stores it. What the maker wrote is kept as it is, within limits; cuts are said in words.
// A header line without a value that can be read leaves its field zero: git itself tolerates all of it but a missing tree.
func parseCommit(h plumbing.Hash, raw []byte) (c evidence.Commit, tree plumbing.Hash, parents []plumbing.Hash, cuts []string, err error) {
	c.OID = oidOf(h)
	rest := raw
	for len(rest) > 0 && rest[0] != '\n' {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		key, value, _ := bytes.Cut(line, []byte(" "))
		switch string(key) {
		case "tree":
			if tree, err = parseHash(string(value)); err != nil {
				return c, tree, parents, cuts, err
			}
		case "parent":
			p, err := parseHash(string(value))
			if err != nil {
				return c, tree, parents, cuts, err
			}
			if len(parents) < maxParents {
				parents = append(parents, p)
			} else if len(parents) == maxParents && len(cuts) == 0 {
				cuts = append(cuts, fmt.Sprintf("only the first %d parents were read", maxParents))
			}
		case "author":
			c.Author = parseSignature(string(value))
		case "committer":
			c.Committer = parseSignature(string(value))
		case "gpgsig", "gpgsig-sha256":
			c.Signed = true
		}
	}
	if tree.IsZero() {
		return c, tree, parents, cuts, malformed("a commit without a tree")
	}
	c.Tree = oidOf(tree)
	for _, p := range parents {
		c.Parents = append(c.Parents, oidOf(p))
	}
	rest = bytes.TrimPrefix(rest, []byte("\n"))
	if len(rest) > maxMessage {
		cuts = append(cuts, fmt.Sprintf("the message has %s; the first %d were kept", sizeText(int64(len(rest))), maxMessage))
	}
	c.Message = cut(string(rest[:min(len(rest), maxMessage+4)]), maxMessage)
	return c, tree, parents, cuts, nil
}

// parseSignature reads "Name <address> seconds zone". Without a date that fits in the years 1 to 9999 the date is zero.
func parseSignature(s string) evidence.Signature {
	var out evidence.Signature
	who, when := s, ""
	if at := strings.LastIndexByte(s, '>'); at >= 0 {
		who, when = s[:at], s[at+1:]
	}
	name, email, _ := strings.Cut(who, "<")
	out.Name, out.Email = cut(strings.TrimSpace(name), maxPerson), cut(strings.TrimSpace(email), maxPerson)
	fields := strings.Fields(when)
	if len(fields) == 0 {
		return out
	}
	const year1, year9999 = -62135596800, 253402300799
	if seconds, err := strconv.ParseInt(fields[0], 10, 64); err == nil && seconds > year1 && seconds <= year9999 {
		out.Date = time.Unix(seconds, 0).UTC()
	}
	if len(fields) > 1 {
		const zone = len("+0000")
		out.Zone = cut(fields[1], zone+3) // git accepts odd zones; nobody means more
	}
	return out
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
		return treeEntry{}, nil, malformed("a tree entry of mode %q", printable(string(raw[:space])))
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
