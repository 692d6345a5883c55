package family

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"pentimento/internal/evidence"
)

// NearEnough is the likeness from which two versions are of one family. It was measured on the project's corpus: of 13,975 pairs of a malicious and a
// harmless file none are alike by more than 0.41, the variants that a campaign made of one file by 0.62 and more, and of 52,650 pairs of harmless files one
// in a thousand by more than 0.59. What a campaign wrote anew (0.35 to 0.55) is found by its leaking step or not at all.
const NearEnough = 0.6

// maxKin bounds the shapes of one family that others are compared with: a family of more shapes is found by any of these.
const maxKin = 64

// How a version came into its family.
const (
	JoinedSkeleton = "skeleton" // the same skeleton as a finding
	JoinedNear     = "near"     // nearly the same; a relative has a leaking step of the family's as well
	JoinedStep     = "step"     // a finding with the same leaking step, in a file that differs
)

// Member is a version in a family. Score is the likeness to the nearest finding of the family with another skeleton, 1 for the same. Found is
// false for a relative.
type Member struct {
	Blob   evidence.OID
	Found  bool
	How    string
	Score  float64
	Reason string // one sentence, safe to print
	tokens int
	traits []Trait
	leaky  []Trait
}

// Family are versions that one maker may have made. Confidence is the highest of the rules that hit any. The id stays the same as long as the
// finding with the smallest object name stays.
type Family struct {
	ID         string
	Campaigns  []string
	Confidence string

	Outline Outline
	Members []Member // findings first, then by blob
}

// Gathering collects the versions of a case. It is not safe for concurrent use.
type Gathering struct {
	groups map[uint64]*group // by skeleton
	traits map[Trait]*Trait  // each once
}

// group are the versions of one skeleton. The shape is that of its first finding, else of its first version that could take something.
type group struct {
	shape    Shape
	cores    map[uint64]bool // of its findings, or of all where it has none; so gists
	gists    map[uint64]bool
	versions []Version
	found    int
	family   int    // number of the group that stands for its family, see root
	pack     string // of a group that stands for its family: the pack that findings of it are of
}

// NewGathering makes an empty one.
func NewGathering() *Gathering {
	return &Gathering{groups: map[uint64]*group{}, traits: map[Trait]*Trait{}}
}

// Add takes a version in.
func (g *Gathering) Add(v Version) {
	k := g.groups[v.Shape.Skeleton]
	if k == nil {
		k = &group{cores: map[uint64]bool{}, gists: map[uint64]bool{}}
		g.groups[v.Shape.Skeleton] = k
	}
	if v.Found() && k.found == 0 {
		clear(k.cores)
		clear(k.gists)
	}
	if v.Found() || k.found == 0 {
		for _, c := range v.Shape.cores {
			k.cores[c] = true
		}
		for _, c := range v.Shape.gists {
			k.gists[c] = true
		}
	}
	if k.yields(v) {
		k.shape = v.Shape
		k.shape.blob = v.Blob
	}
	if v.Found() {
		k.found++
	}
	v.Shape = Shape{Skeleton: v.Shape.Skeleton, Tokens: v.Shape.Tokens, traits: g.intern(v.Shape.traits), leaky: g.intern(v.Shape.leaky)}
	k.versions = append(k.versions, v)
}

// yields reports that a version gives the group its shape: a finding before what is none, one with a sketch before one without, and then the
// one with the smallest blob, so that the order in which they come does not matter.
func (k *group) yields(v Version) bool {
	if found := k.found > 0; v.Found() != found {
		return v.Found()
	}
	if has, had := len(v.Shape.sketch) > 0, len(k.shape.sketch) > 0; has != had {
		return has
	}
	return k.shape.blob == "" || v.Blob < k.shape.blob
}

// intern makes equal texts one: a case holds the same names many thousand times.
func (g *Gathering) intern(list []Trait) []Trait {
	out := make([]Trait, len(list))
	for i, t := range list {
		one := g.traits[t]
		if one == nil {
			one = &t
			g.traits[t] = one
		}
		out[i] = *one
	}
	return out
}

