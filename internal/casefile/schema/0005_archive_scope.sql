-- What a reading of an archive looked for: of other repositories its hours tell nothing. Readings of before this are of no known scope, so
-- that no silence of theirs counts.

CREATE TABLE archive_scope (
  scope      TEXT NOT NULL,        -- a digest of the names and ids that were looked for
  repository INTEGER NOT NULL REFERENCES repository,
  PRIMARY KEY (scope, repository)
) STRICT, WITHOUT ROWID;
CREATE INDEX archive_scope_by_repository ON archive_scope (repository);

CREATE TABLE archive_hour_scoped ( -- which collection read it, looking for what: a rerun of an unfinished one goes on behind it
  hour       TEXT NOT NULL REFERENCES archive_hour,
  collection INTEGER NOT NULL REFERENCES collection,
  scope      TEXT NOT NULL,
  PRIMARY KEY (hour, collection, scope)
) STRICT, WITHOUT ROWID;
INSERT INTO archive_hour_scoped SELECT hour, collection, '' FROM archive_hour_seen;
DROP TABLE archive_hour_seen;
ALTER TABLE archive_hour_scoped RENAME TO archive_hour_seen;
