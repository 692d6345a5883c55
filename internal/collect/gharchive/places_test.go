package gharchive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	_ "pentimento/internal/seeded"
)

func TestHours(t *testing.T) {
	for name, c := range map[string]struct {
		since, until time.Time
		want         string // first, last, count
	}{
		"before the change":    {at(2025, 4, 2, 3), at(2025, 4, 2, 3).Add(59 * time.Minute), "2025-04-02-3 2025-04-02-3 1"},
		"since":                {at(2025, 9, 2, 3).Add(20 * time.Minute), at(2025, 9, 2, 3).Add(30 * time.Minute), "2025-09-02-3 2025-09-02-10 8"},
		"to the hour":          {at(2025, 9, 2, 3), at(2025, 9, 2, 4), "2025-09-02-3 2025-09-02-10 8"},
		"over the change":      {at(2025, 5, 23, 22), at(2025, 5, 23, 23), "2025-05-23-22 2025-05-24-5 8"},
		"well before":          {at(2025, 5, 23, 10), at(2025, 5, 23, 12), "2025-05-23-10 2025-05-23-12 3"},
		"another zone":         {at(2025, 4, 2, 3).In(time.FixedZone("", -5*3600)), at(2025, 4, 2, 4).In(time.FixedZone("", 3600)), "2025-04-02-3 2025-04-02-4 2"},
		"nothing":              {at(2025, 4, 2, 3), at(2025, 4, 1, 3), "0"},
		"midnight, not padded": {at(2025, 4, 2, 0), at(2025, 4, 2, 0), "2025-04-02-0 2025-04-02-0 1"},
	} {
		hours, err := Hours(c.since, c.until)
		got := fmt.Sprint(len(hours))
		if len(hours) > 0 {
			got = fmt.Sprint(hourWord(hours[0]), " ", hourWord(hours[len(hours)-1]), " ", len(hours))
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := Hours(at(2015, 1, 1, 0), at(2025, 1, 1, 0)); err == nil {
		t.Error("ten years at once")
	}
}

// An event fetched up to six hours after it was made lies in one of the hours.
func TestHoursHoldLateEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		since := at(2025, 5, 20, 0).Add(time.Duration(rapid.Int64Range(0, int64(8*24*time.Hour)).Draw(t, "since")))
		until := since.Add(time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "length")))
		made := since.Add(time.Duration(rapid.Int64Range(0, int64(until.Sub(since))).Draw(t, "made")))
		filed := made
		if late := made.Add(time.Duration(rapid.Int64Range(0, int64(6*time.Hour)).Draw(t, "late"))); !late.Before(ingestEra) {
			filed = late
		}
		hours, err := Hours(since, until)
		if err != nil || !slices.ContainsFunc(hours, filed.Truncate(time.Hour).Equal) {
			t.Fatalf("an event of %s filed at %s is in none of %v", made, filed, hours)
		}
	})
}

func TestHourNames(t *testing.T) {
	for name, want := range map[string]string{
		"2025-09-02-3.json.gz": "2025-09-02-3", "2025-09-02-23.json": "2025-09-02-23", "2025-09-02-0.json.gz": "2025-09-02-0",
		"2025-09-02-03.json.gz": "", "2025-09-02-24.json.gz": "", "2025-02-30-3.json.gz": "", "x2025-09-02-3.json.gz": "", "2025-09-02-3.json.gz.part": "",
	} {
		hour, ok := hourOf(name)
		if ok != (want != "") || (ok && hourWord(hour) != want) {
			t.Errorf("%s: %s, %t", name, hour, ok)
		}
	}
}

