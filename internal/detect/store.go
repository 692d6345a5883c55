package detect

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

// StoreFindings writes findings into the open rebuild.
func StoreFindings(in *casefile.Inferences, findings []Finding) error {
	for _, f := range findings {
		err := in.Exec("INSERT INTO finding (blob, campaign, hits, secrets, all_secrets, destinations, triggers, leaks) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			string(f.Blob), f.Campaign, casefile.JSON(f.Hits), casefile.JSON(f.SecretNames()), f.AllSecrets, casefile.JSON(f.Destinations),
			casefile.JSON(f.Triggers), casefile.JSON(f.Leaks))
		if err != nil {
			return fmt.Errorf("store finding %s: %w", f.Blob, err)
		}
	}
	return nil
}

// StoreContext writes what holds in a repository by its own history, with the commits that brought it.
func StoreContext(in *casefile.Inferences, repository int64, h *evidence.History, held []Held) error {
	for _, x := range held {
		if err := in.Cite(h.Commit(x.Commit)); err != nil {
			return fmt.Errorf("store context of %s: %w", x.Blob, err)
		}
		err := in.Exec(`INSERT INTO finding_context (blob, repository, rule, path, commit_oid, severity, confidence, reason, circumstances, lines)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, string(x.Blob), repository, x.Rule, x.Path, string(x.Commit), x.Severity, x.Confidence, x.Reason,
			casefile.JSON(x.Circumstances), casefile.JSON(x.Lines))
		if err != nil {
			return fmt.Errorf("store context of %s: %w", x.Blob, err)
		}
	}
	return nil
}

// StorePlaces writes at which paths a repository's commits hold malicious versions.
func StorePlaces(in *casefile.Inferences, repository int64, h *evidence.History, findings map[evidence.OID]Finding) error {
	for blob, paths := range h.Versions() {
		if _, bad := findings[blob]; !bad {
			continue
		}
		for _, path := range paths {
			if err := in.Exec("INSERT OR IGNORE INTO finding_place (blob, repository, path) VALUES (?, ?, ?)", string(blob), repository, path); err != nil {
				return fmt.Errorf("store place of %s: %w", blob, err)
			}
		}
	}
	return nil
}

// Places lists the paths at which the last analysis found malicious versions in a repository; none where there was no analysis.
func Places(ctx context.Context, c *casefile.Case, repo evidence.Repository) ([]string, error) {
	var out []string
	err := c.Each(ctx, "SELECT DISTINCT p.path FROM finding_place p JOIN repository r ON r.id = p.repository WHERE r.key = ? ORDER BY p.path", []any{repo.Key()},
		func(scan func(...any) error) error {
			var path string
			err := scan(&path)
			out = append(out, path)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("load places of findings: %w", err)
	}
	return out, nil
}

// Placed is a campaign commit with what the timeline knows of it.
type Placed struct {
	Repository  evidence.Repository
	CommittedAt time.Time // git clock: the committer's word
	Pushed      when.Instant
	Recovered   bool // no ref of the last listing reaches it
	Commit
}

// StoreCommits writes the campaign commits of a repository, and their objects for queries to join.
func StoreCommits(in *casefile.Inferences, repository int64, h *evidence.History, commits []Placed) error {
	for _, c := range commits {
		if err := in.Cite(h.Commit(c.OID)); err != nil {
			return fmt.Errorf("store commit %s: %w", c.OID, err)
		}
		err := in.Exec(`INSERT INTO campaign_commit (repository, oid, role, campaign, path, blob, committed_at, recovered, signals,
			pushed_not_before, pushed_not_before_clock, pushed_not_after, pushed_not_after_clock, pushed_evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			casefile.Args(repository, string(c.OID), string(c.Role), c.Campaign, c.Path, string(c.Blob), evidence.Stamp(c.CommittedAt), c.Recovered,
				casefile.JSON(c.Signals), c.Pushed)...)
		if err != nil {
			return fmt.Errorf("store commit %s: %w", c.OID, err)
		}
	}
	return nil
}

// StoredFinding is a finding as the case holds it, with where it stands.
type StoredFinding struct {
	Blob         evidence.OID
	Campaign     string
	Hits         []Hit
	Secrets      []string // sorted names
	AllSecrets   bool
	Destinations []string
	Triggers     []workflow.Trigger
	Leaks        []Leak
	Paths        []string
	Repositories []evidence.Repository
	Context      []StoredContext // by repository, rule and path
}

// StoredContext is a rule that holds in one repository, by what that did before: see [Held].
type StoredContext struct {
	Repository evidence.Repository
	Held
}

// Findings loads every finding by blob.
func Findings(ctx context.Context, c *casefile.Case) ([]StoredFinding, error) {
	var out []StoredFinding
	index := map[evidence.OID]int{}
	err := c.Each(ctx, "SELECT blob, campaign, hits, secrets, all_secrets, destinations, triggers, leaks FROM finding ORDER BY blob", nil, func(scan func(...any) error) error {
		var f StoredFinding
		var hits, secrets, destinations, triggers, leaks string
		if err := scan(&f.Blob, &f.Campaign, &hits, &secrets, &f.AllSecrets, &destinations, &triggers, &leaks); err != nil {
			return err
		}
		err := decode(field{hits, &f.Hits}, field{secrets, &f.Secrets}, field{destinations, &f.Destinations}, field{triggers, &f.Triggers}, field{leaks, &f.Leaks})
		index[f.Blob] = len(out)
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load findings: %w", err)
	}
	err = c.Each(ctx, "SELECT p.blob, r.name, p.path FROM finding_place p JOIN repository r ON r.id = p.repository ORDER BY r.key, p.path", nil, func(scan func(...any) error) error {
		var blob evidence.OID
		var repo evidence.Repository
		var path string
		if err := scan(&blob, &repo, &path); err != nil {
			return err
		}
		f := &out[index[blob]]
		f.Paths, f.Repositories = append(f.Paths, path), append(f.Repositories, repo)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load places of findings: %w", err)
	}
	if err := loadContext(ctx, c, out, index); err != nil {
		return nil, fmt.Errorf("load contexts of findings: %w", err)
	}
	for i := range out {
		slices.Sort(out[i].Paths)
		out[i].Paths = slices.Compact(out[i].Paths)
		slices.SortFunc(out[i].Repositories, func(a, b evidence.Repository) int { return cmp.Compare(a.Key(), b.Key()) })
		out[i].Repositories = slices.Compact(out[i].Repositories)
	}
	return out, nil
}

func loadContext(ctx context.Context, c *casefile.Case, findings []StoredFinding, index map[evidence.OID]int) error {
	return c.Each(ctx, `SELECT k.blob, r.name, k.rule, k.path, k.commit_oid, k.severity, k.confidence, k.reason, k.circumstances, k.lines
		FROM finding_context k JOIN repository r ON r.id = k.repository ORDER BY r.key, k.rule, k.path`, nil, func(scan func(...any) error) error {
		var x StoredContext
		var circumstances, lines string
		err := scan(&x.Blob, &x.Repository, &x.Rule, &x.Path, &x.Commit, &x.Severity, &x.Confidence, &x.Reason, &circumstances, &lines)
		if err != nil {
			return err
		}
		x.Pack, _, _ = strings.Cut(x.Rule, "/")
		f := &findings[index[x.Blob]]
		if err := decode(field{circumstances, &x.Circumstances}, field{lines, &x.Lines}); err != nil {
			return err
		}
		f.Context = append(f.Context, x)
		return nil
	})
}

// field is JSON text and where it goes.
type field struct {
	text string
	to   any
}

func decode(fields ...field) error {
	for _, f := range fields {
		if err := json.Unmarshal([]byte(f.text), f.to); err != nil {
			return err
		}
	}
	return nil
}

// PlacedCommits loads the campaign commits by repository, committer date and id. Roles names those wanted.
func PlacedCommits(ctx context.Context, c *casefile.Case, roles ...Role) ([]Placed, error) {
	var out []Placed
	err := c.Each(ctx, `SELECT r.name, k.oid, k.role, k.campaign, k.path, k.blob, k.committed_at, k.recovered, k.signals,
		k.pushed_not_before, k.pushed_not_before_clock, k.pushed_not_after, k.pushed_not_after_clock, k.pushed_evidence
		FROM campaign_commit k JOIN repository r ON r.id = k.repository ORDER BY r.key, k.committed_at, k.oid, k.role`, nil, func(scan func(...any) error) error {
		var p Placed
		var at, signals string
		var pushed casefile.InstantColumns
		dest := append([]any{&p.Repository, &p.OID, &p.Role, &p.Campaign, &p.Path, &p.Blob, &at, &p.Recovered, &signals}, pushed.Dest()...)
		if err := scan(dest...); err != nil {
			return err
		}
		if !slices.Contains(roles, p.Role) {
			return nil
		}
		var err error
		if p.CommittedAt, err = casefile.ParseStamp(at); err != nil {
			return err
		}
		if p.Pushed, err = pushed.Instant(); err != nil {
			return err
		}
		err = decode(field{signals, &p.Signals})
		out = append(out, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load campaign commits: %w", err)
	}
	return out, nil
}
