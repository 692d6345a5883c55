package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/collect/gharchive"
	"pentimento/internal/evidence"
)

// statusArchive counts the hours of archives: those asked for are the ones that were dealt with, by their state, and those that wait
// because the last collection was interrupted.
type statusArchive struct {
	Asked   int            `json:"asked"`
	Waiting int            `json:"waiting"`
	First   *string        `json:"first_hour"`
	Last    *string        `json:"last_hour"`
	Hours   map[string]int `json:"hours"`
}

func archiveOf(ctx context.Context, c *casefile.Case, info casefile.Info, last casefile.Collection, now time.Time) (statusArchive, error) {
	out := statusArchive{Hours: map[string]int{}}
	hours, err := c.ArchiveHours(ctx)
	if err != nil {
		return out, err
	}
	online := 0
	for _, h := range hours { // by hour
		out.Hours[string(h.State)]++
		stamp := evidence.Stamp(h.Hour)
		if out.First == nil {
			out.First = &stamp
		}
		out.Last = &stamp
		if strings.Contains(h.Archive, "://") {
			online++
		}
	}
	if last.Finished.IsZero() {
		of, err := hoursOnline(info, last.Places, now)
		if err != nil {
			return out, err
		}
		out.Waiting = max(0, of-online)
	}
	out.Asked = len(hours) + out.Waiting
	return out, nil
}

// hoursOnline counts the hours that the archives among the places are asked for at their addresses. How many files a folder had is known
// only when it has been read.
func hoursOnline(info casefile.Info, places []string, now time.Time) (n int, err error) {
	if info.Since.IsZero() {
		return 0, nil
	}
	until := info.Until
	if until.IsZero() {
		until = now
	}
	hours, err := gharchive.Hours(info.Since, until)
	if err != nil {
		return 0, fmt.Errorf("count the hours of archives: %w", err)
	}
	over := slices.IndexFunc(hours, func(h time.Time) bool { return h.Add(time.Hour).After(now) })
	if over < 0 {
		over = len(hours)
	}
	for _, place := range places {
		address, ok := strings.CutPrefix(place, "gharchive ")
		switch {
		case !ok || !strings.Contains(address, "://"):
		case strings.Contains(address, ".json.gz"): // a single hour
			n++
		default:
			n += over
		}
	}
	return n, nil
}

func (a statusArchive) String() string {
	words := []string{fmt.Sprintf("%d hours asked for", a.Asked)}
	if a.Waiting > 0 {
		words = append(words, fmt.Sprintf("%d waiting", a.Waiting))
	}
	for _, state := range []evidence.HourState{evidence.HourPresent, evidence.HourAbsent, evidence.HourTruncated, evidence.HourRefused, evidence.HourUnread} {
		if n := a.Hours[string(state)]; n > 0 || state == evidence.HourPresent || state == evidence.HourAbsent {
			words = append(words, fmt.Sprintf("%d %s", n, state))
		}
	}
	text := "archives: " + strings.Join(words, ", ")
	if a.First != nil {
		text += ", from " + *a.First + " to " + *a.Last
	}
	return text
}
