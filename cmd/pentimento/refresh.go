package main

import (
	"context"
	"slices"

	"pentimento/internal/collect"
	"pentimento/internal/collect/ghapi"
	"pentimento/internal/evidence"
)

// passes tells the gaps that asking again may close by itself.
func passes(k evidence.GapKind) bool {
	return k == evidence.GapServer || k == evidence.GapRateLimit || k == evidence.GapBudget
}

// held is what a refresh joins a list to. Where anything of it is missing the whole list is asked for again; that GitHub ends the events
// at a number stays true whatever comes after.
func (s *steps) held(ctx context.Context, repo evidence.Repository, origin evidence.Origin) (ghapi.Held, bool, error) {
	if !s.refresh {
		return ghapi.Held{}, false, nil
	}
	return s.heldList(ctx, repo, origin)
}

// heldList is held whether or not only news are asked for.
func (s *steps) heldList(ctx context.Context, repo evidence.Repository, origin evidence.Origin) (h ghapi.Held, ok bool, err error) {
	gaps, err := s.file.Gaps(ctx, repo)
	if err != nil {
		return h, false, err
	}
	for _, g := range gaps {
		if g.Unit != "api/"+string(origin) {
			continue
		}
		if origin != evidence.OriginEvents || g.Kind != evidence.GapTruncated {
			return h, false, nil
		}
		h.Gaps = append(h.Gaps, g)
	}
	if h.Coverage, ok, err = s.file.Covered(ctx, repo, origin); err != nil || !ok {
		return h, false, err
	}
	if origin == evidence.OriginRuns {
		h.Open, err = s.file.Unfinished(ctx, repo)
	}
	return h, err == nil, err
}

func (s *steps) ofCatchUp(evidence.Repository) []collect.Step {
	if s.api == nil {
		return nil
	}
	return []collect.Step{{Units: []string{unitCatchUp}, Run: s.ofAPI(unitCatchUp, s.catchUp)}}
}

// catchUp lists the activity again, from where its list ended to now, where git has listed the refs since: a push that a listing shows is
// to lie in the time that the activity covers. So it does with the runs where a malicious file was found, which may have run since. What
// the first lists came to stands, whatever becomes of this.
func (s *steps) catchUp(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	listing, err := s.file.Listing(ctx, repo)
	if err != nil {
		return err
	}
	late := func(obs evidence.Observation) error {
		obs.Unit, obs.Done = unitCatchUp, false
		for i := range obs.Gaps {
			obs.Gaps[i].Unit = unitCatchUp
		}
		return emit(obs)
	}
	behind := func(part string, origin evidence.Origin) (bool, error) {
		h, ok, err := s.heldList(ctx, repo, origin)
		return s.planned(part) && ok && h.Coverage.To.Before(listing.At), err
	}
	activity, err := behind("activity", evidence.OriginActivity)
	if err != nil {
		return err
	}
	if activity {
		if err := s.late.Activity(ctx, repo, late); err != nil {
			return err
		}
	}
	runs, err := behind("runs", evidence.OriginRuns)
	if err != nil {
		return err
	}
	if runs {
		facts, err := s.file.Facts(ctx, repo)
		if err != nil {
			return err
		}
		found, err := s.findings(ctx, facts)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			if err := s.late.Runs(ctx, repo, late); err != nil {
				return err
			}
		}
	}
	return emit(evidence.Observation{Repository: repo, Unit: unitCatchUp, Done: true})
}

// fresh leaves out the attempts whose jobs a refresh need not ask for: all of them were listed after the attempt had ended.
func (s *steps) fresh(runs []evidence.Run, coverage []evidence.Coverage) []ghapi.RunRef {
	listed := map[string]evidence.Coverage{}
	for _, v := range coverage {
		if was := listed[v.Detail]; v.Origin == evidence.OriginJobs && v.Complete && v.To.After(was.To) {
			listed[v.Detail] = v
		}
	}
	var out []ghapi.RunRef
	for _, r := range runs {
		ref := ghapi.RunRef{RunID: r.RunID, Attempt: r.Attempt}
		ended := r.Status == "completed" && !r.UpdatedAt.IsZero() && r.UpdatedAt.Before(listed[ref.String()].To)
		if !s.refresh || !ended {
			out = append(out, ref)
		}
	}
	return out
}

// settled takes out of the wants what a refresh need not ask the API for one by one: commits that it served before, whose names are
// told again, and those that it said it does not have, whose gaps are.
func (s *steps) settled(wants []ghapi.Want, seen map[evidence.OID][]evidence.CommitSeen, gaps []evidence.Gap) (ask []ghapi.Want, again evidence.Observation) {
	if !s.refresh {
		return wants, again
	}
	missing := map[string]evidence.Gap{}
	for _, g := range gaps {
		if g.Unit == ghapi.UnitGitData {
			missing[g.Subject] = g
		}
	}
	for _, w := range wants {
		g, unanswered := missing[string(w.OID)]
		served := slices.ContainsFunc(seen[w.OID], func(v evidence.CommitSeen) bool { return v.Via == "git-data" })
		switch {
		case unanswered && g.Kind == evidence.GapObjectMissing:
			again.Gaps = append(again.Gaps, g)
		case served && !unanswered:
			again.Seen = append(again.Seen, evidence.CommitSeen{Commit: w.OID, Via: "git-data", NamedBy: w.NamedBy})
		default:
			ask = append(ask, w)
		}
	}
	return ask, again
}
