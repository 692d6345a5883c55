package gharchive

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pentimento/internal/evidence"
)

// maxQuery bounds one query. BigQuery's own limit is 1 MB of text (https://cloud.google.com/bigquery/quotas#query_jobs).
const maxQuery = 900 << 10

// BigQuery writes the SQL that selects the events of these repositories from githubarchive.day.*, for events of [from, to], with one more
// row per hour that counts all events, so that the result itself proves what it covers. Where an id is known it alone selects: it
// outlives renames, and a name may be another's by now. There is more than one query where one would be too long; each result then says
// which part it is.
func BigQuery(repos []Target, from, to time.Time) []string {
	from, to = from.UTC().Truncate(time.Hour), to.UTC()
	var parts [][]string // terms
	size := 0
	for _, term := range terms(repos) {
		if len(parts) == 0 || size+len(term) > maxQuery {
			parts, size = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], term)
		size += len(term) + 2
	}
	var out []string
	for i, part := range parts {
		out = append(out, query(part, from, to, i+1, len(parts)))
	}
	return out
}

// terms are ids as numbers and names as literals, each once, ids first.
func terms(repos []Target) []string {
	var ids []int64
	var names []string
	for _, t := range repos {
		if t.GitHubID > 0 {
			ids = append(ids, t.GitHubID)
			continue
		}
		for _, r := range append([]evidence.Repository{t.Repository}, t.Aliases...) {
			names = append(names, literal(lower(string(r))))
		}
	}
	slices.Sort(ids)
	slices.Sort(names)
	var out []string
	for _, id := range slices.Compact(ids) {
		out = append(out, strconv.FormatInt(id, 10))
	}
	return append(out, slices.Compact(names)...)
}

// literal writes a string of GoogleSQL. All but what names are made of is escaped by its code point, so that no text ends the literal.
func literal(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_./", r):
			b.WriteRune(r)
		case r == utf8.RuneError:
			b.WriteString(`\ufffd`)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

func query(terms []string, from, to time.Time, part, parts int) string {
	split := slices.IndexFunc(terms, func(t string) bool { return t[0] == '\'' })
	if split < 0 {
		split = len(terms)
	}
	var which []string
	if ids := terms[:split]; len(ids) > 0 {
		which = append(which, "repo.id IN ("+strings.Join(ids, ", ")+")")
	}
	if names := terms[split:]; len(names) > 0 {
		which = append(which, "LOWER(repo.name) IN ("+strings.Join(names, ", ")+")")
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
  TO_JSON_STRING(STRUCT(FORMAT_TIMESTAMP('%%Y-%%m-%%dT%%H:00:00Z', hour) AS hour, events, pushes, %d AS part, %d AS parts))
FROM (
  SELECT TIMESTAMP_TRUNC(created_at, HOUR) AS hour, COUNT(*) AS events, COUNTIF(type = 'PushEvent') AS pushes
  FROM event
  WHERE created_at >= TIMESTAMP '%s' AND created_at < TIMESTAMP '%s'
  GROUP BY hour
);
`, evidence.Stamp(from), evidence.Stamp(to), part, parts, suffix(from), suffix(lastHour(to)), strings.Join(types, ", "), strings.Join(which, "\n    OR "),
		coverageType, part, parts, evidence.Stamp(from), evidence.Stamp(to.Add(time.Hour-1).Truncate(time.Hour)))
}
