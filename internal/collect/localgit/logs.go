package localgit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

const (
	// clockSlack is how far a clone's clock may run ahead of the case's.
	clockSlack = 5 * time.Minute
	// bundleBytes is of one source of reflog lines: a clone can have thousands of short files.
	bundleBytes = 1 << 20
	// maxLocal bounds the objects that only local reflogs name: what is beyond is had or not had unnamed.
	maxLocal = 200_000
	// maxLogGaps bounds the files whose oddities are named one by one.
	maxLogGaps = 100
)

// bundle gathers lines of reflogs into sources, each file's after a line that names it as `tail` does.
type bundle struct {
	r     *reading
	n     int // of the source
	file  string
	body  bytes.Buffer
	obs   evidence.Observation
	local []evidence.OID
}

func (b *bundle) line(file string, line []byte) error {
	if b.body.Len()+len(line) > bundleBytes && b.body.Len() > 0 {
		if err := b.flush(); err != nil {
			return err
		}
	}
	if b.file != file {
		b.file = file
		fmt.Fprintf(&b.body, "==> %s <==\n", file)
	}
	b.body.Write(line)
	b.body.WriteByte('\n')
	return nil
}

func (b *bundle) flush() error {
	if b.body.Len() == 0 {
		return nil
	}
	b.n++
	source := b.r.source(evidence.OriginReflog, fmt.Sprintf("reflogs %d", b.n), bytes.Clone(b.body.Bytes()))
	for _, o := range b.local {
		if list := b.r.local[o]; len(list) < 1 && (list != nil || len(b.r.local) < maxLocal) {
			b.r.local[o] = append(list, source.ID())
		}
	}
	b.obs.Sources = []evidence.Source{source}
	err := b.r.send(b.obs)
	b.obs, b.local, b.file = evidence.Observation{}, nil, ""
	b.body.Reset()
	return err
}

// tracked is a remote-tracking ref of the repository.
type tracked struct {
	remote remote
	server evidence.Ref
}

// tracks finds what a ref of the clone stands for on the server. Two remotes that count and keep their refs in one place agree or say nothing.
func (r *reading) tracks(local string) (t tracked, ok bool) {
	if strings.HasPrefix(local, "refs/remotes/") && path.Base(local) == "HEAD" {
		return t, false // a symbolic ref of the clone's own
	}
	for _, m := range r.remotes {
		server, yes := m.server(local)
		if !yes {
			continue
		}
		if !m.counts || (ok && t.server != server) {
			return tracked{}, false
		}
		t, ok = tracked{m, server}, true
	}
	return t, ok
}

// readLogs reads every reflog and emits what it says, in bundles.
func (r *reading) readLogs(ctx context.Context) error {
	names, more, err := r.git.files("logs")
	if err != nil {
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: "logs", Detail: "the reflogs could not all be listed: " + evidence.Printable(err.Error())})
	}
	trees, moreTrees, err := r.git.files("worktrees")
	if err != nil {
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: "worktrees", Detail: "linked worktrees could not all be listed: " + evidence.Printable(err.Error())})
	}
	if more || moreTrees {
		r.gap(evidence.Gap{Kind: evidence.GapRefused, Subject: "logs", Detail: fmt.Sprintf("more than %d files; the others were not read", maxFiles)})
	}
	for _, name := range trees {
		if strings.HasSuffix(name, "/logs/HEAD") {
			names = append(names, name)
		}
	}
	if _, err := r.git.root.Lstat("reftable"); err == nil {
		r.gap(evidence.Gap{Kind: evidence.GapUnsupported, Subject: "logs", Detail: "refs and reflogs are kept as reftable, which is not read",
			Hint: "git refs migrate --ref-format=files in a copy keeps the refs; git reflog there shows the entries"})
	} else if len(names) == 0 {
		r.gap(evidence.Gap{Kind: evidence.GapNotCollected, Subject: "logs", Detail: "the clone keeps no reflogs: it does not say when it saw or pushed what",
			Hint: "bare repositories keep none unless core.logAllRefUpdates is set; ask for the clones that people work in"})
	}
	r.logged = map[string]bool{}
	b, odd := &bundle{r: r}, &oddities{r: r}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.readLog(name, b, odd); err != nil {
			return err
		}
	}
	odd.sum()
	return b.flush()
}

