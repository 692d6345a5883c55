-- Which moves of refs did any source tell of?
-- params: repo (default: all)
-- columns: repository, ref, at, origin, kind, before, after, actor, external_id, evidence, source
-- limits: what each source said, one row per source: the same move told twice is two rows. kind is the source's word; whether a push was
--   forced is inferred from ancestry. before and after are NULL where the source does not say, zeros where it says none.
SELECT r.name AS repository, u.ref, nullif(u.at, '') AS at, u.origin, u.kind, nullif(u.before, '') AS before, nullif(u.after, '') AS after,
       nullif(u.actor, '') AS actor, nullif(u.external_id, '') AS external_id, u.id AS evidence, nullif(u.source, '') AS source
  FROM ref_update u JOIN repository r ON r.id = u.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, u.ref, rtrim(u.at, 'Z'), u.origin, u.id;
