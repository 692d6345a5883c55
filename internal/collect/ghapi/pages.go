package ghapi

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"pentimento/internal/evidence"
)

// list is one question that comes in pages.
type list struct {
	path    string
	query   url.Values
	subject string // what a gap calls it
	most    int    // pages, at most
	read    func(body []byte) (page, error)
	reword  func(*refusal) // may give a refusal the words of this list; nil for none
	// strip leaves out of an answer what may not be kept, and out of its own result nothing more; nil for nothing. An answer that it
	// cannot read it drops whole.
	strip func(body []byte) []byte
	// mute reports refusals whose gap the caller words itself; nil for none.
	mute func(*refusal) bool
}

// listed is how reading a list ended.
type listed struct {
	refusal *refusal // the page that could not be had; nil when the list ended by itself
	cut     bool     // it went on beyond the pages that we ask for
	rows    int
	bad     int
	total   int // as the first page said
}

// whole reports that every row there was has become a fact.
func (l listed) whole() bool { return l.refusal == nil && !l.cut && l.bad == 0 }

// walk asks for page after page and keeps each. It follows page numbers and cursors, never addresses, that the server names; a server
// that names the same page again, or no end of them, is cut off.
func (u unit) walk(ctx context.Context, l list) (listed, error) {
	var out listed
	query, at, cursors := maps.Clone(l.query), 1, map[string]bool{}
	for n := 1; ; n++ {
		a, p, refusal, err := u.page(ctx, l, query)
		if err != nil {
			return out, err
		}
		if refusal != nil {
			if l.reword != nil {
				l.reword(refusal)
			}
			out.refusal = refusal
			obs := refusal.observation(l.subject)
			if l.mute != nil && l.mute(refusal) {
				obs.Gaps = nil
			}
			return out, u.keep(obs)
		}
		if n == 1 {
			out.total = p.total
		}
		out.rows, out.bad = out.rows+p.rows, out.bad+p.bad
		for i := range p.facts.Gaps {
			p.facts.Gaps[i].Subject = a.source.Target
		}
		p.facts.Sources = []evidence.Source{a.source}
		if err := u.keep(p.facts); err != nil {
			return out, err
		}
		if p.enough || a.last() {
			return out, nil
		}
		if n >= l.most || cursors[a.after] || (a.after == "" && a.page <= at) {
			out.cut = true
			return out, nil
		}
		if a.after != "" {
			cursors[a.after] = true
			query.Set("after", a.after)
		} else {
			at = a.page
			query.Set("page", strconv.Itoa(at))
		}
	}
}

// page asks for one page and reads it. A full page confirmed from the case without a Link header does not say whether it is the last:
// then it is asked for in full.
func (u unit) page(ctx context.Context, l list, query url.Values) (answer, page, *refusal, error) {
	a, p, refusal, err := u.pageOnce(ctx, l, query, true)
	if err == nil && refusal == nil && a.cached && a.last() && p.rows >= perPage {
		return u.pageOnce(ctx, l, query, false)
	}
	return a, p, refusal, err
}

func (u unit) pageOnce(ctx context.Context, l list, query url.Values, conditional bool) (answer, page, *refusal, error) {
	var p page
	a, refusal, err := u.have(ctx, l.path, query, conditional, func(body []byte) (err error) {
		p, err = l.read(body)
		return err
	})
	if l.strip != nil && a.source.Status == http.StatusOK {
		a.source.Body = l.strip(a.source.Body)
		if refusal != nil && refusal.source != nil {
			refusal.source.Body = a.source.Body
		}
	}
	if err != nil || refusal != nil {
		return a, page{}, refusal, err
	}
	if p.stray != 0 {
		return a, page{}, u.otherRepository(p.stray, &a.source), nil
	}
	return a, p, nil, nil
}
