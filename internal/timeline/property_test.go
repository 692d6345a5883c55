package timeline_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

// truth is one real presence of a simulated repository: from the move that brought the file to the one that took it, end 0 for never.
type truth struct {
	ref         string
	begin, end  int
	first, last int // its moves, as numbers in those of the ref
}

// step is one move of a ref; told where a source told of it.
type step struct {
	from, to string
	told     bool
}

// simulation is a repository whose every move is known.
type simulation struct {
	*world
	truths []truth
	clock  int
	all    []string
	files  map[string]string
	tips   map[string]string // by short ref; "" or absent: not there
	open   map[string]*truth
	steps  map[string][]step
	twice  bool // two sources tell of every move
}

// make adds a commit on top of parents, with a file state of its own and a date that may be a lie.
func (s *simulation) make(t *rapid.T, parents ...string) string {
	name := fmt.Sprint("c", len(s.all))
	files := rapid.SampledFrom([]string{"", "", "a.yml=good", "a.yml=bad1", "a.yml=bad2", "b.yml=bad1"}).Draw(t, "files")
	date := s.clock
	if rapid.IntRange(0, 4).Draw(t, "forged") == 0 {
		date = rapid.IntRange(-100_000, 100_000).Draw(t, "date")
	}
	s.world.commit(name, date, files, parents...)
	s.all, s.files[name] = append(s.all, name), files
	return name
}

// grow makes one to three commits on a tip.
func (s *simulation) grow(t *rapid.T, tip string) string {
	for range rapid.IntRange(1, 3).Draw(t, "commits") {
		switch {
		case tip == "":
			tip = s.make(t)
		case rapid.IntRange(0, 3).Draw(t, "merge") == 0:
			tip = s.make(t, tip, rapid.SampledFrom(s.all).Draw(t, "other"))
		default:
			tip = s.make(t, tip)
		}
	}
	return tip
}

// move takes a ref to a tip ("" deletes it) and notes what truly began and ended there.
func (s *simulation) move(short, to string, told bool) {
	from := s.tips[short]
	if from == to {
		return
	}
	s.tips[short] = to
	s.steps[short] = append(s.steps[short], step{from, to, told})
	n := len(s.steps[short]) - 1
	name := func(x string) string {
		if x == "" {
			return "0"
		}
		return x
	}
	if told {
		s.world.push(short, s.clock, name(from), name(to))
		if s.twice { // another source tells of it too, a little later
			s.world.update(evidence.OriginEvents, short, s.clock+1, s.facts.Updates[len(s.facts.Updates)-1].Kind, name(from), name(to))
		}
	}
	for _, path := range []string{"a.yml", "b.yml"} {
		key := short + " " + path
		is := to != "" && strings.Contains(s.files[to], path+"=bad")
		have := s.open[key]
		switch {
		case is && have == nil:
			s.open[key] = &truth{ref: key, begin: s.clock, first: n, last: n}
		case have != nil:
			have.last = n
		}
		if have != nil && !is {
			have.end = s.clock
			s.truths = append(s.truths, *have)
			delete(s.open, key)
		}
	}
}

// simulate draws a history of moves on several branches; loss is the chance in ten that no source tells of a move.
func simulate(t *rapid.T, loss int) *simulation {
	s := &simulation{world: newWorld(), clock: 1, files: map[string]string{}, tips: map[string]string{}, open: map[string]*truth{}, steps: map[string][]step{}}
	s.trunk("main")
	s.twice = loss > 0 && rapid.Bool().Draw(t, "twice")
	s.move("main", s.grow(t, ""), true)
	branches := []string{"main", "side", "fix"}
	for range rapid.IntRange(1, 10).Draw(t, "moves") {
		short := rapid.SampledFrom(branches).Draw(t, "branch")
		told := rapid.IntRange(0, 9).Draw(t, "loss") >= loss
		tip := s.tips[short]
		// Several moves can bear one second.
		if rapid.IntRange(0, 3).Draw(t, "wait") > 0 {
			s.clock += rapid.IntRange(1, 5000).Draw(t, "seconds")
		}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			if short != "main" {
				s.move(short, "", told)
			}
		case 1:
			s.move(short, rapid.SampledFrom(s.all).Draw(t, "target"), told)
		default:
			if tip == "" {
				tip = s.tips["main"]
			}
			s.move(short, s.grow(t, tip), told)
		}
	}
	s.clock += 100_000
	var refs []string
	for _, b := range branches {
		if s.tips[b] != "" {
			refs = append(refs, b+"="+s.tips[b])
		}
	}
	s.list(s.clock, strings.Join(refs, " "))
	for _, open := range s.open {
		s.truths = append(s.truths, *open)
	}
	return s
}

// placed reports that every campaign commit lies in a row for every malicious file of its tree.
func placed(t *rapid.T, s *simulation, res timeline.Result) {
	for name, files := range s.files {
		for _, path := range []string{"a.yml", "b.yml"} {
			row := func(p timeline.Presence) bool { return p.Path == path && p.Holds(oid(name)) }
			if strings.Contains(files, path+"=bad") && !slices.ContainsFunc(res.Presence, row) {
				t.Fatalf("%s lies in no presence of %s: %v", name, path, s.rows(res))
			}
		}
	}
}

