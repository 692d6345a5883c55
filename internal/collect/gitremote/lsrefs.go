package gitremote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pentimento/internal/evidence"
)

// listing is one advertisement of refs.
type listing struct {
	refs    []evidence.ListedRef
	invalid int    // lines dropped because git would not accept such a name
	left    string // what was left out because the listing is too long
}

// errTooManyRefs asks for a shorter listing.
var errTooManyRefs = errors.New("too many refs")

// list asks for all refs, and for branches and tags alone where all are too many.
func (rem *remote) list(ctx context.Context) (listing, error) {
	if !rem.v2 {
		rem.v0.sort()
		return rem.v0, nil
	}
	list, err := rem.lsRefs(ctx)
	if errors.Is(err, errTooManyRefs) {
		list, err = rem.lsRefs(ctx, "HEAD", "refs/heads/", "refs/tags/")
		list.left = fmt.Sprintf("the server lists more than %d refs: only branches and tags were listed", rem.c.limits.refs)
	}
	if errors.Is(err, errTooManyRefs) {
		return listing{}, refused("the server lists more than %d branches and tags: the listing was refused", rem.c.limits.refs)
	}
	return list, err
}

// lsRefs is the v2 command of that name: https://git-scm.com/docs/protocol-v2#_ls_refs
func (rem *remote) lsRefs(ctx context.Context, prefixes ...string) (listing, error) {
	return again(ctx, func() (listing, error) { return rem.lsRefsOnce(ctx, prefixes) })
}

func (rem *remote) lsRefsOnce(ctx context.Context, prefixes []string) (listing, error) {
	q := rem.command("ls-refs")
	q.linef("peel")
	q.linef("symrefs")
	for _, p := range prefixes {
		q.linef("ref-prefix %s", p)
	}
	q.flush()
	a, err := rem.post(ctx, q.Bytes(), rem.c.limits.listing)
	if err != nil {
		return listing{}, err
	}
	defer a.close()
	var list listing
	p := &pktReader{r: a}
	for {
		kind, line, err := p.line()
		if errors.Is(err, io.EOF) {
			return listing{}, broken("the answer ends within the ref listing")
		}
		if err != nil {
			return listing{}, err
		}
		if kind != pktData {
			break
		}
		if len(list.refs) >= rem.c.limits.refs {
			return listing{}, errTooManyRefs
		}
		if err := list.add(line); err != nil {
			return listing{}, err
		}
	}
	list.sort()
	return list, nil
}

// add takes "oid name [symref-target:ref] [peeled:oid]".
func (l *listing) add(line string) error {
	ref, err := parseRefLine(line)
	if errors.Is(err, errRefName) {
		l.invalid++
		return nil
	}
	if err != nil {
		return err
	}
	l.refs = append(l.refs, ref)
	return nil
}

var errRefName = errors.New("not a ref name")

func parseRefLine(line string) (evidence.ListedRef, error) {
	fields := strings.Split(line, " ")
	if len(fields) < 2 {
		return evidence.ListedRef{}, malformed("ref line %q", evidence.Printable(line))
	}
	oid, err := parseHash(fields[0])
	if err != nil {
		return evidence.ListedRef{}, err
	}
	if !validRef(fields[1]) {
		return evidence.ListedRef{}, errRefName
	}
	out := evidence.ListedRef{Ref: evidence.Ref(fields[1]), OID: oidOf(oid)}
	for _, attribute := range fields[2:] {
		if target, ok := strings.CutPrefix(attribute, "symref-target:"); ok && validRef(target) {
			out.Symref = evidence.Ref(target)
		}
		if peeled, ok := strings.CutPrefix(attribute, "peeled:"); ok {
			h, err := parseHash(peeled)
			if err != nil {
				return evidence.ListedRef{}, err
			}
			out.Peeled = oidOf(h)
		}
	}
	return out, nil
}

// addV0 takes one line of a v0 advertisement; "name^{}" peels the tag of the line before.
func (l *listing) addV0(oid, name string, head evidence.Ref, limit int) error {
	h, err := parseHash(oid)
	if err != nil {
		return err
	}
	if tag, ok := strings.CutSuffix(name, "^{}"); ok {
		if n := len(l.refs); n > 0 && string(l.refs[n-1].Ref) == tag {
			l.refs[n-1].Peeled = oidOf(h)
		}
		return nil
	}
	if !validRef(name) {
		l.invalid++
		return nil
	}
	if len(l.refs) >= limit {
		return refused("the server lists more than %d refs and cannot list fewer (protocol v0): the listing was refused", limit)
	}
	ref := evidence.ListedRef{Ref: evidence.Ref(name), OID: oidOf(h)}
	if name == "HEAD" && validRef(string(head)) {
		ref.Symref = head
	}
	l.refs = append(l.refs, ref)
	return nil
}

// sort orders by name and keeps the first of several lines for one ref.
func (l *listing) sort() {
	slices.SortStableFunc(l.refs, func(a, b evidence.ListedRef) int { return strings.Compare(string(a.Ref), string(b.Ref)) })
	l.refs = slices.CompactFunc(l.refs, func(a, b evidence.ListedRef) bool { return a.Ref == b.Ref })
}

// text is the listing as a v2 server words it, sorted: the same for both protocols.
func (l *listing) text() []byte {
	var b bytes.Buffer
	for _, r := range l.refs {
		fmt.Fprintf(&b, "%s %s", r.OID, r.Ref)
		if r.Symref != "" {
			fmt.Fprintf(&b, " symref-target:%s", r.Symref)
		}
		if r.Peeled != "" {
			fmt.Fprintf(&b, " peeled:%s", r.Peeled)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func (l *listing) gaps(repo evidence.Repository) []evidence.Gap {
	var out []evidence.Gap
	note := func(kind evidence.GapKind, subject, detail, hint string) {
		out = append(out, evidence.Gap{Repository: repo, Unit: unitRefs, Kind: kind, Subject: subject, Detail: detail, Hint: hint})
	}
	if len(l.refs) == 0 {
		note(evidence.GapEmpty, "refs", "the server lists no refs", "commits that other evidence names may still be served")
	}
	if l.left != "" {
		note(evidence.GapRefused, "refs/pull", l.left, "commits that other evidence names are still fetched by SHA")
	}
	if l.invalid > 0 {
		note(evidence.GapRefused, "ref names", fmt.Sprintf("%d listed names are not names that git accepts", l.invalid), "")
	}
	return out
}

// validRef holds names to git's rules (https://git-scm.com/docs/git-check-ref-format), HEAD being the only one outside refs/.
func validRef(name string) bool {
	if name == "HEAD" {
		return true
	}
	if len(name) > maxRefName || !strings.HasPrefix(name, "refs/") || strings.Contains(name, "..") || strings.Contains(name, "@{") ||
		strings.HasSuffix(name, ".") {
		return false
	}
	for i := range len(name) {
		if b := name[i]; b <= ' ' || b == 0x7f || strings.IndexByte(`~^:?*[\`, b) >= 0 {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}
