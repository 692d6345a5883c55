package casefile

import (
	"context"
	"fmt"

	"pentimento/internal/evidence"
)

// loadLogs loads which logs of jobs the case holds. The texts stay where they are: one can have megabytes, and few are asked for.
func (c *Case) loadLogs(ctx context.Context, f *Facts) error {
	return c.each(ctx, "SELECT run_id, attempt, job_id, bytes, truncated FROM run_log WHERE repository = ? ORDER BY run_id, attempt, job_id, id",
		[]any{f.ID}, func(scan func(...any) error) error {
			l := evidence.RunLog{Repository: f.Repository}
			err := scan(&l.RunID, &l.Attempt, &l.JobID, &l.Bytes, &l.Truncated)
			f.Logs = append(f.Logs, l)
			return err
		})
}

// LogText is the text of a job's log as stored: redacted, and cut where the log says so.
func (c *Case) LogText(ctx context.Context, l evidence.RunLog) ([]byte, error) {
	var blob []byte
	row := c.db.QueryRowContext(ctx, "SELECT s.body FROM run_log l JOIN source s ON s.id = l.source WHERE l.id = ?", l.ID())
	if err := row.Scan(&blob); err != nil {
		return nil, fmt.Errorf("log of job %d: %w", l.JobID, err)
	}
	text, err := c.codec.unpack(blob)
	if err != nil {
		return nil, fmt.Errorf("log of job %d: %w", l.JobID, err)
	}
	return text, nil
}
