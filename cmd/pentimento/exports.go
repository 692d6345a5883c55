package main

import (
	"context"
	"path/filepath"
	"strings"

	"pentimento/internal/collect"
	"pentimento/internal/collect/gharchive"
	"pentimento/internal/collect/ghexport"
	"pentimento/internal/evidence"
)

// exports reads what owners had GitHub export or send them.
func (s *steps) exports(ctx context.Context, emit collect.Emit) error {
	known := map[string]evidence.Repository{}
	err := s.eachTarget(ctx, func(t gharchive.Target) {
		known[t.Repository.Key()] = t.Repository
		for _, a := range t.Aliases {
			known[a.Key()] = t.Repository
		}
	})
	if err != nil {
		return err
	}
	from, to, err := s.places.span()
	if err != nil {
		return err
	}
	cfg := ghexport.Config{Now: s.now, CoversFrom: from, CoversTo: to, Repository: func(full string) (evidence.Repository, bool) {
		repo, ok := known[strings.ToLower(full)]
		return repo, ok
	}}
	for _, list := range []struct {
		paths []string
		read  func(context.Context, string, ghexport.Config, ghexport.Emit) (ghexport.Summary, error)
	}{{s.places.audits, ghexport.AuditLog}, {s.places.webhooks, ghexport.Webhooks}} {
		for _, path := range list.paths {
			sum, err := list.read(ctx, path, cfg, emit)
			if err != nil {
				return err
			}
			s.meter.line("%s: %d rows: %d of %d repositories of the case, %d of others, %d of none, %d that could not be read", filepath.Base(path), sum.Rows,
				sum.Stored, sum.Repositories, sum.Foreign, sum.Unnamed, sum.Bad)
			for _, d := range sum.Damage {
				s.meter.line("%s", d)
			}
		}
	}
	return nil
}
