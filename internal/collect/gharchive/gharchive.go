// Package gharchive answers "what did the public record of GitHub's events say of these repositories, and for which hours is there a
// record at all". It takes hour files of GH Archive (a folder, single files, a list, or base URLs to download from) or the answer of a
// warehouse query over the same events; it gives one [evidence.ArchiveHour] per hour and archive, whatever came of it, and with it what
// the hour tells of each repository of the case: pushes, creations and deletions of refs, forks, collaborators, releases.
//
// An event is one fact by its id, in whichever hour and however often it was filed: facts carry ids made of what they say. Times are
// GitHub's created_at as somebody else wrote it down, hence of the clock [when.Archive].
//
// It does not conclude that nothing happened where an hour tells nothing: archives lose events, in the holes that [Holes] lists and
// outside of them. Nor does it tell a push from a force-push: payloads lost the fields that hinted at it in October 2025, and ancestry
// decides for both formats alike.
package gharchive

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"pentimento/internal/evidence"
)

// Target is a repository of the case and what is known of who it is.
type Target struct {
	Repository evidence.Repository   // the name in the case
	Aliases    []evidence.Repository // further names: before or after a rename
	GitHubID   int64                 // 0 where unknown; then names decide
}

// Emit takes one hour with all that it tells of repositories; it is stored whole or not at all.
type Emit = func(evidence.ArchiveHour, []evidence.Observation) error

// Progress is told when an hour has been dealt with.
type Progress struct {
	Archive string
	Hour    time.Time
	Hours   int // dealt with so far
	Of      int
	Bytes   int64 // of this hour's file
}

// Config of a collection from archives.
type Config struct {
	Repositories []Target
	// Since and Until bound the times of the events that are wanted; a zero Until is Now. Base URLs need Since, files do not.
	Since, Until time.Time
	Now          func() time.Time
	// Client downloads: one made by collect/wire without a token, for [Hosts]. Nil where no place is a URL.
	Client *http.Client
	// Cache is the folder that keeps downloads, so that a killed collection goes on where it stopped and a later one downloads nothing
	// twice. Empty: a folder of its own, gone at the end.
	Cache string
	// Progress may be nil. It is never called twice at a time.
	Progress func(Progress)
	// Scoped takes the repositories that hours of a scope were searched for, before the first of these hours is emitted; may be nil.
	Scoped func(scope string, repos []evidence.Repository) error
	// Named takes the ids that events gave to a repository whose own is not known, before their hour is emitted: events of all of them are
	// taken. May be nil.
	Named func(repo evidence.Repository, ids []int64) error
	// Done reports hours that this collection has read before in the scope of these repositories, see [Scope]; may be nil.
	Done func(archive string, hour time.Time) bool
	// Watch asks for pushes to repositories outside the case; the zero Watch for none.
	Watch Watch
}

// maxWorkers bounds how many hours are in hand at a time. Each may hold [maxTaken] bytes of lines.
const maxWorkers = 4

// Collect reads every hour of the places and emits each once, in order of place and time. What could not be had is the state of its
// hour. An error means that the places make no sense, the context ended or emit failed.
func Collect(ctx context.Context, cfg Config, places []string, emit Emit) error {
	if cfg.Now == nil {
		return errors.New("collect from archives: no clock")
	}
	plan, err := cfg.plan(ctx, places)
	if err != nil {
		return err
	}
	if cfg.Client == nil && slices.ContainsFunc(plan.jobs, func(j job) bool { return j.url != "" }) {
		return errors.New("collect from archives: no client for downloads")
	}
	fetch, err := newFetcher(cfg)
	if err != nil {
		return err
	}
	c := collection{cfg: cfg, index: newIndex(cfg.Repositories), fetch: fetch}
	emit = inScope(cfg, emit)
	err = c.run(ctx, plan.jobs, emit)
	for _, r := range plan.results {
		if err != nil {
			break
		}
		err = readWarehouseFile(ctx, cfg, r, emit)
	}
	return errors.Join(err, fetch.close())
}

