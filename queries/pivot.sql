-- Which other repositories did the same actors push to in the waves, or bear the marks of the campaigns?
-- params: repo (default: all)
-- columns: repository, reasons, actors, pushes, first_seen, last_seen, refs, evidence
-- limits: with repo, only what its own pushers lead to. A place to look, not a finding: the actor may be the victim at his own work. Only what events and archives were asked for and had:
--   archives lose events, events of users reach back 30 days, and since 2025-10-07 events carry no messages. Times are those of the events.
WITH pusher AS (                   -- who pushed campaign commits, and when, give or take an hour
  SELECT lower(u.actor) AS actor, u.actor AS login, r.name AS repository, u.at
    FROM ref_update u JOIN campaign_commit k ON k.repository = u.repository AND k.oid = u.after JOIN repository r ON r.id = u.repository
   WHERE u.actor <> '' AND k.role <> 'removal' AND (:repo = '' OR r.key = lower(:repo))
   UNION
  SELECT lower(n.actor), n.actor, r.name, n.created_at
    FROM run n JOIN campaign_commit k ON k.repository = n.repository AND k.oid = n.head_sha JOIN repository r ON r.id = n.repository
   WHERE n.actor <> '' AND n.event = 'push' AND k.role <> 'removal' AND (:repo = '' OR r.key = lower(:repo))
), reason AS (
  SELECT e.id, 'pushed by ' || e.actor || ', who pushed for the campaign to ' || p.repository || ' within the hour' AS why
    FROM elsewhere e JOIN pusher p ON p.actor = lower(e.actor) AND abs(julianday(e.at) - julianday(p.at)) <= 1.0 / 24
   UNION
  SELECT e.id, 'pushed by ' || e.actor || ', a pusher of the campaign, in wave ' || w.id || ' of ' || w.campaign
    FROM elsewhere e JOIN wave w ON e.at >= w.not_before AND e.at < w.not_after
   WHERE lower(e.actor) IN (SELECT actor FROM pusher)
   UNION
  SELECT e.id, 'bears "' || j.value || '"' FROM elsewhere e, json_each(e.patterns) j WHERE :repo = ''
)
SELECT min(e.full_name) AS repository,
       (SELECT group_concat(why, '; ' ORDER BY why) FROM (SELECT DISTINCT x.why FROM reason x JOIN elsewhere o ON o.id = x.id WHERE o.key = e.key)) AS reasons,
       (SELECT group_concat(actor, ' ' ORDER BY actor) FROM (SELECT DISTINCT o.actor FROM elsewhere o WHERE o.key = e.key AND o.id IN (SELECT id FROM reason))) AS actors,
       count(*) AS pushes, min(e.at) AS first_seen, max(e.at) AS last_seen,
       (SELECT group_concat(ref, ' ' ORDER BY ref) FROM (SELECT DISTINCT o.ref FROM elsewhere o WHERE o.key = e.key AND o.id IN (SELECT id FROM reason))) AS refs,
       group_concat(e.id, ' ' ORDER BY e.id) AS evidence
  FROM elsewhere e
 WHERE e.id IN (SELECT id FROM reason)
   AND e.key NOT IN (SELECT key FROM repository)
   AND e.key NOT IN (SELECT lower(full_name) FROM repository_state)
   AND (e.github_id = 0 OR e.github_id NOT IN (SELECT github_id FROM repository_state))
 GROUP BY e.key
 ORDER BY first_seen, e.key;
