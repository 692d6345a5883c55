-- Was each stolen credential used while it could be misused, by which rule, and what can the logs not show?
-- params: repo (default: all)
-- columns: repository, secret, credential, project, value, state, verdict, rule, reason, uses_certain, uses_possible, uses_before, first_use, last_use, through, blind,
--   evidence, window
-- limits: none_seen speaks of the time until "through" and of nothing in "blind". unknown is no all-clear: no log with a history was had whole over the window. suspicious
--   means that a named rule found a use unlike those before. What a credential did before the window could open is what is usual.
SELECT r.name AS repository, nullif(w.secret, '') AS secret, w.credential, nullif(w.project, '') AS project, w.value, w.state,
       v.verdict, v.rule, v.reason, v.certain AS uses_certain, v.possible AS uses_possible, v.baseline AS uses_before,
       nullif(v.first_use, '') AS first_use, nullif(v.last_use, '') AS last_use, nullif(v.through, '') AS through,
       (SELECT group_concat(value, '; ') FROM json_each(v.blind)) AS blind, (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(v.evidence)) AS evidence, w.id AS window
  FROM window_verdict v JOIN exposure_window w ON w.id = v.window JOIN repository r ON r.id = w.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY CASE v.verdict WHEN 'suspicious' THEN 1 WHEN 'unexplained' THEN 2 WHEN 'unknown' THEN 3 WHEN 'consistent' THEN 4 ELSE 5 END,
       r.key, w.credential, w.secret, w.project, w.value;
