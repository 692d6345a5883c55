-- Which uses of each stolen credential lie in the time in which it could be misused, from where did they come, and what is each taken for?
-- params: repo (default: all), judged (default: all)
-- columns: repository, secret, credential, project, at, part, judged, rule, reason, action, class, acted_on, subject, outcome, address, origin, country,
--   user_agent, account, used_as, via, run_id, commit_oid, minted, log, verdict, evidence, window
-- limits: a use that lies in several windows has a row in each. Of every window at most 200 uses of each judgement are here, the first ones: query verdicts counts all.
--   part is possible where the window may not have been open yet, or any more, or where the use may be another credential's of the account. A use without an action is
--   one of which an inventory tells only when it was; those that no log tells are not here. Uses before the windows, with which these are compared, have query uses-all.
SELECT r.name AS repository, nullif(w.secret, '') AS secret, w.credential, nullif(w.project, '') AS project,
       strftime('%Y-%m-%dT%H:%M:%S', (x.use_at - x.micro) / 1000000, 'unixepoch') || iif(x.micro = 0, '', rtrim(printf('.%06d', x.micro), '0')) || 'Z' AS at,
       x.part, x.judged, x.rule, x.reason,
       (SELECT text FROM word WHERE id = u.action) AS action, (SELECT text FROM word WHERE id = u.class) AS class,
       (SELECT text FROM word WHERE id = u.project) AS acted_on, (SELECT text FROM word WHERE id = u.subject) AS subject,
       (SELECT text FROM word WHERE id = u.outcome) AS outcome,
       CASE WHEN typeof(u.address) = 'integer' THEN printf('%d.%d.%d.%d', u.address >> 24, u.address >> 16 & 255, u.address >> 8 & 255, u.address & 255)
            ELSE nullif(iif(instr(u.address, '~'), substr(u.address, 1, instr(u.address, '~') - 1), u.address), '') END AS address,
       iif(typeof(u.address) = 'text' AND instr(u.address, '~'), substr(u.address, instr(u.address, '~') + 1), NULL) AS origin,
       (SELECT text FROM word WHERE id = u.country) AS country, (SELECT text FROM word WHERE id = u.agent) AS user_agent,
       (SELECT text FROM word WHERE id = u.account) AS account, nullif(nullif(x.credential, w.credential), '') AS used_as,
       (SELECT text FROM word WHERE id = u.via) AS via, u.run_id, (SELECT text FROM word WHERE id = u.commit_oid) AS commit_oid,
       (SELECT text FROM word WHERE id = u.minted) AS minted, iif(x.record = '', (SELECT text FROM word WHERE id = u.log), 'inventory') AS log,
       v.verdict, iif(x.record = '', printf('use-%016x', x.use_key), x.record) AS evidence, x.window
  FROM (SELECT *, (use_at % 1000000 + 1000000) % 1000000 AS micro FROM window_use) x
  JOIN exposure_window w ON w.id = x.window JOIN repository r ON r.id = w.repository JOIN window_verdict v ON v.window = x.window
  LEFT JOIN use u ON x.record = '' AND u.credential = iif(x.credential = '', 0, (SELECT id FROM word WHERE text = x.credential)) AND u.at = x.use_at AND u.key = x.use_key
 WHERE (:repo = '' OR r.key = lower(:repo)) AND (:judged = '' OR x.judged = :judged)
 ORDER BY r.key, w.credential, w.secret, w.project, w.value, x.use_at, evidence;
