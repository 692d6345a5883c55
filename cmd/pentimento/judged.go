package main

import (
	"context"
	"slices"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

// candidates are versions that rules hit where a context holds, and what is usual in the versions of the case.
type candidates struct {
	found  map[evidence.OID]detect.Finding
	habits detect.Habits
	stored map[evidence.OID]bool // findings in some repository by its context alone
}

// note keeps what one version is to be judged by, and others by it.
func (c *candidates) note(blob evidence.OID, f detect.Finding, rest detect.Unhit) {
	if len(f.Conditional) > 0 {
		c.found[blob] = f
	}
	c.habits.Add(blob, rest.Names)
}

// judged gives the findings of one repository: those that stand in it, with what holds by its own history alone, which it stores. Doubts are the
// versions of which that could not be told.
func (a *analysis) judged(ctx context.Context, in *casefile.Inferences, facts *casefile.Facts) (own map[evidence.OID]detect.Finding, doubts []detect.Suspect, err error) {
	held, doubts, err := detect.Contextual(facts.History, a.candidates.found, &a.candidates.habits, func(blob evidence.OID) ([]byte, bool, error) {
		return a.file.Text(ctx, blob)
	})
	if err != nil {
		return nil, nil, err
	}
	for _, x := range held {
		if _, stored := a.findings[x.Blob]; !stored && !a.candidates.stored[x.Blob] {
			if err := detect.StoreFindings(in, []detect.Finding{a.candidates.found[x.Blob]}); err != nil {
				return nil, nil, err
			}
			a.candidates.stored[x.Blob] = true
		}
	}
	if err := detect.StoreContext(in, facts.ID, facts.History, held); err != nil {
		return nil, nil, err
	}
	own = detect.Overlay(facts.History, a.findings, a.candidates.found, held)
	doubts = slices.DeleteFunc(doubts, func(s detect.Suspect) bool { _, found := own[s.Blob]; return found })
	return own, doubts, nil
}
