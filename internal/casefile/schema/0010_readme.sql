-- Facts: what commits of the contents API's shape that change the README alone add to it.
CREATE TABLE readme_change (
  repository INTEGER NOT NULL REFERENCES repository,
  oid        TEXT NOT NULL,     -- the commit
  path       TEXT NOT NULL,
  before     TEXT NOT NULL,     -- blob of the first parent's, empty for none
  after      TEXT NOT NULL,
  added      TEXT NOT NULL,     -- JSON array of lines
  cut        INTEGER NOT NULL,  -- there are more lines, or one was shortened
  PRIMARY KEY (repository, oid, path)
) STRICT, WITHOUT ROWID;
