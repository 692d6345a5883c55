-- Which releases came out while a credential that can publish the project could be misused, and what speaks for and against each?
-- params: repo (default: all)
-- columns: repository, release, at, state, for, against, secret, credential, window, evidence
-- limits: no release is called malicious. unexplained means that something speaks against it and nothing as strong for it, unknown that nothing tells. A release
--   through a trusted publisher needed no stored credential; a malicious workflow can still have used it. Releases whose documents were not imported are not here.
SELECT r.name AS repository, x.release, nullif(x.at, '') AS at, x.state,
       (SELECT group_concat(value, '; ') FROM json_each(x.for_it)) AS "for", (SELECT group_concat(value, '; ') FROM json_each(x.against)) AS against,
       nullif(w.secret, '') AS secret, w.credential, x.window, (SELECT group_concat(value, ' ' ORDER BY value) FROM json_each(x.evidence)) AS evidence
  FROM window_release x JOIN exposure_window w ON w.id = x.window JOIN repository r ON r.id = w.repository
 WHERE :repo = '' OR r.key = lower(:repo)
 ORDER BY r.key, x.at, x.release, w.secret, w.credential, x.window;
