package intake_test

import (
	"strings"
	"testing"
	"time"

	"pentimento/internal/intake"
)

func TestParseTime(t *testing.T) {
	for given, want := range map[string]string{
		"2025-09-02":                     "2025-09-02T00:00:00Z",
		" 2025-09-02 ":                   "2025-09-02T00:00:00Z",
		"2025-09-02T14:30:00Z":           "2025-09-02T14:30:00Z",
		"2025-09-02t14:30:00z":           "2025-09-02T14:30:00Z",
		"2025-09-02T14:30:00+02:00":      "2025-09-02T12:30:00Z",
		"2025-09-02T00:30:00.125+05:30":  "2025-09-01T19:00:00.125Z",
		"2025-09-02T14:30:00.000000001Z": "2025-09-02T14:30:00.000000001Z",
	} {
		got, err := intake.ParseTime(given)
		if err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("ParseTime(%q) = %v, %v; want %s", given, got, err, want)
		}
	}
	for given, want := range map[string]string{
		"":                          "is not a time",
		"yesterday":                 "is not a time",
		"02.09.2025":                "is not a time",
		"2025-02-30":                "is not a time",
		"1756771200":                "is not a time",
		"2025-09-02T14:30:00":       "has no time zone; for UTC write 2025-09-02T14:30:00Z",
		"2025-09-02 14:30":          "has no time zone; for UTC write 2025-09-02T14:30:00Z",
		"2025-09-02 14:30:00Z":      "write 2025-09-02T14:30:00Z",
		"2025-09-02 14:30:00 +0200": "write 2025-09-02T12:30:00Z",
		"2025-09-02T14:30Z":         "write 2025-09-02T14:30:00Z",
		"2025-09-02 14:30:00 UTC":   "write 2025-09-02T14:30:00Z",
		"2025-09-02 14:30:00 CEST":  "is not a time",
		"0001-01-01T00:00:00Z":      "before git began",
		"1970-01-01":                "before git began",
	} {
		if got, err := intake.ParseTime(given); err == nil || !strings.Contains(err.Error(), want) || !got.IsZero() {
			t.Errorf("ParseTime(%q) = %v, %v; want an error with %q", given, got, err, want)
		}
	}
}

func TestParseNow(t *testing.T) {
	clock := func() time.Time { return time.Date(2025, 9, 5, 16, 0, 0, 999, time.FixedZone("", 7200)) }
	for _, c := range []struct{ flag, epoch, want string }{
		{"2025-09-02T14:30:00Z", "1", "2025-09-02T14:30:00Z"},
		{"", "1756771200", "2025-09-02T00:00:00Z"},
		{"", "", "2025-09-05T14:00:00Z"},
	} {
		got, err := intake.ParseNow(c.flag, c.epoch, clock)
		if err != nil || got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("ParseNow(%q, %q) = %v, %v; want %s", c.flag, c.epoch, got, err, c.want)
		}
	}
	for _, c := range []struct{ flag, epoch string }{{"today", ""}, {"", "today"}, {"", "0"}} {
		if got, err := intake.ParseNow(c.flag, c.epoch, clock); err == nil {
			t.Errorf("ParseNow(%q, %q) = %v", c.flag, c.epoch, got)
		}
	}
}

func TestScopeValidate(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2025, 9, d, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		scope intake.Scope
		want  string
	}{
		"unbounded":                 {intake.Scope{Now: day(9)}, ""},
		"bounded":                   {intake.Scope{Since: day(1), Until: day(3), Now: day(9)}, ""},
		"until in the days to come": {intake.Scope{Since: day(1), Until: day(30), Now: day(9)}, ""},
		"no now":                    {intake.Scope{Since: day(1)}, "no instant for now"},
		"turned round":              {intake.Scope{Since: day(3), Until: day(1), Now: day(9)}, "is not before until"},
		"empty":                     {intake.Scope{Since: day(3), Until: day(3), Now: day(9)}, "is not before until"},
		"not yet":                   {intake.Scope{Since: day(10), Now: day(9)}, "is after now"},
	} {
		err := c.scope.Validate()
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
