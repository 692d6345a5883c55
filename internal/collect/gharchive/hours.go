package gharchive

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"pentimento/internal/evidence"
)

const (
	// lateness is how far after an event its hour of ingest can be: GitHub's API shows events 30 s to 6 h late, and the crawler runs
	// into the next hour.
	lateness = 7 * time.Hour
	// uploadDelay is how long after the end of an hour its file may be missing without being lost: it is uploaded five minutes past
	// the hour, and mirrors follow.
	uploadDelay = 2 * time.Hour
	// maxHours bounds one collection: 400 days, as long as GitHub keeps runs.
	maxHours = 400 * 24
)

// ingestEra is when files began to hold what was fetched in an hour, no more what happened in it (commit f1f4200 of gharchive.org).
var ingestEra = time.Date(2025, 5, 24, 0, 0, 0, 0, time.UTC)

// Hours lists the hours whose files can hold events of [since, until], oldest first.
func Hours(since, until time.Time) ([]time.Time, error) {
	from, to := since.UTC().Truncate(time.Hour), lastHour(until)
	if n := to.Sub(from)/time.Hour + 1; n > maxHours {
		return nil, fmt.Errorf("%d hours of archive from %s to %s: at most %d are read at once", n, evidence.Stamp(from), evidence.Stamp(to), maxHours)
	}
	var all []time.Time
	for h := from; !h.After(to); h = h.Add(time.Hour) {
		all = append(all, h)
	}
	return all, nil
}

// lastHour is the last whose file can hold events up to until.
func lastHour(until time.Time) time.Time {
	until = until.UTC()
	if late := until.Add(lateness); late.After(ingestEra) {
		return late.Add(-time.Nanosecond).Truncate(time.Hour)
	}
	return until.Truncate(time.Hour)
}

// H is not padded: https://www.gharchive.org.
var hourName = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})-(\d|1\d|2[0-3])\.json(\.gz)?$`)

// hourOf reads the name of an hour file.
func hourOf(name string) (time.Time, bool) {
	m := hourName.FindStringSubmatch(name)
	if m == nil {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, m[1])
	if err != nil {
		return time.Time{}, false
	}
	h, err := strconv.Atoi(m[2])
	return day.Add(time.Duration(h) * time.Hour), err == nil
}

// hourWord names an hour as the archive does: 2025-09-02-3.
func hourWord(t time.Time) string {
	return t.UTC().Format(time.DateOnly) + "-" + strconv.Itoa(t.UTC().Hour())
}

// Hole is a span of hours in which GH Archive is known to have lost events or whole files.
type Hole struct {
	From  time.Time // begin of the first hour
	To    time.Time // end of the last hour; zero where no end is known
	Issue string    // number in https://github.com/igrigorik/gharchive.org/issues
	What  string
}

// Holes of GH Archive as its issues tell them, by begin. They may overlap.
var Holes = []Hole{
	{From: at(2019, 9, 12, 8), To: at(2019, 9, 13, 6), Issue: "222", What: "files missing"},
	{From: at(2020, 6, 10, 12), To: at(2020, 6, 10, 22), Issue: "245", What: "files missing"},
	{From: at(2020, 8, 21, 9), To: at(2020, 8, 23, 16), Issue: "232", What: "files missing or nearly empty"},
	{From: at(2021, 10, 7, 0), To: at(2021, 10, 8, 0), Issue: "259", What: "far fewer events than on other days"},
	{From: at(2021, 10, 22, 0), To: at(2021, 10, 27, 0), Issue: "260", What: "events missing"},
	{From: at(2025, 5, 23, 0), Issue: "310", What: "a large part of all events is missing, no end known"},
	{From: at(2025, 10, 9, 0), To: at(2025, 10, 15, 0), Issue: "312", What: "some 18,000 events a day"},
	{From: at(2026, 2, 1, 0), Issue: "320", What: "events missing, no end known"},
}

func at(year int, month time.Month, day, hour int) time.Time {
	return time.Date(year, month, day, hour, 0, 0, 0, time.UTC)
}

// holeAt finds the hole that an hour lies in, the narrowest where several do.
func holeAt(hour time.Time) (Hole, bool) {
	var best Hole
	for _, h := range Holes { // by begin: a later one that still holds the hour is the narrower, unless it has no end and the best has
		inside := !hour.Before(h.From) && (h.To.IsZero() || hour.Before(h.To))
		if inside && (best.Issue == "" || best.To.IsZero() || !h.To.IsZero()) {
			best = h
		}
	}
	return best, best.Issue != ""
}

// withHole says in the detail of an hour that its silence is worth less than usual.
func withHole(h evidence.ArchiveHour) evidence.ArchiveHour {
	hole, ok := holeAt(h.Hour)
	if !ok {
		return h
	}
	if h.Detail != "" {
		h.Detail += "; "
	}
	h.Detail += fmt.Sprintf("known hole: gharchive.org issue %s: %s", hole.Issue, hole.What)
	return h
}
