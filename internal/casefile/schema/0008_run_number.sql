-- The number of a run among those of its workflow: a number that no listed run bears is the trace of a deleted one.

ALTER TABLE run ADD COLUMN number INTEGER NOT NULL DEFAULT 0; -- 0: the source does not say
