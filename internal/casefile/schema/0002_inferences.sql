-- Inferences, version 1: emptied and filled again by every analysis. An instant is five columns: two bounds with their clocks, NULL where
-- unbounded, and the evidence ids as a JSON array.

CREATE TABLE analysis (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (             -- one malicious workflow version
  blob         TEXT PRIMARY KEY,
  campaign     TEXT NOT NULL,
  hits         TEXT NOT NULL,      -- JSON: rule, severity, confidence, reason, lines
  secrets      TEXT NOT NULL,      -- JSON array of names, sorted
  all_secrets  INTEGER NOT NULL,
  destinations TEXT NOT NULL,      -- JSON array of hosts as in the file
  triggers     TEXT NOT NULL,      -- JSON
  leaks        TEXT NOT NULL       -- JSON: which step leaks what
) STRICT, WITHOUT ROWID;

CREATE TABLE finding_place (
  blob       TEXT NOT NULL REFERENCES finding,
  repository INTEGER NOT NULL REFERENCES repository,
  path       TEXT NOT NULL,
  PRIMARY KEY (blob, repository, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding_context (     -- a rule that holds in one repository, by what that did before
  blob          TEXT NOT NULL REFERENCES finding,
  repository    INTEGER NOT NULL REFERENCES repository,
  rule          TEXT NOT NULL,
  path          TEXT NOT NULL,
  commit_oid    TEXT NOT NULL,     -- that brought the version to the path
  severity      TEXT NOT NULL,
  confidence    TEXT NOT NULL,
  reason        TEXT NOT NULL,     -- what the file does; what the repository did before
  circumstances TEXT NOT NULL,     -- JSON array of the words that decided
  lines         TEXT NOT NULL,     -- JSON array
  PRIMARY KEY (blob, repository, rule, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign_commit (
  repository        INTEGER NOT NULL REFERENCES repository,
  oid               TEXT NOT NULL,
  role              TEXT NOT NULL,
  campaign          TEXT NOT NULL,
  path              TEXT NOT NULL,
  blob              TEXT NOT NULL,
  committed_at      TEXT NOT NULL, -- git clock: the committer's word
  recovered         INTEGER NOT NULL,
  signals           TEXT NOT NULL, -- JSON array
  pushed_not_before TEXT, pushed_not_before_clock TEXT, pushed_not_after TEXT, pushed_not_after_clock TEXT,
  pushed_evidence   TEXT NOT NULL,
  PRIMARY KEY (repository, oid, role, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE cited_commit (        -- the commit objects that findings cite, wherever they are stored
  oid             TEXT PRIMARY KEY,
  tree            TEXT NOT NULL,
  parents         TEXT NOT NULL,
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

CREATE VIEW commit_object AS       -- commits that a fact names or a finding cites; the others stand in blocks, where pentimento evidence reads them
  SELECT * FROM named_commit UNION SELECT * FROM cited_commit;

CREATE TABLE family (              -- versions that are the same once names, secrets and destinations are taken out, around findings
  id           TEXT PRIMARY KEY,
  campaigns    TEXT NOT NULL,      -- JSON array of packs that know some of it
  confidence   TEXT NOT NULL,      -- the highest of the rules that hit
  outline      TEXT NOT NULL,      -- JSON: triggers, steps, programs, ways out, loot of the founder
  habits       TEXT NOT NULL,      -- JSON: how its commits were made
  repositories TEXT NOT NULL       -- JSON array of names
) STRICT, WITHOUT ROWID;

CREATE TABLE family_member (
  family TEXT NOT NULL REFERENCES family,
  blob   TEXT NOT NULL,
  found  INTEGER NOT NULL,         -- 0: a relative, which no rule hits
  how    TEXT NOT NULL,            -- skeleton, near, step
  score  REAL NOT NULL,            -- likeness, 1 for the same skeleton
  reason TEXT NOT NULL,
  PRIMARY KEY (family, blob)
) STRICT, WITHOUT ROWID;

CREATE TABLE proposal (            -- what occurs in a family and in no pack of the case
  family       TEXT NOT NULL REFERENCES family,
  kind         TEXT NOT NULL,      -- host, url_part, path, workflow_name, job_id, artifact, runner_label, message, author, branch
  value        TEXT NOT NULL,      -- as the attacker wrote it
  role         TEXT NOT NULL,      -- of a message
  confidence   TEXT NOT NULL,
  reason       TEXT NOT NULL,
  everyday     INTEGER NOT NULL,   -- 1: it occurs elsewhere as well, or anybody may have it
  repositories TEXT NOT NULL,      -- JSON array of names: where it occurs in the family
  adds         TEXT NOT NULL,      -- JSON array of those that no rule has hit
  evidence     TEXT NOT NULL,      -- JSON array of ids
  PRIMARY KEY (family, kind, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE presence (
  id             TEXT PRIMARY KEY,
  repository     INTEGER NOT NULL REFERENCES repository,
  ref            TEXT,             -- NULL: no ref can be named
  path           TEXT NOT NULL,
  blob           TEXT NOT NULL,    -- the first version
  campaign       TEXT NOT NULL,
  state          TEXT NOT NULL,    -- proven, possible
  armed          TEXT NOT NULL,    -- armed, proposed, inherited, no
  added_not_before TEXT, added_not_before_clock TEXT, added_not_after TEXT, added_not_after_clock TEXT, added_evidence TEXT NOT NULL,
  added_commit   TEXT NOT NULL, added_update_before TEXT NOT NULL, added_update_after TEXT NOT NULL,
  gone           INTEGER NOT NULL, -- 0: still there as of as_of; then the removed columns say nothing
  removed_not_before TEXT, removed_not_before_clock TEXT, removed_not_after TEXT, removed_not_after_clock TEXT, removed_evidence TEXT NOT NULL,
  removed_commit TEXT NOT NULL, removed_update_before TEXT NOT NULL, removed_update_after TEXT NOT NULL,
  how            TEXT NOT NULL,
  as_of          TEXT NOT NULL,    -- last observation of the ref
  certain_from   TEXT,             -- the part in which it was there and cannot have been away; NULL: none is shown
  certain_to     TEXT,
  would_narrow   TEXT NOT NULL     -- JSON array of origins that were not had in full and could narrow a bound
) STRICT;
CREATE INDEX presence_by_repository ON presence (repository, ref, path);

CREATE TABLE presence_version (
  presence TEXT NOT NULL REFERENCES presence,
  seq      INTEGER NOT NULL,
  blob     TEXT NOT NULL,
  oid      TEXT NOT NULL,          -- the commit that brought this version
  from_not_before TEXT, from_not_before_clock TEXT, from_not_after TEXT, from_not_after_clock TEXT, from_evidence TEXT NOT NULL,
  PRIMARY KEY (presence, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE contains (            -- refs that reach a malicious commit but never held the file, as far as is known
  repository INTEGER NOT NULL REFERENCES repository,
  ref        TEXT NOT NULL,
  oid        TEXT NOT NULL,
  PRIMARY KEY (repository, ref, oid)
) STRICT, WITHOUT ROWID;

CREATE TABLE opportunity (         -- when GitHub could start a malicious version
  id         TEXT PRIMARY KEY,
  presence   TEXT NOT NULL REFERENCES presence,
  repository INTEGER NOT NULL REFERENCES repository,
  ref        TEXT,
  path       TEXT NOT NULL,
  blob       TEXT NOT NULL,
  event      TEXT NOT NULL,
  head       TEXT NOT NULL,        -- the pushed commit; empty for events that need none
  status     TEXT NOT NULL,        -- possible, suppressed, matched, no-run-seen, run-deleted
  reason     TEXT NOT NULL,
  run_id     INTEGER,
  at_not_before TEXT, at_not_before_clock TEXT, at_not_after TEXT, at_not_after_clock TEXT, at_evidence TEXT NOT NULL
) STRICT;
CREATE INDEX opportunity_by_presence ON opportunity (presence);

CREATE TABLE execution (           -- how far one attempt of a run of a malicious version got
  run        TEXT PRIMARY KEY REFERENCES run,
  repository INTEGER NOT NULL REFERENCES repository,
  run_id     INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  ref        TEXT NOT NULL,
  path       TEXT NOT NULL,
  blob       TEXT NOT NULL,
  campaign   TEXT NOT NULL,
  ladder     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  leaked_not_before TEXT, leaked_not_before_clock TEXT, leaked_not_after TEXT, leaked_not_after_clock TEXT, leaked_evidence TEXT NOT NULL
) STRICT;

CREATE INDEX execution_by_repository ON execution (repository);

CREATE TABLE could_read (          -- what a job of a run of a malicious version could read, as its file says
  run         TEXT NOT NULL REFERENCES run,
  repository  INTEGER NOT NULL REFERENCES repository,
  run_id      INTEGER NOT NULL,
  attempt     INTEGER NOT NULL,
  job         TEXT NOT NULL,       -- the id in the file
  blob        TEXT NOT NULL,
  began       TEXT NOT NULL,       -- yes, no (a complete record shows it), unknown
  secrets     TEXT NOT NULL,       -- JSON array of names; "*": all that the repository had, "history:*": all that was ever committed
  environment TEXT NOT NULL,       -- whose secrets it could read too; empty for none
  permissions TEXT NOT NULL,       -- of its GITHUB_TOKEN; empty: the repository's default, which no source tells
  id_token    TEXT NOT NULL,       -- could ask for OIDC tokens: yes, no, unknown
  reason      TEXT NOT NULL,
  evidence    TEXT NOT NULL,       -- JSON array of ids
  PRIMARY KEY (run, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX could_read_by_repository ON could_read (repository);

CREATE TABLE ladder (              -- how far a version got with a secret in a repository: the highest step that anything shows
  repository INTEGER NOT NULL REFERENCES repository,
  blob       TEXT NOT NULL,
  secret     TEXT NOT NULL,        -- a name, "*", "history:*", "GITHUB_TOKEN" or "id-token"
  ladder     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  reach      TEXT NOT NULL,        -- how the version could read it
  run_id     INTEGER,              -- whose record says so; NULL for none
  attempt    INTEGER,
  evidence   TEXT NOT NULL,        -- JSON array of ids
  PRIMARY KEY (repository, blob, secret)
) STRICT, WITHOUT ROWID;

CREATE TABLE rotation (            -- what to do in a repository, in this order
  repository INTEGER NOT NULL REFERENCES repository,
  place      INTEGER NOT NULL,     -- from 1
  kind       TEXT NOT NULL,        -- warning, remove, revoke, check, left-out
  secret     TEXT NOT NULL,
  credential TEXT NOT NULL,
  ladder     TEXT NOT NULL,
  what       TEXT NOT NULL,        -- one line: what to do
  reason     TEXT NOT NULL,
  windows    TEXT NOT NULL,        -- JSON array of ids of windows
  evidence   TEXT NOT NULL,        -- JSON array of ids
  PRIMARY KEY (repository, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE exposure_window (
  id         TEXT PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository,
  campaign   TEXT NOT NULL,
  secret     TEXT NOT NULL,        -- empty for a credential that stands in no secret list
  credential TEXT NOT NULL,
  project    TEXT NOT NULL,
  value      INTEGER NOT NULL,     -- 1 for the value that was there at first, 2 for its replacement, ...
  opened_not_before TEXT, opened_not_before_clock TEXT, opened_not_after TEXT, opened_not_after_clock TEXT, opened_evidence TEXT NOT NULL,
  opened_by  TEXT NOT NULL,
  could_have_opened_by TEXT NOT NULL,
  closed_not_before TEXT, closed_not_before_clock TEXT, closed_not_after TEXT, closed_not_after_clock TEXT, closed_evidence TEXT NOT NULL,
  state      TEXT NOT NULL,        -- closed, open, not_known_closed, never_stored
  execution  TEXT NOT NULL,
  reason     TEXT NOT NULL
) STRICT;

CREATE INDEX exposure_window_by_repository ON exposure_window (repository);

CREATE TABLE repository_verdict (  -- the state of a repository as of as_of
  repository INTEGER PRIMARY KEY REFERENCES repository,
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  as_of      TEXT NOT NULL,
  evidence   TEXT NOT NULL         -- JSON array of ids
) STRICT;

CREATE TABLE inferred_gap (
  id         TEXT PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository,
  unit       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  subject    TEXT NOT NULL,
  detail     TEXT NOT NULL,
  hint       TEXT NOT NULL,
  evidence   TEXT NOT NULL
) STRICT;

CREATE VIEW current_gap AS         -- what could not be seen: gaps that no later collection of their unit did without, and those of analysis
  SELECT g.id, g.repository, g.unit, g.kind, g.subject, g.detail, g.hint, g.source, '' AS evidence
    FROM gap g JOIN (SELECT gap, max(collection) AS collection FROM gap_seen GROUP BY gap) s ON s.gap = g.id
   WHERE NOT EXISTS (SELECT 1 FROM unit_done d WHERE d.repository = g.repository AND d.unit = g.unit AND d.collection > s.collection)
  UNION ALL
  SELECT id, repository, unit, kind, subject, detail, hint, '', evidence FROM inferred_gap;

CREATE VIEW listing AS             -- the last listing of refs of each repository: by time, for an old clone can be read late; then of the last collection
  SELECT s.repository, s.id AS source, v.at AS at, max(printf('%s %012d', rtrim(v.at, 'Z'), v.collection)) AS last
    FROM source s JOIN source_seen v ON v.source = s.id
   WHERE s.origin = 'git-refs' GROUP BY s.repository;
