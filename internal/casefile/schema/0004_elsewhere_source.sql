-- The answer that told of a push elsewhere: empty for one that an archive told of, whose hour is its source.

ALTER TABLE elsewhere ADD COLUMN source TEXT NOT NULL DEFAULT '';
