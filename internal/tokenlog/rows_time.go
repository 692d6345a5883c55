package tokenlog

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Errors of times; their texts are reasons for which a row is kept aside.
var (
	errNaive  = errors.New("the time names no zone (--zone)")
	errNoTime = errors.New("the time cannot be read")
)

// Years outside of which a time is a mistake: nothing that is imported is older than the first of the registries, and a date behind the second has
// fewer than four digits no longer.
const (
	firstYear = 1990
	lastYear  = 9999
)

// layouts that are written in exports, with the fraction that Go's parser takes beside them.
var zonedLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05 Z07:00", "2006-01-02T15:04:05 Z0700", "2006-01-02T15:04:05 MST",
	"02/Jan/2006:15:04:05 -0700", time.RFC1123Z, time.RFC1123,
}

var naiveLayouts = []string{"2006-01-02T15:04:05", "2006-01-02T15:04"}

// instant reads a time as exports write it: RFC 3339, a space for the T, a comma before the fraction or none, an offset with or without colon, without
// any zone (which needs one given: errNaive else), a date alone, or an epoch in seconds, milliseconds, microseconds or nanoseconds, told apart by
// magnitude. within is how coarse it is written: 0 for less than a second, a second, a minute, a day.
func instant(text string, zone *time.Location) (t time.Time, within time.Duration, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, 0, errNoTime
	}
	if t, within, ok := fastInstant(text); ok {
		return bounded(t, within)
	}
	if t, within, ok := epoch(text); ok {
		return bounded(t, within)
	}
	if len(text) == len(time.DateOnly) {
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			if zone == nil {
				return time.Time{}, 0, errNaive
			}
			y, m, d := t.Date()
			return bounded(time.Date(y, m, d, 0, 0, 0, 0, zone), 24*time.Hour)
		}
	}
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + strings.TrimLeft(text[11:], " ")
	}
	for _, layout := range zonedLayouts {
		if t, err := time.Parse(layout, text); err == nil && knownZone(layout, text) {
			return bounded(t, coarse(text))
		}
	}
	for _, layout := range naiveLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			if zone == nil {
				return time.Time{}, 0, errNaive
			}
			y, m, d := t.Date()
			return bounded(time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone), coarse(text))
		}
	}
	return time.Time{}, 0, errNoTime
}

// knownZone refuses names of zones other than UTC's: Go's parser takes any three letters as a zone of offset zero.
func knownZone(layout, text string) bool {
	if !strings.HasSuffix(layout, "MST") {
		return true
	}
	return strings.HasSuffix(text, " UTC") || strings.HasSuffix(text, " GMT")
}

// coarse tells from the text of a time of day how fine it is: by its colons and fraction.
func coarse(text string) time.Duration {
	if i := strings.LastIndexAny(text, "+-"); i > len(time.DateOnly) {
		text = text[:i]
	}
	switch colons := strings.Count(text, ":"); {
	case colons < 2:
		return time.Minute
	case strings.ContainsAny(text, ".,") && !strings.Contains(text, ", "):
		return 0
	default:
		return time.Second
	}
}

func bounded(t time.Time, within time.Duration) (time.Time, time.Duration, error) {
	if y := t.UTC().Year(); y < firstYear || y > lastYear {
		return time.Time{}, 0, errNoTime
	}
	return t.UTC(), within, nil
}

// fastInstant reads what most lines of logs have, "2006-01-02T15:04:05Z" with or without a fraction.
func fastInstant(s string) (time.Time, time.Duration, bool) {
	if len(s) < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' || s[len(s)-1] != 'Z' {
		return time.Time{}, 0, false
	}
	digits := func(from, to int) int {
		n := 0
		for _, c := range []byte(s[from:to]) {
			if c < '0' || c > '9' {
				return -1 << 30
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day := digits(0, 4), digits(5, 7), digits(8, 10)
	hour, minute, second := digits(11, 13), digits(14, 16), digits(17, 19)
	nanos, within := 0, time.Second
	if len(s) > 20 {
		fraction := len(s) - 21
		if s[19] != '.' || fraction < 1 || fraction > 9 {
			return time.Time{}, 0, false
		}
		nanos, within = digits(20, len(s)-1), 0
		for range 9 - fraction {
			nanos *= 10
		}
	}
	if year < 0 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(year, month) || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
		second > 59 || nanos < 0 {
		return time.Time{}, 0, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC), within, true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// Digits of an epoch, by unit: each covers the years 2001 to 2286.
const (
	digitsSeconds = 10
	digitsMillis  = 13
	digitsMicros  = 16
	digitsNanos   = 19
)

// epoch reads a count since 1970 by its number of digits; a fraction is one of its unit.
func epoch(text string) (time.Time, time.Duration, bool) {
	if strings.ContainsAny(text, "eE") {
		return exponent(text)
	}
	whole, fraction, hasFraction := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(whole, "+-") {
		return time.Time{}, 0, false
	}
	unit, within := time.Duration(0), time.Duration(0)
	switch len(whole) {
	case digitsSeconds - 1, digitsSeconds: // nine digits: before September 2001
		unit, within = time.Second, time.Second
	case digitsMillis - 1, digitsMillis:
		unit = time.Millisecond
	case digitsMicros - 1, digitsMicros:
		unit = time.Microsecond
	case digitsNanos - 1, digitsNanos:
		unit = time.Nanosecond
	default:
		return time.Time{}, 0, false
	}
	t := time.Unix(n/int64(time.Second/unit), n%int64(time.Second/unit)*int64(unit))
	if hasFraction {
		part, err := strconv.ParseFloat("0."+fraction, 64)
		if err != nil || strings.ContainsAny(fraction, "eE+-xX_") {
			return time.Time{}, 0, false
		}
		t, within = t.Add(time.Duration(math.Round(part*1e6)*float64(unit)/1e6)), 0
	}
	return t.UTC(), within, true
}

// exponent reads an epoch that a spreadsheet or a script wrote as 1.7570756968E9.
func exponent(text string) (time.Time, time.Duration, bool) {
	if strings.ContainsAny(text, "xXpP_ -") {
		return time.Time{}, 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < 1e8 || f >= 1e19 {
		return time.Time{}, 0, false
	}
	t, within, ok := epoch(strconv.FormatFloat(f, 'f', -1, 64))
	return t, max(within, time.Second), ok
}