// readLog reads one reflog, oldest entry first, as git appends.
func (r *reading) readLog(name string, b *bundle, odd *oddities) error {
	local := strings.TrimPrefix(name, "logs/")
	r.logged[local] = true
	text, _, cut, err := r.git.file(name, maxFile)
	if err != nil {
		odd.unread(name, err)
		return nil
	}
	odd.begin(name)
	if cut {
		odd.cut()
		text = text[:bytes.LastIndexByte(text, '\n')+1]
	}
	branch, isTracked := r.tracks(local)
	for n := 1; len(text) > 0; n++ {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		if len(line) == 0 {
			continue
		}
		e, err := parseEntry(line)
		if err == nil && e.At.After(r.now.Add(clockSlack)) {
			err = fmt.Errorf("is dated %s, later than the case's now", evidence.Stamp(e.At))
		}
		if err != nil {
			odd.broken(n, err)
			line = line[:min(len(line), maxLine)]
		}
		if writeErr := b.line(name, line); writeErr != nil {
			return writeErr
		}
		if err != nil {
			continue
		}
		odd.follow(n, e)
		id := rowID(local, line)
		if isTracked {
			r.tellTracked(branch, local, e, id, &b.obs, odd)
			continue
		}
		r.tellLocal(local, e, id, b)
	}
	odd.end()
	return nil
}

// rowID stays the same when older lines expire, and in a copy of the clone.
func rowID(local string, line []byte) string {
	sum := sha256.Sum256(line)
	return local + "@" + hex.EncodeToString(sum[:6])
}

// tellTracked turns an entry of a remote-tracking ref into a fact: what the server held after the clone asked it, or took when the clone pushed.
//
// The old value of a push is left out: it is what the clone had last seen, and a forced push overwrites what others have put there since.
// The entry before says when the old value was seen. A push is dated when its answer came back: the move was made by then, and before it where
// the server had the value already.
func (r *reading) tellTracked(t tracked, local string, e entry, id string, obs *evidence.Observation, odd *oddities) {
	does, words := reads(e.Message)
	switch {
	case !e.New.Object():
	case does == push && t.remote.pushes:
		u := evidence.RefUpdate{Repository: r.repo, Origin: evidence.OriginReflog, ExternalID: id, Ref: t.server, After: e.New, Kind: evidence.Push,
			At: e.At, Clock: when.Local, By: true}
		obs.Updates = append(obs.Updates, u)
		r.note(e.New, u.ID())
	case does == push:
		odd.elsewhere++
	case does == fetch && r.asks(t, local, words), does == clone && len(words) > 0 && r.isRepo(words[0]):
		r.sight(obs, t.server, e.New, e.At, id)
		if e.At.After(r.fetched) {
			r.fetched = e.At
		}
	default:
		odd.silent(local)
	}
}

func (r *reading) sight(obs *evidence.Observation, ref evidence.Ref, o evidence.OID, at time.Time, id string) {
	s := evidence.Sighting{Repository: r.repo, Origin: evidence.OriginReflog, ExternalID: id, Ref: ref, OID: o, At: at, Clock: when.Local}
	obs.Sightings = append(obs.Sightings, s)
	r.note(o, s.ID())
}

func (r *reading) isRepo(address string) bool { yes, _ := r.names(address); return yes }

// asks reports that a fetch with these words brought the server's ref into the clone's: its arguments may name another address, or put
// another object there, as CI systems do that fetch a commit by its name.
func (r *reading) asks(t tracked, local string, words []string) bool {
	own, others := false, false
	for _, w := range words {
		switch {
		case strings.HasPrefix(w, "--refmap"):
			return false
		case strings.HasPrefix(w, "-"):
		case strings.Contains(w, "://"), strings.Contains(w, "@") && strings.Contains(w, ":"):
			if !r.isRepo(w) {
				return false
			}
		case strings.Contains(w, ":"):
			spec, ok := parseRefspec(w)
			if !ok {
				return false
			}
			if src, hit := spec.server(local); hit && src != string(t.server) && "refs/heads/"+src != string(t.server) {
				return false
			}
		case w == t.remote.name:
			own = true
		default:
			for _, m := range r.remotes {
				others = others || (m.name == w && !m.counts)
			}
		}
	}
	return own || !others
}

// tellLocal reads an entry of a ref of the clone's own: it names objects, and no state of the server, but for the clone's making.
func (r *reading) tellLocal(local string, e entry, id string, b *bundle) {
	does, words := reads(e.Message)
	if does == clone && len(words) > 0 && r.isRepo(words[0]) && e.New.Object() {
		if local == "HEAD" {
			r.cloned = e.At
		}
		if ref := r.clonedRef(local); ref != "" {
			r.sight(&b.obs, ref, e.New, e.At, id)
		}
	}
	for _, o := range []evidence.OID{e.Old, e.New} {
		if o.Object() {
			b.local = append(b.local, o)
		}
	}
}

// clonedRef is the server's branch whose value git clone wrote into a ref of the clone: the branch checked out, and what the server's HEAD
// stood for.
func (r *reading) clonedRef(local string) evidence.Ref {
	if strings.HasPrefix(local, "refs/heads/") {
		return evidence.Ref(local)
	}
	if !strings.HasPrefix(local, "refs/remotes/") || path.Base(local) != "HEAD" {
		return ""
	}
	text, _, _, err := r.git.file(local, maxPointer)
	target, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ref: ")
	if t, tracks := r.tracks(target); err == nil && ok && tracks {
		return t.server
	}
	return ""
}
