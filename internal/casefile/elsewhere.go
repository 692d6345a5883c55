package casefile

import (
	"context"
	"fmt"

	"pentimento/internal/evidence"
)

// elsewhere writes what was seen in repositories that are not in the case. Whether one has come into the case since is asked when it is read.
func (a *appender) elsewhere(list []evidence.Elsewhere) error {
	for _, e := range list {
		patterns, err := jsonArray(e.Patterns)
		if err == nil {
			err = a.exec(`INSERT OR IGNORE INTO elsewhere (id, origin, external_id, full_name, key, github_id, ref, head, at, clock, actor, patterns, source)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, e.ID(), string(e.Origin), e.ExternalID, string(e.FullName), e.FullName.Key(), e.GitHubID,
				string(e.Ref), string(e.Head), evidence.Stamp(e.At), e.Clock.String(), e.Actor, patterns, a.source)
		}
		if err != nil {
			return fmt.Errorf("push elsewhere: %w", err)
		}
	}
	return nil
}

// Pushers lists the logins that sources name for the updates whose new tip the last analysis took for a campaign commit, other than
// removals, and for the runs that a push of one started.
// Empty before the first analysis.
func (c *Case) Pushers(ctx context.Context) ([]string, error) {
	var out []string
	err := c.each(ctx, `SELECT u.actor FROM ref_update u JOIN campaign_commit k ON k.repository = u.repository AND k.oid = u.after
		 WHERE u.actor <> '' AND k.role <> 'removal'
		UNION SELECT n.actor FROM run n JOIN campaign_commit k ON k.repository = n.repository AND k.oid = n.head_sha
		 WHERE n.actor <> '' AND n.event = 'push' AND k.role <> 'removal' ORDER BY 1`, nil, func(scan func(...any) error) error {
		var login string
		err := scan(&login)
		out = append(out, login)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list pushers: %w", err)
	}
	return out, nil
}
