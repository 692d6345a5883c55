-- What could each job of a run of a malicious version read?
-- params: repo (default: all)
-- columns: repository, run_id, attempt, job, blob, began, secrets, environment, permissions, id_token, reason, evidence
-- limits: as the file says: whatever is stored under a name could be read from the moment the job began. began is "no" only where a complete
--   record shows it. "*" stands for all that the repository had, "history:*" for all that was ever committed. permissions is NULL where the file
--   states none: then the default of the repository held, which no source tells. Jobs that get no secrets are not listed: those of pull requests
--   from forks, and Dependabot's.
SELECT r.name AS repository, k.run_id, k.attempt, nullif(k.job, '') AS job, k.blob, k.began,
       (SELECT group_concat(value, ' ' ORDER BY key) FROM json_each(k.secrets)) AS secrets, nullif(k.environment, '') AS environment,
       nullif(k.permissions, '') AS permissions, k.id_token, nullif(k.reason, '') AS reason,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(k.evidence)) AS evidence
  FROM could_read k JOIN repository r ON r.id = k.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, k.run_id, k.attempt, k.job, k.run;
