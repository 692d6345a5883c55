package detect

import (
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// keptVersions are how many versions that name something must have been brought by those who worked in the repository before until it is usual, although a
// rule held for each of them. The first of them is [enoughCommits] steps back by then: a campaign that changes its own file several times at a go does not
// wait for the work of others.
const keptVersions = 3

// exclude notes a version for which a rule held: what it names is not usual. Where somebody known brought it, it counts for what is in time.
func (p *past) exclude() {
	p.excluded[p.blob] = true
	if p.usualHand() && !slices.Contains(p.kept[p.n], p.blob) {
		p.kept[p.n] = append(p.kept[p.n], p.blob)
	}
}

// stoodBefore reports that the lines for which a rule hits stood in the file before, hit by the same rule in the same words, where that did not hold: the
// commit brought other things, and whoever made it does not make these news. What an action is goes by its own repository, not by lines.
func (p *past) stoodBefore(hit Conditional, candidates map[evidence.OID]Finding) bool {
	if len(hit.Lines) == 0 || hit.Context.AsksOfActions() {
		return false
	}
	parents := p.h.ParentsOf(p.n)
	if len(parents) == 0 {
		return false
	}
	blob := at(p.h.Folder(p.h.FolderOf(parents[0])), p.path)
	if blob == "" || p.excluded[blob] || !slices.ContainsFunc(candidates[blob].Conditional, func(c Conditional) bool {
		return c.Rule == hit.Rule && c.Reason == hit.Reason && slices.Equal(c.Hosts, hit.Hosts)
	}) {
		return false
	}
	o := p.oldFile()
	if o.blob != blob || !o.read {
		return false
	}
	now, _, err := p.text(p.blob)
	if err != nil {
		p.err = err
		return false
	}
	old := map[string]bool{}
	for line := range strings.Lines(string(o.text)) {
		old[strings.TrimSpace(line)] = true
	}
	lines := strings.Split(string(now), "\n")
	return !slices.ContainsFunc(hit.Lines, func(n int) bool { return n > len(lines) || !old[strings.TrimSpace(lines[n-1])] })
}

// usualHand reports whether the commit that brought the version is like those before it: by an author who made some, not through the API with a token, and
// signed where they are. Names are what the maker wrote: who has a credential of the victim's and its habits passes, three times.
func (p *past) usualHand() bool {
	if p.those().own < ownCommits {
		return false
	}
	_, byToken := p.test(campaign.NoNewline)
	_, unsigned := p.habit(campaign.UsuallySigned)
	return !byToken && !unsigned
}

// acceptance counts in the commits before one what versions for which a rule held name, and those who worked here kept.
type acceptance struct {
	*past
	seen  map[evidence.OID]bool
	words map[uint32]keeping
}

// keeping is how often something was kept, and over how many steps.
type keeping struct {
	versions int
	steps    int32
}

func (a *acceptance) add(n int32) {
	for _, blob := range a.kept[n] {
		for _, id := range a.habits.of(blob) {
			w := a.words[id]
			w.steps = max(w.steps, a.depth[a.n]-a.depth[n])
			if !a.seen[blob] {
				w.versions++
			}
			a.words[id] = w
		}
		a.seen[blob] = true
	}
}

// into adds what is usual by now.
func (a *acceptance) into(words map[uint32]bool) {
	for id, w := range a.words {
		if w.versions >= keptVersions && w.steps >= enoughCommits {
			words[id] = true
		}
	}
}
