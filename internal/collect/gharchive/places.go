package gharchive

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// begins says since when an archive has hours, by host: earlier ones are not asked for. The second has run beside GH Archive since September
// 2026 (https://github.com/igrigorik/gharchive.org/issues/323); they lose different events.
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
//
// A place that is named twice is read once.
func (c *Config) plan(ctx context.Context, places []string) (plan, error) {
	var p plan
	archives, err := archiveNames(places)
	if err != nil {
		return plan{}, err
	}
	seen := map[string]bool{}
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return plan{}, err
		}
		what, err := absolute(place)
		if err == nil && !seen[what] {
			seen[what] = true
			err = c.place(&p, what, archives[what])
		}
		if err != nil {
			return plan{}, fmt.Errorf("archive %s: %w", Shown(place), err)
		}
	}
	p.jobs = distinct(p.jobs)
	return p, nil
}

// absolute is a place by which it is known again: a path from the root, or an address without what it is not asked with.
func absolute(place string) (string, error) {
	if !strings.Contains(place, "://") {
		return filepath.Abs(place)
	}
	if !web(place) {
		return "", errors.New("not an http or https address")
	}
	b, err := parseBase(place)
	return b.url + b.name, err
}

// archiveNames gives each local place the name of its archive: the last part of its path, and where places share that, a digest of the
// whole path too. Facts bear the name, and paths tell of the machine that they were read on.
func archiveNames(places []string) (map[string]string, error) {
	byBase := map[string][]string{}
	for _, place := range places {
		if strings.Contains(place, "://") {
			continue
		}
		path, err := filepath.Abs(place)
		if err != nil {
			return nil, fmt.Errorf("archive %s: %w", place, err)
		}
		if base := filepath.Base(path); !slices.Contains(byBase[base], path) {
			byBase[base] = append(byBase[base], path)
		}
	}
	out := map[string]string{}
	for base, paths := range byBase {
		for _, path := range paths {
			if out[path] = base; len(paths) > 1 {
				out[path] = apart(base, path)
			}
		}
	}
	return out, nil
}

// apart is the name of an archive that shares its own with another.
func apart(archive, path string) string { return archive + "~" + digest([]string{path})[:8] }

// place adds what one place comes to; name is absolute.
func (c *Config) place(p *plan, name, archive string) error {
	if web(name) {
		jobs, err := c.online(name)
		p.jobs = append(p.jobs, jobs...)
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return errors.Unwrap(err)
	}
	if info.IsDir() {
		jobs, err := c.folder(archive, name)
		p.jobs = append(p.jobs, jobs...)
		return err
	}
	if hour, ok := hourOf(filepath.Base(name)); ok {
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
