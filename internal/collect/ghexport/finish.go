package ghexport

import (
	"fmt"
	"strings"

	"pentimento/internal/evidence"
)

// finish adds what concerns all repositories of an organisation, and closes every repository's unit with coverage and the gaps of the file.
func (e *export) finish() error {
	filed := make([]bool, len(e.shared))
	for _, g := range e.sorted() {
		for i, r := range e.shared {
			if strings.EqualFold(r.text("org"), g.repo.Owner()) {
				g.add(r)
				filed[i] = true
			}
		}
		if err := e.flush(g, func(obs *evidence.Observation) { e.close(g, obs) }); err != nil {
			return err
		}
	}
	for _, ok := range filed {
		if ok {
			e.sum.Stored++
		} else {
			e.sum.Unnamed++
		}
	}
	return nil
}

// close says how far the silence of the export on a repository counts: without a word from whoever exported it, not at all. For moves of refs, the
// coverage without a detail, it goes back no further than the audit log keeps events of git, and not over pushes that name no ref.
func (e *export) close(g *group, obs *evidence.Observation) {
	obs.Done = true
	whole := e.cfg.declared() && e.sum.Bad == 0 && len(e.sum.Damage) == 0
	all := evidence.Coverage{Origin: e.origin, From: g.first, To: g.last, Oldest: g.first}
	if e.cfg.declared() {
		all.From, all.To, all.Complete = e.cfg.CoversFrom.UTC(), e.cfg.CoversTo.UTC(), whole
	}
	if e.origin == evidence.OriginAuditLog {
		rest := all
		rest.Detail = evidence.OtherThanGit
		obs.Coverage = append(obs.Coverage, rest)
		if kept := all.To.Add(-gitKept); all.From.Before(kept) {
			all.From = kept
		}
		all.Complete = all.Complete && g.silent == 0
	}
	obs.Coverage = append(obs.Coverage, all)
	if e.sum.Bad > 0 {
		obs.Gaps = append(obs.Gaps, evidence.Gap{Kind: evidence.GapUnreadable, Subject: "rows of the export",
			Detail: fmt.Sprintf("%d of %d rows could not be read: %s", e.sum.Bad, e.sum.Rows, strings.Join(e.bad, "; "))})
	}
	if len(e.sum.Damage) > 0 {
		obs.Gaps = append(obs.Gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: "files of the export",
			Detail: fmt.Sprintf("%d files end early or are damaged; the first, %s", len(e.sum.Damage), e.sum.Damage[0]), Hint: "export it again"})
	}
	if g.silent > 0 {
		obs.Gaps = append(obs.Gaps, evidence.Gap{Kind: evidence.GapUnsupported, Subject: "pushes in the audit log",
			Detail: fmt.Sprintf("%d pushes between %s and %s are told without branch and commit", g.silent, evidence.Stamp(g.silentFrom), evidence.Stamp(g.silentTo)),
			Hint:   "the stored rows say who pushed when; activity of the repository says what"})
	}
	if g.gaps > maxNamed {
		obs.Gaps = append(obs.Gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: "more events",
			Detail: fmt.Sprintf("%d events have a gap of their own, %d more are in the stored rows alone", maxNamed, g.gaps-maxNamed)})
	}
}
