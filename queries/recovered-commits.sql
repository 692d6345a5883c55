-- Which commits that no listed ref reached were had all the same, and what named them?
-- params: repo (default: all)
-- columns: repository, sha, via, roles, committed_at, message, named_by, evidence
-- limits: a commit that resolves is no proof that it was pushed to this repository: the host serves the objects of the whole fork
--   network. named_by lists the facts that name it here. message is the first line. A later listing may reach the commit again.
SELECT r.name AS repository, s.oid AS sha, s.via,
       (SELECT group_concat(role, ' ' ORDER BY role)
          FROM (SELECT DISTINCT role FROM campaign_commit WHERE repository = s.repository AND oid = s.oid)) AS roles,
       nullif(c.committer_date, '') AS committed_at,
       iif(instr(c.message, char(10)), substr(c.message, 1, instr(c.message, char(10)) - 1), c.message) AS message,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(s.named_by)) AS named_by, 'cmt-' || s.oid AS evidence
  FROM commit_seen s JOIN commit_object c ON c.oid = s.oid JOIN repository r ON r.id = s.repository
 WHERE s.named_by <> '[]' AND (:repo = '' OR r.key = lower(:repo))
 ORDER BY r.key, rtrim(c.committer_date, 'Z'), s.oid, s.via, s.named_by;
