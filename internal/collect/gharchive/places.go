package gharchive

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// maxPlaceFiles bounds what one folder or list may name.
	maxPlaceFiles = 100_000
	// maxListLine bounds one line of a list: a path or a URL.
	maxListLine = 4096
)

// DefaultPlaces are asked where the responder names none: GH Archive, and a second archive that has run beside it since September 2026
// (https://github.com/igrigorik/gharchive.org/issues/323). Both are read: they lose different events.
var DefaultPlaces = []string{"https://data.gharchive.org/", "https://gharchive.open-digger.cn/"}

// begins says since when an archive has hours, by host: earlier ones are not asked for.
var begins = map[string]time.Time{
	"data.gharchive.org":       at(2011, 2, 12, 0),
	"gharchive.open-digger.cn": at(2026, 9, 6, 0),
}

// plan is what a collection has to read.
type plan struct {
	jobs    []job
	results []string // files with the answer of a warehouse query
}

// plan finds out what each place is:
//
//   - http:// or https://: a base URL, below which an hour is YYYY-MM-DD-H.json.gz; or one hour file, if the URL ends in such a name
//   - a folder: all hour files in it and below, by their names
//   - a file named like an hour: that hour
//   - a file that begins with { or [, or a CSV header that names type and payload: the answer of a warehouse query
//   - any other file: a list of hour files and URLs of hour files, one a line; # begins a comment; paths are relative to the list
func (c *Config) plan(ctx context.Context, places []string) (plan, error) {
	var p plan
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return plan{}, err
		}
		if err := c.place(&p, place); err != nil {
			return plan{}, fmt.Errorf("archive %s: %w", withoutSecrets(place), err)
		}
	}
	return p, nil
}

func (c *Config) place(p *plan, place string) error {
	if web(place) {
		jobs, err := c.online(place)
		p.jobs = append(p.jobs, jobs...)
		return err
	}
	info, err := os.Stat(place)
	if err != nil {
		return errors.Unwrap(err)
	}
	name, err := filepath.Abs(place)
	if err != nil {
		return err
	}
	archive := filepath.Base(name)
	if info.IsDir() {
		jobs, err := c.folder(archive, name)
		p.jobs = append(p.jobs, jobs...)
		return err
	}
	if hour, ok := hourOf(archive); ok {
		p.jobs = append(p.jobs, job{archive: archive, hour: hour, path: name})
		return nil
	}
	head, err := headOf(name)
	switch {
	case err != nil:
		return err
	case warehouse(head):
		p.results = append(p.results, name)
		return nil
	}
	jobs, err := c.list(archive, name)
	p.jobs = append(p.jobs, jobs...)
	return err
}

func web(place string) bool {
	return strings.HasPrefix(place, "http://") || strings.HasPrefix(place, "https://")
}

// until is the end of the wanted time.
func (c *Config) until() time.Time {
	if c.Until.IsZero() {
		return c.Now()
	}
	return c.Until
}

// within reports whether the file of an hour can hold wanted events.
func (c *Config) within(hour time.Time) bool {
	return (c.Since.IsZero() || !hour.Before(c.Since.UTC().Truncate(time.Hour))) && !hour.After(lastHour(c.until()))
}

// online lists the hours of a base URL. Hours that are not over are no hours yet.
func (c *Config) online(place string) ([]job, error) {
	if c.Client == nil {
		return nil, errors.New("no client for downloads")
	}
	base, err := parseBase(place)
	if err != nil {
		return nil, err
	}
	if hour, ok := hourOf(base.name); ok {
		return []job{{archive: base.archive, hour: hour, url: base.url + base.name}}, nil
	}
	if c.Since.IsZero() {
		return nil, errors.New("say since when: an archive cannot be downloaded whole")
	}
	since := c.Since
	if begin := begins[base.host]; since.Before(begin) {
		since = begin
	}
	hours, err := Hours(since, c.until())
	if err != nil {
		return nil, err
	}
	var jobs []job
	for _, h := range hours {
		if !h.Add(time.Hour).After(c.Now()) {
			jobs = append(jobs, job{archive: base.archive, hour: h, url: base.url + hourWord(h) + ".json.gz"})
		}
	}
	return jobs, nil
}

// base is a URL taken apart. Credentials in it are sent nowhere and stored nowhere.
type base struct {
	url, name, host string
	archive         string
}

