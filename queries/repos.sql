-- In which state is each repository, as of when, and how much was found and missed there?
-- params: repo (default: all)
-- columns: repository, state, as_of, reason, campaigns, commits, presence, executed_runs, open_windows, gaps, evidence
-- limits: a state is as of the last listing of refs; NULL means that no analysis has judged the repository. A clean state needs refs,
--   whole history and activity; without them it is unknown.
SELECT r.name AS repository, v.state, nullif(v.as_of, '') AS as_of, v.reason,
       (SELECT group_concat(campaign, ' ' ORDER BY campaign)
          FROM (SELECT DISTINCT campaign FROM campaign_commit WHERE repository = r.id AND campaign <> '')) AS campaigns,
       (SELECT count(DISTINCT oid) FROM campaign_commit WHERE repository = r.id AND role <> 'removal') AS commits,
       (SELECT count(*) FROM presence WHERE repository = r.id) AS presence,
       (SELECT count(*) FROM execution WHERE repository = r.id AND ladder IN ('executed', 'confirmed')) AS executed_runs,
       (SELECT count(*) FROM exposure_window WHERE repository = r.id AND state NOT IN ('closed', 'never_stored')) AS open_windows,
       (SELECT count(*) FROM current_gap WHERE repository = r.id) AS gaps,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(v.evidence)) AS evidence
  FROM repository r LEFT JOIN repository_verdict v ON v.repository = r.id
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key;
