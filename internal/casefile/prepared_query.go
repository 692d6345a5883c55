package casefile

import (
	"context"
	"database/sql"
	"sync"
)

// queries keeps the queries of this program prepared: loading a small repository asks some twenty, and to parse them costs more than to
// answer them.
type queries struct {
	mu  sync.Mutex
	all map[string]*sql.Stmt
}

// maxPrepared is more than there are in this program; one more is answered without being kept.
const maxPrepared = 200

// rows asks a query on any connection of the database.
func (q *queries) rows(ctx context.Context, db *sql.DB, query string, args []any) (*sql.Rows, error) {
	q.mu.Lock()
	s, have := q.all[query]
	if !have && len(q.all) < maxPrepared {
		var err error
		if s, err = db.PrepareContext(ctx, query); err != nil {
			q.mu.Unlock()
			return nil, err
		}
		if q.all == nil {
			q.all = map[string]*sql.Stmt{}
		}
		q.all[query] = s
	}
	q.mu.Unlock()
	if s == nil {
		return db.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}