func parseBase(place string) (base, error) {
	u, err := url.Parse(place)
	if err != nil || u.Host == "" {
		return base{}, errors.New("not a web address")
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	dir, name := clean.Path, ""
	if i := strings.LastIndexByte(dir, '/'); i >= 0 {
		if _, ok := hourOf(dir[i+1:]); ok {
			dir, name = dir[:i+1], dir[i+1:]
		}
	}
	if !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	clean.Path = dir
	return base{url: clean.String(), name: name, host: strings.ToLower(u.Hostname()), archive: clean.String()}, nil
}

// withoutSecrets is a place as it may be printed.
func withoutSecrets(place string) string {
	if b, err := parseBase(place); web(place) && err == nil {
		return b.url + b.name
	}
	return place
}

// Hosts lists the hosts that the places are on, for a client that goes nowhere else.
func Hosts(places []string) []string {
	var hosts []string
	for _, place := range places {
		if u, err := url.Parse(place); err == nil && web(place) && u.Host != "" {
			hosts = append(hosts, strings.ToLower(u.Host))
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// folder lists the hour files in and below a folder, and the hours that are missing between the first and the last.
func (c *Config) folder(archive, dir string) ([]job, error) {
	found := map[time.Time]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hour, ok := hourOf(d.Name())
		if !ok || d.IsDir() || !c.within(hour) {
			return nil
		}
		// Of a file that is there twice the compressed one is the original; paths are walked in order, so that the choice is stable.
		if old := found[hour]; old == "" || (!strings.HasSuffix(old, ".gz") && strings.HasSuffix(path, ".gz")) {
			found[hour] = path
		}
		if len(found) > maxPlaceFiles {
			return fmt.Errorf("more than %d hour files", maxPlaceFiles)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("no hour file (YYYY-MM-DD-H.json.gz) of the wanted time in it")
	}
	var jobs []job
	first, last := span(found)
	for h := first; !h.After(last) && len(jobs) < maxPlaceFiles; h = h.Add(time.Hour) {
		path := found[h]
		jobs = append(jobs, job{archive: archive, hour: h, path: path, absent: path == ""})
	}
	return jobs, nil
}

func span(hours map[time.Time]string) (first, last time.Time) {
	for h := range hours {
		if first.IsZero() || h.Before(first) {
			first = h
		}
		if h.After(last) {
			last = h
		}
	}
	return first, last
}

// list reads a list of files and URLs. Each URL is of the archive at its base, files are of the archive that the list is.
func (c *Config) list(archive, path string) ([]job, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var jobs []job
	in := bufio.NewScanner(f)
	in.Buffer(nil, maxListLine)
	for n := 1; in.Scan(); n++ {
		text := strings.TrimSpace(in.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		j, err := c.entry(archive, filepath.Dir(path), text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if jobs = append(jobs, j); len(jobs) > maxPlaceFiles {
			return nil, fmt.Errorf("more than %d lines", maxPlaceFiles)
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		return nil, errors.New("the list names no file")
	}
	slices.SortStableFunc(jobs, func(a, b job) int {
		return cmp.Or(strings.Compare(a.archive, b.archive), a.hour.Compare(b.hour))
	})
	return jobs, nil
}

func (c *Config) entry(archive, dir, text string) (job, error) {
	if web(text) {
		if c.Client == nil {
			return job{}, errors.New("no client for downloads")
		}
		b, err := parseBase(text)
		if err != nil {
			return job{}, err
		}
		hour, ok := hourOf(b.name)
		if !ok {
			return job{}, errors.New("the URL does not end in the name of an hour file (YYYY-MM-DD-H.json.gz)")
		}
		return job{archive: b.archive, hour: hour, url: b.url + b.name}, nil
	}
	hour, ok := hourOf(filepath.Base(text))
	if !ok {
		return job{}, fmt.Errorf("%q is no hour file (YYYY-MM-DD-H.json.gz)", clip(text))
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(dir, text)
	}
	return job{archive: archive, hour: hour, path: text}, nil
}

// headOf reads the begin of a file.
func headOf(path string) ([]byte, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, maxListLine))
	return bytes.TrimLeft(head, "\ufeff \t\r\n"), err
}

// warehouse tells the answer of a query from a list by its first line.
func warehouse(head []byte) bool {
	if len(head) > 0 && (head[0] == '{' || head[0] == '[') {
		return true
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	names, err := csv.NewReader(bytes.NewReader(first)).Read()
	return err == nil && slices.Contains(names, "type") && slices.Contains(names, "payload")
}
