-- When could GitHub start a malicious version, and is there a run for it?
-- params: repo (default: all)
-- columns: repository, ref, path, blob, event, head, status, reason, run_id, at_not_before, at_not_before_clock, at_not_after,
--   at_not_after_clock, evidence, presence, id
-- limits: no-run-seen means that the runs of that time were listed and none was there: deleted, disabled or skipped, not "did not run".
--   Events that need no push are one row for the whole presence.
SELECT r.name AS repository, o.ref, o.path, o.blob, o.event, nullif(o.head, '') AS head, o.status, nullif(o.reason, '') AS reason, o.run_id,
       o.at_not_before, o.at_not_before_clock, o.at_not_after, o.at_not_after_clock,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(o.at_evidence)) AS evidence, o.presence, o.id
  FROM opportunity o JOIN repository r ON r.id = o.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, coalesce(o.at_not_before, o.at_not_after), o.ref, o.path, o.event, o.id;
