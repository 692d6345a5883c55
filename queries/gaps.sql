-- What could not be seen, why, and what would show it?
-- params: repo (default: all)
-- columns: id, repository, unit, kind, subject, detail, hint
-- limits: gaps of the last collection of each unit and of the last analysis. Nobody lists what nobody asked for: see coverage.
SELECT g.id, r.name AS repository, g.unit, g.kind, g.subject, g.detail, nullif(g.hint, '') AS hint
  FROM current_gap g JOIN repository r ON r.id = g.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, g.unit, g.kind, g.subject, g.id;