type collection struct {
	cfg   Config
	index *index
	fetch *fetcher
}

// job is one hour of one archive.
type job struct {
	archive string
	hour    time.Time
	path    string // a local file; empty for a download
	url     string // of the download
	absent  bool   // a folder that has hours before and after, but not this one
	turn    turn   // of the download
	done    chan reading
}

// reading is what one hour came to.
type reading struct {
	hour      evidence.ArchiveHour
	told      []evidence.Observation
	named     []naming
	elsewhere []Elsewhere
	err       error
}

// run works the jobs off by a few workers and hands the results on in order. No more hours are in memory than there are workers: a
// worker takes the next one only when its last has been handed on.
func (c *collection) run(ctx context.Context, jobs []job, emit Emit) error {
	workers := min(maxWorkers, runtime.GOMAXPROCS(0), max(1, len(jobs)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := make(chan struct{}, workers)
	order := make(chan *job, workers)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(order)
		for i := range jobs {
			j := &jobs[i]
			if c.cfg.Done != nil && c.cfg.Done(j.archive, j.hour) {
				continue
			}
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			if j.done = make(chan reading, 1); j.url != "" {
				c.fetch.queue(j)
			}
			go func() { j.done <- c.read(ctx, j) }()
			order <- j
		}
	}()
	sum := tally{cfg: &c.cfg, of: len(jobs)}
	var failed error
	for j := range order {
		r := <-j.done
		if failed == nil {
			if failed = r.err; failed == nil {
				failed = sum.hand(r, emit)
			}
			if failed != nil {
				cancel()
			}
		}
		<-slots
	}
	<-ended
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// tally is what counts over all hours.
type tally struct {
	cfg   *Config
	found int
	hours int
	of    int
}

// hand gives one hour to the caller. Pushes elsewhere go first: an hour that is stored is not read again.
func (t *tally) hand(r reading, emit Emit) error {
	if room := maxElsewhere - t.found; len(r.elsewhere) > room {
		r.elsewhere = r.elsewhere[:room]
	}
	if t.found += len(r.elsewhere); len(r.elsewhere) > 0 {
		if err := t.cfg.Watch.Found(r.elsewhere); err != nil {
			return err
		}
	}
	if err := t.cfg.name(r.named); err != nil {
		return err
	}
	if err := emit(r.hour, r.told); err != nil {
		return err
	}
	t.hours++
	if t.cfg.Progress != nil {
		t.cfg.Progress(Progress{Archive: r.hour.Archive, Hour: r.hour.Hour, Hours: t.hours, Of: t.of, Bytes: r.hour.Bytes})
	}
	return nil
}

// read deals with one hour, downloading it first where that is needed.
func (c *collection) read(ctx context.Context, j *job) reading {
	hour := evidence.ArchiveHour{Archive: j.archive, Hour: j.hour}
	method, from := "FILE", "file://"+filepath.ToSlash(j.path)
	path := j.path
	switch {
	case j.absent:
		hour.State, hour.Detail = evidence.HourAbsent, "the folder holds hours before and after, but not this one"
		return reading{hour: withHole(hour)}
	case j.url != "":
		method, from = "GET", j.url
		got, err := c.fetch.get(ctx, j)
		if err != nil {
			return reading{err: err}
		}
		if got.state != "" {
			hour.State, hour.Detail = got.state, got.detail
			return reading{hour: withHole(hour)}
		}
		path = got.path
		defer got.release()
	}
	s := newSieve(c.index, c.cfg.Watch)
	if err := s.file(ctx, path, &hour); err != nil {
		return reading{err: err}
	}
	if j.url != "" && hour.State == evidence.HourTruncated && !s.gather.full {
		if err := os.Remove(path); err != nil { // kept, it would be read again for ever
			hour.Detail += "; it stays in the cache: " + reason(err)
		}
	}
	hour = withHole(hour)
	told := s.gather.observations(hour, method, from, c.cfg.Now())
	return reading{hour: hour, told: told, named: s.gather.named(), elsewhere: s.elsewhere}
}
