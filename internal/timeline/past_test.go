package timeline_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// Delays of reports, in seconds: how late events are stamped, and how late a suite of checks is made.
const (
	eventLag   = 3
	suiteDelay = 90
)

// deed is one true move: from and to are commits, "" for none.
type deed struct {
	ref      string
	at       int
	from, to string
	told     bool // a source says that it happened and names what the ref held after, or that there was nothing
	left     bool // a source names what it left
}

// past is a repository of which every move is known, and from which the reports of every source can be derived.
type past struct {
	*world
	deeds  []deed
	all    []string
	files  map[string]string
	github []string // commits that GitHub made, dated truly
	tips   map[string]string
	clock  int
	end    int
}

var pastRefs = []string{"main", "side", "fix", "tag/v1", "tag/v2"}

// make adds a commit; GitHub's own bear the truth, other dates can be forged.
func (p *past) make(t *rapid.T, parents ...string) string {
	name := fmt.Sprint("c", len(p.all))
	files := rapid.SampledFrom([]string{"", "", "a.yml=good", "a.yml=bad1", "a.yml=bad2", "b.yml=bad1"}).Draw(t, "files")
	date := p.clock
	switch rapid.IntRange(0, 5).Draw(t, "maker") {
	case 0:
		date = rapid.IntRange(-100_000, 100_000).Draw(t, "forged")
	case 1:
		p.github = append(p.github, name)
	}
	p.commit(name, date, files, parents...)
	p.all, p.files[name] = append(p.all, name), files
	return name
}

func (p *past) grow(t *rapid.T, tip string) string {
	for range rapid.IntRange(1, 2).Draw(t, "commits") {
		switch {
		case tip == "":
			tip = p.make(t)
		case rapid.IntRange(0, 3).Draw(t, "merge") == 0:
			tip = p.make(t, tip, rapid.SampledFrom(p.all).Draw(t, "other"))
		default:
			tip = p.make(t, tip)
		}
	}
	return tip
}

func (p *past) move(short, to string) {
	if from := p.tips[short]; from != to {
		p.deeds = append(p.deeds, deed{ref: short, at: p.clock, from: from, to: to})
		p.tips[short] = to
	}
}

// livePast draws what truly happened.
func livePast(t *rapid.T) *past {
	p := &past{world: newWorld(), clock: 10, files: map[string]string{}, tips: map[string]string{}}
	p.trunk("main")
	p.move("main", p.grow(t, ""))
	for range rapid.IntRange(1, 12).Draw(t, "moves") {
		short := rapid.SampledFrom(pastRefs).Draw(t, "ref")
		if rapid.IntRange(0, 4).Draw(t, "wait") > 0 {
			p.clock += rapid.SampledFrom([]int{1, 2, 30, 100, 1000, 20_000}).Draw(t, "seconds")
		}
		switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
		case kind == 0 && short != "main":
			p.move(short, "")
		case kind < 3 || strings.HasPrefix(short, "tag/"):
			p.move(short, rapid.SampledFrom(p.all).Draw(t, "target")) // a force-push, or an old head again
		default:
			tip := p.tips[short]
			if tip == "" {
				tip = p.tips["main"]
			}
			p.move(short, p.grow(t, tip))
		}
	}
	p.end = p.clock + 100_000
	p.facts.Listing = p.listing(p.end)
	return p
}

// holds is what a ref held right after a time, and whether a move of that second leaves it open.
func (p *past) holds(short string, at int) (tip string, clear bool) {
	clear = true
	for _, d := range p.deeds {
		if d.ref == short && d.at <= at {
			tip, clear = d.to, clear && d.at != at
		}
	}
	return tip, clear
}

// listing is what all refs held at a time. tag/v2 is annotated.
func (p *past) listing(at int) casefile.Listing {
	l := casefile.Listing{Source: fmt.Sprint("src-listing-", at), At: clockTime(at)}
	for _, short := range pastRefs {
		tip, _ := p.holds(short, at)
		x := evidence.ListedRef{Ref: ref(short), OID: oid(tip)}
		if short == "tag/v2" {
			x.OID, x.Peeled = oid("tag of "+tip), oid(tip)
		}
		if tip != "" {
			l.Refs = append(l.Refs, x)
		}
	}
	return l
}

