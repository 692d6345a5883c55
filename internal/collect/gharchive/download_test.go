package gharchive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
)

// archive is a server of hour files that misbehaves as told.
type archive struct {
	files map[string][]byte
	tag   string
	// breaks is after how many bytes of an answer the connection breaks, for as many answers.
	breaks []int
	status map[string]int
	plain  bool // no ranges

	mu     sync.Mutex
	asked  []string // "path range"
	busy   int
	most   int
	tokens []string
}

func (a *archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.asked = append(a.asked, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	a.tokens = append(a.tokens, r.Header.Get("Authorization"))
	a.busy++
	a.most = max(a.most, a.busy)
	limit := -1
	if len(a.breaks) > 0 {
		limit, a.breaks = a.breaks[0], a.breaks[1:]
	}
	tag := a.tag
	a.mu.Unlock()
	defer func() { a.mu.Lock(); a.busy--; a.mu.Unlock() }()
	if s := a.status[r.URL.Path]; s != 0 {
		w.WriteHeader(s)
		return
	}
	body, ok := a.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if tag != "" {
		w.Header().Set("ETag", tag)
	}
	from := 0
	if start, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && !a.plain && r.Header.Get("If-Range") == tag {
		from, _ = strconv.Atoi(strings.TrimSuffix(start, "-"))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)-from))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
		w.WriteHeader(http.StatusPartialContent)
	}
	if limit >= 0 && from+limit < len(body) {
		w.Write(body[from : from+limit])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(body[from:])
}

// serve starts the archive and gives a configuration for it: events of one hour before the era of late files, so that two hours are asked.
func serve(t *testing.T, a *archive) (Config, string) {
	t.Helper()
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	since := at(2025, 4, 2, 3)
	return Config{Since: since, Until: since.Add(90 * time.Minute), Cache: t.TempDir(), Client: client(s.URL)}, s.URL + "/"
}

