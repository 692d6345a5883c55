-- What was seen outside the case, and the waves by which it is judged.

CREATE TABLE elsewhere (           -- a push or new branch in a repository that is not in the case
  id          TEXT PRIMARY KEY,
  origin      TEXT NOT NULL,       -- archive, events
  external_id TEXT NOT NULL,       -- the id of the event
  full_name   TEXT NOT NULL,       -- as the event names it
  key         TEXT NOT NULL,       -- the same in lower case
  github_id   INTEGER NOT NULL,
  ref         TEXT NOT NULL,
  head        TEXT NOT NULL,
  at          TEXT NOT NULL,
  clock       TEXT NOT NULL,
  actor       TEXT NOT NULL,
  patterns    TEXT NOT NULL        -- JSON array: what of a campaign its messages or its branch bear
) STRICT;
CREATE INDEX elsewhere_by_name ON elsewhere (key, at);

CREATE TABLE wave (                -- an inference: the waves of the case's campaigns, from their packs
  campaign   TEXT NOT NULL,
  id         TEXT NOT NULL,
  not_before TEXT NOT NULL,        -- declared clock
  not_after  TEXT NOT NULL,        -- the first instant behind it
  PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;