func TestEveryCampaignCommitLiesInAPresence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := simulate(t, rapid.IntRange(0, 10).Draw(t, "loss"))
		if rapid.Bool().Draw(t, "unlisted") {
			s.facts.Listing.Refs = slices.DeleteFunc(s.facts.Listing.Refs, func(evidence.ListedRef) bool { return rapid.Bool().Draw(t, "drop") })
		}
		for i, o := range s.all {
			switch rapid.IntRange(0, 9).Draw(t, "also") {
			case 0:
				s.facts.Listing.Refs = append(s.facts.Listing.Refs, evidence.ListedRef{Ref: ref(fmt.Sprint("tag/v", i)), OID: oid(o)})
			case 1:
				s.facts.Listing.Refs = append(s.facts.Listing.Refs, evidence.ListedRef{Ref: ref(fmt.Sprint("pull/", i)), OID: oid(o)})
			case 2:
				s.run(int64(i+1), rapid.SampledFrom([]string{"main", "side", "gone"}).Draw(t, "ran"), o, rapid.IntRange(0, 50_000).Draw(t, "at"))
			}
		}
		placed(t, s, s.read())
	})
}

func TestFullUpdatesGiveTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := simulate(t, 0)
		res := s.read()
		var got, want []string
		for _, p := range res.Presence {
			if p.State != timeline.Proven {
				continue // never a tip: pushed and removed in one move
			}
			line := short(p.Ref) + " " + p.Path + " " + span(p.Added)
			if p.Gone {
				line += " " + span(p.Removed)
			}
			got = append(got, line)
		}
		for _, x := range s.truths {
			line := fmt.Sprintf("%s %ds", x.ref, x.begin)
			if x.end != 0 {
				line += fmt.Sprintf(" %ds", x.end)
			}
			want = append(want, line)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s\nmoves %v\ngaps %v", strings.Join(got, "\n"), strings.Join(want, "\n"), s.facts.Updates, s.gaps(res))
		}
	})
}

// spans reports that the firm bounds of a row leave room for a true interval.
func spans(p timeline.Presence, x truth) bool {
	firm := func(b when.Bound) bool { return b.Known() && b.Clock > when.Git }
	if firm(p.Added.NotBefore) && at(x.begin).Before(p.Added.NotBefore.At) {
		return false
	}
	return !p.Gone || !firm(p.Removed.NotAfter) || x.end != 0 && !at(x.end).After(p.Removed.NotAfter.At)
}

func TestLostUpdatesWidenOrAreTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := simulate(t, 3)
		res := s.read()
		told := s.gaps(res)
		for _, x := range s.truths {
			refName, path, _ := strings.Cut(x.ref, " ")
			covered := slices.ContainsFunc(res.Presence, func(p timeline.Presence) bool {
				return p.Path == path && (p.Ref == "" || short(p.Ref) == refName) && spans(p, x)
			})
			gap := slices.ContainsFunc(told, func(g string) bool { return strings.HasSuffix(g, " "+refName) || strings.HasPrefix(g, "unplaced") })
			if !covered && !gap && !excursion(s, x) {
				t.Fatalf("%+v is neither covered nor told:\n%s\n%v\n%v", x, strings.Join(s.rows(res), "\n"), told, s.facts.Updates)
			}
		}
	})
}

// excursion is a presence of which no source told a move, and after which the ref came back to what it had been before, or from before the
// first move that is told: the facts of the ref are the same as those of a world without it.
func excursion(s *simulation, x truth) bool {
	refName, _, _ := strings.Cut(x.ref, " ")
	steps := s.steps[refName]
	i, j := x.first, x.last
	for ; i > 0 && !steps[i-1].told; i-- {
	}
	for ; j+1 < len(steps) && !steps[j+1].told; j++ {
	}
	told := slices.ContainsFunc(steps[x.first:x.last+1], func(m step) bool { return m.told })
	return !told && (x.end != 0 && steps[i].from == steps[j].to || i == 0)
}

func TestGitAloneOnlyClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := simulate(t, 10)
		s.facts.Updates = nil
		for _, p := range s.read().Presence {
			if p.Added.Known() && !p.Added.Claimed() || p.Gone && p.Removed.Known() && !p.Removed.Claimed() {
				t.Fatalf("%s: added %s, removed %s: not claimed", p.Ref, p.Added, p.Removed)
			}
			if from, to, ok := (when.Window{Opened: p.Added, Closed: p.Removed}).Certain(); ok {
				t.Fatalf("%s: certain from %s to %s", p.Ref, from, to)
			}
			if p.Added.NotBefore.Known() && p.Added.NotAfter.Known() && p.Added.NotBefore.At.After(p.Added.NotAfter.At) {
				t.Fatalf("%s: added %s runs backwards", p.Ref, p.Added)
			}
		}
	})
}

