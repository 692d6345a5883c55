package localgit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// maxRefName is of a ref; GitHub refuses names over 255 bytes.
const maxRefName = 1024

// settled is how long before FETCH_HEAD the repository's first files must have been written for its time to be believed: in a copy that kept
// no times all files are as old as the copying.
const settled = time.Hour

// ref is the present value of a ref of the clone.
type ref struct {
	oid    evidence.OID
	peeled evidence.OID // of an annotated tag, where packed-refs says
	loose  bool
}

// tagMention is a tag as a fetch found it; the object may be that of an annotated tag.
type tagMention struct {
	ref evidence.Ref
	at  time.Time
	id  string
}

// parsePacked reads packed-refs: "oid name", "^oid" for what the tag before it stands for, comments. bad counts other lines.
func parsePacked(text []byte) (refs map[string]ref, bad int) {
	refs = map[string]ref{}
	last := ""
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if line[0] == '^' {
			o, err := evidence.ParseOID(string(line[1:]))
			if x, ok := refs[last]; err == nil && ok {
				x.peeled = o
				refs[last] = x
			} else {
				bad++
			}
			last = ""
			continue
		}
		oid, name, _ := strings.Cut(string(line), " ")
		o, err := evidence.ParseOID(oid)
		if err != nil || !o.Object() || !sane(name) {
			bad, last = bad+1, ""
			continue
		}
		refs[name], last = ref{oid: o}, name
	}
	return refs, bad
}

