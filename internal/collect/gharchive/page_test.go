package gharchive

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// TestPagesInsteadOfFiles: a page with 200 where the file should be is no file: the hour is asked for again, and where no file ever comes it
// was not had.
func TestPagesInsteadOfFiles(t *testing.T) {
	for often, want := range map[int]evidence.HourState{1: evidence.HourPresent, 1000: evidence.HourUnread} {
		asked, file := 0, packed(t, sample{ID: "9000"}.line())
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked <= often {
				w.Write([]byte("<html>come back later"))
				return
			}
			w.Write(file)
		}))
		since := at(2025, 4, 2, 3)
		got := collect(t, Config{Since: since, Until: since, Cache: t.TempDir(), Client: client(s.URL)}, s.URL+"/")
		s.Close()
		if len(got.hours) == 0 || got.hours[0].State != want || want == evidence.HourUnread && !strings.Contains(got.hours[0].Detail, "no gzip") {
			t.Errorf("%d pages: %+v", often, got.hours)
		}
		if asked > 40 {
			t.Errorf("asked %d times", asked)
		}
	}
}
