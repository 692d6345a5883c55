package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What attackers name may stand in every text of a report.
func TestHostileNamesStayInert(t *testing.T) {
	const hostile = "x</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'\u202E\x1b[31m https://evil.example.invalid/a"
	r := &Report{Case: Case{Now: "2025-11-26T12:00:00Z", Packs: []string{hostile}}, Repositories: []*Repository{{Name: hostile, State: "armed"}}}
	r.summarise()
	var out bytes.Buffer
	if err := r.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("%d scripts on the page, one is ours", n)
	}
	for _, bad := range []string{"<img", "\u202E", "\x1b", "https://evil"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if !strings.Contains(page, "hxxps://evil.example[.]invalid") {
		t.Error("the name is not shown at all")
	}
}

// The page may ask for nothing: no address of a resource, no style or handler in an attribute, which its own policy would refuse.
func TestPageNeedsNothing(t *testing.T) {
	var out bytes.Buffer
	if err := (&Report{}).WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?i)<link|@import|url\(| src=| style=| on[a-z]+=|https?://`).FindString(out.String()); found != "" {
		t.Errorf("the page holds %q", found)
	}
	if !strings.Contains(out.String(), "default-src &#39;none&#39;") {
		t.Error("no policy on the page")
	}
}

// A bound that is not known is never drawn as certain.
func TestOpenBoundsAreNotCertain(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2025, 9, n, 0, 0, 0, 0, time.UTC) }
	d := &drawing{from: day(1), end: day(11)}
	for name, c := range map[string]struct {
		in   span
		want float64
	}{
		"both known":        {span{class: "window x", fromNA: day(2), toNB: day(4)}, 200},
		"opening unknown":   {span{class: "window x", toNB: day(4)}, 0},
		"window not closed": {span{class: "window x", fromNA: day(2), openEnd: true}, 0},
		"presence goes on":  {span{class: "presence", fromNA: day(2), openEnd: true}, 900},
		"removal unknown":   {span{class: "presence", fromNA: day(2)}, 0},
		"bounds cross":      {span{class: "window x", fromNA: day(6), toNB: day(4)}, -200},
	} {
		if got := d.certain(c.in).Width; got != c.want {
			t.Errorf("%s: certain part %g wide, want %g", name, got, c.want)
		}
	}
}
