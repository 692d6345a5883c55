package ghexport

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// finish files what concerns all repositories of an organisation, closes the unit of each that has rows, and says of every repository of the case
// what the export as a whole is worth. That is of a unit without a digest: another export, that can be read, takes its place.
func (e *export) finish() error {
	filed := make([]bool, len(e.shared))
	for _, m := range e.members.all {
		if e.groups[m] != nil || e.whole(m) {
			if err := e.share(m, filed); err != nil {
				return err
			}
		}
		if g := e.groups[m]; g != nil {
			if err := e.flush(g, func(obs *evidence.Observation) { e.close(g, obs) }); err != nil {
				return err
			}
		}
		obs := evidence.Observation{Repository: m.Repository, Unit: e.kind, Done: true, Coverage: e.cover(m), Gaps: e.flaws(m)}
		for i := range obs.Gaps {
			obs.Gaps[i].Repository, obs.Gaps[i].Unit = obs.Repository, obs.Unit
		}
		if err := e.emit(obs); err != nil {
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

// share files the rows of an organisation under one of its repositories, each file's on its own.
func (e *export) share(m *member, filed []bool) error {
	for i, r := range e.shared {
		org := r.text("org")
		if !slices.ContainsFunc(m.names(), func(name evidence.Repository) bool { return strings.EqualFold(name.Owner(), org) }) {
			continue
		}
		g := e.group(m)
		if r.url != e.url || g.bytes >= chunkBytes {
			if err := e.flush(g, nil); err != nil {
				return err
			}
			e.url = r.url
		}
		g.add(r)
		e.held += len(r.raw)
		filed[i] = true
	}
	return nil
}

// close ends the rows of one repository with what is said once.
func (e *export) close(g *group, obs *evidence.Observation) {
	obs.Done = true
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

// whole reports that the silence of the export on a repository counts for the time that was declared: its log, and nothing of it unread.
func (e *export) whole(m *member) bool {
	declared := e.origin == evidence.OriginAuditLog && !e.cfg.CoversFrom.IsZero() && e.cfg.CoversTo.After(e.cfg.CoversFrom)
	return declared && e.sum.Bad == 0 && len(e.sum.Damage) == 0 && e.dropped == 0 && e.members.settled(m)
}

// cover says how far the silence of the export on a repository counts: without a word from whoever exported it, not at all. It goes back no
// further than GitHub keeps events, and never beyond the present. For moves of refs, the coverage without a detail, it does not go over
// pushes that name no ref; for the rest, not over events after which a secret may be gone without a row of its own.
func (e *export) cover(m *member) []evidence.Coverage {
	whole, rows := e.whole(m), !m.first.IsZero()
	if !whole && !rows {
		return nil
	}
	git := evidence.Coverage{Origin: e.origin, From: m.first, To: m.last, Oldest: m.first}
	if e.origin != evidence.OriginAuditLog {
		return []evidence.Coverage{git}
	}
	rest := git
	rest.Detail = evidence.OtherThanGit
	var out []evidence.Coverage
	for _, c := range []struct {
		evidence.Coverage
		kept  time.Duration
		whole bool
	}{{rest, restKept, whole && !m.unsettled}, {git, gitKept, whole && m.silent == 0}} {
		from, to := e.cfg.CoversFrom.UTC(), e.cfg.CoversTo.UTC()
		if oldest := e.now.Add(-c.kept); from.Before(oldest) {
			from = oldest
		}
		if to.After(e.now) {
			to = e.now
		}
		if c.whole && from.Before(to) {
			c.From, c.To, c.Complete = from, to, true
		}
		if c.Complete || rows {
			out = append(out, c.Coverage)
		}
	}
	return out
}

// flaws are the gaps that the export as a whole leaves in a repository. What could not be read may have been of any.
func (e *export) flaws(m *member) []evidence.Gap {
	var out []evidence.Gap
	var why []string
	kind := evidence.GapTruncated
	if e.sum.Bad > 0 {
		kind = evidence.GapUnreadable
		why = append(why, fmt.Sprintf("%d of %d rows could not be read: %s", e.sum.Bad, e.sum.Rows, strings.Join(e.bad, "; ")))
	}
	if n := len(e.sum.Damage); n > 0 {
		why = append(why, fmt.Sprintf("%d files end early or are damaged; the first, %s", n, e.sum.Damage[0]))
	}
	if e.dropped > 0 {
		why = append(why, fmt.Sprintf("%d rows on secrets of organisations are too many and were left out", e.dropped))
	}
	if len(why) > 0 {
		out = append(out, evidence.Gap{Kind: kind, Subject: "the export", Detail: strings.Join(why, "; "), Hint: "export it again: rows of this repository may be among them"})
	}
	if m.mistaken > 0 {
		out = append(out, evidence.Gap{Kind: evidence.GapIdentity, Subject: string(m.Repository),
			Detail: fmt.Sprintf("%d rows bear its name and the id of another repository than %d; they were not taken", m.mistaken, m.GitHubID),
			Hint:   "another repository had the name before or has it now: add that one under its own"})
	}
	return out
}
