-- On which refs, from when to when, was a malicious version at the tip, and what ended it?
-- params: repo (default: all)
-- columns: repository, ref, path, blob, versions, campaign, state, armed, added_not_before, added_not_before_clock, added_not_after,
--   added_not_after_clock, added_commit, added_update_before, added_update_after, gone, removed_not_before, removed_not_before_clock,
--   removed_not_after, removed_not_after_clock, removed_commit, removed_update_before, removed_update_after, how, as_of, certain_from,
--   certain_to, would_narrow, added_evidence, removed_evidence, id
-- limits: bounds of clock git are claims of whoever made the commit. A row with gone = 0 was still there at as_of. ref is NULL where no
--   ref can be named. blob is the first of the versions. certain_from and certain_to are NULL where no source shows that the file was there
--   without a break; would_narrow names sources that were not had in full and could narrow a bound.
SELECT r.name AS repository, p.ref, p.path, p.blob, (SELECT count(*) FROM presence_version v WHERE v.presence = p.id) AS versions,
       nullif(p.campaign, '') AS campaign, p.state, p.armed,
       p.added_not_before, p.added_not_before_clock, p.added_not_after, p.added_not_after_clock,
       nullif(p.added_commit, '') AS added_commit, nullif(p.added_update_before, '') AS added_update_before,
       nullif(p.added_update_after, '') AS added_update_after, p.gone,
       iif(p.gone, p.removed_not_before, NULL) AS removed_not_before, iif(p.gone, p.removed_not_before_clock, NULL) AS removed_not_before_clock,
       iif(p.gone, p.removed_not_after, NULL) AS removed_not_after, iif(p.gone, p.removed_not_after_clock, NULL) AS removed_not_after_clock,
       iif(p.gone, nullif(p.removed_commit, ''), NULL) AS removed_commit,
       iif(p.gone, nullif(p.removed_update_before, ''), NULL) AS removed_update_before,
       iif(p.gone, nullif(p.removed_update_after, ''), NULL) AS removed_update_after,
       iif(p.gone, nullif(p.how, ''), NULL) AS how, nullif(p.as_of, '') AS as_of,
       p.certain_from, p.certain_to, nullif((SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(p.would_narrow)), '') AS would_narrow,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(p.added_evidence)) AS added_evidence,
       iif(p.gone, (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(p.removed_evidence)), NULL) AS removed_evidence, p.id
  FROM presence p JOIN repository r ON r.id = p.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, coalesce(p.added_not_before, p.added_not_after), p.ref, p.path, p.id;
