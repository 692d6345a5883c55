package gitremote

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// fetchListed brings the store to what the listing names and points its refs there.
func (rem *remote) fetchListed(ctx context.Context, st *store, list listing, w *walk) error {
	var wants []plumbing.Hash
	for _, r := range list.refs {
		if h := hashOf(r.OID); !st.has(h) {
			wants = append(wants, h)
		}
	}
	slices.SortFunc(wants, compareHashes)
	missing, err := rem.fetchServed(ctx, st, slices.Compact(wants), true)
	if err != nil {
		if err := w.fail(err, "objects of the listed refs"); err != nil {
			return err
		}
		missing = nil // of a request that failed as a whole: the one gap says it
	}
	for _, h := range missing {
		w.missing(h, "a ref named it when the refs were listed, and the server did not serve it a moment later")
	}
	return st.setListed(list.refs)
}

// fetchServed fetches the wanted objects and what they reach. A server refuses a request as a whole for one object that it does not
// have, and names it; the first few are dropped one by one, then the server is asked which it has. What nobody serves is returned,
// on an error with everything that was not had.
func (rem *remote) fetchServed(ctx context.Context, st *store, wants []plumbing.Hash, bare bool) (missing []plumbing.Hash, err error) {
	const dropsBeforeProbe = 2
	for drops := 0; len(wants) > 0; {
		err := rem.fetch(ctx, st, wants, bare)
		var gone *notServed
		if err == nil {
			return missing, nil
		}
		if !errors.As(err, &gone) || !slices.Contains(wants, gone.oid) || drops >= maxDrops {
			return append(missing, wants...), err
		}
		missing = append(missing, gone.oid)
		wants = slices.DeleteFunc(slices.Clone(wants), func(h plumbing.Hash) bool { return h == gone.oid })
		if drops++; drops == dropsBeforeProbe && rem.v2 && len(wants) > 1 {
			had, err := rem.probe(ctx, st, wants)
			if err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				continue // a probe that fails costs nothing but the request: go on dropping one by one
			}
			wants = slices.DeleteFunc(wants, func(h plumbing.Hash) bool {
				if !had[h] {
					missing = append(missing, h)
				}
				return !had[h]
			})
		}
	}
	return missing, nil
}

// fetch asks for the wanted objects in one request and adds the pack to the store. Bare leaves out file contents where the server can.
func (rem *remote) fetch(ctx context.Context, st *store, wants []plumbing.Hash, bare bool) error {
	_, err := again(ctx, func() (struct{}, error) { return struct{}{}, rem.fetchOnce(ctx, st, wants, bare) })
	return err
}

func (rem *remote) fetchOnce(ctx context.Context, st *store, wants []plumbing.Hash, bare bool) error {
	var haves []plumbing.Hash
	if bare { // file contents are wanted one by one: a have would claim them
		haves = st.refs.haves()
	}
	filter := ""
	if bare && rem.filters() {
		filter = "blob:none"
	}
	var q *pktRequest
	if rem.v2 {
		q = rem.fetchV2(wants, haves, filter)
		q.linef("done")
		q.flush()
	} else {
		q = rem.fetchV0(wants, haves, filter)
	}
	const frames = 64 << 20 // sideband headers and progress lines beside the pack
	a, err := rem.post(ctx, q.Bytes(), rem.c.limits.pack.bytes+frames)
	if err != nil {
		return err
	}
	defer a.close()
	p := &pktReader{r: a}
	if rem.v2 {
		err = p.skipToPack()
	} else {
		err = p.skipAcks()
	}
	if err != nil {
		return err
	}
	return st.addPack(ctx, rem.c, p.demux)
}

// fetchV2 begins a fetch: https://git-scm.com/docs/protocol-v2#_fetch
func (rem *remote) fetchV2(wants, haves []plumbing.Hash, filter string) *pktRequest {
	q := rem.command("fetch")
	q.linef("ofs-delta")
	q.linef("no-progress")
	for _, h := range wants {
		q.linef("want %s", h)
	}
	for _, h := range haves {
		q.linef("have %s", h)
	}
	if filter != "" {
		q.linef("filter %s", filter)
	}
	return q
}

