package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// A repository that comes into the case while a collection waits, or after one has ended, gets the hours of the archives that were read
// without it; until then they do not count for it.
func TestArchivesOfRepositoriesAddedLater(t *testing.T) {
	t.Parallel()
	recipe, err := drill.Bundled()
	if err != nil {
		t.Fatal(err)
	}
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	hours := filepath.Join(t.TempDir(), "hours")
	if err := recipe.WriteArchive(hours, time.Date(2025, 9, 2, 0, 0, 0, 0, time.UTC), time.Date(2025, 9, 3, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range recipe.Repositories {
		names = append(names, string(r.Name))
	}
	updates := func(path string) (n int) {
		for _, row := range dump(t, path)["ref_update"] {
			if strings.Contains(row, `"archive"`) {
				n++
			}
		}
		return n
	}
	newCase := func(names ...string) string {
		path := filepath.Join(t.TempDir(), "case.db")
		impatient(t, path, "init", "--campaign", "ghostaction", "--now", evidence.Stamp(recipe.Now))
		impatient(t, path, append([]string{"add"}, names...)...)
		return path
	}
	collect := func(path string, more ...string) {
		impatient(t, path, append([]string{"collect", "--host", server.URL(), "--only", "repository,clones"}, more...)...)
	}
	all := newCase(names...)
	collect(all, "--gharchive", hours)
	want := updates(all)

	waiting := newCase(names[0])
	collect(waiting, "--gharchive", hours, "--max-calls", "1")
	before := updates(waiting)
	impatient(t, waiting, append([]string{"add"}, names[1:]...)...)
	collect(waiting, "--gharchive", hours)
	if got := updates(waiting); got != want || before >= want {
		t.Errorf("added while a collection waited: %d updates from archives, %d before, %d when all are there from the beginning", got, before, want)
	}

	ended := newCase(names[0])
	collect(ended, "--gharchive", hours)
	impatient(t, ended, append([]string{"add"}, names[1:]...)...)
	collect(ended)
	c, err := casefile.OpenRead(t.Context(), ended)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, name := range names[:2] {
		scopes, err := c.ArchiveScopes(t.Context(), evidence.Repository(name))
		if err != nil || (len(scopes) > 0) != (i == 0) {
			t.Errorf("%s: scopes %v, %v", name, scopes, err)
		}
	}
}

// A place is read because it was named, whatever --only says; what an address holds of secrets stays out of the case and of messages, and a
// place that makes no sense is refused before anything is asked.
func TestPlacesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	recipe, err := drill.Small()
	if err != nil {
		t.Fatal(err)
	}
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dir := t.TempDir()
	if err := recipe.WriteArchive(dir, recipe.Now.Add(-3*time.Hour), recipe.Now); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer web.Close()
	secret := "hun" + "ter2"
	host := strings.TrimPrefix(web.URL, "http://")
	list := filepath.Join(t.TempDir(), "urls.txt")
	files, err := filepath.Glob(filepath.Join(dir, "*.json.gz"))
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(list, []byte("HTTP://u:"+secret+"@"+host+"/"+filepath.Base(files[0])+"?sig="+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(since string, args ...string) (path string, code int, said string) {
		path = filepath.Join(t.TempDir(), "case.db")
		impatient(t, path, append([]string{"init", "--campaign", "ghostaction", "--now", evidence.Stamp(recipe.Now)}, strings.Fields(since)...)...)
		impatient(t, path, "add", string(recipe.Repositories[0].Name))
		var out, errs bytes.Buffer
		p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }, clock: time.Now}
		code = p.run(t.Context(), append([]string{"--case", path, "collect", "--host", server.URL(), "--api", "none", "--only", "git"}, args...))
		for _, file := range []string{path, path + "-wal"} {
			text, err := os.ReadFile(file)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			out.Write(text)
		}
		if strings.Contains(out.String()+errs.String(), secret) {
			t.Errorf("%v: the secret is told: %s", args, &errs)
		}
		return path, code, errs.String()
	}
	since := "--since " + evidence.Stamp(recipe.Now.Add(-2*time.Hour))
	for name, place := range map[string]string{"folder": dir, "list": list, "address": "HTTP://u:" + secret + "@" + host + "/?sig=" + secret} {
		path, code, said := run(since, "--gharchive", place)
		if hours := dump(t, path)["archive_hour"]; code != exitDone || len(hours) == 0 || !strings.Contains(hours[0], `state="present"`) {
			t.Errorf("%s: exit %d, hours %s: %s", name, code, hours, said)
		}
	}
	for _, place := range []string{"HTTPS://u:" + secret + "@" + host + "/?sig=" + secret, "ftp://u:" + secret + "@" + host + "/", "http://u:" + secret + "@" + host + ":x/"} {
		path, code, said := run("", "--gharchive", place)
		c, err := casefile.OpenRead(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := c.Collections(t.Context()); err != nil || code != exitUsage || len(all) > 0 {
			t.Errorf("%s: exit %d, %d collections, %v: %s", place, code, len(all), err, said)
		}
		c.Close()
	}
}

// A name that archives give to two repositories, each in hours of its own, is a gap, also where the second comes with a later collection.
func TestNameThatWasHandedOn(t *testing.T) {
	t.Parallel()
	path, dir := filepath.Join(t.TempDir(), "case.db"), t.TempDir()
	impatient(t, path, "init", "--campaign", "ghostaction", "--now", "2025-04-03T00:00:00Z")
	impatient(t, path, "add", "octo-org/octo-repo")
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	gaps := func(id int) (n int) {
		line := fmt.Sprintf(`{"id":"%d","type":"PushEvent","actor":{"login":"someone"},"repo":{"id":%[1]d,"name":"octo-org/octo-repo"},`+
			`"payload":{"ref":"refs/heads/main","before":%q,"head":%q},"public":true,"created_at":"2025-04-02T03:20:38Z"}`, id, strings.Repeat("a", 40), strings.Repeat("b", 40))
		file := filepath.Join(dir, fmt.Sprintf("2025-04-02-%d.json", id))
		if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		impatient(t, path, "collect", "--host", server.URL, "--api", "none", "--only", "repository", "--gharchive", file)
		for _, row := range dump(t, path)["current_gap"] {
			if strings.Contains(row, "archive/identity") && strings.Contains(row, "ids [3 4]") {
				n++
			}
		}
		return n
	}
	if one, two := gaps(3), gaps(4); one != 0 || two != 1 {
		t.Errorf("%d gaps after the first, %d after the second", one, two)
	}
}
