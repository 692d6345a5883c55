-- From when to when could each credential be misused by others, and is it still open?
-- params: repo (default: all)
-- columns: repository, campaign, secret, credential, project, value, state, execution, opened_not_before, opened_not_before_clock,
--   opened_not_after, opened_not_after_clock, opened_by, could_have_opened_by, closed_not_before, closed_not_before_clock,
--   closed_not_after, closed_not_after_clock, reason, evidence, id, verdict, uses_certain, uses_possible, link
-- limits: removing the workflow closes no window. A window that nothing shows closed is not_known_closed, which counts as open. A bound that is
--   NULL is unbounded. verdict says what logs tell of use in it (query verdicts says why); link is how sure it is which credential the secret is.
SELECT r.name AS repository, nullif(w.campaign, '') AS campaign, nullif(w.secret, '') AS secret, w.credential, nullif(w.project, '') AS project,
       w.value, w.state, w.execution,
       w.opened_not_before, w.opened_not_before_clock, w.opened_not_after, w.opened_not_after_clock,
       nullif(w.opened_by, '') AS opened_by, nullif(w.could_have_opened_by, '') AS could_have_opened_by,
       w.closed_not_before, w.closed_not_before_clock, w.closed_not_after, w.closed_not_after_clock, nullif(w.reason, '') AS reason,
       (SELECT group_concat(value, ' ' ORDER BY value)
          FROM (SELECT value FROM json_each(w.opened_evidence) UNION SELECT value FROM json_each(w.closed_evidence))) AS evidence, w.id,
       v.verdict, v.certain AS uses_certain, v.possible AS uses_possible,
       (SELECT l.confidence FROM link l WHERE l.repository = w.repository AND l.secret = w.secret AND l.credential = w.credential AND l.project = w.project) AS link
  FROM exposure_window w JOIN repository r ON r.id = w.repository LEFT JOIN window_verdict v ON v.window = w.id
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, w.credential, w.secret, w.project, w.value;