var clockTime = at

func none(name string) string {
	if name == "" {
		return "0"
	}
	return name
}

// report adds what one source says of a deed, stamped late.
func (p *past) report(origin evidence.Origin, clock when.Clock, i, late int, kind evidence.Kind, before, after string) *evidence.RefUpdate {
	u := p.update(origin, p.deeds[i].ref, p.deeds[i].at+late, kind, before, after)
	u.Clock, u.ExternalID = clock, fmt.Sprint(origin, i)
	byThen := origin == evidence.OriginCheckSuites || origin == evidence.OriginReflog
	again := func(d deed) bool {
		return d.ref == p.deeds[i].ref && d.from == p.deeds[i].from && d.to == p.deeds[i].to && d.at <= p.deeds[i].at+late
	}
	if byThen && len(slices.DeleteFunc(slices.Clone(p.deeds), func(d deed) bool { return !again(d) })) > 1 {
		return u // "by then" may be said of any of them
	}
	p.deeds[i].told, p.deeds[i].left = p.deeds[i].told || after != "", p.deeds[i].left || before != ""
	return u
}

func (d deed) kind() evidence.Kind {
	tag := strings.HasPrefix(d.ref, "tag/")
	switch {
	case d.from == "" && tag:
		return evidence.TagCreation
	case d.to == "" && tag:
		return evidence.TagDeletion
	case d.from == "":
		return evidence.BranchCreation
	case d.to == "":
		return evidence.BranchDeletion
	}
	return evidence.Push
}

func (d deed) tag() bool { return strings.HasPrefix(d.ref, "tag/") }

// sources are what may tell of a past, by name; each loses a row with a chance of loss in ten and lags by at most lag seconds.
var sources = map[string]func(p *past, t *rapid.T, loss, lag int){
	"activity": func(p *past, t *rapid.T, loss, _ int) {
		cover := evidence.Coverage{Origin: evidence.OriginActivity, To: at(p.end), Complete: true}
		for i, d := range p.deeds {
			switch {
			case d.tag():
			case lost(t, loss):
				cover.Complete = false
			default:
				p.report(evidence.OriginActivity, when.Server, i, 0, d.kind(), none(d.from), none(d.to))
				if cover.Oldest.IsZero() {
					cover.Oldest = at(d.at)
				}
			}
		}
		p.facts.Coverage = append(p.facts.Coverage, cover)
	},
	"events":  func(p *past, t *rapid.T, loss, lag int) { p.events(t, evidence.OriginEvents, when.Server, loss, lag) },
	"archive": func(p *past, t *rapid.T, loss, lag int) { p.events(t, evidence.OriginArchive, when.Archive, loss, lag) },
	"check-suites": func(p *past, t *rapid.T, loss, _ int) { // one for each head, whichever branch had it first
		seen := map[string]bool{}
		for i, d := range p.deeds {
			if d.tag() || d.to == "" || seen[d.to] {
				continue
			}
			seen[d.to] = true
			if !lost(t, loss) {
				p.report(evidence.OriginCheckSuites, when.Server, i, rapid.IntRange(0, suiteDelay).Draw(t, "delay"), evidence.Push, none(d.from), d.to).By = true
			}
		}
	},
	"webhooks": func(p *past, t *rapid.T, loss, lag int) { // name the tag object of an annotated tag
		for i, d := range p.deeds {
			if !lost(t, loss) {
				u := p.report(evidence.OriginWebhooks, when.Server, i, rapid.IntRange(0, lag).Draw(t, "lag"), d.kind(), none(d.from), none(d.to))
				if d.ref == "tag/v2" && d.to != "" {
					u.After = oid("tag of " + d.to)
				}
				if d.ref == "tag/v2" && d.from != "" {
					u.Before = oid("tag of " + d.from)
				}
			}
		}
	},
	"reflog": func(p *past, t *rapid.T, loss, lag int) {
		for i, d := range p.deeds {
			if d.to != "" && !d.tag() && rapid.IntRange(0, 3).Draw(t, "mine") == 0 && !lost(t, loss) {
				p.report(evidence.OriginReflog, when.Local, i, rapid.IntRange(0, lag).Draw(t, "lag"), evidence.Push, none(d.from), d.to).By = true
			}
		}
		p.look(t, func(short string, now int, tip string) {
			if tip != "" {
				p.facts.Sightings = append(p.facts.Sightings, evidence.Sighting{Repository: repository, Origin: evidence.OriginReflog, Ref: ref(short),
					OID: oid(tip), At: at(now), Clock: when.Local})
			}
		})
	},
	"listings": func(p *past, t *rapid.T, _, _ int) {
		for _, now := range rapid.SliceOfN(rapid.IntRange(1, p.clock+1000), 0, 3).Draw(t, "listed at") {
			p.facts.Earlier = append(p.facts.Earlier, p.listing(now))
		}
		slices.SortFunc(p.facts.Earlier, func(a, b casefile.Listing) int { return a.At.Compare(b.At) })
	},
	"signatures": func(p *past, t *rapid.T, loss, _ int) {
		p.facts.Checks = map[evidence.OID]evidence.SignatureCheck{}
		for _, c := range p.github {
			if !lost(t, loss) {
				p.signed(c)
			}
		}
	},
}

