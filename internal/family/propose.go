package family

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// Proposal is something that occurs in a family and in no pack. Repositories is where the family bears it, Adds those among them that no rule has hit: what the
// indicator would add to the case. Everyday: it occurs in the case outside of families as well, or is what anybody's workflow may have, so that alone it
// would say little. Role is of a message, empty else.
type Proposal struct {
	Family string
	Trait
	Role         string
	Confidence   string
	Reason       string // one sentence, safe to print
	Everyday     bool
	Repositories []evidence.Repository
	Adds         []evidence.Repository
	Evidence     []string
}

// Bounds on what a proposal cites and a family proposes. A campaign has a handful of each kind; a case from elsewhere may have been made to hold more.
const (
	maxCited    = 20
	maxProposed = 1000
)

// everydayNames are workflow files, names and job ids that thousands of repositories have.
var everydayNames = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`ci cd build test tests lint main release publish deploy check checks docs pages codeql security audit
		format analyze coverage python-package python-publish node.js npm-publish docker docker-image docker-publish go rust job run integration update
		stale labeler scan quality static nightly pre-commit`) {
		out[w] = true
	}
	return out
}()

// What anybody's commits and branches may bear: addresses that tools write where nobody set one, the names that git and GitHub propose, and the
// shortest messages.
var (
	everydayAuthors = map[string]bool{"noreply@github.com": true, "action@github.com": true, "actions@github.com": true, "github-actions@github.com": true,
		"you@example.com": true, "root@localhost": true, "bot@users.noreply.github.com": true}
	everydayBranches = map[string]bool{"main": true, "master": true, "develop": true, "dev": true, "gh-pages": true, "staging": true, "production": true, "patch-1": true}
	everydayMessages = map[string]bool{"initial commit": true, "first commit": true, "init": true, "update": true, "updates": true, "fix": true, "fixes": true, "wip": true,
		"test": true, "commit": true, "fix ci": true, "update ci": true, "add ci": true, "fix typo": true, "update workflow": true, "add workflow": true,
		"add files via upload": true, "update readme": true, "update readme.md": true}
)

// seenIn gathers where one trait of one family occurs.
type seenIn struct {
	repos    map[evidence.Repository]bool
	evidence map[string]bool
	owners   map[string]bool
	sure     bool // in a finding, or in a relative of the same skeleton
	role     string
}

// Proposals lists what the families of the case propose, by family, kind and value.
func (w *Watch) Proposals() []Proposal {
	var out []Proposal
	for i, f := range w.families {
		found := map[Trait]*seenIn{}
		w.fromVersions(i, found)
		w.fromCommits(i, found)
		w.fromBranches(i, found)
		traits := slices.SortedFunc(maps.Keys(found), Trait.compare)
		for _, t := range traits[:min(len(traits), maxProposed)] {
			out = append(out, w.propose(f, t, found[t]))
		}
	}
	return out
}

func see(found map[Trait]*seenIn, t Trait, repo evidence.Repository, id string, sure bool) *seenIn {
	s := found[t]
	if s == nil {
		s = &seenIn{repos: map[evidence.Repository]bool{}, evidence: map[string]bool{}, owners: map[string]bool{}}
		found[t] = s
	}
	s.repos[repo], s.evidence[id] = true, true
	s.owners[strings.ToLower(repo.Owner())] = true
	s.sure = s.sure || sure
	return s
}

// fromVersions takes what stands in the files. A path counts where the repository has the version.
func (w *Watch) fromVersions(i int, found map[Trait]*seenIn) {
	members := map[evidence.OID]Member{}
	for _, m := range w.families[i].Members {
		members[m.Blob] = m
	}
	for _, p := range w.places {
		if p.Family != i {
			continue
		}
		m := members[p.Blob]
		for _, t := range m.leaky {
			if w.candidates[t] && (t.Kind != Path || slices.Contains(p.Paths, t.Value)) {
				see(found, t, p.Repository, "blob-"+string(p.Blob), m.Found || m.How == JoinedSkeleton && m.tokens >= telling)
			}
		}
	}
}

// fromCommits takes messages and authors. An author is an indicator only where the same one works in repositories of different owners and has
// not worked in any of them before: the author of a commit is mostly the victim.
func (w *Watch) fromCommits(i int, found map[Trait]*seenIn) {
	authors := map[Trait]*seenIn{}
	for _, c := range w.commits {
		if c.Family != i {
			continue
		}
		id := "cmt-" + string(c.OID)
		if t := (Trait{Message, c.Subject}); c.Subject != "" && len(c.Subject) <= maxTrait && !known(t, w.packs) && !generated(c.Subject) {
			s := see(found, t, c.Repository, id, true)
			if s.role == "" || c.Role == "plant" {
				s.role = c.Role
			}
		}
		if t := (Trait{Stamp, c.Stamp}); c.Stamp != "" {
			see(found, t, c.Repository, id, true)
		}
		if t := (Trait{Author, c.Author}); c.Author != "" && !known(t, w.packs) {
			see(authors, t, c.Repository, id, true)
		}
	}
	for t, s := range authors {
		if len(s.owners) >= 2 && len(w.own[t.Value]) == 0 {
			found[t] = s
		}
	}
}

// generated reports messages that git or GitHub writes.
func generated(subject string) bool {
	for _, p := range []string{"Merge ", "Revert \"", "Update ", "Create ", "Delete "} {
		if rest, ok := strings.CutPrefix(subject, p); ok && (p[0] == 'M' || p[0] == 'R' || strings.HasSuffix(rest, ".yml") || strings.HasSuffix(rest, ".yaml")) {
			return true
		}
	}
	return false
}

