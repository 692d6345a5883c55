package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/collect"
	"pentimento/internal/collect/gharchive"
	"pentimento/internal/collect/localgit"
	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// places are archives and exports that tell of many repositories at a time.
type places struct {
	archives []string // files, folders, lists, base URLs
	audits   []string // exports of audit logs
	webhooks []string // saved deliveries
	covers   string   // FROM..TO that the audit logs are declared whole for
}

func (l *places) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&l.archives, "gharchive", nil, "hours of GH Archive: a file, a folder, a list, a base URL, or the result of a warehouse query (repeatable)")
	cmd.Flags().StringArrayVar(&l.audits, "audit-log", nil, "export of an organisation's audit log, JSON or JSON Lines (repeatable)")
	cmd.Flags().StringArrayVar(&l.webhooks, "webhooks", nil, "saved deliveries of webhooks, a file or a folder (repeatable)")
	cmd.Flags().StringVar(&l.covers, "covers", "", "FROM..TO (RFC 3339) for which all --audit-log files together are declared whole: no filter, no file left out; counts back to 180 days ago, for git 7")
}

// check makes paths absolute, so that an interrupted collection is known again from another folder.
func (l *places) check() error {
	for _, list := range []struct {
		flag  string
		paths []string
	}{{"--gharchive", l.archives}, {"--audit-log", l.audits}, {"--webhooks", l.webhooks}} {
		for i, place := range list.paths {
			if list.flag == "--gharchive" && strings.Contains(place, "://") {
				continue
			}
			if _, err := os.Stat(place); err != nil {
				return usagef("%s: %v", list.flag, err)
			}
			abs, err := filepath.Abs(place)
			if err != nil {
				return err
			}
			list.paths[i] = abs
		}
	}
	if l.covers != "" && len(l.audits) == 0 {
		return usagef("--covers goes with --audit-log")
	}
	_, _, err := l.span()
	return err
}

func (l *places) span() (from, to time.Time, err error) {
	if l.covers == "" {
		return from, to, nil
	}
	a, b, ok := strings.Cut(l.covers, "..")
	if from, err = time.Parse(time.RFC3339, a); err == nil && ok {
		to, err = time.Parse(time.RFC3339, b)
	}
	if err != nil || !ok || !from.Before(to) {
		return from, to, hint(usagef("--covers %q: not FROM..TO", l.covers), "--covers 2025-08-01T00:00:00Z..2025-10-01T00:00:00Z")
	}
	return from.UTC(), to.UTC(), nil
}

// words are the places as a plan keeps them: of an address a digest stands for what may be secret in it.
func (l *places) words() []string {
	var out []string
	for flag, list := range map[string][]string{"gharchive": l.archives, "audit-log": l.audits, "webhooks": l.webhooks} {
		for _, place := range list {
			shown := place
			if flag == "gharchive" {
				if shown = gharchive.Shown(place); shown != place {
					sum := sha256.Sum256([]byte(place))
					shown += " " + hex.EncodeToString(sum[:8])
				}
			}
			out = append(out, flag+" "+shown)
		}
	}
	if l.covers != "" {
		out = append(out, "covers "+l.covers)
	}
	slices.Sort(out)
	return out
}

// ofPlaces reads everything that tells of many repositories. The exports are small and read again by a run that goes on; of the archives it
// goes on behind the hours that are done.
func (s *steps) ofPlaces() func(context.Context, collect.Emit) error {
	if len(s.places.words()) == 0 {
		return nil
	}
	return func(ctx context.Context, emit collect.Emit) error {
		if err := s.exports(ctx, emit); err != nil {
			return err
		}
		if len(s.places.archives) == 0 {
			return nil
		}
		if err := s.archives(ctx); err != nil {
			return err
		}
		names, err := s.file.HandedOn(ctx)
		if err != nil {
			return err
		}
		for _, repo := range slices.Sorted(maps.Keys(names)) {
			if err := emit(handedOn(repo, names[repo])); err != nil {
				return err
			}
		}
		return nil
	}
}

// handedOn says that a name went from one repository to another while nobody knew which is meant. The gap is of the whole archive: each hour
// may hold events of one alone, and what was taken stays taken when the id is known later.
func handedOn(repo evidence.Repository, ids []int64) evidence.Observation {
	const unit = "archive/identity"
	return evidence.Observation{Repository: repo, Unit: unit, Gaps: []evidence.Gap{{Repository: repo, Unit: unit, Kind: evidence.GapIdentity,
		Subject: "name in the archive",
		Detail:  fmt.Sprintf("events of %d repositories go by this name (ids %d), all were taken: the case knew no id", len(ids), ids),
		Hint:    "the repository's present id, from the API, tells them apart"}}}
}

// eachTarget calls f for every repository with the names and the id that GitHub has told of it.
func (s *steps) eachTarget(ctx context.Context, f func(gharchive.Target)) error {
	targets, err := s.file.Targets(ctx)
	if err != nil {
		return err
	}
	for _, t := range targets {
		state, err := s.file.State(ctx, t.Repository)
		if err != nil {
			return err
		}
		target := gharchive.Target{Repository: t.Repository}
		if state != nil {
			target.GitHubID = state.GitHubID
			if name, err := evidence.ParseRepository(state.FullName); err == nil && name.Key() != t.Repository.Key() {
				target.Aliases = append(target.Aliases, name)
			}
		}
		f(target)
	}
	return nil
}

