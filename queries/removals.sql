-- Which commits took a malicious version out of a tree?
-- params: repo (default: all)
-- columns: repository, sha, role, campaign, path, blob, committed_at, pushed_not_before, pushed_not_before_clock, pushed_not_after,
--   pushed_not_after_clock, recovered, signals, evidence
-- limits: a removal on a side branch ends nothing on the others, and none ends the exposure of a credential already taken. committed_at is the
--   committer's word.
SELECT r.name AS repository, k.oid AS sha, k.role, nullif(k.campaign, '') AS campaign, nullif(k.path, '') AS path, nullif(k.blob, '') AS blob,
       nullif(k.committed_at, '') AS committed_at,
       k.pushed_not_before, k.pushed_not_before_clock, k.pushed_not_after, k.pushed_not_after_clock, k.recovered,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(k.signals)) AS signals,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(k.pushed_evidence)) AS evidence
  FROM campaign_commit k JOIN repository r ON r.id = k.repository
 WHERE k.role = 'removal' AND (:repo = '' OR r.key = lower(:repo))
 ORDER BY r.key, k.committed_at, k.oid, k.role, k.path;
