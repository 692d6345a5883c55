-- Which versions come from one hand, by shape, and where do they stand?
-- params: repo (default: all)
-- columns: family, campaigns, confidence, versions, findings, relatives, repositories, triggers, steps, ways, loot, commits, by_token
-- limits: a family is likeness of text, not proof of one maker. relatives are versions that no rule hits and that share the shape of a
--   finding. commits and by_token count commits that brought, changed or started a version, and those with the print of GitHub's contents API.
SELECT f.id AS family,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(f.campaigns)) AS campaigns,
       f.confidence,
       (SELECT count(*) FROM family_member m WHERE m.family = f.id) AS versions,
       (SELECT count(*) FROM family_member m WHERE m.family = f.id AND m.found) AS findings,
       (SELECT count(*) FROM family_member m WHERE m.family = f.id AND NOT m.found) AS relatives,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(f.repositories)) AS repositories,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(f.outline, '$.Triggers')) AS triggers,
       (SELECT group_concat(value, ' ' ORDER BY key) FROM json_each(f.outline, '$.Steps')) AS steps,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(f.outline, '$.Ways')) AS ways,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(f.outline, '$.Loot')) AS loot,
       json_extract(f.habits, '$.Commits') AS commits, json_extract(f.habits, '$.ByToken') AS by_token
  FROM family f
 WHERE :repo = '' OR EXISTS (SELECT 1 FROM json_each(f.repositories) WHERE lower(value) = lower(:repo))
 ORDER BY f.id;
