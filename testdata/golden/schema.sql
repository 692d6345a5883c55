CREATE INDEX access_grant_by_repository ON access_grant (repository);

CREATE INDEX archive_hour_by_hour ON archive_hour (hour);

CREATE INDEX archive_scope_by_repository ON archive_scope (repository);

CREATE INDEX could_read_by_repository ON could_read (repository);

CREATE INDEX credential_event_by_ref ON credential_event (ref, at);

CREATE INDEX credential_record_by_ref ON credential_record (ref, listed_at);

CREATE INDEX elsewhere_by_name ON elsewhere (key, at);

CREATE INDEX execution_by_repository ON execution (repository);

CREATE INDEX exposure_window_by_repository ON exposure_window (repository);

CREATE INDEX fork_by_repository ON fork (repository);

CREATE INDEX gap_by_repository ON gap (repository, unit);

CREATE INDEX job_by_run ON job (repository, run_id, attempt);

CREATE INDEX opportunity_by_presence ON opportunity (presence);

CREATE INDEX presence_by_repository ON presence (repository, ref, path);

CREATE INDEX ref_update_by_ref ON ref_update (repository, ref, at);

CREATE INDEX release_record_by_project ON release_record (provider, project, at);

CREATE INDEX repository_state_by_repository ON repository_state (repository);

CREATE INDEX run_by_repository ON run (repository, run_id, attempt);

CREATE INDEX run_log_by_job ON run_log (repository, run_id, job_id);

CREATE INDEX secret_record_by_name ON secret_record (repository, name);

CREATE INDEX sighting_by_ref ON sighting (repository, ref, at);

CREATE INDEX signature_check_by_commit ON signature_check (oid);

CREATE INDEX signature_check_by_source ON signature_check (source);

CREATE INDEX source_by_target ON source (repository, target);

CREATE INDEX workflow_file_by_blob ON workflow_file (blob);

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

