package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"pentimento/internal/casefile"
	"pentimento/internal/collect/ghapi"
	"pentimento/internal/evidence"
)

// answersOf is where a part's answers lie, for those whose origin has another name.
var answersOf = map[string][]evidence.Origin{
	"recovery": {evidence.OriginGitData}, "pulls": {evidence.OriginPullTimeline}, "logs": {evidence.OriginRunLogs}, "actors": {evidence.OriginUserEvents},
	"admin": {evidence.OriginSecrets, evidence.OriginAccess}, "git": nil, "catch-up": nil, // catch-up adds to activity and runs
}

// partsOf counts by part how many repositories the last collection has done, and measures what the part cost so far.
func partsOf(ctx context.Context, c *casefile.Case, last casefile.Collection) ([]statusPart, error) {
	targets, err := c.Targets(ctx)
	if err != nil {
		return nil, err
	}
	s := &steps{api: &ghapi.Collector{}, admin: last.Admin, logs: last.Logs, mirrors: map[evidence.Repository]string{},
		clones: map[evidence.Repository][]string{}} // to name units, not to ask
	if last.API == noAPI {
		s.api = nil
	}
	if last.Only != "" {
		s.only = strings.Split(last.Only, ",")
	}
	s.take(targets)
	var out []statusPart
	for _, pt := range eachParts() {
		out = append(out, statusPart{Part: pt.name, Planned: s.planned(pt.name)})
	}
	for _, t := range targets {
		if err := s.count(ctx, c, last.ID, t.Repository, out); err != nil {
			return nil, err
		}
	}
	return out, measure(ctx, c, s, out)
}

// eachParts are the parts that are done repository by repository.
func eachParts() []part {
	var out []part
	for _, ph := range phases {
		for _, pt := range ph.parts {
			if pt.steps != nil {
				out = append(out, pt)
			}
		}
	}
	return out
}

// count adds one repository to the parts.
func (s *steps) count(ctx context.Context, c *casefile.Case, collection int64, repo evidence.Repository, out []statusPart) error {
	done, err := c.DoneIn(ctx, collection, repo)
	if err != nil {
		return err
	}
	gaps, err := c.Gaps(ctx, repo)
	if err != nil {
		return err
	}
	for i, pt := range eachParts() {
		row, units := &out[i], unitsOf(pt, s, repo)
		if !row.Planned || len(units) == 0 {
			continue
		}
		switch {
		case slices.ContainsFunc(units, func(u string) bool { return !done[u] }):
			row.Waiting++
		case slices.ContainsFunc(gaps, func(g evidence.Gap) bool { return passes(g.Kind) && slices.Contains(units, g.Unit) }):
			row.Failed++
		default:
			row.Done++
		}
	}
	return nil
}

func unitsOf(pt part, s *steps, repo evidence.Repository) []string {
	var out []string
	for _, step := range pt.steps(s, repo) {
		out = append(out, step.Units...)
	}
	return out
}

// measure fills in what each part has cost in this case, and so what the rest of it will.
func measure(ctx context.Context, c *casefile.Case, s *steps, out []statusPart) error {
	cost, err := c.Cost(ctx)
	if err != nil {
		return err
	}
	mirrors, size, err := sizeOfMirrors(c.Mirrors())
	if err != nil {
		return err
	}
	for i, pt := range eachParts() {
		row := &out[i]
		todo := int64(row.Waiting + row.Failed)
		if pt.name == "git" {
			row.measured(0, size, mirrors, todo)
			continue
		}
		origins, other := answersOf[pt.name]
		if !other {
			origins = []evidence.Origin{evidence.Origin(pt.name)}
		}
		var calls, bytes int64
		for _, o := range origins {
			calls, bytes = calls+cost.Answers[o], bytes+cost.Bytes[o]
		}
		if units := unitsOf(pt, s, ""); len(units) > 0 && len(origins) > 0 {
			row.measured(calls, bytes, cost.Done[units[0]], todo)
		}
	}
	return nil
}

// measured spreads what n repositories have cost over those that are still to be done.
func (r *statusPart) measured(calls, bytes, n, todo int64) {
	if n == 0 {
		if r.Part != "git" {
			r.Calls = todo
		}
		return
	}
	c, b := float64(calls)/float64(n), float64(bytes)/float64(n)
	r.CallsEach, r.BytesEach = &c, &b
	r.Calls, r.Bytes = int64(math.Ceil(c*float64(todo))), int64(math.Ceil(b*float64(todo)))
}

// sizeOfMirrors walks the cache of git objects; there may be none.
func sizeOfMirrors(dir string) (mirrors, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // a collection that is running renames its files
			return nil
		case err != nil:
			return err
		case d.IsDir():
			if strings.HasSuffix(name, ".git") {
				mirrors++
			}
			return nil
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("measure the mirrors: %w", err)
	}
	return mirrors, bytes, nil
}
