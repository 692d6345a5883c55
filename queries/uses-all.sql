-- What did logs tell of each credential, in windows and outside of them?
-- params: credential (default: all), provider (default: all), account (default: all), project (default: all)
-- columns: credential, at, log, action, class, project, subject, outcome, address, origin, country, user_agent, account, via, run_id, commit_oid, minted, evidence
-- limits: credential is PROVIDER:IDENTIFIER, as links and inventories write it; without one, every use of the case is read, which takes long in a large log. Names are compared
--   as they stand. A log that was imported with --scope linked tells of what the case named then and of nothing else. Judgements are in query uses.
SELECT nullif((SELECT text FROM word WHERE id = u.credential), '') AS credential,
       strftime('%Y-%m-%dT%H:%M:%S', (u.at - u.micro) / 1000000, 'unixepoch') || iif(u.micro = 0, '', rtrim(printf('.%06d', u.micro), '0')) || 'Z' AS at,
       (SELECT text FROM word WHERE id = u.log) AS log, (SELECT text FROM word WHERE id = u.action) AS action, (SELECT text FROM word WHERE id = u.class) AS class,
       (SELECT text FROM word WHERE id = u.project) AS project, (SELECT text FROM word WHERE id = u.subject) AS subject, (SELECT text FROM word WHERE id = u.outcome) AS outcome,
       CASE WHEN typeof(u.address) = 'integer' THEN printf('%d.%d.%d.%d', u.address >> 24, u.address >> 16 & 255, u.address >> 8 & 255, u.address & 255)
            ELSE nullif(iif(instr(u.address, '~'), substr(u.address, 1, instr(u.address, '~') - 1), u.address), '') END AS address,
       iif(typeof(u.address) = 'text' AND instr(u.address, '~'), substr(u.address, instr(u.address, '~') + 1), NULL) AS origin,
       (SELECT text FROM word WHERE id = u.country) AS country, (SELECT text FROM word WHERE id = u.agent) AS user_agent, (SELECT text FROM word WHERE id = u.account) AS account,
       (SELECT text FROM word WHERE id = u.via) AS via, u.run_id, (SELECT text FROM word WHERE id = u.commit_oid) AS commit_oid,
       (SELECT text FROM word WHERE id = u.minted) AS minted, printf('use-%016x', u.key) AS evidence
  FROM (SELECT *, (at % 1000000 + 1000000) % 1000000 AS micro FROM use WHERE :credential = ''
        UNION ALL
        SELECT *, (at % 1000000 + 1000000) % 1000000 AS micro FROM use WHERE :credential <> '' AND credential = (SELECT id FROM word WHERE text = :credential)) u
 WHERE (:provider = '' OR u.provider = (SELECT id FROM word WHERE text = :provider))
   AND (:account = '' OR u.account = (SELECT id FROM word WHERE text = :account))
   AND (:project = '' OR u.project = (SELECT id FROM word WHERE text = :project))
 ORDER BY u.at, credential, u.key;
