// Package detect answers which workflow versions are malicious, and which commits of a repository belong to the campaign that made them.
//
// It takes the texts of workflow versions, campaign packs, and a repository's history; it gives findings (one per version, with the rules and
// lines that say why) and campaign commits with their role. It reads only values and gives only values: the same input gives the same
// output in the same order.
//
// It does not conclude that a version was on a branch (see timeline), that it ran, or who made a commit: author, committer and dates are
// whatever the maker wrote, and a role says what a commit did to the tree, not by whom.
package detect

import (
	"cmp"
	"slices"
	"sync"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/heuristic"
	"pentimento/internal/workflow"
)

// Version is one text of a workflow file and the paths at which it was seen.
type Version struct {
	Blob  evidence.OID
	Paths []string
	Text  []byte
}

// Hit is one rule that holds for a version: PACK/RULE for a pack's rule, "heuristic/RULE" for one of package heuristic. Reason is safe to print.
type Hit struct {
	Rule       string
	Severity   string
	Confidence string
	Reason     string
	Lines      []int

	OnlyInWaves bool `json:",omitempty"` // see campaign.Rule
}

// Finding is a workflow version judged malicious. Secrets is every reference in the file, leaked or not: who controls the file could read
// them all. Destinations are the hosts that leaking steps talk to, sorted, as in the file.
type Finding struct {
	Blob         evidence.OID
	Paths        []string // sorted
	Campaign     string   // the pack's name; empty where only heuristics hit
	Hits         []Hit
	Secrets      []workflow.SecretRef
	AllSecrets   bool
	History      bool
	Destinations []string
	Triggers     []workflow.Trigger
	Leaks        []Leak
	Reach        []Reach  // what each job could read
	Problems     []string // why the file could not be read in full
	Conditional  []Conditional
	Moves        []Move // in which alone the version does harm, where nothing but moved tags hits it: see [Finding.Bound]
}

// Conditional is a hit that counts in the repositories where its context holds alone: see [Contextual]. Hosts are those, of no known service,
// that secrets, loot or bodies go to or from where what is run comes.
type Conditional struct {
	Hit
	Pack      string
	Context   campaign.Context
	Hosts     []string
	Uses      []Use      // where the context goes by actions: see [Settle]
	Impostors []Impostor // those among Uses
}