// fetchV0 is a whole stateless request: https://git-scm.com/docs/http-protocol#_smart_service_git_upload_pack
func (rem *remote) fetchV0(wants, haves []plumbing.Hash, filter string) *pktRequest {
	caps := []string{"side-band-64k"}
	for _, c := range []string{"ofs-delta", "no-progress", "filter"} {
		if _, ok := rem.caps[c]; ok && (c != "filter" || filter != "") {
			caps = append(caps, c)
		}
	}
	if _, ok := rem.caps["agent"]; ok {
		caps = append(caps, "agent="+strings.ReplaceAll(rem.c.cfg.UserAgent, " ", "-"))
	}
	q := &pktRequest{}
	for i, h := range wants {
		if i == 0 {
			q.linef("want %s %s", h, strings.Join(caps, " "))
			continue
		}
		q.linef("want %s", h)
	}
	if filter != "" {
		q.linef("filter %s", filter)
	}
	q.flush()
	for _, h := range haves {
		q.linef("have %s", h)
	}
	q.linef("done")
	return q
}

// skipToPack reads up to the packfile section of a v2 answer.
func (p *pktReader) skipToPack() error {
	for {
		kind, line, err := p.line()
		switch {
		case errors.Is(err, io.EOF):
			return broken("the answer ends before the pack")
		case err != nil:
			return err
		case kind == pktFlush || kind == pktEnd:
			return malformed("no packfile section")
		case kind == pktData && line == "packfile":
			return nil
		}
	}
}

// skipAcks reads the ACK or NAK that comes before the sideband of v0. Without multi_ack there is exactly one.
func (p *pktReader) skipAcks() error {
	kind, line, err := p.line()
	switch {
	case errors.Is(err, io.EOF):
		return broken("the answer ends before the pack")
	case err != nil:
		return err
	case kind != pktData || (line != "NAK" && !strings.HasPrefix(line, "ACK ")):
		return malformed("%q before the pack", evidence.Printable(line))
	}
	return nil
}

// probe learns which of the objects a server has from one request: it acknowledges the haves that it knows before it sends anything.
// The request needs a want that is there; the answer is left unread after the acknowledgments.
func (rem *remote) probe(ctx context.Context, st *store, oids []plumbing.Hash) (map[plumbing.Hash]bool, error) {
	return again(ctx, func() (map[plumbing.Hash]bool, error) { return rem.probeOnce(ctx, st, oids) })
}

func (rem *remote) probeOnce(ctx context.Context, st *store, oids []plumbing.Hash) (map[plumbing.Hash]bool, error) {
	anchor, ok := st.refs.anchor()
	if !ok {
		return nil, malformed("nothing to ask for")
	}
	q := rem.fetchV2([]plumbing.Hash{anchor}, oids, "")
	q.flush()
	a, err := rem.post(ctx, q.Bytes(), rem.c.limits.listing)
	if err != nil {
		return nil, err
	}
	defer a.close()
	p := &pktReader{r: a}
	if kind, line, err := p.line(); err != nil {
		return nil, err
	} else if kind != pktData || line != "acknowledgments" {
		return nil, malformed("no acknowledgments")
	}
	had := map[plumbing.Hash]bool{}
	for {
		kind, line, err := p.line()
		if err != nil {
			return nil, err
		}
		if kind != pktData {
			return had, nil
		}
		if oid, ok := strings.CutPrefix(line, "ACK "); ok && len(oid) == 40 {
			had[plumbing.NewHash(oid)] = true
		}
	}
}

func compareHashes(a, b plumbing.Hash) int { return strings.Compare(string(a[:]), string(b[:])) }

// fetchBlobs adds file contents by id in as few requests as the server allows. A batch whose pack breaks a limit is halved, so that one
// huge file does not hide the others; what is left out becomes a gap.
func (rem *remote) fetchBlobs(ctx context.Context, st *store, oids []plumbing.Hash, w *walk) error {
	batches := slices.Collect(slices.Chunk(oids, maxBackfill))
	for requests := 0; len(batches) > 0; requests++ {
		batch := batches[len(batches)-1]
		batches = batches[:len(batches)-1]
		if _, err := rem.fetchServed(ctx, st, batch, false); err == nil {
			continue
		} else if g, ok := gapOf(err, rem.repo, w.unit, "contents of workflow files"); !ok {
			return err
		} else if g.Kind != evidence.GapRefused || requests >= maxDrops {
			return w.fail(err, g.Subject)
		} else if len(batch) == 1 {
			g.Subject = batch[0].String()
			w.gap(g)
			continue
		}
		batches = append(batches, batch[:len(batch)/2], batch[len(batch)/2:])
	}
	return nil
}
