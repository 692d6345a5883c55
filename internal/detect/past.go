package detect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// Bounds on what is called usual.
const (
	enoughVersions = 3    // workflow versions before: with fewer, everything is new
	enoughCommits  = 20   // commits before: with fewer, everybody and everything is new
	oldRepository  = 100  // commits before: so many without a workflow, or with hardly one, are a habit too
	recentCommits  = 1000 // commits before that are read for habits of authors, nearest first: each is read whole
	ownCommits     = 5    // an author's own, to know their habits
	nearly         = 0.9  // the share that is a habit
	hardly         = 0.34 // the share of old lines that is left of a file that was replaced
)

// past is what was there before one arrival. What costs something is found out when first asked for.
type past struct {
	*contexts
	arrival
	finding Finding
	hosts   []string
	details []string // for the reason, in the order in which they held
	err     error

	impostors []Impostor

	before *ancestry
	people *people
	old    *oldFile
}

// so tells whether a circumstance holds, and notes what a reader is told of it.
func (p *past) so(c campaign.Circumstance) bool {
	detail, ok := p.test(c)
	if ok && detail != "" {
		p.details = append(p.details, detail)
	}
	return ok
}

// unknown reports that the tree of a parent could not be had, or that the work on this repository has grown too much.
func (p *past) unknown() bool {
	return p.budget <= 0 || slices.ContainsFunc(p.h.ParentsOf(p.n), func(parent int32) bool { return p.h.FolderOf(parent) == evidence.UnknownFolder })
}

func (p *past) test(c campaign.Circumstance) (detail string, ok bool) {
	switch c {
	case campaign.UnknownBefore:
		return "what was there before could not be had", p.unknown()
	case campaign.NoNewline:
		commit := p.h.Object(p.n)
		return "the commit that brought it is unsigned and its message has no newline at its end, as those made with a token through the API",
			!commit.Signed && commit.Message != "" && !strings.HasSuffix(commit.Message, "\n")
	case campaign.OnlyWorkflows:
		return "the commit changes nothing but .github", slices.Equal(p.h.Holding(p.h.ID(p.n)).RootChanges, []string{".github"})
	case campaign.ImpostorCommit, campaign.MovedTag:
		return p.impostor(c)
	case campaign.Established:
		return "", !p.unknown() && p.ancestry().established()
	case campaign.NotEstablished:
		return fmt.Sprintf("the repository had %s before: too little to tell what is usual in it", p.ancestry()), !p.unknown() && !p.ancestry().established()
	}
	if p.unknown() {
		return "", false
	}
	switch c {
	case campaign.NewHost:
		return p.unnamed("a host that it sends to", hostWords(p.hosts))
	case campaign.NewSecret:
		return p.unnamed("a secret that it reads", p.finding.SecretNames())
	case campaign.NewAuthor, campaign.NewZone, campaign.UsuallySigned:
		return p.habit(c)
	}
	return p.change(c)
}

// impostor tells of the impostors of a kind that the version uses.
func (p *past) impostor(kind campaign.Circumstance) (string, bool) {
	var why []string
	for _, i := range p.impostors {
		if i.Kind == kind && i.tells(p.h.Committed(p.n)) {
			why = append(why, i.Why)
		}
	}
	return strings.Join(why, "; "), len(why) > 0
}

// hostWords are hosts as [Habits] name them.
func hostWords(hosts []string) []string {
	var out []string
	for _, host := range hosts {
		out = append(out, "@"+site(host))
	}
	return out
}

// unnamed tells whether one of the words stands in no version before.
func (p *past) unnamed(what string, words []string) (string, bool) {
	var wanted []uint32
	unheard := false
	for _, w := range words {
		if id, known := p.habits.words[w]; known {
			wanted = append(wanted, id)
		} else {
			unheard = true // in the whole case
		}
	}
	if len(words) == 0 || !unheard && p.parentsName(wanted) {
		return "", false
	}
	a := p.ancestry()
	if !a.established() || !unheard && !slices.ContainsFunc(wanted, func(id uint32) bool { return !a.words[id] }) {
		return "", false
	}
	return fmt.Sprintf("%s stands in none of what was there before it, %s", what, a), true
}

// parentsName reports whether the versions next before name all of the words: what is so for most, and saves a walk.
func (p *past) parentsName(wanted []uint32) bool {
	named := map[uint32]bool{}
	for _, parent := range p.h.ParentsOf(p.n) {
		for _, e := range p.h.Folder(p.h.FolderOf(parent)) {
			if !p.excluded[e.Blob] {
				for _, id := range p.habits.of(e.Blob) {
					named[id] = true
				}
			}
		}
	}
	return !slices.ContainsFunc(wanted, func(id uint32) bool { return !named[id] })
}