func client(place string) *http.Client {
	return wire.NewClient(wire.Config{Hosts: []string{strings.TrimPrefix(place, "http://")}, UserAgent: "pentimento", Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
}

func bigHour(t *testing.T) []byte {
	var text []string
	for i := range 2000 {
		text = append(text, sample{ID: fmt.Sprint(i + 1), Payload: pushOld("refs/heads/main", shaA, shaB, fmt.Sprint(rand.Uint64(), rand.Uint64()))}.line())
	}
	return packed(t, text...)
}

func TestDownloads(t *testing.T) {
	whole := bigHour(t)
	cut := []int{10_000, 10_000, 20_000}
	first, second := "/2025-04-02-3.json.gz", "/2025-04-02-4.json.gz"
	both := map[string][]byte{first: whole, second: packed(t, sample{ID: "9000"}.line())}
	for name, c := range map[string]struct {
		archive *archive
		states  []string
		asked   []string
		detail  string // of the first hour
	}{
		"calm": {&archive{files: both, tag: `"v1"`}, []string{"2025-04-02-3 present", "2025-04-02-4 present"}, []string{first, second}, ""},
		"resumed": {&archive{files: both, tag: `"v1"`, breaks: cut}, []string{"2025-04-02-3 present", "2025-04-02-4 present"},
			[]string{first, first + " bytes=10000-", first + " bytes=20000-", first + " bytes=40000-", second}, ""},
		"weak tag": {&archive{files: both, tag: `W/"v1"`, breaks: cut[:1]}, []string{"2025-04-02-3 present", "2025-04-02-4 present"}, []string{first, first, second}, ""},
		"no tag":   {&archive{files: both, breaks: cut[:1]}, []string{"2025-04-02-3 present", "2025-04-02-4 present"}, []string{first, first, second}, ""},
		"no ranges": {&archive{files: both, tag: `"v1"`, plain: true, breaks: cut[:1]}, []string{"2025-04-02-3 present", "2025-04-02-4 present"},
			[]string{first, first + " bytes=10000-", second}, ""},
		"broken at once": {&archive{files: both, tag: `"v1"`, breaks: []int{0}}, []string{"2025-04-02-3 unread", "2025-04-02-4 present"}, []string{first, second}, "broke off"},
		"missing":        {&archive{files: map[string][]byte{second: both[second]}}, []string{"2025-04-02-3 absent", "2025-04-02-4 present"}, []string{first, second}, "404"},
		"gone":           {&archive{files: both, status: map[string]int{first: 410}}, []string{"2025-04-02-3 absent", "2025-04-02-4 present"}, []string{first, second}, "410"},
		"forbidden":      {&archive{files: both, status: map[string]int{first: 403}}, []string{"2025-04-02-3 unread", "2025-04-02-4 present"}, []string{first, second}, "403"},
		"range refused":  {&archive{files: both, status: map[string]int{first: 416}}, []string{"2025-04-02-3 unread", "2025-04-02-4 present"}, []string{first, second}, "range"},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.archive
			cfg, place := serve(t, a)
			got := collect(t, cfg, place)
			if !slices.Equal(got.states(), c.states) || !slices.Equal(a.asked, c.asked) {
				t.Errorf("states %v, asked %v", got.states(), a.asked)
			}
			if d := got.hours[0].Detail; (d == "") != (c.detail == "") || !strings.Contains(d, c.detail) {
				t.Errorf("detail %q", d)
			}
			if h := got.hours[0]; h.State == evidence.HourPresent && (h.Events != 2000 || h.Bytes != int64(len(whole)) || h.Archive != place) {
				t.Errorf("hour %+v", h)
			}
			if a.most > 1 || strings.Join(a.tokens, "") != "" {
				t.Errorf("%d requests at a time, credentials %q", a.most, a.tokens)
			}
			if o := got.obs[len(got.obs)-1].Sources[0]; (o.URL != place[:len(place)-1]+second) || o.Method != "GET" || o.Target != place+" 2025-04-02-4" {
				t.Errorf("source %s %s %s", o.Method, o.URL, o.Target)
			}
			left, err := filepath.Glob(filepath.Join(cfg.Cache, "*", "*.part*"))
			if err != nil || len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A killed collection goes on where it stopped, and a new version of the file is not glued to the old.
func TestResumeAcrossCollections(t *testing.T) {
	for name, change := range map[string]string{"same": `"v1"`, "changed": `"v2"`} {
		t.Run(name, func(t *testing.T) {
			whole := bigHour(t)
			a := &archive{files: map[string][]byte{"/2025-04-02-3.json.gz": whole}, tag: `"v1"`, breaks: []int{30_000, 0}}
			cfg, place := serve(t, a)
			cfg.Until = cfg.Since
			if got := collect(t, cfg, place); got.hours[0].State != evidence.HourUnread {
				t.Fatalf("hour %+v", got.hours[0])
			}
			a.tag = change
			for range 2 { // the second time from the cache
				got := collect(t, cfg, place)
				if h := got.hours[0]; h.State != evidence.HourPresent || h.Events != 2000 {
					t.Errorf("hour %+v", h)
				}
			}
			if want := []string{"/2025-04-02-3.json.gz", "/2025-04-02-3.json.gz bytes=30000-", "/2025-04-02-3.json.gz bytes=30000-"}; !slices.Equal(a.asked, want) {
				t.Errorf("asked %q", a.asked)
			}
		})
	}
}

// What the first collection has from the server must not fill the disk where nobody asked to keep it.
// A download that turns out to be damaged is asked for again by the next collection, and a whole one is not.
func TestDamagedDownloadIsNotKept(t *testing.T) {
	const first, second = "/2025-04-02-3.json.gz", "/2025-04-02-4.json.gz"
	whole := bigHour(t)
	a := &archive{files: map[string][]byte{first: whole[:len(whole)/2], second: whole}}
	cfg, place := serve(t, a)
	if got := collect(t, cfg, place); !slices.Equal(got.states(), []string{"2025-04-02-3 truncated", "2025-04-02-4 present"}) {
		t.Errorf("at first %v", got.states())
	}
	a.files[first], a.asked = whole, nil
	if got := collect(t, cfg, place); !slices.Equal(got.states(), []string{"2025-04-02-3 present", "2025-04-02-4 present"}) || !slices.Equal(a.asked, []string{first}) {
		t.Errorf("then %v, asked for %v", got.states(), a.asked)
	}
}

func TestNoCacheLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	cfg, place := serve(t, &archive{files: map[string][]byte{"/2025-04-02-3.json.gz": bigHour(t)}})
	cfg.Cache = ""
	if got := collect(t, cfg, place); got.hours[0].Events != 2000 {
		t.Errorf("hour %+v", got.hours[0])
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDeadArchive(t *testing.T) {
	a := &archive{status: map[string]int{}}
	for h := range 24 {
		a.status[fmt.Sprintf("/2025-04-02-%d.json.gz", h)] = 403
	}
	cfg, place := serve(t, a)
	cfg.Since, cfg.Until = at(2025, 4, 2, 0), at(2025, 4, 2, 23)
	got := collect(t, cfg, place)
	if len(got.hours) != 24 || len(a.asked) != maxFailures || got.hours[23].State != evidence.HourUnread || !strings.Contains(got.hours[23].Detail, "not asked") {
		t.Errorf("asked %v, last %+v", a.asked, got.hours[23])
	}
}

// An hour that has hardly ended is asked again later; one that has not ended is not asked for.
func TestTheLastHours(t *testing.T) {
	a := &archive{}
	cfg, place := serve(t, a)
	cfg.Since, cfg.Until = now.Add(-3*time.Hour), time.Time{}
	got := collect(t, cfg, place)
	if want := []string{"2025-12-31-21 absent", "2025-12-31-22 unread", "2025-12-31-23 unread"}; !slices.Equal(got.states(), want) {
		t.Errorf("states %v", got.states())
	}
}

func TestForeignRedirect(t *testing.T) {
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the foreign host was asked") }))
	defer foreign.Close()
	home := httptest.NewServer(http.RedirectHandler(foreign.URL+"/x", http.StatusFound))
	defer home.Close()
	cfg := Config{Since: at(2025, 4, 2, 3), Until: at(2025, 4, 2, 3), Cache: t.TempDir(), Client: client(home.URL)}
	if h := collect(t, cfg, home.URL).hours[0]; h.State != evidence.HourUnread || !strings.Contains(h.Detail, "redirect") {
		t.Errorf("hour %+v", h)
	}
}

func TestTooLargeDownload(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(maxFile+1))
		w.Write([]byte("x"))
	}))
	defer s.Close()
	cfg := Config{Since: at(2025, 4, 2, 3), Until: at(2025, 4, 2, 3), Cache: t.TempDir(), Client: client(s.URL)}
	if h := collect(t, cfg, s.URL).hours[0]; h.State != evidence.HourRefused || !strings.Contains(h.Detail, "at most") {
		t.Errorf("hour %+v", h)
	}
}

func TestCancelledDownload(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(bytes.Repeat([]byte("x"), 1000))
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	}))
	defer s.Close()
	cfg := Config{Since: at(2025, 4, 2, 3), Until: at(2025, 4, 2, 9), Cache: t.TempDir(), Client: client(s.URL), Now: func() time.Time { return now }}
	err := Collect(ctx, cfg, []string{s.URL}, func(h evidence.ArchiveHour, _ []evidence.Observation) error {
		t.Errorf("emitted %+v", h)
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
