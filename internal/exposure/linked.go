package exposure

import (
	"slices"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/linkage"
	"pentimento/internal/tokens"
)

// Secrets lists the secrets of windows that can be led to credentials: not those that a job is given for itself, nor what stands in no list.
func Secrets(list []*Window) []string {
	var out []string
	for _, w := range list {
		if w.Secret != "" && !ofJobs(w.Secret) && !slices.Contains(out, w.Secret) {
			out = append(out, w.Secret)
		}
	}
	slices.Sort(out)
	return out
}

// Linked gives each window of a secret once for every credential and project that links lead to. Which of several credentials a value was is told by
// when they were made and refused: a value that was replaced before a credential was made is another one. Where none fits, the value stays unlinked.
// Statements about a credential by its name close its windows as those about the secret did.
func Linked(facts *casefile.Facts, list []*Window, links []linkage.Link, lives Lives) []*Window {
	var out []*Window
	for _, w := range list {
		of := slices.DeleteFunc(slices.Clone(links), func(l linkage.Link) bool { return w.Secret == "" || l.Secret != w.Secret })
		fit := slices.DeleteFunc(slices.Clone(of), func(l linkage.Link) bool { return !lives.fits(w, l, of) })
		if len(of) > 0 && len(fit) == 0 {
			fit = []linkage.Link{{Secret: w.Secret, Provider: of[0].Provider, Confidence: linkage.Low, Question: of[0].Question}}
			w.Reason = annotate(w.Reason, "none of the credentials that the secret leads to was there while this value was stored")
		}
		if len(fit) == 0 {
			out = append(out, w)
			continue
		}
		for _, l := range fit {
			x := *w
			x.Link, x.Project = l, l.Project
			x.Opened.Evidence, x.Closed.Evidence = slices.Clone(w.Opened.Evidence), slices.Clone(w.Closed.Evidence)
			if l.Credential != "" {
				x.Credential = string(l.Credential)
				if l.Sure() {
					shut(named(facts.Statements, lives.names(l.Credential), l.Credential), &x, w.stored.from, w.stored.until)
				}
			}
			x.name(facts.Repository)
			out = append(out, &x)
		}
	}
	return out
}

// named picks the statements about a credential, under whichever of its names, and gives them its present one.
func named(all []casefile.Declaration, names []tokens.Ref, ref tokens.Ref) []casefile.Declaration {
	var out []casefile.Declaration
	for _, d := range all {
		if d.Credential != "" && slices.Contains(names, tokens.Ref(d.Credential)) {
			d.Credential = string(ref)
			out = append(out, d)
		}
	}
	return out
}

// Lives are what providers tell of the life of each credential.
type Lives struct {
	of       map[tokens.Ref]*life
	listings []tokens.Listing
	book     *linkage.Book
}

type life struct {
	rows   []tokens.Credential // of inventories, by the time of listing
	events []tokens.Event      // by time
}

// NewLives sorts rows of inventories and events by credential, under the names that the book gives them.
func NewLives(book *linkage.Book, rows []tokens.Credential, events []tokens.Event, listings []tokens.Listing) Lives {
	l := Lives{of: map[tokens.Ref]*life{}, listings: listings, book: book}
	get := func(p tokens.Provider, id string) *life {
		ref := book.Canonical(tokens.NewRef(p, id))
		if l.of[ref] == nil {
			l.of[ref] = &life{}
		}
		return l.of[ref]
	}
	for _, c := range rows {
		x := get(c.Provider, c.ID)
		x.rows = append(x.rows, c)
	}
	for _, e := range events {
		if e.ID != "" {
			x := get(e.Provider, e.ID)
			x.events = append(x.events, e)
		}
	}
	for _, x := range l.of {
		slices.SortFunc(x.rows, func(a, b tokens.Credential) int { return orID(a.ListedAt.Compare(b.ListedAt), a.FactID(), b.FactID()) })
		slices.SortFunc(x.events, func(a, b tokens.Event) int { return orID(a.At.Compare(b.At), a.FactID(), b.FactID()) })
	}
	return l
}

func orID(c int, a, b string) int {
	if c != 0 {
		return c
	}
	if a < b {
		return -1
	}
	return 1
}

func (l Lives) life(ref tokens.Ref) *life {
	if x := l.of[ref]; x != nil {
		return x
	}
	return &life{}
}

func (l Lives) names(ref tokens.Ref) []tokens.Ref {
	if l.book == nil {
		return []tokens.Ref{ref}
	}
	return l.book.Names(ref)
}

// made is when a credential came to be; zero where nothing tells.
func (x *life) made() time.Time {
	var at time.Time
	first := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, c := range x.rows {
		first(c.CreatedAt)
	}
	for _, e := range x.events {
		if e.What == tokens.Created {
			first(e.At)
		}
	}
	return at
}

// ended is when a credential was removed for good; zero where nothing tells. One that is disabled, or given another value, keeps its name.
func (x *life) ended() time.Time {
	for _, e := range x.events {
		if e.What == tokens.Removed || e.What == tokens.Leaked {
			return e.At
		}
	}
	for _, c := range x.rows {
		if !c.RevokedAt.IsZero() {
			return c.RevokedAt
		}
	}
	return time.Time{}
}

// fits reports whether the value of a window can be the credential of a link, beside the others that the secret leads to.
func (l Lives) fits(w *Window, link linkage.Link, others []linkage.Link) bool {
	if link.Credential == "" {
		return true
	}
	x, s := l.life(link.Credential), w.stored
	made := x.made()
	if s.until.Known() && !made.IsZero() {
		opened := w.Opened.NotBefore
		there := slices.ContainsFunc(others, func(o linkage.Link) bool { // when this was not: it is a later value
			older := l.life(o.Credential).made()
			return o.Credential != "" && !older.IsZero() && !older.After(opened.At)
		})
		if made.After(s.until.At) || opened.Known() && made.After(opened.At) && there {
			return false
		}
	}
	if !s.from.Known() {
		return true
	}
	if end := x.ended(); !end.IsZero() && end.Before(s.from.At) {
		return false
	}
	return !slices.ContainsFunc(others, func(o linkage.Link) bool { // what was made for this value is this value
		newer := l.life(o.Credential).made()
		return o.Credential != link.Credential && !newer.IsZero() && !made.IsZero() && newer.After(made) && !newer.After(s.from.At)
	})
}
