-- How far did each malicious version get with each secret that it could read?
-- params: repo (default: all)
-- columns: repository, blob, secret, execution, reason, reach, run_id, attempt, evidence
-- limits: the highest step that anything shows: targeted, triggered, started, executed, confirmed, or an answer beside them. Unknown and pending stand
--   above blocked: what may have run outweighs what did not. GITHUB_TOKEN and id-token stand for the tokens that are made for each job and end with
--   it. run_id is NULL where no run says so.
SELECT r.name AS repository, l.blob, l.secret, l.ladder AS execution, l.reason, nullif(l.reach, '') AS reach, l.run_id, l.attempt,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(l.evidence)) AS evidence
  FROM ladder l JOIN repository r ON r.id = l.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, l.blob, l.secret;
