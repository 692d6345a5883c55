-- Which workflow versions were judged malicious, by which rules, and what do they take and where do they send it?
-- params: repo (default: all)
-- columns: blob, campaign, rules, secrets, all_secrets, destinations, triggers, paths, repositories
-- limits: secrets are the names that the file refers to, not proof that the repository had them; all_secrets says that it takes every one
--   it had. Destinations are hosts as the file writes them.
SELECT f.blob, nullif(f.campaign, '') AS campaign,
       (SELECT group_concat(rule, ' ' ORDER BY rule)
          FROM (SELECT json_extract(value, '$.Rule') AS rule FROM json_each(f.hits)
                 UNION SELECT k.rule FROM finding_context k JOIN repository r ON r.id = k.repository
                        WHERE k.blob = f.blob AND (:repo = '' OR r.key = lower(:repo)))) AS rules,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(f.secrets)) AS secrets,
       f.all_secrets,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(f.destinations)) AS destinations,
       (SELECT group_concat(event, ' ' ORDER BY event)
          FROM (SELECT DISTINCT json_extract(value, '$.Event') AS event FROM json_each(f.triggers))) AS triggers,
       (SELECT group_concat(path, ' ' ORDER BY path) FROM (SELECT DISTINCT path FROM finding_place WHERE blob = f.blob)) AS paths,
       (SELECT group_concat(name, ' ' ORDER BY key)
          FROM (SELECT DISTINCT r.name, r.key FROM finding_place p JOIN repository r ON r.id = p.repository WHERE p.blob = f.blob)) AS repositories
  FROM finding f
 WHERE :repo = ''
    OR EXISTS (SELECT 1 FROM finding_place p JOIN repository r ON r.id = p.repository WHERE p.blob = f.blob AND r.key = lower(:repo))
 ORDER BY f.blob;