// Families forms the families, by id.
func (g *Gathering) Families() []Family {
	f := former{nearest: map[uint32][]int{}, kin: map[int]int{}}
	for _, k := range g.groups {
		slices.SortFunc(k.versions, func(a, b Version) int { return cmp.Compare(a.Blob, b.Blob) })
		if k.found > 0 {
			f.seeds = append(f.seeds, k)
		}
	}
	slices.SortFunc(f.seeds, func(a, b *group) int { return cmp.Compare(a.shape.blob, b.shape.blob) })
	f.join()
	members := map[int][]Member{}
	for i, k := range f.seeds {
		members[f.root(i)] = append(members[f.root(i)], f.own(i, k)...)
	}
	for _, digest := range slices.Sorted(maps.Keys(g.groups)) {
		if k := g.groups[digest]; k.found == 0 {
			if at, list := f.relatives(k); at >= 0 {
				members[at] = append(members[at], list...)
			}
		}
	}
	var out []Family
	for root, list := range members {
		out = append(out, f.family(root, list))
	}
	slices.SortFunc(out, func(a, b Family) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// former joins the groups that hold findings.
type former struct {
	seeds   []*group         // by the smallest blob of their findings
	nearest map[uint32][]int // seeds by the numbers in the prefixes of their sketches
	kin     map[int]int      // how many seeds of a family others are compared with, by root
	joins   []joint          // how each seed came to its family
}

// joint is how a seed came to a family that was there before it.
type joint struct {
	how   string
	score float64
}

// root is the seed that stands for the family of a seed: the one with the smallest blob.
func (f *former) root(i int) int {
	for f.seeds[i].family != i {
		i = f.seeds[i].family
	}
	return i
}

// join goes through the seeds once. Each joins the families that are near or have a leaking step of its own; two families that it
// is near to become one. Families of different packs are joined by nothing, nor by a finding that no pack names: packs know better.
func (f *former) join() {
	byCore := map[uint64]int{}
	f.joins = make([]joint, len(f.seeds))
	for i, k := range f.seeds {
		k.family, k.pack = i, k.campaign()
		f.joins[i] = joint{JoinedSkeleton, 1}
		for _, n := range f.near(k.shape.sketch) {
			f.unite(i, n.at, joint{JoinedNear, n.score})
		}
		for _, core := range slices.Sorted(maps.Keys(k.cores)) {
			if at, there := byCore[core]; there {
				f.unite(i, at, joint{JoinedStep, k.shape.sketch.likeness(f.seeds[at].shape.sketch)})
			} else {
				byCore[core] = i
			}
		}
		if root := f.root(i); f.kin[root] < maxKin {
			f.kin[root]++
			for _, x := range k.shape.sketch.prefix(NearEnough) {
				f.nearest[x] = append(f.nearest[x], i)
			}
		}
	}
}

func (f *former) unite(i, at int, how joint) {
	a, b := f.root(i), f.root(at)
	one, other := f.seeds[min(a, b)], f.seeds[max(a, b)]
	if a == b || one.pack != "" && other.pack != "" && one.pack != other.pack {
		return
	}
	one.pack, other.family = cmp.Or(one.pack, other.pack), min(a, b)
	if f.joins[i].how == JoinedSkeleton {
		f.joins[i] = how
	}
}

// campaign is the pack that a group's findings are of; empty where none names one.
func (k *group) campaign() string {
	for _, v := range k.versions {
		if v.Campaign != "" {
			return v.Campaign
		}
	}
	return ""
}

// neighbour is a seed that is near.
type neighbour struct {
	at    int
	score float64
}

// near lists the seeds that are near enough, nearest first.
func (f *former) near(s sketch) []neighbour {
	var out []neighbour
	seen := map[int]bool{}
	for _, x := range s.prefix(NearEnough) {
		for _, at := range f.nearest[x] {
			if seen[at] {
				continue
			}
			seen[at] = true
			if score := s.likeness(f.seeds[at].shape.sketch); score >= NearEnough {
				out = append(out, neighbour{at, score})
			}
		}
	}
	slices.SortFunc(out, func(a, b neighbour) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.at, b.at)) })
	return out
}

// own are the members that a seed group brings: its findings, and where the skeleton tells enough the versions beside them.
func (f *former) own(i int, k *group) []Member {
	var out []Member
	for _, v := range k.versions {
		j := f.joins[i]
		m := Member{Blob: v.Blob, Found: v.Found(), How: j.how, Score: j.score, tokens: v.Shape.Tokens, traits: v.Shape.traits, leaky: v.Shape.leaky}
		switch {
		case !v.Found() && v.Shape.Tokens < minTokens:
			continue
		case !v.Found():
			m.How, m.Score, m.Reason = JoinedSkeleton, 1, "the same file as one that a rule hit, but for names, secrets and destinations; no rule hits this one"
		case j.how == JoinedNear:
			m.Reason = fmt.Sprintf("hit by a rule; like another finding of the family by %.2f", j.score)
		case j.how == JoinedStep:
			m.Reason = "hit by a rule; a leaking step is the same as in another finding of the family"
		default:
			m.Reason = "hit by a rule"
		}
		out = append(out, m)
	}
	return out
}

// relatives finds the family to which a group belongs that no rule hits: the nearest that has one of its leaking steps, be it with other flags, for a file that a campaign
// changed is near to what it was before as well.
func (f *former) relatives(k *group) (root int, out []Member) {
	if len(k.shape.sketch) == 0 || k.shape.Tokens < minTokens {
		return -1, nil
	}
	for _, n := range f.near(k.shape.sketch) {
		seed := f.seeds[n.at]
		shared := false
		for gist := range k.gists {
			shared = shared || seed.gists[gist]
		}
		if !shared {
			continue
		}
		for _, v := range k.versions {
			out = append(out, Member{Blob: v.Blob, How: JoinedNear, Score: n.score, tokens: v.Shape.Tokens, traits: v.Shape.traits, leaky: v.Shape.leaky,
				Reason: fmt.Sprintf("has a leaking step of the family and is like a finding of it by %.2f; no rule hits this one", n.score)})
		}
		return f.root(n.at), out
	}
	return -1, nil
}

// family puts a family together.
func (f *former) family(root int, members []Member) Family {
	founder := f.seeds[root]
	out := Family{ID: evidence.ID("fam", string(founder.shape.blob)), Outline: founder.shape.outline, Members: members}
	best := -1
	for i, k := range f.seeds {
		if f.root(i) != root {
			continue
		}
		for _, v := range k.versions {
			if v.Campaign != "" {
				out.Campaigns = append(out.Campaigns, v.Campaign)
			}
			if c := slices.Index(confidences, v.Confidence); c > best {
				best, out.Confidence = c, v.Confidence
			}
		}
	}
	out.Campaigns = distinct(out.Campaigns)
	slices.SortFunc(out.Members, func(a, b Member) int {
		if a.Found != b.Found {
			if a.Found {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Blob, b.Blob)
	})
	return out
}
