package tokenlog

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// clock is how the times of a generic file are written, and where the clock stood that names no zone.
type clock struct {
	// read reads one time; the zone is for texts that name none and may be nil. within is how coarse it is written.
	read func(text string, zone *time.Location) (t time.Time, within time.Duration, err error)
	zone *time.Location
}

// Errors of times of generic files; their texts are reasons for which a row is kept aside.
var (
	errNoZone = errors.New("the time names no zone (time: zone in the mapping, or --zone)")
	errLayout = errors.New("the time is not written in the layout of the mapping")
	errUnit   = errors.New("the count is no time between the years 1990 and 9999 in the unit of the mapping")
	errNever  = errors.New("the time does not exist: clocks were put forward over it")
)

// Named layouts.
var (
	epochUnits = map[string]time.Duration{"epoch_s": time.Second, "epoch_ms": time.Millisecond, "epoch_us": time.Microsecond, "epoch_ns": time.Nanosecond}
	goLayouts  = map[string]string{"clf": "02/Jan/2006:15:04:05 -0700", "rfc1123": "Mon, 02 Jan 2006 15:04:05 MST", "rfc1123z": time.RFC1123Z}
)

// parseLayout gives the reader of a layout: rfc3339 (also with a space, without seconds or without zone), epoch_s, epoch_ms, epoch_us, epoch_ns, clf,
// rfc1123, rfc1123z, a layout of strftime such as %d/%m/%Y %H:%M:%S, or one of Go such as 02.01.2006 15:04. Neither the unit of a count nor the order of
// day and month is guessed.
func parseLayout(s string) (func(string, *time.Location) (time.Time, time.Duration, error), error) {
	name := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(s))
	if name == "rfc3339" || name == "iso8601" {
		return readISO, nil
	}
	if unit, ok := epochUnits[name]; ok {
		return func(text string, _ *time.Location) (time.Time, time.Duration, error) { return readCount(text, unit) }, nil
	}
	layout, ok := goLayouts[name]
	if !ok {
		layout = s
		if strings.Contains(s, "%") {
			var err error
			if layout, err = strftime(s); err != nil {
				return nil, err
			}
		}
	}
	if strings.HasSuffix(layout, "05Z") { // in both languages a letter like any other, and in every log the sign of UTC
		layout += "07:00"
	}
	l := &layoutReader{layout: layout}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("layout %s %w", shown(s), err)
	}
	return l.read, nil
}

// readISO reads year, month and day in this order, with what [instant] takes behind them.
func readISO(text string, zone *time.Location) (time.Time, time.Duration, error) {
	if t, within, ok := fastInstant(text); ok {
		return bounded(t, within)
	}
	if len(text) < len(time.DateOnly) || text[4] != '-' || text[7] != '-' {
		return time.Time{}, 0, errLayout
	}
	t, within, err := instant(text, nil)
	if !errors.Is(err, errNaive) {
		return t, within, err
	}
	if zone == nil {
		return time.Time{}, 0, errNoZone
	}
	if t, within, err = instant(text, time.UTC); err != nil {
		return t, within, err
	}
	return atWall(t, within, zone)
}

// atWall is when the clocks of a zone showed what t shows in UTC. An hour that they showed twice is the earlier one, and as coarse as the two are apart.
func atWall(t time.Time, within time.Duration, zone *time.Location) (time.Time, time.Duration, error) {
	if zone == time.UTC {
		return bounded(t, within)
	}
	var found []time.Time
	for _, around := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := t.Add(around).In(zone).Zone()
		at := t.Add(-time.Duration(offset) * time.Second)
		if _, there := at.In(zone).Zone(); there == offset {
			found = append(found, at)
		}
	}
	switch {
	case len(found) == 0 && within == 24*time.Hour: // midnight itself was left out: the day began later
		return bounded(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone), within)
	case len(found) == 0:
		return time.Time{}, 0, errNever
	case len(found) == 2 && !found[0].Equal(found[1]):
		first, second := found[0], found[1]
		if second.Before(first) {
			first, second = second, first
		}
		return bounded(first, within+second.Sub(first))
	}
	return bounded(found[0], within)
}

