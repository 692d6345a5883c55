package detect

import (
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// Indicated adds to the signals of commits what packs know of the refs that held them: branch-indicator for a branch of a campaign's naming,
// tag-move-indicator for a tag of an action that the campaign moved there. Only packs of the commit's campaign speak; all do where it has none.
func Indicated(commits []Commit, repo evidence.Repository, updates []evidence.RefUpdate, refs []evidence.ListedRef, packs []campaign.Pack) []Commit {
	held := map[evidence.OID][]evidence.Ref{}
	for _, u := range updates {
		held[u.After] = append(held[u.After], u.Ref)
	}
	for _, l := range refs {
		held[l.Target()] = append(held[l.Target()], l.Ref)
	}
	for i := range commits {
		c := &commits[i]
		for _, p := range packs {
			if c.Campaign != "" && p.Name != c.Campaign {
				continue
			}
			for _, ref := range held[c.OID] {
				if name, branch := strings.CutPrefix(string(ref), "refs/heads/"); branch && p.KnowsBranch(name) {
					c.Signals = append(c.Signals, "branch-indicator")
				}
				if name, tag := strings.CutPrefix(string(ref), "refs/tags/"); tag && p.KnowsTagMove(string(repo), name, string(c.OID)) {
					c.Signals = append(c.Signals, "tag-move-indicator")
				}
			}
		}
		slices.Sort(c.Signals)
		c.Signals = slices.Compact(c.Signals)
	}
	return commits
}
