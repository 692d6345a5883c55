-- What must be revoked, in which order, and what must be known before each step?
-- params: repo (default: all)
-- columns: repository, place, kind, secret, credential, execution, what, reason, windows, evidence
-- limits: kind is warning (of a campaign's pack, before the step that it concerns), revoke, remove (the file can still start: what is stored while it
--   stands is taken anew), check (by its name no secret) or left-out (nothing to do, and why). What was not seen to run is listed too: it is not thereby safe. Classes of secrets
--   are told by their names alone.
SELECT r.name AS repository, o.place, o.kind, nullif(o.secret, '') AS secret, nullif(o.credential, '') AS credential, nullif(o.ladder, '') AS execution,
       o.what, nullif(o.reason, '') AS reason, (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(o.windows)) AS windows,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(o.evidence)) AS evidence
  FROM rotation o JOIN repository r ON r.id = o.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, o.place;
