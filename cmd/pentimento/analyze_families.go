package main

import (
	"maps"
	"slices"

	"pentimento/internal/campaign"
	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/family"
	"pentimento/internal/workflow"
)

// shapeOf is the shape of a version as it was judged. Versions that can take nothing are kept for what they have in common with a family only.
func shapeOf(v detect.Version, file workflow.File, f detect.Finding, rest detect.Unhit, hit bool) family.Version {
	out := family.Version{Blob: v.Blob}
	if !hit {
		out.Shape = family.Read(v.Text, v.Paths, file, nil, rest.Takes)
		return out
	}
	out.Campaign = f.Campaign
	best := -1
	for _, h := range f.Hits {
		if c := slices.Index(campaign.Confidences, h.Confidence); c > best {
			best, out.Confidence = c, h.Confidence
		}
	}
	leaks := func(job string, step int) bool {
		return slices.ContainsFunc(f.Leaks, func(l detect.Leak) bool { return l.JobID == job && l.StepIndex == step })
	}
	out.Shape = family.Read(v.Text, v.Paths, file, leaks, true)
	return out
}

// cluster forms the families once every version has been judged, and begins to look for them in the repositories.
func (a *analysis) cluster() {
	families := a.shapes.Families()
	a.kin = map[evidence.OID]string{}
	for _, f := range families {
		for _, m := range f.Members {
			if !m.Found {
				a.kin[m.Blob] = "is of family " + f.ID + ": " + m.Reason
			}
		}
	}
	a.watch = family.NewWatch(a.shapes, families, a.packs)
	a.shapes = nil
}

// watched takes a repository in that families may stand in.
func (a *analysis) watched(facts *casefile.Facts, findings map[evidence.OID]detect.Finding) {
	scene := family.Scene{Repository: facts.Repository, History: facts.History, Updates: facts.Updates, Refs: facts.Listing.Refs, Readmes: facts.Readmes, Now: a.info.Now,
		Found: func(blob evidence.OID) bool { _, found := findings[blob]; return found }}
	if facts.State != nil {
		scene.Default = facts.State.DefaultBranch
	}
	a.watch.Repository(scene)
}

// storeFamilies writes what the round through the repositories gave.
func (a *analysis) storeFamilies(in *casefile.Inferences) error {
	return family.Store(in, a.watch.Standings(), a.watch.Proposals())
}

// relatives stores a gap for each version of a repository that shares its shape with a finding, and gives the gaps' ids: a repository that holds one is not
// clean before somebody has looked.
func (a *analysis) relatives(in *casefile.Inferences, facts *casefile.Facts, findings map[evidence.OID]detect.Finding, told []string) ([]string, error) {
	versions := facts.History.Versions()
	for _, blob := range slices.Sorted(maps.Keys(versions)) {
		why, is := a.kin[blob]
		if _, found := findings[blob]; found || !is {
			continue
		}
		g := evidence.Gap{Repository: facts.Repository, Unit: "detect", Kind: evidence.GapUnreadable, Subject: string(blob),
			Detail: "the version at " + versions[blob][0] + " " + why, Hint: "look at it by hand: pentimento evidence blob-" + string(blob)}
		if err := in.Gap(facts.ID, g, []string{"blob-" + string(blob)}); err != nil {
			return nil, err
		}
		told = append(told, g.ID())
	}
	return told, nil
}
