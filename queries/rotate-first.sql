-- Which credentials should be revoked, in which order?
-- params: repo (default: all)
-- columns: repository, campaign, secret, credential, project, value, state, execution, opened_not_before, opened_not_before_clock,
--   opened_not_after, opened_not_after_clock, opened_by, could_have_opened_by, closed_not_before, closed_not_before_clock,
--   closed_not_after, closed_not_after_clock, reason, evidence, id
-- limits: only windows that nothing shows closed. The credential that pushed comes first: while it works, the campaign comes back. Then what was
--   seen furthest on the ladder, then what opened earliest. What was not seen to run is listed too: it is not thereby safe.
SELECT r.name AS repository, nullif(w.campaign, '') AS campaign, nullif(w.secret, '') AS secret, w.credential, nullif(w.project, '') AS project,
       w.value, w.state, w.execution,
       w.opened_not_before, w.opened_not_before_clock, w.opened_not_after, w.opened_not_after_clock,
       nullif(w.opened_by, '') AS opened_by, nullif(w.could_have_opened_by, '') AS could_have_opened_by,
       w.closed_not_before, w.closed_not_before_clock, w.closed_not_after, w.closed_not_after_clock, nullif(w.reason, '') AS reason,
       (SELECT group_concat(value, ' ' ORDER BY value)
          FROM (SELECT value FROM json_each(w.opened_evidence) UNION SELECT value FROM json_each(w.closed_evidence))) AS evidence, w.id
  FROM exposure_window w JOIN repository r ON r.id = w.repository
 WHERE w.state NOT IN ('closed', 'never_stored') AND (:repo = '' OR r.key = lower(:repo))
 ORDER BY w.credential NOT LIKE 'github:%',
       CASE w.execution WHEN 'confirmed' THEN 0 WHEN 'executed' THEN 1 WHEN 'started' THEN 2 WHEN 'unknown' THEN 3 WHEN 'triggered' THEN 4
         WHEN 'pending' THEN 5 WHEN 'targeted' THEN 6 ELSE 7 END,
       coalesce(w.opened_not_before, w.opened_not_after), r.key, w.credential, w.secret, w.project, w.value;
