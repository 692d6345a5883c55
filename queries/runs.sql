-- Which attempts of which runs ran, or may have run, a malicious version, and how far did each get?
-- params: repo (default: all)
-- columns: repository, run_id, attempt, event, ref, path, blob, campaign, head_sha, created_at, status, conclusion, execution, reason,
--   leaked_not_before, leaked_not_before_clock, leaked_not_after, leaked_not_after_clock, actor, evidence
-- limits: only runs that the API still listed: runs can be deleted, see opportunities for starts of which no run was seen. leaked is the
--   time of the leaking step on the runner's clock, NULL unless it ran. blob is NULL where the file that ran could not be had.
SELECT r.name AS repository, e.run_id, e.attempt, nullif(u.event, '') AS event, nullif(e.ref, '') AS ref, e.path, nullif(e.blob, '') AS blob,
       nullif(e.campaign, '') AS campaign, nullif(u.head_sha, '') AS head_sha, nullif(u.created_at, '') AS created_at,
       nullif(u.status, '') AS status, nullif(u.conclusion, '') AS conclusion, e.ladder AS execution, e.reason,
       e.leaked_not_before, e.leaked_not_before_clock, e.leaked_not_after, e.leaked_not_after_clock,
       nullif(u.actor, '') AS actor,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM (SELECT e.run AS value UNION SELECT value FROM json_each(e.leaked_evidence))) AS evidence
  FROM execution e JOIN run u ON u.id = e.run JOIN repository r ON r.id = e.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, u.created_at, e.run_id, e.attempt, e.run;
