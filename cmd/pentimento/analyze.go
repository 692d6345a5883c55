package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"pentimento/internal/campaign"
	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/family"
	"pentimento/internal/timeline"
)

func (p *program) analyzeCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "analyze",
		Short: "Infer everything anew from the facts",
		Long: `Empties all inferences and makes them anew from the facts: findings, campaign commits, presence, runs, windows, verdicts and the gaps
met on the way. Facts are never changed. It asks nobody and can be run at will.

An analysis that is not the first prints what it concludes otherwise than the one before: + for what came, - for what went, ~ for what is
another; --json prints all of it.`,
		Example: "  pentimento analyze && pentimento repos",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withCase(cmd.Context(), func(c *casefile.Case) error { return p.analyzeAndTell(cmd.Context(), c, asJSON) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what changed as a versioned document")
	return cmd
}

func (p *program) analyze(ctx context.Context, c *casefile.Case) error {
	packs, err := casePacks(ctx, c)
	if err != nil {
		return err
	}
	if len(packs) == 0 {
		return hint(errors.New("the case names no campaign: nothing could be found in it"), "make one with: pentimento init --campaign NAME")
	}
	info, err := c.Info(ctx)
	if err != nil {
		return err
	}
	paceMemory()
	a := &analysis{file: c, packs: packs, info: info, windows: map[int64][]*exposure.Window{}, rotation: map[int64]exposure.RotationInput{}}
	if err := c.Rebuild(ctx, func(in *casefile.Inferences) error { return a.all(ctx, in) }); err != nil {
		return err
	}
	p.sayNetworks(a.tokens.world.Networks)
	p.say("analysed %d repositories: %d malicious workflow version(s)", a.repositories, len(a.findings)+len(a.candidates.stored))
	return nil
}

// analysis is one rebuild under way.
type analysis struct {
	file       *casefile.Case
	packs      []campaign.Pack
	findings   map[evidence.OID]detect.Finding
	unhit      map[evidence.OID]detect.Unhit // versions without a finding that could take something
	candidates candidates
	info       casefile.Info
	archive    map[string][]evidence.ArchiveHour // by the scopes in which they were read, see heard
	windows    map[int64][]*exposure.Window      // by row id of the repository
	rotation   map[int64]exposure.RotationInput  // by the same
	names      map[int64]evidence.Repository     // by the same
	tokens     tokenFacts
	shapes     *family.Gathering // until families are formed
	watch      *family.Watch
	kin        map[evidence.OID]string // versions that no rule hits and that are of a family, and why

	repositories int // worked out
}

// all works the case out. It reads within the rebuild alone: that holds the right to write, so every part is of the same facts.
func (a *analysis) all(ctx context.Context, in *casefile.Inferences) error {
	mark, err := a.file.Mark(ctx)
	if err != nil {
		return err
	}
	if err := in.Exec("INSERT INTO analysis (key, value) VALUES ('version', ?), ('facts', ?)", version(), mark); err != nil {
		return err
	}
	if err := a.waves(in); err != nil {
		return err
	}
	if err := a.loadTokens(ctx); err != nil {
		return err
	}
	targets, err := a.file.Targets(ctx)
	if err != nil {
		return err
	}
	if err := a.examine(ctx, targets); err != nil {
		return err
	}
	if err := a.settle(ctx); err != nil {
		return err
	}
	a.cluster()
	if err := detect.StoreFindings(in, slices.Collect(maps.Values(a.findings))); err != nil {
		return err
	}
	for _, t := range targets {
		if err := a.repository(ctx, in, t.Repository); err != nil {
			return fmt.Errorf("analyze %s: %w", t.Repository, err)
		}
		a.repositories++
	}
	if err := a.storeFamilies(in); err != nil {
		return err
	}
	return a.pushers(ctx, in)
}

// maxHeard bounds how many lists of hours are kept: repositories that were added at one time share one.
const maxHeard = 4

// heard lists the hours of archives that were searched for a repository.
func (a *analysis) heard(ctx context.Context, repo evidence.Repository) ([]evidence.ArchiveHour, error) {
	scopes, err := a.file.ArchiveScopes(ctx, repo)
	if err != nil || len(scopes) == 0 {
		return nil, err
	}
	key := strings.Join(scopes, " ")
	list, known := a.archive[key]
	if known {
		return list, nil
	}
	if list, err = a.file.HoursWithin(ctx, scopes); err != nil {
		return nil, err
	}
	if a.archive == nil || len(a.archive) == maxHeard {
		a.archive = map[string][]evidence.ArchiveHour{}
	}
	a.archive[key] = list
	return list, nil
}

// repository works one repository out, from facts to verdict.
func (a *analysis) repository(ctx context.Context, in *casefile.Inferences, repo evidence.Repository) error {
	facts, err := a.file.Facts(ctx, repo)
	if err != nil {
		return err
	}
	archive, err := a.heard(ctx, repo)
	if err != nil {
		return err
	}
	findings, doubts, err := a.judged(ctx, in, facts)
	if err != nil {
		return err
	}
	commits := detect.Clocked(detect.Commits(facts.History, findings, a.packs, facts.Textless), facts.History, facts.Readmes, facts.Updates, facts.Listing.Refs, a.info.Now)
	commits = detect.Indicated(commits, repo, facts.Updates, facts.Listing.Refs, a.packs)
	read := timeline.Read(timeline.Input{Facts: facts, Malicious: versions(findings, a.packs), Campaign: campaignCommits(commits),
		Suspect: suspectPaths(a.packs), Archive: archive, Log: a.logText(ctx), Now: a.info.Now})
	unjudged, err := a.suspects(in, facts, findings, doubts)
	if err != nil {
		return err
	}
	if unjudged, err = a.relatives(in, facts, findings, unjudged); err != nil {
		return err
	}
	a.watched(facts, findings)
	input := exposure.Input{Facts: facts, Unjudged: unjudged, Findings: findings, Commits: commits, Timeline: read, Now: a.info.Now}
	if err := detect.StorePlaces(in, facts.ID, facts.History, findings); err != nil {
		return err
	}
	if err := detect.StoreCommits(in, facts.ID, facts.History, placed(facts, commits, read)); err != nil {
		return err
	}
	if err := timeline.Store(in, facts.ID, read); err != nil {
		return err
	}
	for _, blob := range facts.Redacted {
		err := in.Gap(facts.ID, evidence.Gap{Repository: repo, Unit: "detect", Kind: evidence.GapUnreadable, Subject: string(blob),
			Detail: "parts of this workflow text had the shape of a credential and were not kept: what they said was not judged",
			Hint:   "read the file in the mirror or at its source by hand"}, nil)
		if err != nil {
			return err
		}
	}
	var list []*exposure.Window
	for _, w := range exposure.Windows(input) {
		list = append(list, &w)
	}
	if a.windows[facts.ID], err = a.link(in, facts, &read, list); err != nil {
		return err
	}
	a.named(facts)
	if err := a.reach(in, input); err != nil {
		return err
	}
	if err := errors.Join(facts.History.Err(), read.Err); err != nil { // something above went without what it asked for
		return err
	}
	return exposure.StoreVerdict(in, facts.ID, exposure.Judge(input))
}

// suspects stores a gap for each version that nobody should call harmless unseen, the doubts among them, and gives the gaps' ids.
func (a *analysis) suspects(in *casefile.Inferences, facts *casefile.Facts, findings map[evidence.OID]detect.Finding, doubts []detect.Suspect) ([]string, error) {
	var ids []string
	for _, s := range append(detect.Suspects(facts.History, a.unhit, a.packs), doubts...) {
		if _, found := findings[s.Blob]; found { // by what this repository did before
			continue
		}
		g := evidence.Gap{Repository: facts.Repository, Unit: "detect", Kind: evidence.GapUnreadable, Subject: string(s.Blob),
			Detail: "the version at " + s.Path + " " + s.Why, Hint: "look at it by hand: pentimento evidence blob-" + string(s.Blob)}
		if err := in.Gap(facts.ID, g, []string{"blob-" + string(s.Blob), "cmt-" + string(s.Commit)}); err != nil {
			return nil, err
		}
		ids = append(ids, g.ID())
	}
	return ids, nil
}

func suspectPaths(packs []campaign.Pack) map[string]bool {
	out := map[string]bool{}
	for _, p := range packs {
		for _, path := range p.Indicators.Paths {
			out[path] = true
		}
	}
	return out
}

func casePacks(ctx context.Context, c *casefile.Case) ([]campaign.Pack, error) {
	var packs []campaign.Pack
	err := c.Packs(ctx, func(name string, text []byte) error {
		pack, err := campaign.Parse(name, text)
		packs = append(packs, pack)
		return err
	})
	return packs, err
}

// examine judges every workflow text of the case on all processors, a few at a time: a case holds more texts than memory should.
func (a *analysis) examine(ctx context.Context, targets []casefile.Target) error {
	within := map[string]bool{}
	for _, t := range targets {
		within[t.Repository.Key()] = true
	}
	a.findings, a.unhit, a.shapes = map[evidence.OID]detect.Finding{}, map[evidence.OID]detect.Unhit{}, family.NewGathering()
	a.candidates = candidates{found: map[evidence.OID]detect.Finding{}, stored: map[evidence.OID]bool{}, calls: map[evidence.OID][]string{}}
	texts := make(chan detect.Version)
	var found sync.Mutex
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			x := detect.NewExaminer(a.packs)
			x.Within(within)
			for v := range texts {
				f, rest, hit := x.Examine(v)
				shape := shapeOf(v, x.File(), f, rest, hit && len(f.Bound()) == 0) // a family is of what the campaign made
				calls := x.Calls()
				found.Lock()
				a.shapes.Add(shape)
				a.candidates.note(v.Blob, f, rest, calls)
				switch {
				case hit:
					a.findings[v.Blob] = f
				case rest.Takes:
					rest.Names = nil // they stand in the habits
					a.unhit[v.Blob] = rest
				}
				found.Unlock()
			}
		})
	}
	err := a.file.Blobs(ctx, func(oid evidence.OID, paths []string, text []byte) error {
		texts <- detect.Version{Blob: oid, Paths: paths, Text: text}
		return nil
	})
	close(texts)
	all.Wait()
	return err
}

