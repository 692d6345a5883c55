-- Facts about credentials: what inventories list, what usage logs and registries tell, and what people know of which secret is which. Rows are added,
-- never changed; their ids come from what they say, so that pieces, overlaps and repetitions of an export add nothing.

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

CREATE TABLE import_reject (       -- rows kept aside, the first so many of each import
  import INTEGER NOT NULL REFERENCES import,
  number INTEGER NOT NULL,         -- from 1, in the order of the file
  line   INTEGER NOT NULL,
  reason TEXT NOT NULL,
  text   TEXT NOT NULL,            -- redacted, cut
  PRIMARY KEY (import, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_kept (         -- what --scope linked kept the rows of: of everything else the log says nothing
  import INTEGER NOT NULL REFERENCES import,
  kind   TEXT NOT NULL,            -- credential, account, project
  name   TEXT NOT NULL,            -- provider:identifier, provider:account, provider:project
  PRIMARY KEY (import, kind, name)
) STRICT, WITHOUT ROWID;

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
CREATE INDEX credential_record_by_ref ON credential_record (ref, listed_at);

CREATE TABLE credential_listing (
  id       TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  account  TEXT NOT NULL,
  at       TEXT NOT NULL,
  complete INTEGER NOT NULL,
  import   INTEGER NOT NULL REFERENCES import
) STRICT;

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
CREATE INDEX credential_event_by_ref ON credential_event (ref, at);

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
CREATE INDEX release_record_by_project ON release_record (provider, project, at);

CREATE TABLE contact (
  id      TEXT PRIMARY KEY,
  kind    TEXT NOT NULL,           -- owner, repository, project
  name    TEXT NOT NULL,
  person  TEXT NOT NULL,
  address TEXT NOT NULL,
  why     TEXT NOT NULL,
  import  INTEGER NOT NULL REFERENCES import
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

CREATE TABLE word (                -- texts of uses, each once
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

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

-- Inferences.

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
