-- Which answers of which sources does the case rest on, and when did each come?
-- params: repo (default: all)
-- columns: repository, origin, method, target, status, first_at, last_at, times, sha256, stored_sha256, redactions, id
-- limits: an answer that came unchanged is one row. sha256 is of the body as received, stored_sha256 of the body as kept, without what
--   looked like a token. Packs of git objects are not kept, each object's own name is its digest: the body of a git-pack says what was wanted.
SELECT r.name AS repository, s.origin, s.method, s.target, s.status, min(v.at) AS first_at, max(v.at) AS last_at, count(v.at) AS times,
       s.sha256, s.stored_sha256, s.redactions, s.id
  FROM source s JOIN repository r ON r.id = s.repository LEFT JOIN source_seen v ON v.source = s.id
 WHERE :repo = '' OR r.key = lower(:repo)
 GROUP BY s.id
 ORDER BY r.key, s.origin, s.target, first_at, s.id;
