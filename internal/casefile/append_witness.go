package casefile

import (
	"fmt"

	"pentimento/internal/evidence"
)

// witnesses writes what further sources tell of refs and commits.
func (a *appender) witnesses(obs evidence.Observation) error {
	for _, s := range obs.Sightings {
		err := a.exec(`INSERT OR IGNORE INTO sighting (id, repository, origin, external_id, ref, oid, at, clock, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			s.ID(), a.repository, string(s.Origin), s.ExternalID, string(s.Ref), string(s.OID), evidence.Stamp(s.At), s.Clock.String(), a.source)
		if err != nil {
			return fmt.Errorf("sighting: %w", err)
		}
	}
	for _, c := range obs.Checks {
		err := a.exec(`INSERT OR IGNORE INTO signature_check (id, oid, verified, reason, verified_at, by_github, source) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			c.ID(), string(c.Commit), c.Verified, c.Reason, evidence.Stamp(c.VerifiedAt), c.ByGitHub, a.source)
		if err != nil {
			return fmt.Errorf("signature check: %w", err)
		}
	}
	for _, f := range obs.Forks {
		err := a.exec(`INSERT OR IGNORE INTO fork (id, repository, full_name, github_id, parent, created_at, pushed_at, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			f.ID(), a.repository, string(f.FullName), f.GitHubID, f.Parent, evidence.Stamp(f.CreatedAt), evidence.Stamp(f.PushedAt), a.source)
		if err != nil {
			return fmt.Errorf("fork: %w", err)
		}
	}
	return nil
}

// insider writes what an administrator or the audit log tells of secrets and of ways in, and which logs of jobs were had.
func (a *appender) insider(obs evidence.Observation) error {
	for _, s := range obs.Secrets {
		err := a.exec(`INSERT OR IGNORE INTO secret_record (id, repository, origin, external_id, scope, environment, name, action, at, created_at,
			updated_at, actor, run_id, job, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.ID(), a.repository, string(s.Origin),
			s.ExternalID, string(s.Scope), s.Environment, s.Name, string(s.Action), evidence.Stamp(s.At), evidence.Stamp(s.CreatedAt),
			evidence.Stamp(s.UpdatedAt), s.Actor, s.RunID, s.Job, a.source)
		if err != nil {
			return fmt.Errorf("secret record: %w", err)
		}
	}
	for _, g := range obs.Access {
		err := a.exec(`INSERT OR IGNORE INTO access_grant (id, repository, origin, external_id, kind, name, detail, created_at, added_by, source)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, g.ID(), a.repository, string(g.Origin), g.ExternalID, string(g.Kind), g.Name, g.Detail,
			evidence.Stamp(g.CreatedAt), g.AddedBy, a.source)
		if err != nil {
			return fmt.Errorf("access grant: %w", err)
		}
	}
	for _, l := range obs.Logs {
		err := a.exec(`INSERT OR IGNORE INTO run_log (id, repository, run_id, attempt, job_id, bytes, truncated, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			l.ID(), a.repository, l.RunID, l.Attempt, l.JobID, l.Bytes, l.Truncated, a.source)
		if err != nil {
			return fmt.Errorf("run log: %w", err)
		}
	}
	return nil
}