// versions is what the timeline needs of findings.
func versions(findings map[evidence.OID]detect.Finding, packs []campaign.Pack) map[evidence.OID]timeline.Version {
	out := make(map[evidence.OID]timeline.Version, len(findings))
	for oid, f := range findings {
		v := timeline.Version{Campaign: f.Campaign, Triggers: f.Triggers, Waves: wavesOf(f, packs)}
		for _, h := range f.Hits {
			v.Rules = append(v.Rules, h.Rule)
		}
		for _, l := range f.Leaks {
			v.Leaks = append(v.Leaks, timeline.Leak{JobID: l.JobID, JobName: l.JobName, StepName: l.StepName, StepIndex: l.StepIndex})
		}
		out[oid] = v
	}
	return out
}

func campaignCommits(commits []detect.Commit) []evidence.OID {
	var out []evidence.OID
	for _, c := range commits {
		if c.Role != detect.Removal {
			out = append(out, c.OID)
		}
	}
	return out
}

// placed joins campaign commits with what the listing and the timeline say of them.
func placed(facts *casefile.Facts, commits []detect.Commit, read timeline.Result) []detect.Placed {
	if len(commits) == 0 {
		return nil
	}
	var tips []evidence.OID
	for _, l := range facts.Listing.Refs {
		tips = append(tips, l.Target())
	}
	reachable := facts.History.Reach(tips...)
	var out []detect.Placed
	for _, c := range commits {
		n, _ := facts.History.Had(c.OID)
		out = append(out, detect.Placed{Commit: c, CommittedAt: facts.History.Committed(n), Pushed: read.Pushed[c.OID],
			Recovered: facts.Listing.Known() && !reachable.Has(n)})
	}
	return out
}
