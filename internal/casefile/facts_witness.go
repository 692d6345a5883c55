package casefile

import (
	"context"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// loadSightings loads what sources saw refs hold, and what earlier listings of all refs showed: a listing replaced by a later one is still
// a sighting of every ref in it.
func (c *Case) loadSightings(ctx context.Context, f *Facts) error {
	return c.each(ctx, "SELECT origin, external_id, ref, oid, at, clock FROM sighting WHERE repository = ? ORDER BY at, id", []any{f.ID},
		func(scan func(...any) error) error {
			s, at, clock := evidence.Sighting{Repository: f.Repository}, "", ""
			if err := scan(&s.Origin, &s.ExternalID, &s.Ref, &s.OID, &at, &clock); err != nil {
				return err
			}
			var err error
			if s.Clock, err = when.ParseClock(clock); err != nil {
				return err
			}
			f.Sightings = append(f.Sightings, s)
			return parseStamps(pair{at, &f.Sightings[len(f.Sightings)-1].At})
		})
}

// loadListings loads every listing of the refs but the last, oldest first. The same listing can have been had several times: then it is
// here once for each time.
func (c *Case) loadListings(ctx context.Context, f *Facts) error {
	err := c.each(ctx, `SELECT s.id, v.at FROM source s JOIN source_seen v ON v.source = s.id
		WHERE s.repository = ? AND s.origin = 'git-refs' AND NOT (s.id = ? AND v.at = ?) GROUP BY s.id, v.at ORDER BY v.at, s.id`,
		[]any{f.ID, f.Listing.Source, evidence.Stamp(f.Listing.At)}, func(scan func(...any) error) error {
			l, at := Listing{}, ""
			if err := scan(&l.Source, &at); err != nil {
				return err
			}
			err := parseStamps(pair{at, &l.At})
			f.Earlier = append(f.Earlier, l)
			return err
		})
	if err != nil {
		return err
	}
	shared := map[string][]evidence.ListedRef{f.Listing.Source: f.Listing.Refs}
	for i, l := range f.Earlier {
		refs, have := shared[l.Source]
		if !have {
			if refs, err = c.listedRefs(ctx, l.Source); err != nil {
				return err
			}
			shared[l.Source] = refs
		}
		f.Earlier[i].Refs = refs
	}
	return nil
}

func (c *Case) loadChecks(ctx context.Context, f *Facts) error {
	f.Checks = map[evidence.OID]evidence.SignatureCheck{}
	return c.each(ctx, `SELECT oid, verified, reason, verified_at, by_github, id FROM signature_check WHERE oid IN
		(SELECT oid FROM commit_seen WHERE repository = ?1)
		UNION SELECT k.oid, k.verified, k.reason, k.verified_at, k.by_github, k.id FROM source s JOIN signature_check k ON k.source = s.id
		WHERE s.repository = ?1 ORDER BY verified, verified_at DESC, id`, []any{f.ID}, func(scan func(...any) error) error {
		var k evidence.SignatureCheck
		var at, id string
		if err := scan(&k.Commit, &k.Verified, &k.Reason, &at, &k.ByGitHub, &id); err != nil {
			return err
		}
		if !f.History.Has(k.Commit) {
			return nil
		}
		err := parseStamps(pair{at, &k.VerifiedAt})
		f.Checks[k.Commit] = k // the last is the one that says most: verified, at the earliest time
		return err
	})
}

func (c *Case) loadSecrets(ctx context.Context, f *Facts) error {
	return c.each(ctx, `SELECT origin, external_id, scope, environment, name, action, at, created_at, updated_at, actor, run_id, job
		FROM secret_record WHERE repository = ? ORDER BY at, id`, []any{f.ID}, func(scan func(...any) error) error {
		s := evidence.SecretRecord{Repository: f.Repository}
		var at, created, updated string
		err := scan(&s.Origin, &s.ExternalID, &s.Scope, &s.Environment, &s.Name, &s.Action, &at, &created, &updated, &s.Actor, &s.RunID, &s.Job)
		if err != nil {
			return err
		}
		err = parseStamps(pair{at, &s.At}, pair{created, &s.CreatedAt}, pair{updated, &s.UpdatedAt})
		f.Secrets = append(f.Secrets, s)
		return err
	})
}

func (c *Case) loadAccess(ctx context.Context, f *Facts) error {
	err := c.each(ctx, `SELECT origin, external_id, kind, name, detail, created_at, added_by FROM access_grant WHERE repository = ? ORDER BY created_at, id`,
		[]any{f.ID}, func(scan func(...any) error) error {
			g, created := evidence.AccessGrant{Repository: f.Repository}, ""
			if err := scan(&g.Origin, &g.ExternalID, &g.Kind, &g.Name, &g.Detail, &created, &g.AddedBy); err != nil {
				return err
			}
			err := parseStamps(pair{created, &g.CreatedAt})
			f.Access = append(f.Access, g)
			return err
		})
	if err != nil {
		return err
	}
	return c.each(ctx, "SELECT full_name, github_id, parent, created_at, pushed_at FROM fork WHERE repository = ? ORDER BY parent DESC, full_name, id",
		[]any{f.ID}, func(scan func(...any) error) error {
			k := evidence.Fork{Repository: f.Repository}
			var created, pushed string
			if err := scan(&k.FullName, &k.GitHubID, &k.Parent, &created, &pushed); err != nil {
				return err
			}
			err := parseStamps(pair{created, &k.CreatedAt}, pair{pushed, &k.PushedAt})
			f.Forks = append(f.Forks, k)
			return err
		})
}
