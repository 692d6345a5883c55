package intake

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Scope is what a case is about. Since and Until bound what is listed from APIs and archives, never facts or windows; their zero value
// is "no bound". Now is the instant as of which the case speaks. All are UTC.
type Scope struct {
	Campaigns []string // names of built-in packs or files, in the order given
	Since     time.Time
	Until     time.Time
	Now       time.Time
}

// Validate refuses a scope in which nothing can lie.
func (s Scope) Validate() error {
	switch {
	case s.Now.IsZero():
		return errors.New("scope: no instant for now")
	case !s.Since.IsZero() && !s.Until.IsZero() && !s.Since.Before(s.Until):
		return fmt.Errorf("scope: since %s is not before until %s", s.Since.Format(time.RFC3339), s.Until.Format(time.RFC3339))
	case s.Since.After(s.Now):
		return fmt.Errorf("scope: since %s is after now, %s", s.Since.Format(time.RFC3339), s.Now.Format(time.RFC3339))
	}
	return nil
}

// earliest is when git began: a time before it is a slip, and the zero time must never be read as a date.
var earliest = time.Date(2005, time.April, 7, 0, 0, 0, 0, time.UTC)

// zoneless are the forms that people write without saying where they are.
var zoneless = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"}

// nearMisses carry a zone and are still not RFC 3339.
var nearMisses = []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00",
	"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 -0700"}

// ParseTime reads RFC 3339, or YYYY-MM-DD for the start of that day in UTC, and gives UTC. A time without a zone is refused: the
// reader's zone is not the writer's, and hours decide whether a token was rotated before or after it was used.
func ParseTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return plausible(t)
	}
	if t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s)); err == nil {
		return plausible(t.UTC())
	}
	for _, layout := range zoneless {
		if t, err := time.Parse(layout, s); err == nil {
			return time.Time{}, fmt.Errorf("%q has no time zone; for UTC write %s", s, t.Format(time.RFC3339Nano))
		}
	}
	for _, layout := range nearMisses {
		if t, err := time.Parse(layout, strings.Replace(s, " UTC", "Z", 1)); err == nil {
			return time.Time{}, fmt.Errorf("%q is not RFC 3339; write %s", s, t.UTC().Format(time.RFC3339Nano))
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write YYYY-MM-DD or RFC 3339, as in 2025-09-02T14:30:00Z", s)
}

func plausible(t time.Time) (time.Time, error) {
	if t.Before(earliest) {
		return time.Time{}, fmt.Errorf("%s is before git began (%s)", t.Format(time.RFC3339), earliest.Format(time.DateOnly))
	}
	return t, nil
}

// ParseNow settles the "now" of a case: the flag, else SOURCE_DATE_EPOCH (seconds, https://reproducible-builds.org/specs/source-date-epoch/),
// else the clock to the second, so that what is stored reads back equal.
func ParseNow(flag, sourceDateEpoch string, clock func() time.Time) (time.Time, error) {
	if flag != "" {
		return ParseTime(flag)
	}
	if sourceDateEpoch == "" {
		return clock().UTC().Truncate(time.Second), nil
	}
	seconds, err := strconv.ParseInt(sourceDateEpoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds", sourceDateEpoch)
	}
	return plausible(time.Unix(seconds, 0).UTC())
}
