-- What else a collection asked: of an interrupted one, the next that asks the same goes on.

ALTER TABLE collection ADD COLUMN admin INTEGER NOT NULL DEFAULT 0; -- 1: what administrators see
ALTER TABLE collection ADD COLUMN logs INTEGER NOT NULL DEFAULT 0;  -- 1: logs of jobs
