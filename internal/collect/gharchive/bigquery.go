package gharchive

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// maxQuery bounds one query. BigQuery's own limit is 1 MB of text (https://cloud.google.com/bigquery/quotas#query_jobs).
const maxQuery = 900 << 10

// BigQuery writes the SQL that selects the events of these repositories from githubarchive.day.*, for events of [from, to], with one more
// row per hour that counts all events, and one that says which repositories were asked for, so that the result itself proves what it
// covers. Where an id is known it alone selects: it outlives renames, and a name may be another's by now. There is more than one query
// where one would be too long; each result then covers its own repositories.
func BigQuery(repos []Target, from, to time.Time) []string {
	from, to = from.UTC().Truncate(time.Hour), to.UTC()
	parts := selections(repos)
	var out []string
	for i, part := range parts {
		out = append(out, query(part, from, to, i+1, len(parts)))
	}
	return out
}

// selections are ids and names, each once, ids first, in as few queries as their length allows: a query holds its selection twice.
func selections(repos []Target) []asked {
	var ids []int64
	var names []string
	for _, t := range repos {
		if t.GitHubID > 0 {
			ids = append(ids, t.GitHubID)
			continue
		}
		for _, r := range append([]evidence.Repository{t.Repository}, t.Aliases...) {
			names = append(names, lower(string(r)))
		}
	}
	slices.Sort(ids)
	slices.Sort(names)
	var parts []asked
	size := 0
	add := func(one asked) {
		if size += 2 * one.size(); len(parts) == 0 || size > maxQuery {
			parts, size = append(parts, one), 2*one.size()
			return
		}
		last := &parts[len(parts)-1]
		last.IDs, last.Names = append(last.IDs, one.IDs...), append(last.Names, one.Names...)
	}
	for _, id := range slices.Compact(ids) {
		add(asked{IDs: []int64{id}})
	}
	for _, name := range slices.Compact(names) {
		add(asked{Names: []string{name}})
	}
	return parts
}

func query(what asked, from, to time.Time, part, parts int) string {
	ids, names := what.literals()
	var which []string
	if ids != "" {
		which = append(which, "repo.id IN ("+ids+")")
	}
	if names != "" {
		which = append(which, "LOWER(repo.name) IN ("+names+")")
	}
	var types []string
	for _, t := range wantedTypes {
		types = append(types, literal(t))
	}
	// The suffix is what the wildcard stands for: "day.2*" keeps clear of views such as day.yesterday, which wildcards may not meet.
	suffix := func(t time.Time) string { return t.Format("20060102")[1:] }
	return fmt.Sprintf(`-- Events of %s to %s, part %d of %d. Save the result as JSON Lines, JSON or CSV and give the file to collect --gharchive.
WITH event AS (
  SELECT id, type, created_at, repo, actor, payload
  FROM `+"`githubarchive.day.2*`"+`
  WHERE _TABLE_SUFFIX BETWEEN '%s' AND '%s'
)
SELECT id, type, created_at, repo.id AS repo_id, repo.name AS repo_name, actor.login AS actor_login, payload
FROM event
WHERE type IN (%s)
  AND (%s)
UNION ALL
SELECT '', '%s', hour, 0, '', '',
  TO_JSON_STRING(STRUCT(FORMAT_TIMESTAMP('%%Y-%%m-%%dT%%H:00:00Z', hour) AS hour, events, pushes, '%s' AS asked))
FROM (
  SELECT TIMESTAMP_TRUNC(created_at, HOUR) AS hour, COUNT(*) AS events, COUNTIF(type = 'PushEvent') AS pushes
  FROM event
  WHERE created_at >= TIMESTAMP '%s' AND created_at < TIMESTAMP '%s'
  GROUP BY hour
)
UNION ALL
SELECT '', '%s', TIMESTAMP '%s', 0, '', '', TO_JSON_STRING(STRUCT(ARRAY<INT64>[%s] AS ids, ARRAY<STRING>[%s] AS names, %d AS part, %d AS parts));
`, evidence.Stamp(from), evidence.Stamp(to), part, parts, suffix(from), suffix(lastHour(to)), strings.Join(types, ", "), strings.Join(which, "\n    OR "),
		coverageType, what.digest(), evidence.Stamp(from), evidence.Stamp(to.Add(time.Hour-1).Truncate(time.Hour)),
		askedType, evidence.Stamp(from), ids, names, part, parts)
}
