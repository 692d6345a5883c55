package main

import (
	"context"
	"fmt"
	"path/filepath"

	"pentimento/internal/collect"
	"pentimento/internal/collect/gharchive"
	"pentimento/internal/collect/ghexport"
	"pentimento/internal/evidence"
)

// exports reads what owners had GitHub export or send them: all audit logs as one export, and all deliveries as one.
func (s *steps) exports(ctx context.Context, emit collect.Emit) error {
	cfg := ghexport.Config{Now: s.now}
	if err := s.eachTarget(ctx, func(t gharchive.Target) { cfg.Repositories = append(cfg.Repositories, ghexport.Target(t)) }); err != nil {
		return err
	}
	from, to, err := s.places.span()
	if err != nil {
		return err
	}
	if now := s.now(); to.After(now) {
		s.meter.line("--covers: nobody can know of a time to come; it is taken to end now, at %s", evidence.Stamp(now))
		to = now
	}
	cfg.CoversFrom, cfg.CoversTo = from, to
	for _, list := range []struct {
		paths []string
		read  func(context.Context, []string, ghexport.Config, ghexport.Emit) (ghexport.Summary, error)
	}{{s.places.audits, ghexport.AuditLog}, {s.places.webhooks, ghexport.Webhooks}} {
		if len(list.paths) == 0 {
			continue
		}
		sum, err := list.read(ctx, list.paths, cfg, emit)
		if err != nil {
			return err
		}
		name := filepath.Base(list.paths[0])
		if more := len(list.paths) - 1; more > 0 {
			name = fmt.Sprintf("%s and %d more", name, more)
		}
		s.meter.line("%s: %d rows: %d of %d repositories of the case, %d of others, %d of none, %d that could not be read", name, sum.Rows,
			sum.Stored, sum.Repositories, sum.Foreign, sum.Unnamed, sum.Bad)
		for _, d := range sum.Damage {
			s.meter.line("%s", d)
		}
	}
	return nil
}
