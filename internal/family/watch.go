package family

import (
	"maps"
	"slices"
	"strings"
	"time"

	"pentimento/internal/campaign"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

// Scene is one repository as its facts show it.
type Scene struct {
	Repository evidence.Repository
	History    *evidence.History
	Updates    []evidence.RefUpdate
	Refs       []evidence.ListedRef // of the last listing
	Default    string               // the default branch, empty where nobody says
	Readmes    []evidence.ReadmeChange
	Found      func(blob evidence.OID) bool // a rule hits the version, be it in this repository alone
	Now        time.Time                    // of the case
}

// Watch goes through the repositories of a case and notes where families stand, which commits brought them, and what else in the case bears
// what could be an indicator. It is not safe for concurrent use.
type Watch struct {
	families   []Family
	packs      []campaign.Pack
	member     map[evidence.OID]int // family by blob
	found      map[evidence.OID]bool
	others     map[evidence.OID][]Trait // traits of versions in no family
	candidates map[Trait]bool

	places   []Place
	commits  []Commit
	branches []branched
	everyday map[Trait]map[evidence.Repository]bool // candidates outside of families
	hit      map[evidence.Repository]bool           // repositories with a finding
	own      map[string]map[evidence.Repository]bool
	subjects map[evidence.Repository][]uint32 // sums of the messages of all other commits, sorted
	listed   map[evidence.Repository][]uint32 // so of the patterns of all other branches
}

// Place is a version of a family in a repository.
type Place struct {
	Family     int
	Repository evidence.Repository
	Blob       evidence.OID
	Paths      []string
}

// branched is a branch that was made with a commit of a family.
type branched struct {
	family  int
	repo    evidence.Repository
	pattern string
	created bool
	commit  evidence.OID
}

// NewWatch begins a round. The families are those of the gathering.
func NewWatch(g *Gathering, families []Family, packs []campaign.Pack) *Watch {
	w := &Watch{families: families, packs: packs, member: map[evidence.OID]int{}, found: map[evidence.OID]bool{}, others: map[evidence.OID][]Trait{},
		candidates: map[Trait]bool{}, everyday: map[Trait]map[evidence.Repository]bool{}, hit: map[evidence.Repository]bool{},
		own: map[string]map[evidence.Repository]bool{}, subjects: map[evidence.Repository][]uint32{}, listed: map[evidence.Repository][]uint32{}}
	for i, f := range families {
		for _, m := range f.Members {
			w.member[m.Blob], w.found[m.Blob] = i, m.Found
			for _, t := range m.leaky {
				if !known(t, packs) {
					w.candidates[t] = true
				}
			}
		}
	}
	if len(w.candidates) == 0 {
		return w
	}
	for _, k := range g.groups {
		for _, v := range k.versions {
			if _, in := w.member[v.Blob]; in {
				continue
			}
			kept := slices.DeleteFunc(slices.Clone(v.Shape.traits), func(t Trait) bool { return !w.candidates[t] })
			if len(kept) > 0 {
				w.others[v.Blob] = kept
			}
		}
	}
	return w
}

// Repository takes one repository in. It reads the commit objects of the families' commits and of a bounded number before them.
func (w *Watch) Repository(s Scene) {
	if len(w.families) == 0 {
		return
	}
	for blob, paths := range s.History.Versions() {
		if i, in := w.member[blob]; in {
			w.places = append(w.places, Place{i, s.Repository, blob, distinct(paths)})
			w.found[blob] = w.found[blob] || s.Found(blob)
			w.hit[s.Repository] = w.hit[s.Repository] || w.found[blob]
			continue
		}
		for _, t := range w.others[blob] {
			note(w.everyday, t, s.Repository)
		}
	}
	made := w.made(s)
	for o, stamp := range detect.Stamps(s.History, s.Readmes) {
		if n, ok := s.History.Had(o); ok {
			if c, in := made[n]; in {
				c.Stamp, c.Wall = stamp.Form, stamp.ZoneText()
				made[n] = c
			}
		}
	}
	w.subjects[s.Repository] = otherSubjects(s.History, made)
	w.refs(s, made)
	w.authors(s, made)
	w.commits = slices.AppendSeq(w.commits, maps.Values(made))
}

func note[K comparable](in map[K]map[evidence.Repository]bool, key K, repo evidence.Repository) {
	if in[key] == nil {
		in[key] = map[evidence.Repository]bool{}
	}
	in[key][repo] = true
}

// otherSubjects are the sums of the messages of the commits that are in no family.
func otherSubjects(h *evidence.History, made map[int32]Commit) []uint32 {
	out := make([]uint32, 0, h.Len()-len(made))
	for n := range int32(h.Len()) {
		if _, in := made[n]; !in {
			out = append(out, h.Subject(n))
		}
	}
	return sums(out)
}

// sums makes a set of a list, for [holds]: a case has millions of commits and branches.
func sums(list []uint32) []uint32 {
	slices.Sort(list)
	return slices.Clone(slices.Compact(list))
}

// holds counts the repositories in whose set a text is.
func holds(sets map[evidence.Repository][]uint32, text string) int {
	n, sum := 0, evidence.SubjectSum(text)
	for _, set := range sets {
		if _, in := slices.BinarySearch(set, sum); in {
			n++
		}
	}
	return n
}

// refs notes the branches that commits of a family were pushed to, and what other branches are called.
func (w *Watch) refs(s Scene, made map[int32]Commit) {
	of := func(o evidence.OID) (Commit, bool) {
		n, ok := s.History.Had(o)
		c, in := made[n]
		return c, ok && in
	}
	told := map[evidence.Ref]bool{}
	var listed []uint32
	tell := func(ref evidence.Ref, after evidence.OID, created bool) {
		c, in := of(after)
		if _, epoch := detect.BranchEpoch(ref, s.Now); in && epoch {
			n, _ := s.History.Had(after)
			c.Epoch = true
			made[n] = c
		}
		if !ref.Branch() || ref.Short() == s.Default {
			return
		}
		pattern := BranchPattern(ref.Short())
		if in {
			told[ref] = true
			w.branches = append(w.branches, branched{c.Family, s.Repository, pattern, created, after})
		} else if !told[ref] {
			listed = append(listed, evidence.SubjectSum(pattern))
		}
	}
	for _, u := range s.Updates {
		tell(u.Ref, u.After, u.Kind == evidence.BranchCreation)
	}
	for _, l := range s.Refs {
		tell(l.Ref, l.Target(), false)
	}
	w.listed[s.Repository] = sums(listed)
}

// maxLookback bounds the commits before a family's that are read to learn whether its author worked there before. Who has not made one of the
// last two thousand commits of a project is new to it.
const maxLookback = 2000

// authors notes which authors of a family's commits belong to the repository: it is theirs, or they have made other commits before, be it under
// another address: a token writes the one that GitHub gives, its owner's own git another.
func (w *Watch) authors(s Scene, made map[int32]Commit) {
	wanted, names := map[string]bool{}, map[string]string{}
	var queue []int32
	for n, c := range made {
		queue = append(queue, n)
		if login(c.Author) == strings.ToLower(s.Repository.Owner()) {
			note(w.own, c.Author, s.Repository)
			continue
		}
		wanted[c.Author] = true
		names[c.Author] = strings.ToLower(strings.TrimSpace(c.Name))
	}
	slices.Sort(queue)
	seen := s.History.NoCommits()
	for read := 0; len(queue) > 0 && len(wanted) > 0 && read < maxLookback; {
		n := queue[0]
		queue = queue[1:]
		if int(n) >= s.History.Len() || !seen.Add(n) {
			continue
		}
		if _, in := made[n]; !in {
			read++
			who := s.History.Object(n).Author
			email, name := address(who), strings.ToLower(strings.TrimSpace(who.Name))
			for x := range wanted {
				if x == email || names[x] != "" && names[x] == name {
					note(w.own, x, s.Repository)
					delete(wanted, x)
				}
			}
		}
		queue = append(queue, s.History.ParentsOf(n)...)
	}
}

// address is what an author goes by: GitHub knows persons by their address; the name where there is none.
func address(s evidence.Signature) string {
	if s.Email == "" {
		return strings.TrimSpace(s.Name)
	}
	return strings.ToLower(strings.TrimSpace(s.Email))
}

// login is the account in an address that GitHub gives, ID+LOGIN@users.noreply.github.com; empty for any other.
func login(address string) string {
	name, ok := strings.CutSuffix(address, "@users.noreply.github.com")
	if _, after, id := strings.Cut(name, "+"); id {
		name = after
	}
	if !ok {
		return ""
	}
	return name
}

// BranchPattern is the name of a branch with what is made anew for each victim replaced by a *: runs of six and more digits, such as epochs, and of
// eight and more hexadecimal ones.
func BranchPattern(name string) string {
	var out strings.Builder
	for i := 0; i < len(name); {
		end, digits := i, 0
		for end < len(name) && (name[end] >= '0' && name[end] <= '9' || name[end] >= 'a' && name[end] <= 'f') {
			if name[end] <= '9' {
				digits++
			}
			end++
		}
		run := end - i
		bounded := (i == 0 || !isWord(name[i-1])) && (end == len(name) || !isWord(name[end]))
		switch {
		case run >= 6 && digits == run, run >= 8 && digits > 0 && bounded:
			out.WriteByte('*')
		case run > 0:
			out.WriteString(quoteGlob(name[i:end]))
		default:
			end = i + 1
			out.WriteString(quoteGlob(name[i:end]))
		}
		i = end
	}
	return out.String()
}

// quoteGlob keeps what a pattern would take for its own.
func quoteGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}
