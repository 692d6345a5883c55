-- The case file, version 1. Times are UTC text, RFC 3339; an empty text where a source named no time. In inferences NULL is
-- "unbounded" or "unknown", never a value. Object names are 40 hex digits.

-- What the case is about.

CREATE TABLE case_info (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pack (
  name   TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  text   BLOB NOT NULL
) STRICT;

CREATE TABLE repository (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,         -- owner/name as it was given
  key        TEXT NOT NULL UNIQUE,  -- the same in lower case: GitHub compares so
  added_from TEXT NOT NULL,         -- file and line, or "argument"
  mirror     TEXT NOT NULL          -- an existing clone to read git objects from; empty: fetch
) STRICT;

CREATE TABLE clone (                -- folders of clones that people kept: further evidence, beside what is fetched
  repository INTEGER NOT NULL REFERENCES repository,
  path       TEXT NOT NULL,
  PRIMARY KEY (repository, path)
) STRICT, WITHOUT ROWID;

-- Facts: what sources said. Rows are added, never changed.

CREATE TABLE source (
  id            TEXT PRIMARY KEY,
  repository    INTEGER NOT NULL REFERENCES repository,
  origin        TEXT NOT NULL,
  method        TEXT NOT NULL,
  url           TEXT NOT NULL,
  target        TEXT NOT NULL,
  status        INTEGER NOT NULL,
  etag          TEXT NOT NULL,
  sha256        TEXT NOT NULL,     -- of the body as received
  stored_sha256 TEXT NOT NULL,     -- of the body as stored, after redaction
  redactions    INTEGER NOT NULL,
  body          BLOB NOT NULL      -- zstd
) STRICT;
CREATE INDEX source_by_target ON source (repository, target);

CREATE TABLE source_seen (         -- every time the same answer came
  source     TEXT NOT NULL REFERENCES source,
  collection INTEGER NOT NULL REFERENCES collection,
  at         TEXT NOT NULL,
  PRIMARY KEY (source, collection, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE repository_state (
  id             TEXT PRIMARY KEY,
  repository     INTEGER NOT NULL REFERENCES repository,
  github_id      INTEGER NOT NULL,
  full_name      TEXT NOT NULL,
  default_branch TEXT NOT NULL,
  fork_of        TEXT NOT NULL,
  private        INTEGER NOT NULL,
  archived       INTEGER NOT NULL,
  disabled       INTEGER NOT NULL,
  created_at     TEXT NOT NULL,
  pushed_at      TEXT NOT NULL,
  source         TEXT NOT NULL
) STRICT;
CREATE INDEX repository_state_by_repository ON repository_state (repository);

CREATE TABLE listed_ref (
  source TEXT NOT NULL REFERENCES source,
  ref    TEXT NOT NULL,
  oid    TEXT NOT NULL,
  peeled TEXT NOT NULL,
  symref TEXT NOT NULL,
  PRIMARY KEY (source, ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE ref_update (
  id          TEXT PRIMARY KEY,
  repository  INTEGER NOT NULL REFERENCES repository,
  origin      TEXT NOT NULL,
  external_id TEXT NOT NULL,
  ref         TEXT NOT NULL,
  before      TEXT NOT NULL,       -- empty: the source does not say; zeros: none
  after       TEXT NOT NULL,
  kind        TEXT NOT NULL,
  at          TEXT NOT NULL,
  clock       TEXT NOT NULL,       -- whose time at is: server, archive, local
  by          INTEGER NOT NULL,    -- 1: the move was made at that time or earlier
  actor       TEXT NOT NULL,
  source      TEXT NOT NULL
) STRICT;
CREATE INDEX ref_update_by_ref ON ref_update (repository, ref, at);

CREATE TABLE sighting (            -- a ref held an object at a time; how it came there is not said
  id          TEXT PRIMARY KEY,
  repository  INTEGER NOT NULL REFERENCES repository,
  origin      TEXT NOT NULL,
  external_id TEXT NOT NULL,
  ref         TEXT NOT NULL,
  oid         TEXT NOT NULL,       -- zeros: the ref was not there
  at          TEXT NOT NULL,
  clock       TEXT NOT NULL,
  source      TEXT NOT NULL
) STRICT;
CREATE INDEX sighting_by_ref ON sighting (repository, ref, at);

CREATE TABLE signature_check (     -- what GitHub says of the signature of a commit
  id          TEXT PRIMARY KEY,
  oid         TEXT NOT NULL,
  verified    INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  verified_at TEXT NOT NULL,       -- server clock
  by_github   INTEGER NOT NULL,    -- made in the browser: its committer date is GitHub's own
  source      TEXT NOT NULL
) STRICT;
CREATE INDEX signature_check_by_commit ON signature_check (oid);
CREATE INDEX signature_check_by_source ON signature_check (source);

CREATE TABLE secret_record (       -- what an administrator's listing or the audit log tells of a stored secret, by name
  id          TEXT PRIMARY KEY,
  repository  INTEGER NOT NULL REFERENCES repository,
  origin      TEXT NOT NULL,
  external_id TEXT NOT NULL,
  scope       TEXT NOT NULL,
  environment TEXT NOT NULL,
  name        TEXT NOT NULL,
  action      TEXT NOT NULL,       -- listed, created, updated, removed, passed
  at          TEXT NOT NULL,       -- server clock
  created_at  TEXT NOT NULL,
  updated_at  TEXT NOT NULL,
  actor       TEXT NOT NULL,
  run_id      INTEGER NOT NULL,    -- of a job that it was handed to, else 0
  job         TEXT NOT NULL,
  source      TEXT NOT NULL
) STRICT;
CREATE INDEX secret_record_by_name ON secret_record (repository, name);

CREATE TABLE access_grant (        -- a way into the repository that somebody added
  id          TEXT PRIMARY KEY,
  repository  INTEGER NOT NULL REFERENCES repository,
  origin      TEXT NOT NULL,
  external_id TEXT NOT NULL,
  kind        TEXT NOT NULL,       -- deploy_key, webhook, collaborator, self_hosted_runner
  name        TEXT NOT NULL,
  detail      TEXT NOT NULL,
  created_at  TEXT NOT NULL,
  added_by    TEXT NOT NULL,
  source      TEXT NOT NULL
) STRICT;
CREATE INDEX access_grant_by_repository ON access_grant (repository);

CREATE TABLE fork (                -- where lost objects may be had still
  id         TEXT PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository,
  full_name  TEXT NOT NULL,
  github_id  INTEGER NOT NULL,
  parent     INTEGER NOT NULL,     -- 1: the repository is itself a fork of it
  created_at TEXT NOT NULL,
  pushed_at  TEXT NOT NULL,
  source     TEXT NOT NULL
) STRICT;
CREATE INDEX fork_by_repository ON fork (repository);

CREATE TABLE run_log (             -- the log of a job; its text is the body of the source
  id         TEXT PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository,
  run_id     INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  job_id     INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,     -- as received
  truncated  INTEGER NOT NULL,
  source     TEXT NOT NULL
) STRICT;
CREATE INDEX run_log_by_job ON run_log (repository, run_id, job_id);

CREATE TABLE archive_hour (        -- how much of an hour an archive has, whatever the repository
  id      TEXT PRIMARY KEY,
  archive TEXT NOT NULL,
  hour    TEXT NOT NULL,           -- begin of the hour of ingest
  state   TEXT NOT NULL,           -- present, absent, truncated, refused, unread
  sha256  TEXT NOT NULL,
  bytes   INTEGER NOT NULL,
  events  INTEGER NOT NULL,
  pushes  INTEGER NOT NULL,
  bad     INTEGER NOT NULL,
  first   TEXT NOT NULL,           -- oldest created_at seen in it, archive clock
  last    TEXT NOT NULL,
  detail  TEXT NOT NULL
) STRICT;
CREATE INDEX archive_hour_by_hour ON archive_hour (hour);

CREATE TABLE archive_hour_seen (   -- which collection read it: a rerun of an unfinished one goes on behind it
  hour       TEXT NOT NULL REFERENCES archive_hour,
  collection INTEGER NOT NULL REFERENCES collection,
  PRIMARY KEY (hour, collection)
) STRICT, WITHOUT ROWID;

CREATE TABLE commit_block (        -- some thousand commits of a history together; internal/casefile/block.go has the format
  id      TEXT PRIMARY KEY,
  commits INTEGER NOT NULL,
  graph   BLOB NOT NULL,
  detail  BLOB NOT NULL            -- zstd; persons and messages
) STRICT;

CREATE TABLE commit_block_seen (   -- in which repository they were had; no fact names them one by one
  repository INTEGER NOT NULL REFERENCES repository,
  block      TEXT NOT NULL REFERENCES commit_block,
  via        TEXT NOT NULL,
  source     TEXT NOT NULL,
  PRIMARY KEY (repository, block, via)
) STRICT, WITHOUT ROWID;

CREATE TABLE named_commit (        -- a commit that a fact names, one row in all repositories that hold it
  oid             TEXT PRIMARY KEY,
  tree            TEXT NOT NULL,
  parents         TEXT NOT NULL,   -- separated by a space
  author_name     TEXT NOT NULL,
  author_email    TEXT NOT NULL,
  author_date     TEXT NOT NULL,
  author_zone     TEXT NOT NULL,
  committer_name  TEXT NOT NULL,
  committer_email TEXT NOT NULL,
  committer_date  TEXT NOT NULL,
  committer_zone  TEXT NOT NULL,
  message         TEXT NOT NULL,
  signed          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE commit_seen (         -- in which repository it was had, and what named it there
  repository INTEGER NOT NULL REFERENCES repository,
  oid        TEXT NOT NULL REFERENCES named_commit,
  via        TEXT NOT NULL,
  named_by   TEXT NOT NULL,        -- JSON array of evidence ids
  source     TEXT NOT NULL,
  PRIMARY KEY (repository, oid, via, named_by)
) STRICT, WITHOUT ROWID;

CREATE TABLE holding (             -- what a commit's tree holds at .github/workflows; no row: the tree could not be had
  oid          TEXT PRIMARY KEY,
  workflows    TEXT NOT NULL,      -- the tree's object name, empty for none
  root_changes TEXT NOT NULL       -- JSON array
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_folder (     -- workflow trees that commits hold, many together; internal/casefile/folders.go has the format
  repository INTEGER NOT NULL REFERENCES repository,
  id         TEXT NOT NULL,
  body       BLOB NOT NULL,
  PRIMARY KEY (repository, id)
) STRICT;

CREATE TABLE workflow_file (       -- what stood in any of them
  repository INTEGER NOT NULL REFERENCES repository,
  blob       TEXT NOT NULL,
  path       TEXT NOT NULL,
  mode       TEXT NOT NULL,
  PRIMARY KEY (repository, blob, path, mode)
) STRICT, WITHOUT ROWID;
CREATE INDEX workflow_file_by_blob ON workflow_file (blob);

CREATE TABLE workflow_blob (
  oid           TEXT PRIMARY KEY,
  size          INTEGER NOT NULL,  -- as received
  stored_sha256 TEXT NOT NULL,
  redactions    INTEGER NOT NULL,
  text          BLOB NOT NULL      -- zstd
) STRICT;

CREATE TABLE run (                 -- one attempt as one listing told it
  id               TEXT PRIMARY KEY,
  repository       INTEGER NOT NULL REFERENCES repository,
  run_id           INTEGER NOT NULL,
  attempt          INTEGER NOT NULL,
  workflow_id      INTEGER NOT NULL,
  name             TEXT NOT NULL,
  path             TEXT NOT NULL,
  event            TEXT NOT NULL,
  status           TEXT NOT NULL,
  conclusion       TEXT NOT NULL,
  head_branch      TEXT NOT NULL,
  head_sha         TEXT NOT NULL,
  head_repository  TEXT NOT NULL,
  actor            TEXT NOT NULL,
  triggering_actor TEXT NOT NULL,
  created_at       TEXT NOT NULL,
  started_at       TEXT NOT NULL,
  updated_at       TEXT NOT NULL,
  source           TEXT NOT NULL
) STRICT;
CREATE INDEX run_by_repository ON run (repository, run_id, attempt);

CREATE TABLE job (
  id           TEXT PRIMARY KEY,
  repository   INTEGER NOT NULL REFERENCES repository,
  run_id       INTEGER NOT NULL,
  attempt      INTEGER NOT NULL,
  job_id       INTEGER NOT NULL,
  name         TEXT NOT NULL,
  status       TEXT NOT NULL,
  conclusion   TEXT NOT NULL,
  runner_name  TEXT NOT NULL,
  started_at   TEXT NOT NULL,
  completed_at TEXT NOT NULL,
  source       TEXT NOT NULL
) STRICT;
CREATE INDEX job_by_run ON job (repository, run_id, attempt);

CREATE TABLE step (
  job          TEXT NOT NULL REFERENCES job,
  number       INTEGER NOT NULL,
  name         TEXT NOT NULL,
  status       TEXT NOT NULL,
  conclusion   TEXT NOT NULL,
  started_at   TEXT NOT NULL,      -- runner clock
  completed_at TEXT NOT NULL,
  PRIMARY KEY (job, number, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage (            -- over which time an origin was listed to its end
  repository INTEGER NOT NULL REFERENCES repository,
  origin     TEXT NOT NULL,
  detail     TEXT NOT NULL,
  not_before TEXT NOT NULL,        -- empty: back to the origin's own horizon
  not_after  TEXT NOT NULL,
  complete   INTEGER NOT NULL,
  oldest     TEXT NOT NULL,
  PRIMARY KEY (repository, origin, detail, not_before, not_after, complete, oldest)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap (
  id         TEXT PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository,
  unit       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  subject    TEXT NOT NULL,
  detail     TEXT NOT NULL,
  hint       TEXT NOT NULL,
  source     TEXT NOT NULL         -- the first answer that told it; empty where none came
) STRICT;
CREATE INDEX gap_by_repository ON gap (repository, unit);

CREATE TABLE gap_seen (
  gap        TEXT NOT NULL REFERENCES gap,
  collection INTEGER NOT NULL REFERENCES collection,
  PRIMARY KEY (gap, collection)
) STRICT, WITHOUT ROWID;

CREATE TABLE declaration (         -- what a person knows; clock "declared"
  id           TEXT PRIMARY KEY,
  repository   INTEGER NOT NULL REFERENCES repository,
  secret       TEXT NOT NULL,
  credential   TEXT NOT NULL,
  fact         TEXT NOT NULL,
  at           TEXT NOT NULL,
  by_whom      TEXT NOT NULL,
  because      TEXT NOT NULL,
  retracts     TEXT NOT NULL,      -- the id of the declaration that this one takes back, else empty
  again        INTEGER NOT NULL    -- how many of the same words came before and were taken back
) STRICT;

-- How far collection came: a rerun of an unfinished collection skips the units that are done.

CREATE TABLE collection (
  id          INTEGER PRIMARY KEY,
  host        TEXT NOT NULL,
  api         TEXT NOT NULL,
  only_units  TEXT NOT NULL,
  refresh     INTEGER NOT NULL,    -- 1: only what came since the case last listed it
  places      TEXT NOT NULL,       -- JSON array: archives and exports that were to be read
  started_at  TEXT NOT NULL,
  finished_at TEXT NOT NULL        -- empty: interrupted or still running
) STRICT;

CREATE TABLE unit_done (
  repository INTEGER NOT NULL REFERENCES repository,
  unit       TEXT NOT NULL,
  collection INTEGER NOT NULL REFERENCES collection,
  PRIMARY KEY (repository, unit, collection)
) STRICT, WITHOUT ROWID;
