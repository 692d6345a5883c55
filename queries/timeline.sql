-- What happened in a repository, in time order, and by whose clock?
-- params: repo (default: all)
-- columns: repository, at, at_clock, until, until_clock, clock, what, subject, detail, evidence
-- limits: at is the earlier bound and until the later one, equal where a clock stamped the event itself, NULL where unbounded; rows stand
--   by the bound that is known first. clock is the weaker of the two; git is a claim that whoever made the commit chose freely.
WITH happened (repository, at, at_clock, until, until_clock, what, subject, detail, evidence) AS (
  SELECT repository, at, 'server', at, 'server', replace(kind, '_', ' '), ref,
         CASE WHEN before = '' THEN '?' WHEN before GLOB '*[^0]*' THEN substr(before, 1, 12) ELSE 'none' END || ' -> '
           || CASE WHEN after = '' THEN '?' WHEN after GLOB '*[^0]*' THEN substr(after, 1, 12) ELSE 'none' END
           || iif(actor = '', '', ' by ' || actor) || ' (' || origin || ')', id
    FROM ref_update
  UNION ALL
  SELECT k.repository, k.committed_at, 'git', k.committed_at, 'git', iif(k.role = 'removal', 'removal committed', k.role || ' committed'), substr(k.oid, 1, 12),
         iif(instr(c.message, char(10)), substr(c.message, 1, instr(c.message, char(10)) - 1), c.message)
           || iif(k.path = '', '', ' [' || k.path || ']') || iif(k.recovered, ' (no ref reaches it)', ''), 'cmt-' || k.oid
    FROM campaign_commit k LEFT JOIN commit_object c ON c.oid = k.oid
  UNION ALL
  SELECT e.repository, u.created_at, 'server', u.created_at, 'server', 'run', 'run ' || e.run_id || '.' || e.attempt,
         u.event || iif(e.ref = '', '', ' on ' || e.ref) || ': ' || e.ladder || iif(e.reason = '', '', ': ' || e.reason), e.run
    FROM execution e JOIN run u ON u.id = e.run
  UNION ALL
  SELECT repository, leaked_not_before, leaked_not_before_clock, leaked_not_after, leaked_not_after_clock, 'leaking step', 'run ' || run_id || '.' || attempt,
         path, (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(leaked_evidence))
    FROM execution WHERE leaked_not_before IS NOT NULL OR leaked_not_after IS NOT NULL
  UNION ALL
  SELECT repository, at, nb, until, na, what, subject, detail,
         (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(ids)) FROM spans
  UNION ALL
  SELECT repository, at, 'declared', at, 'declared', 'declared ' || fact,
         coalesce(nullif(secret, ''), nullif(credential, ''), 'the whole repository'),
         'by ' || by_whom || iif(because = '', '', ': ' || because) || iif(retracts = '', '', ' (takes back ' || retracts || ')'), id
    FROM declaration
  UNION ALL
  SELECT s.repository, v.at, 'server', v.at, 'server', 'refs listed', s.target,
         (SELECT count(*) FROM listed_ref l WHERE l.source = s.id) || ' refs', s.id
    FROM source s JOIN source_seen v ON v.source = s.id WHERE s.origin = 'git-refs'
),
trust (clock, rank) AS (VALUES ('git', 1), ('declared', 2), ('runner', 3), ('archive', 4), ('server', 5)),
spans (repository, at, nb, until, na, what, subject, detail, ids) AS (
  SELECT repository, added_not_before, added_not_before_clock, added_not_after, added_not_after_clock, 'presence begins', coalesce(ref, 'no ref'),
         path || ' (' || state || ', ' || iif(armed = 'no', 'not armed', armed) || ')', added_evidence FROM presence
  UNION ALL
  SELECT repository, removed_not_before, removed_not_before_clock, removed_not_after, removed_not_after_clock, 'presence ends', coalesce(ref, 'no ref'),
         path || iif(how = '', '', ' (' || how || ')'), removed_evidence FROM presence WHERE gone
  UNION ALL
  SELECT repository, opened_not_before, opened_not_before_clock, opened_not_after, opened_not_after_clock, 'window opens',
         coalesce(nullif(secret, ''), credential), credential || ', value ' || value || ': ' || execution, opened_evidence FROM exposure_window
  UNION ALL
  SELECT repository, closed_not_before, closed_not_before_clock, closed_not_after, closed_not_after_clock, 'window closes',
         coalesce(nullif(secret, ''), credential), credential || ', value ' || value, closed_evidence FROM exposure_window WHERE state = 'closed'
)
SELECT r.name AS repository, nullif(h.at, '') AS at, iif(h.at = '', NULL, h.at_clock) AS at_clock, nullif(h.until, '') AS until,
       iif(h.until = '', NULL, h.until_clock) AS until_clock,
       (SELECT t.clock FROM trust t WHERE t.clock IN (iif(h.at = '', NULL, h.at_clock), iif(h.until = '', NULL, h.until_clock)) ORDER BY t.rank LIMIT 1) AS clock,
       h.what, h.subject, h.detail, h.evidence
  FROM happened h JOIN repository r ON r.id = h.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, rtrim(coalesce(nullif(h.at, ''), h.until), 'Z'), rtrim(h.until, 'Z'), h.what, h.subject, h.detail, h.evidence;
