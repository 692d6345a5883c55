package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/linkage"
	"pentimento/internal/tokens"
)

// States of a release in a window. None calls it malicious.
const (
	Explained    = "explained"   // something shows that the owner's own automation, or another credential, made it
	NotExplained = "unexplained" // something speaks against it, and nothing as strong for it
	NotKnown     = "unknown"
)

// Release is one release of a window's project while the window was open.
type Release struct {
	Name     string // "pypi:sampleproject 1.2.3 sampleproject-1.2.3.tar.gz"
	At       time.Time
	For      []string // what speaks for its being the owner's own
	Against  []string
	State    string
	Evidence []string
}

// released is one file or version, with what all documents tell of it.
type released struct {
	tokens.Release
	ids   []string
	files bool // of a version: its files are known, and stand for it
}

// joinReleases puts together what documents tell of the same file, by project and time. A document that came through a mirror tells no time where another
// does.
func joinReleases(rows []tokens.Release) map[string][]released {
	joined := map[string]*released{}
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b tokens.Release) int { return strings.Compare(a.FactID(), b.FactID()) })
	for _, r := range rows {
		key := linkage.ProjectName(r.Provider, r.Project) + "\x00" + r.Version + "\x00" + r.File
		x := joined[key]
		if x == nil {
			x = &released{Release: r}
			joined[key] = x
		} else {
			x.merge(&r)
		}
		x.ids = append(x.ids, r.FactID())
	}
	out := map[string][]released{}
	for key, x := range joined {
		if whole := joined[strings.TrimSuffix(key, x.File)]; x.File != "" && whole != nil {
			whole.files = x.inherit(whole) || whole.files
		}
	}
	for _, x := range joined {
		if x.files {
			continue
		}
		project := linkage.ProjectName(x.Provider, x.Project)
		out[project] = append(out[project], *x)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b released) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Version, b.Version), cmp.Compare(a.File, b.File))
		})
	}
	return out
}

func (x *released) merge(r *tokens.Release) {
	switch {
	case x.Mirrored && !r.Mirrored && !r.At.IsZero():
		x.At, x.Mirrored = r.At, false
	case !r.Mirrored:
		x.At = first(x.At, r.At)
	}
	x.Uploader, x.UserAgent = cmp.Or(x.Uploader, r.Uploader), cmp.Or(x.UserAgent, r.UserAgent)
	x.Publisher, x.Token = cmp.Or(x.Publisher, r.Publisher), cmp.Or(x.Token, r.Token)
	x.Attested, x.Trusted = yes(x.Attested, r.Attested), yes(x.Trusted, r.Trusted)
	x.Commit, x.RunID = cmp.Or(x.Commit, r.Commit), cmp.Or(x.RunID, r.RunID)
	x.Yanked, x.Removed = x.Yanked || r.Yanked, x.Removed || r.Removed
}

// oneUpload is how long after its version a file can have come with it: a token of a trusted publisher lives for 900 seconds [pypi/warehouse, oidc/views.py].
const oneUpload = 15 * time.Minute

// inherit tells of a file what was told of its version, and reports whether the file came with it. A file can be added to a version that is days old, and
// by whoever holds a token then: its time is its own, and so is who uploaded it. What became of the version became of all its files.
func (x *released) inherit(whole *released) bool {
	x.Yanked, x.Removed = x.Yanked || whole.Yanked, x.Removed || whole.Removed
	apart := x.At.Sub(whole.At).Abs() > oneUpload && !x.At.IsZero() && !whole.At.IsZero()
	if apart {
		if whole.Yanked || whole.Removed {
			x.ids = append(x.ids, whole.ids...)
		}
		return false
	}
	x.ids = append(x.ids, whole.ids...)
	if x.At.IsZero() {
		x.At = whole.At
	}
	if x.Trusted == "" && (x.Uploader == "" || fold(x.Uploader) == fold(whole.Uploader)) {
		x.Trusted, x.Publisher, x.Commit, x.RunID = whole.Trusted, cmp.Or(x.Publisher, whole.Publisher), cmp.Or(x.Commit, whole.Commit), cmp.Or(x.RunID, whole.RunID)
	}
	if x.Trusted != "yes" {
		x.Uploader = cmp.Or(x.Uploader, whole.Uploader)
	}
	x.UserAgent, x.Token, x.Attested = cmp.Or(x.UserAgent, whole.UserAgent), cmp.Or(x.Token, whole.Token), cmp.Or(x.Attested, whole.Attested)
	return true
}

// yes joins two answers: one that was found outweighs one that a document does not have.
func yes(a, b string) string {
	if a == "yes" || b == "yes" {
		return "yes"
	}
	return cmp.Or(a, b)
}

// releases lists the releases of the window's project while it was open, with what speaks for and against each.
func (v *view) releases(of map[string][]released) {
	w := v.window
	list := of[w.Project]
	if w.Project == "" || len(list) == 0 || w.Secret == "" {
		return
	}
	from, to := v.span()
	n := slices.IndexFunc(list, func(r released) bool { return !r.At.Before(from) })
	if n < 0 {
		return
	}
	before := list[:n]
	for _, r := range list[n:] {
		if w.State != exposure.Closed || !r.At.After(to) {
			v.out = append(v.out, v.release(&r, before))
		}
	}
}