// SecretNames lists the secrets of the finding, sorted, each once, without the one that stands for all.
func (f Finding) SecretNames() []string {
	var out []string
	for _, r := range f.Secrets {
		if !r.All() {
			out = append(out, r.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Versions judges workflow versions: one finding per malicious one, by blob. Each blob is parsed once, however often it is given.
func Versions(versions []Version, packs []campaign.Pack) []Finding {
	byBlob := map[evidence.OID]Version{}
	for _, v := range versions {
		have := byBlob[v.Blob]
		byBlob[v.Blob] = Version{Blob: v.Blob, Text: v.Text, Paths: append(have.Paths, v.Paths...)}
	}
	var out []Finding
	x := NewExaminer(packs)
	for _, v := range byBlob {
		if f, _, hit := x.Examine(v); hit {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return cmp.Compare(a.Blob, b.Blob) })
	return out
}

// Examiner judges versions one after the other, by the same packs. It is not safe for concurrent use.
type Examiner struct {
	packs  []campaign.Pack
	rules  []campaign.Pack // packs, and the heuristics
	parser workflow.Parser
	file   workflow.File
	within map[string]bool // see Within
}

// NewExaminer makes an examiner.
func NewExaminer(packs []campaign.Pack) *Examiner {
	return &Examiner{packs: packs, rules: append(slices.Clip(packs), heuristics())}
}

// heuristics are the rules without a campaign. They come with the program, and a test loads them: what does not load is a mistake in the build.
var heuristics = sync.OnceValue(func() campaign.Pack {
	p, err := heuristic.Pack()
	if err != nil {
		panic(err)
	}
	return p
})

// File is the version examined last, as far as judging it took.
func (x *Examiner) File() workflow.File { return x.file }

// Examine judges one version. Where no rule hits it by itself, rest is for [Suspects] and [Habits], and f has what hits it where a context holds, if
// anything does.
func (x *Examiner) Examine(v Version) (f Finding, rest Unhit, hit bool) {
	v.Paths = sorted(v.Paths)
	file, all := x.parser.Judge(v.Text)
	f, hit = x.judge(v, file)
	if hit && !all { // no rule asks more of the secrets than Judge tells, but a finding lists them
		file = x.parser.Parse(v.Text)
		f, hit = x.judge(v, file)
	}
	x.file = file
	if !hit {
		return Finding{}, unhit(file, v.Text), false
	}
	if len(f.Hits) == 0 {
		return f, unhit(file, v.Text), false
	}
	return f, Unhit{}, true
}

// judge applies all rules. It reports whether any hits, be it where its context holds alone.
func (x *Examiner) judge(v Version, file workflow.File) (Finding, bool) {
	f := Finding{Blob: v.Blob, Paths: v.Paths, Secrets: file.Secrets, AllSecrets: file.AllSecrets, Triggers: file.Triggers,
		Problems: file.Problems}
	best := 0
	for _, p := range x.rules {
		weight := 0
		for _, m := range p.Match(v.Paths, file, v.Text) {
			h := Hit{Rule: p.Name + "/" + m.Rule.ID, Severity: m.Rule.Severity, Confidence: m.Rule.Confidence, Reason: m.Reason, Lines: m.Lines,
				OnlyInWaves: m.Rule.OnlyInWaves}
			if m.Rule.Context.Asks() {
				c := Conditional{Hit: h, Pack: p.Name, Context: m.Rule.Context, Hosts: takers(file)}
				if c.Context.AsksOfActions() {
					c.Uses = x.used(file)
				}
				if len(c.Uses) > 0 || !c.Context.AsksOfActions() {
					f.Conditional = append(f.Conditional, c)
				}
				continue
			}
			f.Hits = append(f.Hits, h)
			weight = max(weight, 1+strength(m.Rule))
		}
		// The pack with the surest hit names the campaign; the first one where two are as sure.
		if weight > best && p.Name != heuristic.Name {
			best, f.Campaign = weight, p.Name
		}
	}
	if len(f.Hits)+len(f.Conditional) == 0 {
		return Finding{}, false
	}
	f.Reach = reach(file)
	if f.Leaks = taken(file, f.Reach, x.packs, f.Bound()); len(f.Leaks) == 0 {
		f.Leaks = leaks(file, f, x.packs)
	}
	f.Destinations = hosts(file, f.Leaks)
	for _, l := range f.Leaks {
		f.History = f.History || l.History
	}
	return f, true
}

// takers lists the hosts, of no known service, that a file sends anything to or runs anything from.
func takers(file workflow.File) []string {
	var out []string
	add := func(host string) {
		if campaign.Outside(host) && !campaign.Service(host) {
			out = append(out, host)
		}
	}
	for _, d := range file.Destinations {
		if d.Uploads || len(d.Secrets)+len(d.Posted)+len(d.Loot) > 0 {
			add(d.Host)
		}
	}
	for _, j := range file.Jobs {
		for _, s := range j.Steps {
			for _, p := range s.Payloads {
				add(p.Host)
			}
		}
	}
	return sorted(out)
}

func strength(r campaign.Rule) int {
	return slices.Index(campaign.Confidences, r.Confidence)*len(campaign.Severities) + slices.Index(campaign.Severities, r.Severity)
}

// hosts lists where the leaking steps talk to; every host of the file where no leak names one.
func hosts(file workflow.File, leaks []Leak) []string {
	var out []string
	for _, j := range file.Jobs {
		for _, s := range j.Steps {
			if !slices.ContainsFunc(leaks, func(l Leak) bool { return l.JobID == j.ID && l.StepIndex == s.Index }) {
				continue
			}
			for _, d := range s.Destinations {
				out = append(out, d.Host)
			}
		}
	}
	if len(out) == 0 {
		for _, d := range file.Destinations {
			out = append(out, d.Host)
		}
	}
	return slices.DeleteFunc(sorted(out), func(host string) bool { return host == "" })
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
