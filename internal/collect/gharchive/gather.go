package gharchive

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"time"

	"pentimento/internal/evidence"
)

// maxTaken bounds the lines that one hour may give to the repositories of a case. A whole hour inflates to some 500 MB, of which the
// 6,000 repositories of a large campaign have well below a hundredth.
const maxTaken = 128 << 20

// gather collects what one hour tells, by repository.
type gather struct {
	index *index
	told  map[int]*told // by place in index.targets
	bytes int
	full  bool // maxTaken is reached: what comes after is dropped
	seed  maphash.Seed

	header string // of CSV records: the first line of what is kept of each repository
}

// told is what one hour tells of one repository.
type told struct {
	obs   evidence.Observation
	lines bytes.Buffer
	seen  map[string]uint64 // event id -> hash of the line: duplicates are filed too
	ids   map[int64]bool    // GitHub ids of the repositories that the events name, where the case knows none
	bad   int
	first error
	count int
}

func newGather(x *index) *gather {
	return &gather{index: x, told: map[int]*told{}, seed: maphash.MakeSeed()}
}

// of gives the account of a repository, or nil when there is no more room.
func (g *gather) of(target int, raw []byte) *told {
	if g.bytes += len(raw) + 1; g.bytes > maxTaken {
		g.full = true
		return nil
	}
	t := g.told[target]
	if t == nil {
		t = &told{seen: map[string]uint64{}, ids: map[int64]bool{}}
		t.obs.Repository = g.index.targets[target].Repository
		t.lines.WriteString(g.header)
		g.told[target] = t
	}
	return t
}

// take adds an event that the index places. raw is its line, which is kept.
func (g *gather) take(e event, raw []byte) {
	target, how := g.index.find(e.repoID, e.repoName)
	if how == foreign || g.full {
		return
	}
	t := g.of(target, raw)
	if t == nil {
		return
	}
	sum := maphash.Bytes(g.seed, raw)
	if old, ok := t.seen[e.id]; ok && old == sum {
		return
	}
	t.seen[e.id] = sum
	t.keep(raw)
	if how == impostor {
		t.gap(evidence.GapIdentity, strconv.FormatInt(e.repoID, 10),
			fmt.Sprintf("events name %s with the id %d, the case knows it as %d: they belong to another repository and were not taken",
				e.repoName, e.repoID, g.index.targets[target].GitHubID), "collect that repository under a case of its own")
		return
	}
	if how == renamed {
		t.gap(evidence.GapRenamed, printable(e.repoName), fmt.Sprintf("the repository was called %q when these events were made", clip(e.repoName)),
			"other sources may know it by that name alone")
	}
	if g.index.targets[target].GitHubID == 0 && e.repoID != 0 {
		t.ids[e.repoID] = true
	}
	if err := e.tell(&t.obs); err != nil {
		t.spoilt(err)
	}
}

func (t *told) keep(raw []byte) {
	if t.count++; t.lines.Len() > 0 {
		t.lines.WriteByte('\n')
	}
	t.lines.Write(raw)
}

func (t *told) spoilt(err error) {
	if t.bad++; t.first == nil {
		t.first = err
	}
}

// printable is a name as it is, or quoted where it is no name of GitHub's.
func printable(name string) string {
	if _, err := evidence.ParseRepository(name); err != nil {
		return strconv.Quote(clip(name))
	}
	return name
}

// gap notes one once.
func (t *told) gap(kind evidence.GapKind, subject, detail, hint string) {
	for _, g := range t.obs.Gaps {
		if g.Kind == kind && g.Subject == subject {
			return
		}
	}
	t.obs.Gaps = append(t.obs.Gaps, evidence.Gap{Kind: kind, Subject: subject, Detail: detail, Hint: hint})
}

// maxIDs bounds how many ids of one name an hour hands on: two are enough to know that the name was handed on.
const maxIDs = 16

// naming is a repository whose id the case does not know, and the ids that events gave to it.
type naming struct {
	repo evidence.Repository
	ids  []int64
}

func (g *gather) named() []naming {
	var out []naming
	for _, target := range slices.Sorted(maps.Keys(g.told)) {
		t := g.told[target]
		if ids := slices.Sorted(maps.Keys(t.ids)); len(ids) > 0 {
			out = append(out, naming{t.obs.Repository, ids[:min(len(ids), maxIDs)]})
		}
	}
	return out
}

// name hands ids on before their hour is emitted: an hour that is stored is not read again.
func (c *Config) name(all []naming) error {
	for _, n := range all {
		if c.Named == nil {
			break
		}
		if err := c.Named(n.repo, n.ids); err != nil {
			return err
		}
	}
	return nil
}

// observations gives one per repository that the hour names, in the order of the case.
func (g *gather) observations(hour evidence.ArchiveHour, method, from string, now time.Time) []evidence.Observation {
	word := hourWord(hour.Hour)
	var all []evidence.Observation
	for _, target := range slices.Sorted(maps.Keys(g.told)) {
		t := g.told[target]
		if t.first != nil {
			t.gap(evidence.GapRefused, "archived events", fmt.Sprintf("%d of %d lines could not be read, the first: %s", t.bad, t.count, t.first), "see the stored lines")
		}
		t.obs.Unit = "archive/" + word
		for i := range t.obs.Gaps {
			t.obs.Gaps[i].Repository, t.obs.Gaps[i].Unit = t.obs.Repository, t.obs.Unit
		}
		t.obs.Sources = []evidence.Source{{Repository: t.obs.Repository, Origin: evidence.OriginArchive, Method: method, URL: from,
			Target: hour.Archive + " " + word, FetchedAt: now, Body: bytes.Clone(t.lines.Bytes())}}
		if method == "GET" {
			t.obs.Sources[0].Status = 200
		}
		all = append(all, t.obs)
	}
	return all
}
