package timeline

import (
	"cmp"
	"slices"
	"time"

	"pentimento/internal/evidence"
)

// earlySlack is how long before another source's stamp a report that names no commit can be made of the same move: the report of a
// creation before that is of another one.
const earlySlack = 10 * time.Second

// known are the moves that other sources told of so far, to be found by what the ref held after them, by the public event and by time.
type known struct {
	moves   []Move
	byAfter map[evidence.OID][]int
	events  map[string]int
	byTime  []int // places in moves by their stamps; of those told before the present source
}

func (k *known) add(m Move) {
	k.byAfter[m.After] = append(k.byAfter[m.After], len(k.moves))
	k.moves = append(k.moves, m)
	k.learn(len(k.moves) - 1)
}

// learn notes the public events of a move.
func (k *known) learn(i int) {
	for _, id := range k.moves[i].events {
		if _, have := k.events[id]; !have {
			k.events[id] = i
		}
	}
}

// byEvent is the move that the same public event told of in another source.
func (k *known) byEvent(m Move) (i int, told bool) {
	for _, id := range m.events {
		if i, told = k.events[id]; told && sameEnds(k.moves[i], m) {
			return i, true
		}
	}
	return 0, false
}

// index sorts the moves told so far by time.
func (k *known) index() {
	k.byTime = make([]int, len(k.moves))
	for i := range k.moves {
		k.byTime[i] = i
	}
	slices.SortStableFunc(k.byTime, func(a, b int) int { return k.moves[a].stamp().Compare(k.moves[b].stamp()) })
}

// candidates are the moves that may have the same ends: all that name what the ref held after, and those within the slack that name nothing.
func (k *known) candidates(m Move) []int {
	if m.After != "" {
		return slices.Concat(k.byAfter[m.After], k.byAfter[""])
	}
	from, _ := slices.BinarySearchFunc(k.byTime, m.stamp().Add(-reportSlack), func(i int, at time.Time) int { return k.moves[i].stamp().Compare(at) })
	var out []int
	for _, i := range k.byTime[from:] {
		if k.moves[i].stamp().Sub(m.stamp()) > reportSlack {
			break
		}
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

// pair is a report of one source and a move that others told of, which may be the same.
type pair struct {
	report, move int
	far          time.Duration
}

// maxPairs bounds the moves that one report is weighed against, the nearest ones: thousands of moves of one second, which no source names
// apart, are paired in their order.
const maxPairs = 128

// alike is all of a report that decides which moves it may be of, but for its id.
type alike struct {
	before, after evidence.OID
	kind          evidence.Kind
	at            time.Time
	late          bool
}

// twins finds the moves that the reports of a further source are of: the same event by its id; else of those with the same ends the nearest
// within the slack, the nearest pair first. A report that only says "by then" fits any earlier move whose ends are both told; where several
// moves name no commit, any of them may be meant. Where the whole activity is there, it has every move of a branch: a report with the same
// ends as one of them is that one, however late it is.
func (r *reader) twins(k *known, reports []Move) map[int]int {
	var pairs []pair
	fits, met := map[alike][]pair{}, map[alike]int{}
	for n, m := range reports {
		if i, told := k.byEvent(m); told {
			pairs = append(pairs, pair{n, i, -1})
			continue
		}
		key := alike{m.Before, m.After, m.Kind, m.stamp(), m.late()}
		if _, done := fits[key]; !done {
			fits[key] = r.fitting(k, m)
		}
		list := fits[key]
		if more := len(list) - maxPairs; more > 0 {
			begin := min(met[key], more)
			list = list[begin : begin+maxPairs]
		}
		met[key]++
		for _, p := range list {
			pairs = append(pairs, pair{n, p.move, p.far})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.far, b.far) })
	of, taken := map[int]int{}, map[int]bool{}
	for _, p := range pairs {
		if _, done := of[p.report]; !done && !taken[p.move] {
			of[p.report], taken[p.move] = p.move, true
		}
	}
	return of
}

// fitting are the moves that a report may be of, the nearest first.
func (r *reader) fitting(k *known, m Move) []pair {
	var out []pair
	unnamed := 0
	for _, i := range k.candidates(m) {
		far, named, ok := r.distance(k.moves[i], m)
		if ok {
			out = append(out, pair{move: i, far: far})
		}
		if ok && !named {
			unnamed++
		}
	}
	if m.late() && unnamed > 1 {
		return nil
	}
	slices.SortStableFunc(out, func(a, b pair) int { return cmp.Compare(a.far, b.far) })
	return out
}

// distance is how far a report lies from a move that it may be of. named says that both tell both ends, ok that it may be.
func (r *reader) distance(of, m Move) (far time.Duration, named, ok bool) {
	if !sameEnds(of, m) {
		return 0, false, false
	}
	after := m.stamp().Sub(of.stamp())
	far = after.Abs()
	late := after // of the public event, against the other
	if publicEvent(of.origin) {
		late = -after
	}
	if late < 0 && (publicEvent(of.origin) != publicEvent(m.origin) || m.origin == evidence.OriginWebhooks) {
		far += reportSlack // events come by a queue, and deliveries too: one that was made before is the last to be of the move
	}
	if m.late() && after < 0 {
		far += reportSlack // what was made by then is the last to be what was stamped after it
	}
	named = m.After != "" && m.After == of.After && m.Before == of.Before
	whole := of.origin == evidence.OriginActivity && !m.late() && r.activityCovers(m.Ref, m.stamp(), m.stamp())
	near := after.Abs() <= reportSlack && (late >= -earlySlack || m.late() || of.After != "" && m.After != "")
	skewed := m.local() && !of.late() && m.After != "" && of.After == m.After && after.Abs() <= maxSkew // see [clones]
	return far, named || skewed, near || skewed || named && (whole || m.late() && after > 0)
}

// publicEvent reports an origin whose rows are public events: their ids are the same wherever they are kept.
func publicEvent(o evidence.Origin) bool {
	return o == evidence.OriginEvents || o == evidence.OriginArchive
}

// sameEnds reports that two reports may be of one move.
func sameEnds(a, b Move) bool {
	return agree(a.Before, b.Before) && agree(a.After, b.After) && !(a.creates() && b.deletes()) && !(a.deletes() && b.creates())
}

// agree reports that two sources may speak of the same object: the same, or one does not say.
func agree(a, b evidence.OID) bool { return a == b || a == "" || b == "" }
