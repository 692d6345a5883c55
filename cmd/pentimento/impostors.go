package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

// settle finds the impostors among the actions that workflows of the case use and whose own repositories are in it, too.
func (a *analysis) settle(ctx context.Context) error {
	impostors := map[string]detect.Impostor{}
	used := detect.Used(a.candidates.found)
	for _, repo := range slices.Sorted(maps.Keys(used)) {
		facts, err := a.file.Facts(ctx, evidence.Repository(repo))
		if err != nil {
			return err
		}
		maps.Copy(impostors, detect.Impostors(facts, used[repo], a.info.Now))
		if err := facts.History.Err(); err != nil {
			return fmt.Errorf("refs of %s: %w", repo, err)
		}
	}
	detect.Settle(a.findings, a.candidates.found, impostors)
	return nil
}
