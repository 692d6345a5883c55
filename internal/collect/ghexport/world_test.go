package ghexport_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"pentimento/internal/collect/ghexport"
	"pentimento/internal/evidence"
)

const (
	repo  = evidence.Repository("octo-org/demo")
	other = evidence.Repository("octo-org/second")
)

var (
	zero = string(evidence.ZeroOID)
	one  = strings.Repeat("1a", 20)
	two  = strings.Repeat("2b", 20)
)

func config() ghexport.Config {
	return ghexport.Config{
		Now:          func() time.Time { return time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC) },
		Repositories: []ghexport.Target{{Repository: repo}, {Repository: other}},
	}
}

type reader func(ctx context.Context, paths []string, cfg ghexport.Config, emit ghexport.Emit) (ghexport.Summary, error)

// told is all that a reading emitted, by repository.
type told struct {
	ghexport.Summary
	by map[evidence.Repository]*evidence.Observation
}

func read(t *testing.T, f reader, path string, cfg ghexport.Config, more ...string) told {
	t.Helper()
	out := told{by: map[evidence.Repository]*evidence.Observation{}}
	type unit struct {
		of   evidence.Repository
		name string
	}
	done, rows := map[unit]bool{}, map[evidence.Repository]bool{}
	sum, err := f(context.Background(), append([]string{path}, more...), cfg, func(obs evidence.Observation) error {
		u := unit{obs.Repository, obs.Unit}
		if done[u] {
			t.Errorf("%s: an observation after the last", u)
		}
		done[u] = obs.Done
		rows[obs.Repository] = rows[obs.Repository] || len(obs.Sources) > 0
		if n := len(obs.Updates) + len(obs.Runs) + len(obs.Jobs) + len(obs.Secrets) + len(obs.Access); n > 0 && len(obs.Sources) != 1 {
			t.Errorf("%d facts, %d sources", n, len(obs.Sources))
		}
		for _, g := range obs.Gaps {
			if g.Repository != obs.Repository || g.Unit != obs.Unit || g.Subject == "" || g.Detail == "" {
				t.Errorf("a gap that says too little: %+v", g)
			}
		}
		all := out.by[obs.Repository]
		if all == nil {
			all = &evidence.Observation{Unit: obs.Unit}
			out.by[obs.Repository] = all
		}
		if name, _, _ := strings.Cut(all.Unit, "/"); obs.Unit != all.Unit && obs.Unit != name {
			t.Errorf("units %s and %s", obs.Unit, all.Unit)
		}
		all.Sources = append(all.Sources, obs.Sources...)
		all.Updates = append(all.Updates, obs.Updates...)
		all.Runs = append(all.Runs, obs.Runs...)
		all.Jobs = append(all.Jobs, obs.Jobs...)
		all.Secrets = append(all.Secrets, obs.Secrets...)
		all.Access = append(all.Access, obs.Access...)
		all.Coverage = append(all.Coverage, obs.Coverage...)
		all.Gaps = append(all.Gaps, obs.Gaps...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for u, ok := range done {
		if !ok {
			t.Errorf("%s was not done", u)
		}
	}
	named := 0
	for _, ok := range rows {
		if ok {
			named++
		}
	}
	if len(out.by) != len(cfg.Repositories) {
		t.Errorf("%d of %d repositories of the case were told what the export is worth", len(out.by), len(cfg.Repositories))
	}
	if sum.Rows != sum.Stored+sum.Foreign+sum.Unnamed+sum.Bad || sum.Repositories != named {
		t.Errorf("the counts do not add up: %+v", sum)
	}
	out.Summary = sum
	return out
}

func (o told) of(r evidence.Repository) evidence.Observation {
	if obs := o.by[r]; obs != nil {
		return *obs
	}
	return evidence.Observation{}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	full := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return full
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func updates(obs evidence.Observation) (out []string) {
	for _, u := range obs.Updates {
		out = append(out, fmt.Sprintf("%s %s by %t: %s %s %.4s>%.4s %s %s", u.At.Format("01-02 15:04:05"), u.Clock, u.By, u.Kind, u.Ref, u.Before, u.After,
			u.Actor, u.ExternalID))
	}
	return out
}

func secrets(obs evidence.Observation) (out []string) {
	for _, s := range obs.Secrets {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s %s %d %s", s.At.Format("15:04:05"), s.Action, s.Scope, s.Environment, s.Name, s.Actor, s.RunID, s.Job)))
	}
	return out
}

func gaps(obs evidence.Observation, kind evidence.GapKind) (out []string) {
	for _, g := range obs.Gaps {
		if g.Kind == kind {
			out = append(out, g.Subject+": "+g.Detail)
		}
	}
	return out
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t *testing.T, text string) string {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(z.EncodeAll([]byte(text), nil))
}