// sane accepts full names of refs without what git-check-ref-format(1) forbids and what would break a line.
func sane(name string) bool {
	return strings.HasPrefix(name, "refs/") && len(name) <= maxRefName && !strings.Contains(name, "..") &&
		!strings.ContainsFunc(name, func(c rune) bool { return c <= 0x20 || c == 0x7f || strings.ContainsRune(`~^:?*[\`, c) })
}

// readRefs learns the present values of the clone's refs.
func (r *reading) readRefs() {
	text, _, cut, err := r.git.file("packed-refs", maxFile)
	if err != nil || cut {
		why := "it is too long"
		if err != nil {
			why = evidence.Printable(err.Error())
		}
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: "packed-refs", Detail: "packed refs could not all be read: " + why})
	}
	var bad int
	r.packed, bad = parsePacked(text)
	if bad > 0 {
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: "packed-refs", Detail: fmt.Sprintf("%d lines of packed-refs could not be read", bad)})
	}
	names, more, err := r.git.files("refs")
	if err != nil || more {
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: "refs", Detail: "loose refs could not all be listed"})
	}
	for _, name := range names {
		text, _, _, err := r.git.file(name, maxPointer)
		if o, bad := evidence.ParseOID(strings.TrimSpace(string(text))); err == nil && bad == nil && o.Object() && sane(name) {
			r.packed[name] = ref{oid: o, loose: true}
		}
	}
}

// readListings emits what the last fetch saw, and what the clone was made with.
func (r *reading) readListings() error {
	if err := r.fetchHead(); err != nil {
		return err
	}
	return r.sinceClone()
}

// fetchHead reads FETCH_HEAD: every ref that the last fetch asked for, changed or not, and from where. Its own time is the time of the fetch,
// if the file is as the fetch left it.
func (r *reading) fetchHead() error {
	const name = "FETCH_HEAD"
	text, at, cut, err := r.git.file(name, maxFile)
	if err != nil || cut {
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: name, Detail: "what the last fetch saw could not be read"})
		return nil
	}
	rows, bad := parseFetchHead(text)
	if bad > 0 {
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: name, Detail: fmt.Sprintf("%d lines of %s could not be read", bad, name)})
	}
	rows = slices.DeleteFunc(rows, func(f fetchedRef) bool { return !r.isRepo(f.from) })
	if len(rows) == 0 {
		return nil
	}
	at = at.Truncate(time.Second)
	if why := r.doubted(at); why != "" {
		r.gap(evidence.Gap{Kind: evidence.GapNotCollected, Subject: name,
			Detail: fmt.Sprintf("the last fetch saw %d refs; when is not known, since %s", len(rows), why), Hint: "copy clones with their times (cp -a, rsync -a, tar)"})
		return nil
	}
	obs := evidence.Observation{Sources: []evidence.Source{r.source(evidence.OriginReflog, name, text)}}
	for _, f := range rows {
		id := name + ":" + string(f.ref)
		if f.ref.Tag() {
			r.tags[f.oid] = append(r.tags[f.oid], tagMention{f.ref, at, id})
			continue
		}
		r.sight(&obs, f.ref, f.oid, at, id)
	}
	return r.send(obs)
}

// doubted says why the time of FETCH_HEAD is not believed; empty where it is.
func (r *reading) doubted(at time.Time) string {
	var first time.Time
	for _, name := range []string{"description", "info/exclude"} { // written when the repository is made, and hardly ever again
		if _, t, _, err := r.git.file(name, maxConfig); err == nil && !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	switch {
	case at.After(r.now.Add(clockSlack)):
		return "the file is dated later than the case's now"
	case at.Before(r.fetched):
		return "the file is older than the reflog of a fetch"
	case first.IsZero() || at.Sub(first) < settled:
		return "the files of the clone may have been copied without their times"
	}
	return ""
}

// fetchedRef is one line of FETCH_HEAD.
type fetchedRef struct {
	oid  evidence.OID
	ref  evidence.Ref
	from string // the address, without credentials: git leaves them out
}

// parseFetchHead reads "oid TAB [not-for-merge] TAB kind 'name' of address", see builtin/fetch.c. Lines that name no ref (a fetched HEAD,
// an object by its name) are passed over; bad counts what cannot be read.
func parseFetchHead(text []byte) (rows []fetchedRef, bad int) {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		if len(line) == 0 {
			continue
		}
		fields := strings.SplitN(string(line), "\t", 3)
		if len(fields) != 3 || (fields[1] != "" && fields[1] != "not-for-merge") {
			bad++
			continue
		}
		o, err := evidence.ParseOID(fields[0])
		if err != nil || !o.Object() {
			bad++
			continue
		}
		kind, rest, quoted := strings.Cut(fields[2], "'")
		at := strings.LastIndex(rest, "' of ")
		if !quoted || at < 0 {
			continue
		}
		name := map[string]string{"branch ": "refs/heads/", "tag ": "refs/tags/"}[kind] + rest[:at]
		if (kind != "" && kind != "branch " && kind != "tag ") || !sane(name) {
			continue
		}
		rows = append(rows, fetchedRef{o, evidence.Ref(name), rest[at+len("' of "):]})
	}
	return rows, bad
}

// sinceClone sights the remote-tracking refs that were never logged: git clone writes them without a log, and every fetch that changes
// one logs it. They are what the server held when the clone was made.
func (r *reading) sinceClone() error {
	if r.cloned.IsZero() || r.unlogged {
		return nil
	}
	var obs evidence.Observation
	var body bytes.Buffer
	for _, name := range sortedNames(r.packed) {
		x := r.packed[name]
		t, ok := r.tracks(name)
		if !ok || x.loose || r.logged[name] || strings.HasPrefix(name, "refs/heads/") {
			continue
		}
		fmt.Fprintf(&body, "%s %s\n", x.oid, name)
		if t.server.Tag() {
			continue
		}
		s := evidence.Sighting{Repository: r.repo, Origin: evidence.OriginReflog, ExternalID: "packed-refs:" + name, Ref: t.server, OID: x.oid, At: r.cloned,
			Clock: when.Local}
		obs.Sightings = append(obs.Sightings, s)
		r.note(x.oid, s.ID())
	}
	if len(obs.Sightings) == 0 {
		return nil
	}
	obs.Sources = []evidence.Source{r.source(evidence.OriginReflog, "packed-refs without a reflog", body.Bytes())}
	return r.send(obs)
}

func sortedNames(refs map[string]ref) []string {
	names := make([]string, 0, len(refs))
	for name := range refs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