// ancestry is what the commits before held: how many workflow versions that are no findings, and what those name.
type ancestry struct {
	commits  int
	versions int
	words    map[uint32]bool
}

// established: it can be told what is usual. A young repository is set up step by step, and each step is new.
func (a *ancestry) established() bool {
	return a.commits >= enoughCommits && a.versions >= enoughVersions || a.commits >= oldRepository
}

func (a *ancestry) String() string {
	return fmt.Sprintf("%d workflow versions in %d commits", a.versions, a.commits)
}

func (p *past) ancestry() *ancestry {
	if p.before != nil {
		return p.before
	}
	p.before = &ancestry{words: map[uint32]bool{}}
	folders, blobs := map[int32]bool{}, map[evidence.OID]bool{}
	accepted := acceptance{past: p, seen: map[evidence.OID]bool{}, words: map[uint32]keeping{}}
	p.walk(func(n int32) bool {
		p.before.commits++
		accepted.add(n)
		f := p.h.FolderOf(n)
		if f <= 0 || folders[f] {
			return true
		}
		folders[f] = true
		for _, e := range p.h.Folder(f) {
			if blobs[e.Blob] || p.excluded[e.Blob] || e.Blob == p.blob {
				continue
			}
			blobs[e.Blob] = true
			p.before.versions++
			for _, id := range p.habits.of(e.Blob) {
				p.before.words[id] = true
			}
		}
		return true
	})
	accepted.into(p.before.words)
	return p.before
}

// walk goes through the commits before, nearest first, as far as the budget and the visitor allow.
func (p *past) walk(visit func(n int32) bool) {
	seen, queue := p.h.NoCommits(), []int32{}
	push := func(n int32) {
		for _, parent := range p.h.ParentsOf(n) {
			if int(parent) < p.h.Len() && seen.Add(parent) {
				queue = append(queue, parent)
			}
		}
	}
	seen.Add(p.n)
	for push(p.n); len(queue) > 0 && p.budget > 0; p.budget-- {
		n := queue[0]
		queue = queue[1:]
		if !visit(n) {
			return
		}
		push(n)
	}
}

// people are the habits of those who made the commits before.
type people struct {
	commits, signed       int
	own, ownSigned        int // by the author of this one
	zones                 map[string]bool
	knownAuthor, complete bool
}

func (p *past) those() *people {
	if p.people != nil {
		return p.people
	}
	me := p.h.Object(p.n)
	w := &people{zones: map[string]bool{}, complete: true}
	p.walk(func(n int32) bool {
		if w.commits == recentCommits {
			w.complete = false
			return false
		}
		c := p.h.Object(n)
		w.commits++
		if c.Signed {
			w.signed++
		}
		mine := func(s evidence.Signature) bool { return s.Email == me.Author.Email || s.Name == me.Author.Name }
		w.knownAuthor = w.knownAuthor || mine(c.Author) || mine(c.Committer)
		if c.Author.Email == me.Author.Email {
			w.own++
			w.zones[c.Author.Zone] = true
			if c.Signed {
				w.ownSigned++
			}
		}
		return true
	})
	p.people = w
	return w
}

// habit tests what the maker of the commit, as it names them, did before.
func (p *past) habit(c campaign.Circumstance) (detail string, ok bool) {
	w := p.those()
	if w.commits < enoughCommits {
		return "", false
	}
	me := p.h.Object(p.n)
	switch c {
	case campaign.NewAuthor:
		return fmt.Sprintf("its author made none of the %d commits before it that were read", w.commits), !w.knownAuthor
	case campaign.NewZone:
		return fmt.Sprintf("its author's %d commits before are from other time zones", w.own), w.own >= ownCommits && !nearZone(w.zones, me.Author.Zone)
	}
	switch {
	case me.Signed:
	case w.own >= ownCommits && float64(w.ownSigned) >= nearly*float64(w.own):
		return fmt.Sprintf("it is not signed, and %d of the %d commits of its author before it are", w.ownSigned, w.own), true
	case float64(w.signed) >= nearly*float64(w.commits):
		return fmt.Sprintf("it is not signed, and %d of the %d commits before it are", w.signed, w.commits), true
	}
	return "", false
}

// nearZone reports whether a zone is one of those known or an hour from one, as it is in the other half of the year.
func nearZone(known map[string]bool, zone string) bool {
	minutes := func(z string) int {
		n, err := strconv.Atoi(z)
		if err != nil {
			return 0
		}
		return n/100*60 + n%100
	}
	for k := range known {
		if d := minutes(k) - minutes(zone); -60 <= d && d <= 60 {
			return true
		}
	}
	return len(known) == 0
}

// oldFile is the file at the path before; blob is empty where there was none, and read false where its text was never had.
type oldFile struct {
	blob evidence.OID
	read bool
	text []byte
	kept float64 // share of its lines that the new one has
}
