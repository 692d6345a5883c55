-- The ids of repositories whose events archives told under a name of the case, where the case knew no id: more than one, and the name was
-- handed on.

CREATE TABLE archive_name (
  repository INTEGER NOT NULL REFERENCES repository,
  github_id  INTEGER NOT NULL,
  PRIMARY KEY (repository, github_id)
) STRICT, WITHOUT ROWID;
