-- Packs that came into the scope of a case, or were replaced there, after the case was made: what earlier inferences rested on.

CREATE TABLE pack_change (
  id     INTEGER PRIMARY KEY,
  at     TEXT NOT NULL,
  name   TEXT NOT NULL,
  before TEXT,           -- SHA-256 of the text that was replaced; NULL where there was none
  after  TEXT NOT NULL,  -- SHA-256 of the text that counts since
  text   BLOB            -- the text that was replaced
) STRICT;
