package gharchive

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

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
		j, err := entry(archive, filepath.Dir(path), text)
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
	jobs = onceEach(jobs)
	slices.SortStableFunc(jobs, func(a, b job) int {
		return cmp.Or(strings.Compare(a.archive, b.archive), a.hour.Compare(b.hour))
	})
	return jobs, nil
}

// distinct drops files and URLs that are named more than once.
func distinct(jobs []job) []job {
	seen := map[string]bool{}
	return slices.DeleteFunc(jobs, func(j job) bool {
		from := j.path + j.url
		again := seen[from] && !j.absent
		seen[from] = true
		return again
	})
}

// onceEach is [distinct], and tells files of one hour from each other by the name of their archive.
func onceEach(jobs []job) []job {
	jobs = distinct(jobs)
	files := map[time.Time]int{}
	for _, j := range jobs {
		if j.path != "" {
			files[j.hour]++
		}
	}
	for i, j := range jobs {
		if j.path != "" && files[j.hour] > 1 {
			jobs[i].archive = apart(j.archive, j.path)
		}
	}
	return jobs
}

func entry(archive, dir, text string) (job, error) {
	if web(text) {
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
		return job{}, fmt.Errorf("%q is no hour file (YYYY-MM-DD-H.json.gz)", clip(Shown(text)))
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(dir, text)
	}
	return job{archive: archive, hour: hour, path: text}, nil
}