func lost(t *rapid.T, loss int) bool { return rapid.IntRange(0, 9).Draw(t, "loss") < loss }

// look draws times at which a ref was looked at.
func (p *past) look(t *rapid.T, saw func(short string, now int, tip string)) {
	for range rapid.IntRange(0, 4).Draw(t, "looks") {
		short, now := rapid.SampledFrom(pastRefs).Draw(t, "looked at"), rapid.IntRange(1, p.clock+1000).Draw(t, "look")
		tip, _ := p.holds(short, now)
		saw(short, now, tip)
	}
}

// events tell no objects of creations and deletions, and nothing of tags that move. Archives hold some twice.
func (p *past) events(t *rapid.T, origin evidence.Origin, clock when.Clock, loss, lag int) {
	for i, d := range p.deeds {
		if d.tag() && d.from != "" && d.to != "" || lost(t, loss) {
			continue
		}
		before, after := d.from, d.to
		if d.from == "" || d.to == "" {
			before, after = "", ""
		}
		u := p.report(origin, clock, i, (d.at*7+i)%(lag+1), d.kind(), before, after) // the same stamp in events and archives
		u.ExternalID = fmt.Sprint(i)
		if origin == evidence.OriginArchive && rapid.IntRange(0, 4).Draw(t, "twice") == 0 {
			p.facts.Updates = append(p.facts.Updates, *u)
		}
		p.deeds[i].told = p.deeds[i].told || d.to == ""
	}
}

// stay is one true presence.
type stay struct {
	ref, path   string
	begin, end  int // end 0: still there
	first, last int // places in the deeds of the ref of the arrival and of the departure (of the last move, where it is still there)
}

// stays lists what was truly present.
func (p *past) stays() []stay {
	var out []stay
	for _, short := range pastRefs {
		for _, path := range []string{"a.yml", "b.yml"} {
			var open *stay
			for n, d := range p.of(short) {
				bad := strings.Contains(p.files[d.to], path+"=bad")
				if open == nil && bad {
					open = &stay{ref: short, path: path, begin: d.at, first: n}
				}
				if open != nil {
					open.last = n
				}
				if open != nil && !bad {
					open.end = d.at
					out, open = append(out, *open), nil
				}
			}
			if open != nil {
				out = append(out, *open)
			}
		}
	}
	return out
}

// held reports that the ref held a commit in the course of a presence.
func (p *past) held(x stay, commit string) bool {
	return slices.ContainsFunc(p.of(x.ref)[x.first:x.last+1], func(d deed) bool { return d.to != "" && string(oid(d.to)) == commit })
}

func (p *past) of(short string) []deed {
	return slices.DeleteFunc(slices.Clone(p.deeds), func(d deed) bool { return d.ref != short })
}