// readCount reads a count of units since 1970, with or without a fraction of one.
func readCount(text string, unit time.Duration) (time.Time, time.Duration, error) {
	whole, fraction, hasFraction := strings.Cut(text, ".")
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || len(fraction) > 18 {
		return time.Time{}, 0, errLayout
	}
	perSecond := int64(time.Second / unit)
	at := time.Unix(int64(n)/perSecond, int64(n)%perSecond*int64(unit))
	within := time.Duration(0)
	if unit == time.Second {
		within = time.Second
	}
	if hasFraction {
		part, err := strconv.ParseUint(fraction, 10, 64)
		if err != nil {
			return time.Time{}, 0, errLayout
		}
		at, within = at.Add(time.Duration(float64(part)*float64(unit)/math.Pow10(len(fraction)))), 0
	}
	t, within, err := bounded(at, within)
	if err != nil {
		return time.Time{}, 0, errUnit
	}
	return t, within, nil
}

// layoutReader reads times in a layout of Go.
type layoutReader struct {
	layout string
	within time.Duration
	zoned  bool
	named  bool // the zone is an abbreviation
}

// check finds out what the layout tells, by writing times with it that differ in one thing. One that loses the date, or half of the day, is refused.
func (l *layoutReader) check() error {
	at := time.Date(2019, time.November, 23, 17, 48, 36, 0, time.UTC)
	differs := func(t time.Time) bool { return t.Format(l.layout) != at.Format(l.layout) }
	back, err := time.Parse(l.layout, at.Format(l.layout))
	y, m, d := back.Date()
	hours := differs(at.Add(time.Hour))
	switch {
	case err != nil || y != at.Year() || m != at.Month() || d != at.Day():
		return errors.New("does not tell year, month and day")
	case hours && (back.Hour() != at.Hour() || !differs(at.Add(-12*time.Hour))):
		return errors.New("does not tell morning from evening")
	case !hours:
		l.within = 24 * time.Hour
	case !differs(at.Add(time.Minute)):
		l.within = time.Hour
	case !differs(at.Add(time.Second)):
		l.within = time.Minute
	default:
		l.within = time.Second
	}
	east := at.Add(-time.Hour).In(time.FixedZone("EST", 3600))
	l.zoned = east.Format(l.layout) != at.Format(l.layout)
	l.named = l.zoned && strings.Contains(l.layout, "MST")
	return nil
}

func (l *layoutReader) read(text string, zone *time.Location) (time.Time, time.Duration, error) {
	in := zone
	if in == nil || !l.zoned {
		in = time.UTC
	}
	t, err := time.ParseInLocation(l.layout, text, in)
	if err != nil {
		return time.Time{}, 0, errLayout
	}
	within := l.within
	if t.Nanosecond() != 0 {
		within = 0
	}
	if l.zoned {
		if name, _ := t.Zone(); l.named && t.Location() != in && name != "UTC" && name != "GMT" {
			return time.Time{}, 0, errLayout // Go takes any letters for a zone without offset
		}
		return bounded(t, within)
	}
	if zone == nil {
		return time.Time{}, 0, errNoZone
	}
	return atWall(t, within, zone)
}

// directives of strftime in Go's words. Days, months and hours of half a day may lack their zero, as strptime takes them. A fraction needs none: Go reads one behind seconds in any case.
var directives = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "1", 'd': "2", 'e': "_2", 'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'H': "15", 'I': "3", 'M': "04",
	'S': "05", 'p': "PM", 'z': "-0700", 'Z': "MST", 'j': "002", 'T': "15:04:05", 'R': "15:04", 'F': "2006-01-02", 'D': "01/02/06", '%': "%",
}

// strftime turns a layout of strftime into Go's.
func strftime(s string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch rest := s[i:]; {
		case strings.HasPrefix(rest, ".%f"), strings.HasPrefix(rest, ",%f"), strings.HasPrefix(rest, ".%L"), strings.HasPrefix(rest, ",%L"):
			i += 2
		case rest[0] != '%':
			out.WriteByte(rest[0])
		case len(rest) == 1:
			return "", fmt.Errorf("layout %s ends in %%", shown(s))
		default:
			to, ok := directives[rest[1]]
			if !ok {
				return "", fmt.Errorf("layout %s has the directive %s, which is not known", shown(s), shown(rest[:2]))
			}
			out.WriteString(to)
			i++
		}
	}
	return out.String(), nil
}
