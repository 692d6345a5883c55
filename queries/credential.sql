-- What does the case hold of a credential: in inventories, mappings and statements, as a secret's, in windows, in logs and releases?
-- params: credential (default: all)
-- columns: credential, told_by, repository, detail, at, until, count, evidence
-- limits: credential is PROVIDER:IDENTIFIER, as links and inventories write it. Other names of the same credential are asked for by themselves, but for those that an
--   inventory has beside it. Without rows, the case does not name it: it may be in use all the same. Uses are those that logs told, in windows and outside of them.
SELECT * FROM (
SELECT c.ref AS credential, 'inventory' AS told_by, NULL AS repository,
       trim(c.kind || iif(c.label = '', '', ' "' || c.label || '"') || iif(c.account = '', '', ' of ' || c.account) || iif(c.inactive, ', inactive', '') ||
            iif(c.revoked_at = '', '', ', revoked at ' || c.revoked_at)) AS detail,
       nullif(c.listed_at, '') AS at, NULL AS until, 1 AS count, c.id AS evidence
  FROM credential_record c WHERE :credential IN ('', c.ref, c.provider || ':' || c.alias)
UNION ALL
SELECT e.ref, 'event', NULL, e.what || iif(e.by_whom = '', '', ' by ' || e.by_whom), e.at, NULL, 1, e.id
  FROM credential_event e WHERE e.ref <> '' AND :credential IN ('', e.ref)
UNION ALL
SELECT m.provider || ':' || m.credential, 'mapping', nullif(m.repository, ''), m.secret, NULL, NULL, 1, m.id
  FROM secret_mapping m WHERE m.credential <> '' AND :credential IN ('', m.provider || ':' || m.credential)
UNION ALL
SELECT d.credential, 'declaration', r.name, d.fact || ' by ' || d.by_whom, d.at, NULL, 1, d.id
  FROM declaration d JOIN repository r ON r.id = d.repository WHERE instr(d.credential, ':') AND :credential IN ('', d.credential)
   AND d.retracts = '' AND NOT EXISTS (SELECT 1 FROM declaration x WHERE x.retracts = d.id)
UNION ALL
SELECT l.credential, 'link', r.name, l.secret || iif(l.project = '', '', ' for ' || l.project) || ', ' || l.confidence, NULL, NULL, 1, NULL
  FROM link l JOIN repository r ON r.id = l.repository WHERE l.credential <> '' AND :credential IN ('', l.credential)
UNION ALL
SELECT w.credential, 'window', r.name, w.secret || iif(w.project = '', '', ' for ' || w.project) || ', ' || w.state || coalesce(', ' || v.verdict, ''),
       coalesce(w.opened_not_before, w.opened_not_after), coalesce(w.closed_not_after, w.closed_not_before), 1, w.id
  FROM exposure_window w JOIN repository r ON r.id = w.repository LEFT JOIN window_verdict v ON v.window = w.id
 WHERE instr(w.credential, ':') AND :credential IN ('', w.credential)
UNION ALL
SELECT p.provider || ':' || p.token, 'release', NULL, p.project || ' ' || p.version, p.at, NULL, 1, p.id
  FROM release_record p WHERE p.token <> '' AND :credential IN ('', p.provider || ':' || p.token)
UNION ALL
SELECT w.text, 'log', NULL, (SELECT text FROM word WHERE id = u.log), strftime('%Y-%m-%dT%H:%M:%SZ', min(u.at) / 1000000, 'unixepoch'),
       strftime('%Y-%m-%dT%H:%M:%SZ', max(u.at) / 1000000, 'unixepoch'), count(*), NULL
  FROM word w JOIN use u ON u.credential = w.id WHERE w.text = :credential GROUP BY w.id, u.log
UNION ALL
SELECT w.text, 'log', NULL, (SELECT text FROM word WHERE id = u.log), strftime('%Y-%m-%dT%H:%M:%SZ', min(u.at) / 1000000, 'unixepoch'),
       strftime('%Y-%m-%dT%H:%M:%SZ', max(u.at) / 1000000, 'unixepoch'), count(*), NULL
  FROM use u JOIN word w ON w.id = u.credential WHERE :credential = '' GROUP BY w.id, u.log
)
ORDER BY credential, told_by, repository, at, detail, evidence;
