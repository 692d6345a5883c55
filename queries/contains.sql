-- Which refs reach a malicious commit without ever having held its file, as far as is known?
-- params: repo (default: all)
-- columns: repository, ref, sha
-- limits: such a ref is no presence: nothing could start from it. Only commits that could be had are counted.
SELECT r.name AS repository, t.ref, t.oid AS sha
  FROM contains t JOIN repository r ON r.id = t.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, t.ref, t.oid;
