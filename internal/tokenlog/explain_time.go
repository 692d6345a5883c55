package tokenlog

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// sampledTime is what the values of a column tell of how their times are written.
type sampledTime struct {
	layouts []string // that all values fit, as a mapping names them; several where the order of day and month is open
	naive   bool     // some value names no zone
	zoned   bool     // some value names one
	mixed   bool     // counts in several units
}

// is reports that the column holds times.
func (t sampledTime) is() bool { return len(t.layouts) > 0 || t.mixed }

// guessLayouts are tried on samples, in this order. Those that differ in the order of day and month stand side by side, and no value decides between them
// that does not have a day behind the twelfth.
var guessLayouts = []string{
	"rfc3339", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "clf", "rfc1123", "rfc1123z",
	"%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y",
	"%d/%m/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M %p", "%m/%d/%Y %I:%M %p",
	"%d-%m-%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
	"%Y/%m/%d %H:%M:%S", "%Y%m%dT%H%M%SZ", "%Y%m%d%H%M%S", "%a %b %e %H:%M:%S %Y", "%a %b %e %H:%M:%S %Z %Y", "%b %e, %Y %H:%M:%S", "%Y-%m-%d %H:%M:%S %z %Z",
}

// layoutReaders are those layouts.
var layoutReaders = func() map[string]func(string, *time.Location) (time.Time, time.Duration, error) {
	all := map[string]func(string, *time.Location) (time.Time, time.Duration, error){}
	for _, l := range guessLayouts {
		read, err := parseLayout(l)
		if err != nil {
			panic(err) // a layout of ours
		}
		all[l] = read
	}
	return all
}()

// Years between which a count is guessed to be a time: what is behind them is an identifier.
const (
	firstGuessed = 2000
	lastGuessed  = 2100
)

// firstTried is how many values of a column are tried before a layout is given up.
const firstTried = 20

// leastTimes is the share of values that must be written in one way in a column of times: the rest are rows that will be kept aside.
const leastTimes = 0.6

// timesOf finds the layouts that fit most values of a column; those that fit fewer than the best of them are none.
func timesOf(c *sampled) (t sampledTime) {
	best := 0.0
	for _, l := range guessLayouts {
		if !slices.ContainsFunc(c.values[:min(len(c.values), firstTried)], func(v string) bool { return fitsLayout(l, v) }) {
			continue
		}
		fits := c.share(func(v string) bool { return fitsLayout(l, v) })
		switch {
		case fits < leastTimes || fits < best:
		case fits > best:
			best, t.layouts = fits, []string{l}
		default:
			t.layouts = append(t.layouts, l)
		}
	}
	if len(t.layouts) == 0 {
		counts := c.share(func(v string) bool {
			for _, unit := range guessLayouts {
				if strings.HasPrefix(unit, "epoch") && fitsLayout(unit, v) {
					return true
				}
			}
			return false
		})
		t.mixed = counts >= leastTimes
		return t
	}
	for _, v := range c.values {
		if !fitsLayout(t.layouts[0], v) {
			continue
		}
		if _, _, err := layoutReaders[t.layouts[0]](v, nil); errors.Is(err, errNoZone) {
			t.naive = true
		} else {
			t.zoned = true
		}
	}
	return t
}

func fitsLayout(layout, value string) bool {
	t, _, err := layoutReaders[layout](value, time.UTC)
	return err == nil && t.Year() >= firstGuessed && t.Year() <= lastGuessed
}
