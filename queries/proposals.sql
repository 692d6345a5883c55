-- What occurs in a family and in no pack of the case, and which repositories would it add?
-- params: repo (default: all)
-- columns: family, kind, indicator, role, confidence, everyday, repositories, adds, reason, evidence
-- limits: a proposal is no indicator until a person has put it into a pack. everyday is 1 where it occurs outside of families as well, or
--   is what anybody's workflow may have. adds are repositories that hold it and that no rule has hit. Values are as the attacker wrote them.
SELECT p.family, p.kind, p.value AS indicator, nullif(p.role, '') AS role, p.confidence, p.everyday,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(p.repositories)) AS repositories,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(p.adds)) AS adds,
       p.reason,
       (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(p.evidence)) AS evidence
  FROM proposal p
 WHERE :repo = '' OR EXISTS (SELECT 1 FROM json_each(p.repositories) WHERE lower(value) = lower(:repo))
 ORDER BY p.family, p.everyday, CASE p.confidence WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END, p.kind, p.value;