CREATE TABLE analysis (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE "archive_hour_seen" ( -- which collection read it, looking for what: a rerun of an unfinished one goes on behind it
  hour       TEXT NOT NULL REFERENCES archive_hour,
  collection INTEGER NOT NULL REFERENCES collection,
  scope      TEXT NOT NULL,
  PRIMARY KEY (hour, collection, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_name (
  repository INTEGER NOT NULL REFERENCES repository,
  github_id  INTEGER NOT NULL,
  PRIMARY KEY (repository, github_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_scope (
  scope      TEXT NOT NULL,        -- a digest of the names and ids that were looked for
  repository INTEGER NOT NULL REFERENCES repository,
  PRIMARY KEY (scope, repository)
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

CREATE TABLE case_info (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
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

CREATE TABLE clone (                -- folders of clones that people kept: further evidence, beside what is fetched
  repository INTEGER NOT NULL REFERENCES repository,
  path       TEXT NOT NULL,
  PRIMARY KEY (repository, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE collection (
  id          INTEGER PRIMARY KEY,
  host        TEXT NOT NULL,
  api         TEXT NOT NULL,
  only_units  TEXT NOT NULL,
  refresh     INTEGER NOT NULL,    -- 1: only what came since the case last listed it
  places      TEXT NOT NULL,       -- JSON array: archives and exports that were to be read
  started_at  TEXT NOT NULL,
  finished_at TEXT NOT NULL        -- empty: interrupted or still running
, admin INTEGER NOT NULL DEFAULT 0, logs INTEGER NOT NULL DEFAULT 0) STRICT;

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

CREATE TABLE commit_seen (         -- in which repository it was had, and what named it there
  repository INTEGER NOT NULL REFERENCES repository,
  oid        TEXT NOT NULL REFERENCES named_commit,
  via        TEXT NOT NULL,
  named_by   TEXT NOT NULL,        -- JSON array of evidence ids
  source     TEXT NOT NULL,
  PRIMARY KEY (repository, oid, via, named_by)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact (
  id      TEXT PRIMARY KEY,
  kind    TEXT NOT NULL,           -- owner, repository, project
  name    TEXT NOT NULL,
  person  TEXT NOT NULL,
  address TEXT NOT NULL,
  why     TEXT NOT NULL,
  import  INTEGER NOT NULL REFERENCES import
) STRICT;

CREATE TABLE contains (            -- refs that reach a malicious commit but never held the file, as far as is known
  repository INTEGER NOT NULL REFERENCES repository,
  ref        TEXT NOT NULL,
  oid        TEXT NOT NULL,
  PRIMARY KEY (repository, ref, oid)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE credential_event (    -- a step in the life of a credential
  id       TEXT PRIMARY KEY,
  ref      TEXT NOT NULL,          -- empty where the log names it by label alone
  provider TEXT NOT NULL,
  account  TEXT NOT NULL,
  label    TEXT NOT NULL,
  what     TEXT NOT NULL,          -- created, removed, removed-leak, expired, disabled, enabled, refused, rotated
  at       TEXT NOT NULL,          -- server clock
  by_whom  TEXT NOT NULL,
  detail   TEXT NOT NULL,
  log      TEXT NOT NULL,
  external TEXT NOT NULL,          -- the log's own id of the event
  import   INTEGER NOT NULL REFERENCES import,
  line     INTEGER NOT NULL
) STRICT;

CREATE TABLE credential_listing (
  id       TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  account  TEXT NOT NULL,
  at       TEXT NOT NULL,
  complete INTEGER NOT NULL,
  import   INTEGER NOT NULL REFERENCES import
) STRICT;

CREATE TABLE credential_record (   -- one row of an inventory
  id             TEXT PRIMARY KEY,
  ref            TEXT NOT NULL,    -- provider:identifier
  provider       TEXT NOT NULL,
  kind           TEXT NOT NULL,
  account        TEXT NOT NULL,
  label          TEXT NOT NULL,
  account_wide   INTEGER NOT NULL,
  projects       TEXT NOT NULL,    -- JSON array
  scopes         TEXT NOT NULL,    -- JSON array
  created_at     TEXT NOT NULL,
  expires_at     TEXT NOT NULL,
  last_used_at   TEXT NOT NULL,
  last_used_told INTEGER NOT NULL, -- 1: an empty last_used_at is "never, as far as it records"
  last_within    INTEGER NOT NULL, -- seconds
  revoked_at     TEXT NOT NULL,
  inactive       INTEGER NOT NULL,
  address        TEXT NOT NULL,
  user_agent     TEXT NOT NULL,
  parent         TEXT NOT NULL,
  alias          TEXT NOT NULL,    -- another identifier of the same credential at its provider, without the provider; empty: none
  listed_at      TEXT NOT NULL,
  import         INTEGER NOT NULL REFERENCES import,
  line           INTEGER NOT NULL
) STRICT;

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
, source TEXT NOT NULL DEFAULT '') STRICT;

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

CREATE TABLE finding_place (
  blob       TEXT NOT NULL REFERENCES finding,
  repository INTEGER NOT NULL REFERENCES repository,
  path       TEXT NOT NULL,
  PRIMARY KEY (blob, repository, path)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE gap_seen (
  gap        TEXT NOT NULL REFERENCES gap,
  collection INTEGER NOT NULL REFERENCES collection,
  PRIMARY KEY (gap, collection)
) STRICT, WITHOUT ROWID;

CREATE TABLE holding (             -- what a commit's tree holds at .github/workflows; no row: the tree could not be had
  oid          TEXT PRIMARY KEY,
  workflows    TEXT NOT NULL,      -- the tree's object name, empty for none
  root_changes TEXT NOT NULL       -- JSON array
) STRICT, WITHOUT ROWID;

CREATE TABLE import (              -- one file that was read; the same bytes under the same options are read once
  id        INTEGER PRIMARY KEY,
  kind      TEXT NOT NULL,         -- credentials, usage, releases, contacts, mapping, statements, networks
  format    TEXT NOT NULL,
  name      TEXT NOT NULL,         -- as it was given
  sha256    TEXT NOT NULL,         -- of the bytes as received; empty until it is finished
  bytes     INTEGER NOT NULL,
  options   TEXT NOT NULL,         -- JSON: zone, time of listing, scope, covers, mapping
  rows_read INTEGER NOT NULL,      -- = stored + duplicate + rejected + passed
  stored    INTEGER NOT NULL,
  duplicate INTEGER NOT NULL,
  rejected  INTEGER NOT NULL,
  passed    INTEGER NOT NULL,      -- of no credential of the case: counted, not kept (--scope linked)
  notes     TEXT NOT NULL,         -- JSON array: what is wrong with the file as a whole
  finished  INTEGER NOT NULL       -- 0: interrupted; a rerun reads it again and adds what is missing
) STRICT;

CREATE TABLE import_kept (         -- what --scope linked kept the rows of: of everything else the log says nothing
  import INTEGER NOT NULL REFERENCES import,
  kind   TEXT NOT NULL,            -- credential, account, project
  name   TEXT NOT NULL,            -- provider:identifier, provider:account, provider:project
  PRIMARY KEY (import, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_reject (       -- rows kept aside, the first so many of each import
  import INTEGER NOT NULL REFERENCES import,
  number INTEGER NOT NULL,         -- from 1, in the order of the file
  line   INTEGER NOT NULL,
  reason TEXT NOT NULL,
  text   TEXT NOT NULL,            -- redacted, cut
  PRIMARY KEY (import, number)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE link (                -- a secret of a repository led to a credential, an account, a project, as far as anything leads
  repository INTEGER NOT NULL REFERENCES repository,
  secret     TEXT NOT NULL,
  credential TEXT NOT NULL,        -- ref; empty: unlinked
  provider   TEXT NOT NULL,
  account    TEXT NOT NULL,
  project    TEXT NOT NULL,        -- "pypi:sampleproject"; empty: none known
  confidence TEXT NOT NULL,        -- certain, high, medium, low
  reason     TEXT NOT NULL,
  question   TEXT NOT NULL,        -- the shortest question whose answer would link it; empty where nothing is open
  evidence   TEXT NOT NULL,        -- JSON array of ids
  PRIMARY KEY (repository, secret, credential, project)
) STRICT, WITHOUT ROWID;

CREATE TABLE listed_ref (
  source TEXT NOT NULL REFERENCES source,
  ref    TEXT NOT NULL,
  oid    TEXT NOT NULL,
  peeled TEXT NOT NULL,
  symref TEXT NOT NULL,
  PRIMARY KEY (source, ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_coverage (        -- over which time a log was had whole: covered_from inclusive, covered_to exclusive
  id           TEXT PRIMARY KEY,
  log          TEXT NOT NULL,
  provider     TEXT NOT NULL,
  account      TEXT NOT NULL,
  project      TEXT NOT NULL,
  covered_from TEXT NOT NULL,
  covered_to   TEXT NOT NULL,
  basis        TEXT NOT NULL,      -- declared, proven
  detail       TEXT NOT NULL,
  import       INTEGER NOT NULL REFERENCES import
) STRICT;

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

CREATE TABLE network_range (       -- what a document tells of a range of addresses; only ranges that hold an address of the case are kept
  id           TEXT PRIMARY KEY,
  prefix       TEXT NOT NULL,      -- as in 192.0.2.0/24
  asn          INTEGER NOT NULL,   -- of the autonomous system; 0: not told
  organization TEXT NOT NULL,      -- whose that is, as the document spells it
  country      TEXT NOT NULL,      -- ISO 3166-1 alpha-2
  runner       TEXT NOT NULL,      -- whose cloud runners have it: anyone can rent there; empty: not told
  source       TEXT NOT NULL,      -- document and edition
  import       INTEGER NOT NULL REFERENCES import,
  line         INTEGER NOT NULL
) STRICT;

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

CREATE TABLE pack (
  name   TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  text   BLOB NOT NULL
) STRICT;

CREATE TABLE pack_change (
  id     INTEGER PRIMARY KEY,
  at     TEXT NOT NULL,
  name   TEXT NOT NULL,
  before TEXT,           -- SHA-256 of the text that was replaced; NULL where there was none
  after  TEXT NOT NULL,  -- SHA-256 of the text that counts since
  text   BLOB            -- the text that was replaced
) STRICT;

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

CREATE TABLE presence_version (
  presence TEXT NOT NULL REFERENCES presence,
  seq      INTEGER NOT NULL,
  blob     TEXT NOT NULL,
  oid      TEXT NOT NULL,          -- the commit that brought this version
  from_not_before TEXT, from_not_before_clock TEXT, from_not_after TEXT, from_not_after_clock TEXT, from_evidence TEXT NOT NULL,
  PRIMARY KEY (presence, seq)
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

CREATE TABLE release_record (      -- what one document of a registry tells of a release
  id         TEXT PRIMARY KEY,
  provider   TEXT NOT NULL,
  project    TEXT NOT NULL,
  version    TEXT NOT NULL,
  file       TEXT NOT NULL,
  at         TEXT NOT NULL,        -- server clock, unless mirrored
  document   TEXT NOT NULL,
  uploader   TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  publisher  TEXT NOT NULL,
  attested   TEXT NOT NULL,        -- yes, no, empty: not told
  trusted    TEXT NOT NULL,        -- yes, no, empty: not told
  commit_oid TEXT NOT NULL,
  run_id     INTEGER NOT NULL,
  token      TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  yanked     INTEGER NOT NULL,
  removed    INTEGER NOT NULL,
  mirrored   INTEGER NOT NULL,
  import     INTEGER NOT NULL REFERENCES import,
  line       INTEGER NOT NULL
) STRICT;

CREATE TABLE repository (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,         -- owner/name as it was given
  key        TEXT NOT NULL UNIQUE,  -- the same in lower case: GitHub compares so
  added_from TEXT NOT NULL,         -- file and line, or "argument"
  mirror     TEXT NOT NULL          -- an existing clone to read git objects from; empty: fetch
) STRICT;

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

CREATE TABLE repository_verdict (  -- the state of a repository as of as_of
  repository INTEGER PRIMARY KEY REFERENCES repository,
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  as_of      TEXT NOT NULL,
  evidence   TEXT NOT NULL         -- JSON array of ids
) STRICT;

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
, number INTEGER NOT NULL DEFAULT 0) STRICT;

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

CREATE TABLE secret_mapping (      -- what the responder knows of a secret; empty texts are not said
  id         TEXT PRIMARY KEY,
  repository TEXT NOT NULL,        -- owner/name in lower case; empty: in all
  secret     TEXT NOT NULL,
  provider   TEXT NOT NULL,
  credential TEXT NOT NULL,        -- identifier, without the provider
  account    TEXT NOT NULL,
  project    TEXT NOT NULL,
  because    TEXT NOT NULL,
  import     INTEGER NOT NULL REFERENCES import
) STRICT;

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

CREATE TABLE signature_check (     -- what GitHub says of the signature of a commit
  id          TEXT PRIMARY KEY,
  oid         TEXT NOT NULL,
  verified    INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  verified_at TEXT NOT NULL,       -- server clock
  by_github   INTEGER NOT NULL,    -- made in the browser: its committer date is GitHub's own
  source      TEXT NOT NULL
) STRICT;

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

CREATE TABLE source_seen (         -- every time the same answer came
  source     TEXT NOT NULL REFERENCES source,
  collection INTEGER NOT NULL REFERENCES collection,
  at         TEXT NOT NULL,
  PRIMARY KEY (source, collection, at)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE unit_done (
  repository INTEGER NOT NULL REFERENCES repository,
  unit       TEXT NOT NULL,
  collection INTEGER NOT NULL REFERENCES collection,
  PRIMARY KEY (repository, unit, collection)
) STRICT, WITHOUT ROWID;

CREATE TABLE use (                 -- one event of a log; texts are ids of words, NULL where the log tells nothing
  credential INTEGER NOT NULL,     -- "provider:identifier"; 0: the log names none
  at         INTEGER NOT NULL,     -- microseconds since 1970, UTC, server clock
  key        INTEGER NOT NULL,     -- of what it says: its id is "use-" and this in hex
  within     INTEGER,              -- microseconds: how coarse at is written
  log        INTEGER NOT NULL,
  provider   INTEGER NOT NULL,
  account    INTEGER,
  action     INTEGER,
  class      INTEGER NOT NULL,
  project    INTEGER,
  subject    INTEGER,
  address    ANY,                  -- an IPv4 address as an integer, an IPv6 address as text, anything else that was told with "~" in front
  country    INTEGER,
  agent      INTEGER,
  outcome    INTEGER,
  via        INTEGER,
  run_id     INTEGER,
  commit_oid INTEGER,
  minted     INTEGER,              -- "provider:identifier" of the credential that it made
  external   TEXT,                 -- the log's own id of the event
  import     INTEGER NOT NULL,
  line       INTEGER NOT NULL,
  PRIMARY KEY (credential, at, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE use_passed (          -- rows of logs that were read and not kept, by day
  log    TEXT NOT NULL,
  day    TEXT NOT NULL,
  import INTEGER NOT NULL REFERENCES import,
  count  INTEGER NOT NULL,
  PRIMARY KEY (log, day, import)
) STRICT, WITHOUT ROWID;

CREATE TABLE wave (                -- an inference: the waves of the case's campaigns, from their packs
  campaign   TEXT NOT NULL,
  id         TEXT NOT NULL,
  not_before TEXT NOT NULL,        -- declared clock
  not_after  TEXT NOT NULL,        -- the first instant behind it
  PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE window_release (      -- releases of a window's project while it was open
  window  TEXT NOT NULL,
  release TEXT NOT NULL,           -- provider:project version file
  at      TEXT NOT NULL,
  for_it  TEXT NOT NULL,           -- JSON array: what speaks for the owner's own release
  against TEXT NOT NULL,           -- JSON array: what speaks against it
  state   TEXT NOT NULL,           -- explained, unexplained, unknown; never malicious
  evidence TEXT NOT NULL,          -- JSON array of ids
  PRIMARY KEY (window, release)
) STRICT, WITHOUT ROWID;

CREATE TABLE window_use (          -- the uses behind a verdict, the first of each judgement; window_verdict counts all
  window     TEXT NOT NULL,
  use_key    INTEGER NOT NULL,     -- 0 where an inventory tells of the use, and no log does
  use_at     INTEGER NOT NULL,     -- microseconds since 1970
  credential TEXT NOT NULL,        -- ref under which the use stands in table use: the window's, another name of it, one that it made; empty: the log names none
  record     TEXT NOT NULL,        -- id of the row of the inventory that tells of the last use; empty: a log tells
  part       TEXT NOT NULL,        -- certain, possible
  judged     TEXT NOT NULL,        -- suspicious, unexplained, unknown, consistent
  rule       TEXT NOT NULL,
  reason     TEXT NOT NULL,
  PRIMARY KEY (window, use_at, use_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE window_verdict (      -- what the logs say about use in a window
  window    TEXT PRIMARY KEY,      -- of exposure_window
  verdict   TEXT NOT NULL,         -- suspicious, unexplained, unknown, consistent, none_seen
  rule      TEXT NOT NULL,
  reason    TEXT NOT NULL,
  certain   INTEGER NOT NULL,      -- uses certainly in the window
  possible  INTEGER NOT NULL,      -- uses that may be in it, the certain ones not counted
  baseline  INTEGER NOT NULL,      -- uses before it that it was compared with
  first_use TEXT NOT NULL,         -- in the window; empty for none
  last_use  TEXT NOT NULL,
  through   TEXT NOT NULL,         -- until when the logs tell; empty: no log does
  blind     TEXT NOT NULL,         -- JSON array: what these logs cannot show
  evidence  TEXT NOT NULL          -- JSON array of ids
) STRICT, WITHOUT ROWID;

CREATE TABLE word (                -- texts of uses, each once
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE workflow_blob (
  oid           TEXT PRIMARY KEY,
  size          INTEGER NOT NULL,  -- as received
  stored_sha256 TEXT NOT NULL,
  redactions    INTEGER NOT NULL,
  text          BLOB NOT NULL      -- zstd
) STRICT;

CREATE TABLE workflow_file (       -- what stood in any of them
  repository INTEGER NOT NULL REFERENCES repository,
  blob       TEXT NOT NULL,
  path       TEXT NOT NULL,
  mode       TEXT NOT NULL,
  PRIMARY KEY (repository, blob, path, mode)
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_folder (     -- workflow trees that commits hold, many together; internal/casefile/folders.go has the format
  repository INTEGER NOT NULL REFERENCES repository,
  id         TEXT NOT NULL,
  body       BLOB NOT NULL,
  PRIMARY KEY (repository, id)
) STRICT;

CREATE VIEW commit_object AS       -- commits that a fact names or a finding cites; the others stand in blocks, where pentimento evidence reads them
  SELECT * FROM named_commit UNION SELECT * FROM cited_commit;

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