// fromBranches takes branches that were made for the campaign: those whose name was made by a program, and those that came with its commit.
func (w *Watch) fromBranches(i int, found map[Trait]*seenIn) {
	for _, b := range w.branches {
		t := Trait{Branch, b.pattern}
		if b.family == i && (b.created || strings.Contains(b.pattern, "*")) && strings.Trim(b.pattern, "*?/-_.") != "" && !known(t, w.packs) {
			see(found, t, b.repo, "cmt-"+string(b.commit), true)
		}
	}
}

// elsewhere counts the repositories in which a trait occurs outside of all families.
func (w *Watch) elsewhere(t Trait) int {
	switch t.Kind {
	case Message:
		return holds(w.subjects, t.Value)
	case Branch:
		return holds(w.listed, t.Value)
	case Author:
		return len(w.own[t.Value])
	}
	return len(w.everyday[t])
}

func (w *Watch) propose(f Family, t Trait, s *seenIn) Proposal {
	p := Proposal{Family: f.ID, Trait: t, Role: s.role, Repositories: slices.Sorted(maps.Keys(s.repos))}
	for _, r := range p.Repositories {
		if !w.hit[r] {
			p.Adds = append(p.Adds, r)
		}
	}
	p.Evidence = slices.Sorted(maps.Keys(s.evidence))
	p.Evidence = p.Evidence[:min(len(p.Evidence), maxCited)]
	others := w.elsewhere(t)
	switch {
	case t.Kind == Host && campaign.Service(t.Value):
		p.Everyday, p.Confidence, p.Reason = true, "low", "a service to which public workflows hand secrets in the ordinary course"
	case others > 0:
		p.Everyday, p.Confidence = true, "low"
		p.Reason = fmt.Sprintf("occurs outside of families as well, in %d repositories of the case", others)
	case everyday(t):
		p.Everyday, p.Confidence, p.Reason = true, "low", "a name that anybody's workflow may have"
	case ownersOwn(t, s):
		p.Confidence, p.Reason = "low", "bears the name of the repository's owner: it may be the victim's own"
	default:
		p.Confidence, p.Reason = weigh(t, s)
		if slices.Index(confidences, f.Confidence) < slices.Index(confidences, p.Confidence) {
			p.Confidence, p.Reason = f.Confidence, p.Reason+"; no surer than the rules that hit the family"
		}
	}
	return p
}

// ownersOwn reports a host, or a part of a URL, that bears the name of the one owner in whose repositories it was seen.
func ownersOwn(t Trait, s *seenIn) bool {
	for owner := range s.owners {
		return len(s.owners) == 1 && len(owner) >= minOwner && (t.Kind == Host || t.Kind == URLPart) && strings.Contains(strings.ToLower(t.Value), owner)
	}
	return false
}

// minOwner is the shortest name of an owner that says something in a host: shorter ones stand in any by chance.
const minOwner = 4

// everydaySegments are parts of a URL's path that many interfaces have.
var everydaySegments = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`api v1 v2 v3 v4 upload uploads file files webhook webhooks hook hooks collect event events data deploy deploys deployment
		build builds notify notification notifications submit report reports token tokens login auth oauth rest services repos projects user users
		send post status health ping log logs id key`) {
		out[w] = true
	}
	return out
}()

func everyday(t Trait) bool {
	switch t.Kind {
	case URLPart:
		return !slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(t.Value), func(r rune) bool { return strings.ContainsRune("/?&=.-_", r) }),
			func(part string) bool { return len(part) > 2 && !everydaySegments[part] })
	case Author:
		return strings.Contains(t.Value, "[bot]") || everydayAuthors[t.Value]
	case Branch:
		return everydayNames[t.Value] || everydayBranches[t.Value]
	case Message:
		return everydayMessages[strings.ToLower(strings.TrimRight(t.Value, " ."))]
	case Path:
		name := t.Value[strings.LastIndexByte(t.Value, '/')+1:]
		name = strings.TrimSuffix(strings.TrimSuffix(name, ".yml"), ".yaml")
		return everydayNames[strings.ToLower(name)]
	case WorkflowName, JobID:
		return everydayNames[strings.ToLower(t.Value)]
	}
	return false
}

// weigh says how sure it is that a trait is the maker's own, where it occurs nowhere else in the case.
func weigh(t Trait, s *seenIn) (confidence, reason string) {
	repos, owners := len(s.repos), len(s.owners)
	where := fmt.Sprintf("in %d repositories of %d owners", repos, owners)
	if repos == 1 {
		where = "in one repository"
	}
	switch t.Kind {
	case Host:
		if s.sure {
			return "high", "secrets or loot go there " + where + ", in a file of the family's own shape; nothing else in the case talks to it"
		}
		return "medium", "secrets or loot go there " + where + ", in a file that is nearly of the family's shape; nothing else in the case talks to it"
	case Author:
		if owners >= 3 {
			return "high", "made commits of the family " + where + " and had made none there before"
		}
		return "medium", "made commits of the family " + where + " and had made none there before"
	}
	switch {
	case owners >= 2:
		return "high", "the same " + where + ", and nowhere outside of the family"
	case repos >= 2:
		return "medium", "the same " + where + ", and nowhere outside of the family"
	}
	return "low", "in one repository only: it may be the victim's own"
}