// outcome is all that a result says, as text.
func outcome(w *world, res timeline.Result) string {
	var b strings.Builder
	fmt.Fprintln(&b, w.rows(res), w.gaps(res), w.contains(res))
	for _, g := range res.Gaps {
		fmt.Fprintln(&b, g.ID(), g.Detail, g.Evidence)
	}
	for _, p := range res.Presence {
		fmt.Fprintln(&b, p.ID, p.Added, p.Added.Evidence, p.Removed, p.Removed.Evidence, p.AddedBy, p.RemovedBy, p.Narrow, p.CertainFrom, p.CertainTo)
	}
	for _, o := range res.Opportunities {
		fmt.Fprintln(&b, o)
	}
	for _, e := range res.Executions {
		fmt.Fprintln(&b, e)
	}
	for _, o := range slices.Sorted(maps.Keys(res.Pushed)) {
		fmt.Fprintln(&b, o, res.Pushed[o])
	}
	return b.String()
}

func TestOrderOfFactsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := simulate(t, rapid.IntRange(0, 10).Draw(t, "loss"))
		for i, o := range s.all {
			if rapid.Bool().Draw(t, "ran") {
				s.run(int64(i+1), rapid.SampledFrom([]string{"main", "side", "gone"}).Draw(t, "branch"), o, rapid.IntRange(0, 3).Draw(t, "at"))
				s.jobs(int64(i+1), 1, evidence.Job{JobID: 2, Name: "a"}, evidence.Job{JobID: 1, Name: "b", Conclusion: "skipped"})
			}
		}
		first := outcome(s.world, s.read())
		s.facts.Updates = rapid.Permutation(s.facts.Updates).Draw(t, "updates")
		s.facts.Runs = rapid.Permutation(s.facts.Runs).Draw(t, "runs")
		s.facts.Coverage = rapid.Permutation(s.facts.Coverage).Draw(t, "coverage")
		s.facts.Listing.Refs = rapid.Permutation(s.facts.Listing.Refs).Draw(t, "refs")
		s.world.commits = rapid.Permutation(s.world.commits).Draw(t, "commits")
		s.campaign = rapid.Permutation(s.campaign).Draw(t, "campaign")
		for key, jobs := range s.facts.Jobs {
			s.facts.Jobs[key] = rapid.Permutation(jobs).Draw(t, "jobs")
		}
		if again := outcome(s.world, s.read()); again != first {
			t.Fatalf("\n%s\nbut in another order\n%s", first, again)
		}
	})
}

// Read must stand whatever sources say, missing parents included.
func TestReadNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := simulate(t, 5)
		pool := append(slices.Clone(s.all), "", "0", "missing")
		kinds := []evidence.Kind{evidence.Push, evidence.ForcePush, evidence.BranchCreation, evidence.BranchDeletion, evidence.TagCreation,
			evidence.TagDeletion, evidence.PRMerge, "nonsense"}
		refs := []string{"main", "side", "tag/v1", "pull/1", ""}
		for range rapid.IntRange(0, 10).Draw(t, "updates") {
			s.update(rapid.SampledFrom([]evidence.Origin{evidence.OriginActivity, evidence.OriginEvents}).Draw(t, "origin"),
				rapid.SampledFrom(refs).Draw(t, "ref"), rapid.IntRange(0, 100).Draw(t, "at"), rapid.SampledFrom(kinds).Draw(t, "kind"),
				rapid.SampledFrom(pool).Draw(t, "before"), rapid.SampledFrom(pool).Draw(t, "after"))
		}
		for i := range rapid.IntRange(0, 5).Draw(t, "runs") {
			run := s.run(int64(i), rapid.SampledFrom([]string{"main", "v1", ""}).Draw(t, "branch"), rapid.SampledFrom(pool).Draw(t, "head"), i)
			run.Event = rapid.SampledFrom([]string{"push", "schedule", "pull_request", "pull_request_target", "workflow_dispatch", ""}).Draw(t, "event")
			run.HeadRepository = rapid.SampledFrom([]string{"", "wim-tarn/tidepool"}).Draw(t, "fork")
		}
		s.world.commits = slices.DeleteFunc(s.world.commits, func(evidence.Commit) bool { return rapid.IntRange(0, 5).Draw(t, "lose") == 0 })
		s.holdings = slices.DeleteFunc(s.holdings, func(evidence.Holding) bool { return rapid.IntRange(0, 5).Draw(t, "dark") == 0 })
		if rapid.Bool().Draw(t, "bare") {
			s.facts.State, s.facts.Listing.Source, s.facts.Listing.At = nil, "", time.Time{}
		} else {
			s.facts.State.ForkOf = rapid.SampledFrom([]string{"", "copperfin/loomwork"}).Draw(t, "parent")
		}
		ids := map[string]bool{}
		for _, p := range s.read().Presence {
			if ids[p.ID] || len(p.Versions) == 0 {
				t.Fatalf("%s: %d versions, or an id that another row has", p.ID, len(p.Versions))
			}
			ids[p.ID] = true
		}
	})
}
