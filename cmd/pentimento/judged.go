package main

import (
	"context"
	"maps"
	"slices"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

// candidates are versions that rules hit where a context holds, and what is usual in the versions of the case.
type candidates struct {
	found  map[evidence.OID]detect.Finding
	habits detect.Habits
	stored map[evidence.OID]bool     // findings in some repositories only, by what surrounds them there
	calls  map[evidence.OID][]string // workflows of the same repository that versions hand secrets to
}

// note keeps what one version is to be judged by, and others by it.
func (c *candidates) note(blob evidence.OID, f detect.Finding, rest detect.Unhit, calls []string) {
	if len(calls) > 0 {
		c.calls[blob] = calls
	}
	if len(f.Conditional) > 0 {
		c.found[blob] = f
	}
	c.habits.Add(blob, rest.Names)
}

// judged gives the findings of one repository: those that stand in it, with what holds by its own history alone, which it stores. Doubts are the
// versions of which that could not be told.
func (a *analysis) judged(ctx context.Context, in *casefile.Inferences, facts *casefile.Facts) (own map[evidence.OID]detect.Finding, doubts []detect.Suspect, err error) {
	text := func(blob evidence.OID) ([]byte, bool, error) { return a.file.Text(ctx, blob) }
	called, open, err := detect.Called(facts.History, detect.NewExaminer(a.packs), a.candidates.calls, a.findings, text)
	if err != nil {
		return nil, nil, err
	}
	found := a.candidates.found
	if len(called) > 0 {
		found = maps.Clone(found)
		maps.Copy(found, called)
	}
	held, doubts, err := detect.Contextual(facts.History, found, &a.candidates.habits, text)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range held {
		if err := a.storeOnce(in, found[x.Blob]); err != nil {
			return nil, nil, err
		}
	}
	for _, blob := range slices.Sorted(maps.Keys(called)) {
		if len(called[blob].Hits) == 0 {
			delete(called, blob)
		} else if err := a.storeOnce(in, called[blob]); err != nil {
			return nil, nil, err
		}
	}
	if err := detect.StoreContext(in, facts.ID, facts.History, held); err != nil {
		return nil, nil, err
	}
	own = detect.Overlay(facts.History, a.findings, found, held)
	for blob, f := range called {
		if _, there := own[blob]; !there {
			own[blob] = f
		}
	}
	doubts = append(doubts, open...)
	doubts = slices.DeleteFunc(doubts, func(s detect.Suspect) bool { _, found := own[s.Blob]; return found })
	return own, doubts, nil
}

// storeOnce stores a finding that is one in some repositories only, with the first of them.
func (a *analysis) storeOnce(in *casefile.Inferences, f detect.Finding) error {
	if _, stored := a.findings[f.Blob]; stored || a.candidates.stored[f.Blob] {
		return nil
	}
	a.candidates.stored[f.Blob] = true
	return detect.StoreFindings(in, []detect.Finding{f})
}
