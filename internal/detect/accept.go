package detect

import (
	"slices"

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