func (v *view) release(r *released, before []released) Release {
	out := Release{Name: strings.TrimSpace(linkage.ProjectName(r.Provider, r.Project) + " " + r.Version + " " + r.File), At: r.At, Evidence: slices.Clone(r.ids)}
	strong := v.forRelease(r, &out)
	bad := v.againstRelease(r, before, &out)
	switch {
	case bad, !strong && len(out.Against) > 0:
		out.State = NotExplained
	case strong:
		out.State = Explained
	default:
		out.State = NotKnown
	}
	slices.Sort(out.Evidence)
	return out
}

// forRelease notes what speaks for a release; strong is what a thief of this credential could not have made.
func (v *view) forRelease(r *released, out *Release) (strong bool) {
	note := func(sure bool, format string, args ...any) {
		out.For = append(out.For, fmt.Sprintf(format, args...))
		strong = strong || sure
	}
	if r.Publisher != "" || r.Trusted == "yes" {
		note(true, "uploaded through a trusted publisher%s: no stored credential took part", space(r.Publisher))
	}
	if r.Attested == "yes" {
		note(r.Publisher != "", "it has an attestation")
	}
	if run, how := v.runOf(r); run != nil && !run.Malicious {
		note(how != weakly, "run %d of %s %s", run.ID, v.repository, how)
		out.Evidence = append(out.Evidence, run.Fact)
	}
	ref := tokens.NewRef(r.Provider, r.Token)
	if v.track != nil && ref != "" && ref.Provider() == v.window.Link.Provider && !slices.Contains(v.track.names, ref) {
		note(true, "the registry names another credential: %s", ref)
	}
	if c := v.unusedAt(r); c != nil {
		note(true, "this credential was last used before it, by the inventory of %s", evidence.Stamp(c.ListedAt))
		out.Evidence = append(out.Evidence, c.FactID())
	}
	return strong
}

// weakly is how a run speaks for a release by the time alone.
const weakly = "ran at that time"

// runOf is the run that made a release, as far as the release, its commit, a tag or the time tell.
func (v *view) runOf(r *released) (best *Run, how string) {
	x := v.runs[v.repository.Key()]
	if x == nil {
		return nil, ""
	}
	for _, run := range x.byID[r.RunID] {
		if r.RunID != 0 {
			return &run, "made it, by its document"
		}
	}
	const late = 10 * time.Minute // a registry shows what a job uploaded soon after
	for _, run := range x.at(r.At.Add(-late), r.At) {
		switch {
		case run.Malicious:
			return &run, "ran a malicious version at that time"
		case r.Commit != "" && run.Head == r.Commit:
			best, how = &run, "ran on its commit at that time"
		case run.names(r.Version) && how != "ran on its commit at that time":
			best, how = &run, "ran at that time for the tag that names it"
		case best == nil && !r.At.Before(run.From.Add(-drift)) && !r.At.After(run.To.Add(drift)):
			best, how = &run, weakly
		}
	}
	return best, how
}

// unusedAt is an inventory, made after the release, by which the credential was last used before it: a committed use would have moved the time.
func (v *view) unusedAt(r *released) *tokens.Credential {
	rows := v.rows[v.window.Link.Credential]
	for i := range rows {
		c := &rows[i]
		if c.LastUsedTold && c.ListedAt.After(r.At) && c.LastUsedAt.Add(c.LastWithin+time.Minute).Before(r.At) && !r.Mirrored && v.window.Link.Credential != "" {
			return c
		}
	}
	return nil
}

// againstRelease notes what speaks against a release; bad outweighs all that speaks for it.
func (v *view) againstRelease(r *released, before []released, out *Release) (bad bool) {
	note := func(format string, args ...any) { out.Against = append(out.Against, fmt.Sprintf(format, args...)) }
	if run, how := v.runOf(r); run != nil && run.Malicious {
		bad = true
		note("run %d of %s %s", run.ID, v.repository, how)
		out.Evidence = append(out.Evidence, run.Fact)
	}
	ran, _ := v.runOf(r)
	if v.track != nil && r.Token != "" && slices.Contains(v.track.names, tokens.NewRef(r.Provider, r.Token)) && (ran == nil || ran.Malicious) {
		note("published with this credential, and no run of %s is known to have done it", v.repository)
	}
	if r.Removed {
		note("the registry has it no longer")
	}
	if len(before) == 0 {
		return bad
	}
	had := func(f func(*released) bool) bool {
		return slices.ContainsFunc(before, func(b released) bool { return f(&b) })
	}
	trusted := r.Trusted == "yes" || r.Publisher != ""
	if !trusted && had(func(b *released) bool { return b.Trusted == "yes" || b.Publisher != "" }) {
		note("earlier releases came through a trusted publisher, this one did not")
	}
	if r.Attested == "no" && had(func(b *released) bool { return b.Attested == "yes" }) {
		note("earlier releases have attestations, this one has none")
	}
	if r.Uploader != "" && !trusted && had(func(b *released) bool { return b.Uploader != "" }) && !had(func(b *released) bool { return fold(b.Uploader) == fold(r.Uploader) }) {
		note("%s never uploaded before", evidence.Printable(r.Uploader))
	}
	agent := Family(r.UserAgent)
	if agent != "" && had(func(b *released) bool { return b.UserAgent != "" }) && !had(func(b *released) bool { return Family(b.UserAgent) == agent }) {
		note("never uploaded with %s before", evidence.Printable(agent))
	}
	return bad
}

func space(publisher string) string {
	if publisher == "" {
		return ""
	}
	return " (" + evidence.Printable(publisher) + ")"
}
