-- What did people declare, by whom, why, and was it taken back?
-- params: repo (default: all)
-- columns: repository, id, at, fact, secret, credential, by_whom, because, retracts, retracted
-- limits: a declaration is the word of a person (clock "declared"). A retracted one is kept and decides nothing.
SELECT r.name AS repository, d.id, nullif(d.at, '') AS at, d.fact, nullif(d.secret, '') AS secret, nullif(d.credential, '') AS credential,
       d.by_whom, nullif(d.because, '') AS because, nullif(d.retracts, '') AS retracts,
       EXISTS (SELECT 1 FROM declaration x WHERE x.retracts = d.id) AS retracted
  FROM declaration d JOIN repository r ON r.id = d.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, rtrim(d.at, 'Z'), d.id;