// hosts plans the archives, without reading them: a place that makes no sense is better known before hours of other work.
func (s *steps) hosts(ctx context.Context) ([]string, error) {
	hosts, err := gharchive.Hosts(ctx, s.archiveConfig(), s.places.archives)
	if err == nil || ctx.Err() != nil {
		return hosts, err
	}
	err = usagef("--gharchive: %v", err)
	if s.info.Since.IsZero() {
		err = hint(err, "an address needs a case with --since: pentimento init --since 2025-09-01")
	}
	return nil, err
}

func (s *steps) archiveConfig() gharchive.Config {
	cfg := gharchive.Config{Since: s.info.Since, Until: s.info.Until, Now: s.now, Cache: s.file.Archives()}
	if cfg.Until.IsZero() {
		cfg.Until = s.info.Now
	}
	return cfg
}

// archives reads hours of archives, each with what it tells of the case's repositories and of others that the campaigns' pushers or
// messages lead to. It downloads without any token.
func (s *steps) archives(ctx context.Context) error {
	var others []evidence.Elsewhere
	cfg := s.archiveConfig()
	cfg.Progress = s.meter.hour
	hosts, err := s.hosts(ctx)
	if err != nil {
		return err
	}
	if len(hosts) > 0 {
		cfg.Client = wire.NewClient(wire.Config{Hosts: hosts, UserAgent: userAgent(), OnWait: s.meter.waiting, Sleep: s.sleep})
	}
	if err := s.eachTarget(ctx, func(t gharchive.Target) { cfg.Repositories = append(cfg.Repositories, t) }); err != nil {
		return err
	}
	cfg.Named = func(repo evidence.Repository, ids []int64) error { return s.file.AppendArchiveIDs(ctx, repo, ids) }
	cfg.Scoped = func(scope string, repos []evidence.Repository) error { return s.file.AppendScope(ctx, scope, repos) }
	done, err := s.file.HoursDone(ctx, gharchive.Scope(cfg.Repositories))
	if err != nil {
		return err
	}
	read := map[string]bool{}
	for _, h := range done {
		read[h.Archive+" "+evidence.Stamp(h.Hour)] = true
	}
	cfg.Done = func(archive string, hour time.Time) bool { return read[archive+" "+evidence.Stamp(hour)] }
	if cfg.Watch, err = s.watch(ctx, &others); err != nil {
		return err
	}
	return gharchive.Collect(ctx, cfg, s.places.archives, func(hour evidence.ArchiveHour, told []evidence.Observation) error {
		for i := range told {
			told[i].Gaps = append(told[i].Gaps, collect.Future(s.now(), told[i])...)
		}
		err := s.file.AppendHour(ctx, hour, told, others)
		others = nil
		return err
	})
}

// watch asks for pushes elsewhere by whoever pushed for a campaign, as far as an analysis has told, and with the campaigns' messages and
// branches.
func (s *steps) watch(ctx context.Context, found *[]evidence.Elsewhere) (gharchive.Watch, error) {
	actors, err := s.file.Pushers(ctx)
	w := gharchive.Watch{Actors: slices.DeleteFunc(actors, isProgram)}
	w.Messages, w.Branches = s.marks()
	w.Found = func(list []gharchive.Elsewhere) error {
		for _, e := range list {
			name, err := evidence.ParseRepository(e.Repo)
			if err != nil {
				continue // what GitHub would not call a repository cannot be added to the case either
			}
			*found = append(*found, evidence.Elsewhere{Origin: evidence.OriginArchive, ExternalID: e.EventID, FullName: name, GitHubID: e.RepoID, Ref: e.Ref,
				Head: e.Head, At: e.At, Clock: when.Archive, Actor: e.Actor, Patterns: slices.Concat(e.Messages, e.Branches)})
		}
		return nil
	}
	return w, err
}

// ofClones reads the clones that people kept of a repository.
func (s *steps) ofClones(repo evidence.Repository) []collect.Step {
	var out []collect.Step
	for _, dir := range s.clones[repo] {
		out = append(out, collect.Step{Units: []string{localgit.Unit(dir)}, Run: func(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
			return localgit.Collect(ctx, repo, dir, localgit.Config{Host: s.host, Now: s.now}, emit)
		}})
	}
	return out
}

// printBigQuery prints the SQL that fetches what the archives hold of the case from the warehouse that keeps them.
func (p *program) printBigQuery(ctx context.Context, c *casefile.Case, s *steps) error {
	if s.info.Since.IsZero() {
		return hint(usagef("--print-bigquery needs a case with --since"), "the tables are of days, and each costs what it holds: pentimento init --since 2025-09-01")
	}
	var targets []gharchive.Target
	if err := s.eachTarget(ctx, func(t gharchive.Target) { targets = append(targets, t) }); err != nil {
		return err
	}
	until := s.info.Until
	if until.IsZero() {
		until = s.info.Now
	}
	for _, sql := range gharchive.BigQuery(targets, s.info.Since, until) {
		if _, err := fmt.Fprintln(p.stdout, sql); err != nil {
			return err
		}
	}
	p.say("save each result as JSON Lines or CSV and read it with: pentimento collect --gharchive FILE")
	return nil
}