func TestKnownHoles(t *testing.T) {
	for hour, want := range map[time.Time]string{
		at(2019, 9, 12, 7): "", at(2019, 9, 12, 8): "222", at(2019, 9, 13, 5): "222", at(2019, 9, 13, 6): "",
		at(2020, 6, 10, 12): "245", at(2020, 8, 23, 15): "232", at(2021, 10, 7, 3): "259", at(2021, 10, 26, 23): "260", at(2021, 10, 27, 0): "",
		at(2025, 5, 22, 23): "", at(2025, 5, 23, 0): "310", at(2025, 9, 2, 3): "310", at(2025, 10, 9, 0): "312", at(2025, 10, 14, 23): "312",
		at(2025, 10, 15, 0): "310", at(2026, 2, 1, 0): "320", at(2030, 1, 1, 0): "320",
	} {
		if hole, ok := holeAt(hour); hole.Issue != want || ok != (want != "") {
			t.Errorf("%s: issue %q", hourWord(hour), hole.Issue)
		}
	}
	if !slices.IsSortedFunc(Holes, func(a, b Hole) int { return a.From.Compare(b.From) }) {
		t.Error("the holes are not in order")
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "2025-10-10-3.json.gz", packed(t, sample{ID: "1"}.line()))
	write(t, dir, "sub/2025-10-10-5.json.gz", packed(t, sample{ID: "2"}.line()))
	write(t, dir, "2025-10-10-5.json", []byte(sample{ID: "3"}.line()))
	write(t, dir, "2025-10-10-23.json.gz", packed(t, sample{ID: "4"}.line()))
	write(t, dir, "2025-10-09-3.json.gz", packed(t, sample{ID: "5"}.line()))
	write(t, dir, "README.md", []byte("hours"))
	if err := os.Mkdir(filepath.Join(dir, "2025-10-10-7.json.gz"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := collect(t, Config{Since: at(2025, 10, 10, 2), Until: at(2025, 10, 10, 3)}, dir)
	if want := []string{"2025-10-10-3 present", "2025-10-10-4 absent", "2025-10-10-5 present"}; !slices.Equal(got.states(), want) {
		t.Errorf("states %v", got.states())
	}
	if got.hours[0].Archive != filepath.Base(dir) || len(got.updates()) != 2 || got.updates()[1].ExternalID != "2" {
		t.Errorf("archive %q, updates %v", got.hours[0].Archive, got.updates())
	}
	for _, h := range got.hours {
		if !strings.Contains(h.Detail, "known hole: gharchive.org issue 312") {
			t.Errorf("detail %q", h.Detail)
		}
	}
	if o := got.obs[0]; o.Unit != "archive/2025-10-10-3" || o.Done || o.Sources[0].Target != filepath.Base(dir)+" 2025-10-10-3" || o.Sources[0].Method != "FILE" ||
		o.Sources[0].Origin != evidence.OriginArchive || !o.Sources[0].FetchedAt.Equal(now) || o.Sources[0].Repository != "Octo/Demo" {
		t.Errorf("observation %+v", o)
	}
	if got := collect(t, Config{}, dir); len(got.hours) != 45 || got.hours[0].State != evidence.HourPresent || got.hours[44].State != evidence.HourPresent {
		t.Errorf("states %v", got.states())
	}
}

func TestLists(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/2025-04-02-3.json.gz", packed(t, sample{ID: "1"}.line()))
	other := write(t, t.TempDir(), "2025-04-02-2.json.gz", packed(t, sample{ID: "2"}.line()))
	a := &archive{files: map[string][]byte{"/x/2025-04-02-5.json.gz": packed(t, sample{ID: "3"}.line())}}
	cfg, place := serve(t, a)
	list := write(t, dir, "hours.txt", []byte("# the wave\na/2025-04-02-3.json.gz\r\n\n"+other+"\n"+place+"x/2025-04-02-5.json.gz\na/2025-04-02-4.json.gz\n"))
	got := collect(t, cfg, list)
	if want := []string{"2025-04-02-2 present", "2025-04-02-3 present", "2025-04-02-4 absent", "2025-04-02-5 present"}; !slices.Equal(got.states(), want) {
		t.Errorf("states %v", got.states())
	}
	if got.hours[0].Archive != "hours.txt" || got.hours[3].Archive != place+"x/" || len(got.updates()) != 3 {
		t.Errorf("archives %q and %q", got.hours[0].Archive, got.hours[3].Archive)
	}
}

// Places that bear one name are told apart, whichever way they come; one that is named twice is read once.
func TestArchivesOfOneName(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, "a/hours/2025-04-02-3.json.gz", packed(t, sample{ID: "1"}.line()))
	b := write(t, dir, "b/hours/2025-04-02-3.json.gz", packed(t, sample{ID: "2"}.line()))
	list := write(t, dir, "list.txt", []byte("a/hours/2025-04-02-3.json.gz\nb/hours/2025-04-02-3.json.gz\na/hours/2025-04-02-3.json.gz\n"))
	for name, places := range map[string][]string{
		"folders": {filepath.Dir(a), filepath.Dir(b), filepath.Dir(a)}, "files": {a, b}, "a list": {list},
	} {
		got := collect(t, Config{}, places...)
		if len(got.hours) != 2 || got.hours[0].Archive == got.hours[1].Archive || len(got.updates()) != 2 {
			t.Errorf("%s: %d updates of %+v", name, len(got.updates()), got.hours)
			continue
		}
		for _, h := range got.hours {
			if strings.Contains(h.Archive, string(filepath.Separator)) {
				t.Errorf("%s: a path in %q", name, h.Archive)
			}
		}
		again := collect(t, Config{}, places...)
		if again.hours[0].ID() != got.hours[0].ID() || again.hours[1].ID() != got.hours[1].ID() {
			t.Errorf("%s: other names the second time", name)
		}
	}
}

func TestPlacesThatMakeNoSense(t *testing.T) {
	dir := t.TempDir()
	empty := t.TempDir()
	online := Config{Client: http.DefaultClient, Since: at(2025, 4, 2, 3)}
	for name, c := range map[string]struct {
		cfg   Config
		place string
		why   string
	}{
		"not there":      {Config{}, filepath.Join(dir, "nothing"), "no such file"},
		"empty folder":   {Config{}, empty, "no hour file"},
		"empty list":     {Config{}, write(t, dir, "list", nil), "names no file"},
		"odd list":       {Config{}, write(t, dir, "odd", []byte("2025-04-02-3.json.gz\nother.gz\n")), "line 2"},
		"URL of no hour": {online, write(t, dir, "urls", []byte("https://example.invalid/2025.json.gz\n")), "does not end"},
		"long line":      {Config{}, write(t, dir, "long", []byte(strings.Repeat("x", 5000))), "token too long"},
		"no client":      {Config{Since: at(2025, 4, 2, 3)}, "https://example.invalid/", "no client"},
		"no begin":       {Config{Client: http.DefaultClient}, "https://user:pass@example.invalid/", "since when"},
		"upper case":     {Config{Client: http.DefaultClient}, "HTTPS://user:pass@example.invalid/?sig=pass", "since when"},
		"another scheme": {Config{}, "ftp://user:pass@example.invalid/", "not an http or https address"},
		"no address":     {online, "https://user:pass@example.invalid:x/", "not a web address"},
		"secret in list": {online, write(t, dir, "secrets", []byte("ftp://user:pass@example.invalid/2025.gz\n")), "line 1"},
		"no host":        {online, "https:///x", "not a web address"},
		"too much":       {Config{Client: http.DefaultClient, Since: at(2015, 1, 1, 0)}, "https://example.invalid/", "at most"},
	} {
		c.cfg.Now = func() time.Time { return now }
		err := Collect(context.Background(), c.cfg, []string{c.place}, func(h evidence.ArchiveHour, _ []evidence.Observation) error {
			t.Errorf("%s: emitted %+v", name, h)
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), c.why) || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The second archive is not asked for hours before it began.
func TestArchivesBegin(t *testing.T) {
	cfg := Config{Client: http.DefaultClient, Since: at(2026, 9, 5, 22), Until: at(2026, 9, 6, 1), Now: func() time.Time { return at(2026, 10, 1, 0) }}
	places := []string{"https://data.gharchive.org/", "https://gharchive.open-digger.cn/"}
	p, err := cfg.plan(context.Background(), places)
	if err != nil {
		t.Fatal(err)
	}
	first := map[string]string{}
	for _, j := range p.jobs {
		if first[j.archive] == "" {
			first[j.archive] = j.url
		}
	}
	if len(first) != 2 || first["https://data.gharchive.org/"] != "https://data.gharchive.org/2026-09-05-22.json.gz" ||
		first["https://gharchive.open-digger.cn/"] != "https://gharchive.open-digger.cn/2026-09-06-0.json.gz" {
		t.Errorf("first of each: %v", first)
	}
	list := write(t, t.TempDir(), "urls.txt", []byte("HTTPS://DATA.gharchive.org:8443/x/2026-09-06-1.json.gz\n"))
	hosts, err := Hosts(context.Background(), cfg, append([]string{list}, places...))
	if err != nil || !slices.Equal(hosts, []string{"data.gharchive.org", "data.gharchive.org:8443", "gharchive.open-digger.cn"}) {
		t.Errorf("hosts %v, %v", hosts, err)
	}
}

// What is done in this collection is not read again, and emit's own failure ends everything.
func TestDoneAndFailing(t *testing.T) {
	dir := t.TempDir()
	for h := range 10 {
		write(t, dir, fmt.Sprintf("2025-04-02-%d.json.gz", h), packed(t, sample{ID: fmt.Sprint(h + 1)}.line()))
	}
	var progress []int
	cfg := Config{Done: func(archive string, hour time.Time) bool { return archive == filepath.Base(dir) && hour.Hour() < 6 },
		Progress: func(p Progress) { progress = append(progress, p.Hours, p.Of) }}
	if got := collect(t, cfg, dir); len(got.hours) != 4 || got.hours[0].Hour.Hour() != 6 || fmt.Sprint(progress) != "[1 10 2 10 3 10 4 10]" {
		t.Errorf("states %v, progress %v", got.states(), progress)
	}
	n := 0
	err := Collect(context.Background(), Config{Now: func() time.Time { return now }}, []string{dir}, func(evidence.ArchiveHour, []evidence.Observation) error {
		if n++; n == 3 {
			return os.ErrClosed
		}
		return nil
	})
	if !errors.Is(err, os.ErrClosed) || n != 3 {
		t.Errorf("%v after %d hours", err, n)
	}
}

// Lines that could not be read may have been of the case: the hour says so.
func TestUnreadableLines(t *testing.T) {
	h := oneHour(t, Config{}, sample{}.line(), `{"type":"PushEvent","repo":{}`).hours[0]
	if h.State != evidence.HourPresent || h.Bad != 1 || !strings.Contains(h.Detail, "could not be read: 1") {
		t.Errorf("hour %+v", h)
	}
}

func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	huge := write(t, dir, "2025-04-02-3.json.gz", nil)
	if err := os.Truncate(huge, maxFile+1); err != nil {
		t.Fatal(err)
	}
	if h := collect(t, Config{}, huge).hours[0]; h.State != evidence.HourRefused || !strings.Contains(h.Detail, "at most") {
		t.Errorf("hour %+v", h)
	}
	if h := collect(t, Config{}, write(t, dir, "2025-04-02-4.json.gz", []byte("PK\x03\x04 no gzip, no JSON"))).hours[0]; h.State == evidence.HourPresent || h.Bad != 1 {
		t.Errorf("hour %+v", h)
	}
}
