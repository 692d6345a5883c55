package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/collect"
	"pentimento/internal/collect/ghapi"
	"pentimento/internal/collect/gitremote"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

// campaignOf finds the commits of the campaigns, and those that removed their files, in what the case holds of a repository now. Analysis does the
// same with more; here it decides what is worth asking for.
func (s *steps) campaignOf(ctx context.Context, facts *casefile.Facts) ([]detect.Commit, error) {
	findings, err := s.findings(ctx, facts)
	if err != nil {
		return nil, err
	}
	return detect.Commits(facts.History, findings, s.packs, facts.Textless), nil
}

// findings judges every workflow text of a repository, each once.
func (s *steps) findings(ctx context.Context, facts *casefile.Facts) (map[evidence.OID]detect.Finding, error) {
	out := map[evidence.OID]detect.Finding{}
	for blob, at := range facts.History.Versions() {
		text, ok, err := s.file.Text(ctx, blob)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for _, f := range detect.Versions([]detect.Version{{Blob: blob, Paths: at, Text: text}}, s.packs) {
			out[blob] = f
		}
	}
	return out, nil
}

// checkSuites asks which pushes brought the commits of the campaign and those that are named by something and on no ref: their suites name what was
// there before.
func (s *steps) checkSuites(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return err
	}
	campaign, err := s.campaignOf(ctx, facts)
	if err != nil {
		return err
	}
	told := earliest(facts)
	var wants []ghapi.Want
	add := func(oid evidence.OID, ids ...string) {
		if !slices.ContainsFunc(wants, func(w ghapi.Want) bool { return w.OID == oid }) {
			wants = append(wants, ghapi.Want{OID: oid, NamedBy: ids, At: told[oid]})
		}
	}
	for _, k := range campaign {
		add(k.OID, evidence.CommitID(k.OID))
	}
	named := namedCommits(facts)
	for _, oid := range sortedOIDs(named) {
		add(oid, named[oid]...)
	}
	tags := map[string]bool{}
	for _, l := range facts.Listing.Refs {
		tags[l.Ref.Short()] = tags[l.Ref.Short()] || l.Ref.Tag()
	}
	for _, u := range facts.Updates {
		tags[u.Ref.Short()] = tags[u.Ref.Short()] || u.Ref.Tag()
	}
	return s.api.CheckSuites(ctx, repo, wants, tags, emit)
}

// earliest is by when a commit was there, for each that an update names.
func earliest(facts *casefile.Facts) map[evidence.OID]time.Time {
	out := map[evidence.OID]time.Time{}
	for _, u := range facts.Updates {
		for _, oid := range []evidence.OID{u.Before, u.After} {
			if have, ok := out[oid]; oid.Object() && (!ok || u.At.Before(have)) {
				out[oid] = u.At
			}
		}
	}
	return out
}

func sortedOIDs[V any](m map[evidence.OID]V) []evidence.OID {
	out := make([]evidence.OID, 0, len(m))
	for oid := range m {
		out = append(out, oid)
	}
	slices.Sort(out)
	return out
}

// signatures asks which of the campaign's commits, and of those that removed its files, GitHub made itself: their dates are GitHub's.
func (s *steps) signatures(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return err
	}
	campaign, err := s.campaignOf(ctx, facts)
	if err != nil {
		return err
	}
	var oids []evidence.OID
	for _, k := range campaign {
		if facts.History.Commit(k.OID).Signed { // what bears no signature has none to check
			oids = append(oids, k.OID)
		}
	}
	slices.Sort(oids)
	return s.api.Signatures(ctx, repo, slices.Compact(oids), emit)
}

// ofAdmin asks what administrators see, where that was asked for.
func (s *steps) ofAdmin(repo evidence.Repository) []collect.Step {
	if !s.admin {
		return nil
	}
	return asksFor(ghapi.UnitAdmin, func(s *steps, ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
		since, err := s.firstPlant(ctx, repo)
		if err != nil {
			return err
		}
		return s.api.Admin(ctx, repo, since, emit)
	})(s, repo)
}

// firstPlant is by when the first commit of a campaign was there, as a ref update tells it; zero where none does: its own date is the
// attacker's word.
func (s *steps) firstPlant(ctx context.Context, repo evidence.Repository) (first time.Time, err error) {
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return first, err
	}
	campaign, err := s.campaignOf(ctx, facts)
	if err != nil {
		return first, err
	}
	told := earliest(facts)
	for _, k := range campaign {
		if at, ok := told[k.OID]; ok && k.Role != detect.Removal && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, nil
}

// ofLogs downloads the logs of the jobs of malicious files, where that was asked for.
func (s *steps) ofLogs(repo evidence.Repository) []collect.Step {
	if !s.logs {
		return nil
	}
	return asksFor(ghapi.UnitLogs, func(s *steps, ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
		facts, err := s.file.Facts(ctx, repo)
		if err != nil {
			return err
		}
		var jobs []ghapi.JobRef
		for at, list := range facts.Jobs { // jobs were asked for of malicious files alone
			for _, j := range list {
				jobs = append(jobs, ghapi.JobRef{RunID: at.RunID, Attempt: at.Attempt, JobID: j.JobID})
			}
		}
		slices.SortFunc(jobs, func(a, b ghapi.JobRef) int {
			return cmp.Or(cmp.Compare(a.RunID, b.RunID), cmp.Compare(a.Attempt, b.Attempt), cmp.Compare(a.JobID, b.JobID))
		})
		return s.api.Logs(ctx, repo, jobs, emit)
	})(s, repo)
}

// mostForks bounds how many forks are asked for what the repository's own server lost: the parent, then those that were pushed to last.
const mostForks = 8

// fromForks looks for lost commits in the fork network, which shares objects: a place that forgot them may stand beside one that did not.
func (s *steps) fromForks(ctx context.Context, repo evidence.Repository, missing []gitremote.Want, emit collect.Emit) ([]gitremote.Want, error) {
	last := evidence.Observation{Repository: repo, Unit: gitremote.UnitForks, Done: true}
	if s.api == nil || len(missing) == 0 {
		return missing, emit(last)
	}
	barred, err := s.barred(ctx, repo, evidence.GapBlocked, evidence.GapNotCollected, evidence.GapForbidden, evidence.GapIdentity, evidence.GapGone)
	if err != nil {
		return nil, err
	}
	if barred {
		return missing, emit(last)
	}
	if err := s.api.Forks(ctx, repo, emit); err != nil {
		return nil, err
	}
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return nil, err
	}
	forks := slices.Clone(facts.Forks)
	slices.SortStableFunc(forks, func(a, b evidence.Fork) int {
		if a.Parent != b.Parent && a.Parent {
			return -1
		} else if a.Parent != b.Parent {
			return 1
		}
		return cmp.Or(b.PushedAt.Compare(a.PushedAt), cmp.Compare(a.FullName, b.FullName))
	})
	for _, f := range forks[:min(len(forks), mostForks)] {
		if missing, err = s.git.RecoverFrom(ctx, repo, f.FullName, missing, emit); err != nil {
			return nil, err
		}
		if len(missing) == 0 {
			break
		}
	}
	return missing, emit(last)
}
