-- Which credential, of whom and for which projects, stands behind each secret that could be taken, and what would tell where nothing does?
-- params: repo (default: all)
-- columns: repository, secret, credential, provider, account, project, confidence, reason, question, evidence
-- limits: a link says which credential a secret is, never that it was taken or used. certain is somebody's word; high, medium and low rest on labels and
--   scopes that inventories tell, and a token may be stored under a name that says nothing. A credential that is NULL is unlinked: no log was asked about it.
SELECT r.name AS repository, nullif(l.secret, '') AS secret, nullif(l.credential, '') AS credential, nullif(l.provider, '') AS provider, nullif(l.account, '') AS account,
       nullif(l.project, '') AS project, l.confidence, l.reason, nullif(l.question, '') AS question,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(l.evidence)) AS evidence
  FROM link l JOIN repository r ON r.id = l.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, l.secret, l.credential, l.project;
