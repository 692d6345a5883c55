-- Which projects, credentials and secrets are exposed, since when, and what is the worst that is known of each?
-- params: repo (default: all), by (default: all)
-- columns: view, subject, windows, open, verdict, opened_not_before, opened_not_after, closed_not_after, repositories
-- limits: by is project, credential or secret. opened and closed are the widest reading over all windows of the subject; a time that is NULL is not known, and closed_not_after is NULL while any of them is not
--   closed. A credential that is unlinked stands under its secret alone. verdict is the worst of the windows.
WITH named AS (
  SELECT 'project' AS view, w.project AS subject, w.id FROM exposure_window w WHERE w.project <> ''
  UNION ALL SELECT 'credential', w.credential, w.id FROM exposure_window w WHERE w.credential NOT IN ('', 'unlinked')
  UNION ALL SELECT 'secret', w.secret, w.id FROM exposure_window w WHERE w.secret <> ''
)
SELECT n.view, n.subject, count(*) AS windows, sum(w.state NOT IN ('closed', 'never_stored')) AS open,
       CASE min(CASE v.verdict WHEN 'suspicious' THEN 1 WHEN 'unexplained' THEN 2 WHEN 'unknown' THEN 3 WHEN 'consistent' THEN 4 WHEN 'none_seen' THEN 5 END)
         WHEN 1 THEN 'suspicious' WHEN 2 THEN 'unexplained' WHEN 3 THEN 'unknown' WHEN 4 THEN 'consistent' WHEN 5 THEN 'none_seen' END AS verdict,
       CASE WHEN count(w.opened_not_before) = count(*) THEN min(w.opened_not_before) END AS opened_not_before, min(w.opened_not_after) AS opened_not_after,
       CASE WHEN sum(w.state NOT IN ('closed', 'never_stored')) = 0 THEN max(w.closed_not_after) END AS closed_not_after,
       group_concat(DISTINCT r.name) AS repositories
  FROM named n JOIN exposure_window w ON w.id = n.id JOIN repository r ON r.id = w.repository LEFT JOIN window_verdict v ON v.window = w.id
 WHERE (:repo = '' OR r.key = lower(:repo)) AND (:by = '' OR n.view = :by)
 GROUP BY n.view, n.subject
 ORDER BY n.view, n.subject;
