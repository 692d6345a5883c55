-- Over which time was each origin listed to its end?
-- params: repo (default: all)
-- columns: repository, origin, detail, not_before, not_after, complete, oldest
-- limits: not_before NULL means back to the origin's own horizon, which may lie at oldest, the oldest row that came. Where complete is 0
--   pages were missing or a limit cut the list. An origin without a row was never listed.
SELECT r.name AS repository, c.origin, nullif(c.detail, '') AS detail, nullif(c.not_before, '') AS not_before,
       nullif(c.not_after, '') AS not_after, c.complete, nullif(c.oldest, '') AS oldest
  FROM coverage c JOIN repository r ON r.id = c.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, c.origin, c.detail, c.not_before, c.not_after, c.complete, c.oldest;
