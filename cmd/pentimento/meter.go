package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"pentimento/internal/collect/gharchive"
	"pentimento/internal/evidence"
	"pentimento/internal/inert"
)

// meter shows how far a collection is: bars on a terminal, a line for each phase that has ended elsewhere, problems in both, nothing with
// --quiet. Leaving it out changes nothing but what is seen.
type meter struct {
	p     *program
	total int
	bars  *mpb.Progress // nil: plain lines; the bar counts each repository once a phase
	bar   *mpb.Bar
	bytes atomic.Int64
	limit atomic.Pointer[string] // budget of the API as last stated

	lines  sync.Mutex // repositories are worked off at one time, and stderr takes one line at a time
	waited string     // the wait that was said last: all who are under way wait for the same

	counting sync.Mutex // the bar asks for these while a line waits to be printed above it: lines must not be held for them
	phase    string
	done     int // repositories, in the phase
}

func (p *program) newMeter(total, phases int) *meter {
	m := &meter{p: p, total: total}
	unknown := "API budget ?"
	m.limit.Store(&unknown)
	if p.quiet || !terminal(p.stderr) {
		return m
	}
	m.bars = mpb.New(mpb.WithOutput(p.stderr), mpb.WithWidth(40))
	m.bar = m.bars.AddBar(int64(total*phases),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			m.counting.Lock()
			defer m.counting.Unlock()
			return fmt.Sprintf("%s: %d of %d repositories ", m.phase, m.done, total)
		})),
		mpb.AppendDecorators(
			decor.Any(func(decor.Statistics) string { return fmt.Sprintf(" git %.1f MiB ", float64(m.bytes.Load())/(1<<20)) }),
			decor.Any(func(decor.Statistics) string { return " " + *m.limit.Load() + " " }),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done"),
		))
	return m
}

// terminal reports whether a stream is a character device.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

func (m *meter) received(_ evidence.Repository, n int64) { m.bytes.Add(n) }

func (m *meter) budget(remaining, limit int, reset time.Time) {
	s := fmt.Sprintf("API budget %d of %d until %s", remaining, limit, reset.UTC().Format("15:04Z"))
	m.limit.Store(&s)
}

func (m *meter) waiting(reason string, until time.Time) {
	wait := fmt.Sprintf("waiting until %s: %s", until.UTC().Format(time.RFC3339), reason)
	m.lines.Lock()
	said := m.waited == wait
	m.waited = wait
	m.lines.Unlock()
	if !said {
		m.line("%s", wait)
	}
}

func (m *meter) refused(n, of int) {
	m.line("token %d of %d is not accepted by the API (401) and is left out", n, of)
}

// finished is told of each repository once a phase: in every phase but the last all of them come.
func (m *meter) finished(phase string, repo evidence.Repository, err error) {
	m.enter(phase)
	if m.bar != nil {
		m.bar.Increment()
	}
	if err != nil {
		m.line("%s: %v", repo, err)
	}
}

// enter counts a repository in a phase, or none at the end of all. Where there are no bars, what the phase before came to is said.
func (m *meter) enter(phase string) {
	m.counting.Lock()
	was, n := m.phase, m.done
	if phase != was {
		m.phase, m.done = phase, 0
	}
	if phase != "" {
		m.done++
	}
	m.counting.Unlock()
	if m.bars == nil && was != "" && phase != was {
		m.line("%s: %d of %d repositories", was, n, m.total)
	}
}

// line prints above the bars.
func (m *meter) line(format string, args ...any) {
	m.lines.Lock()
	defer m.lines.Unlock()
	if m.bars == nil {
		m.p.say(format, args...)
		return
	}
	fmt.Fprintln(m.bars, inert.Escape(fmt.Sprintf(format, args...)))
}

func (m *meter) close() {
	if m.bars == nil {
		m.enter("")
		return
	}
	if !m.bar.Completed() {
		m.bar.Abort(false)
	}
	m.bars.Wait()
}

// hour tells how far the archives are: on a terminal once a day of theirs, else at their end.
func (m *meter) hour(p gharchive.Progress) {
	if p.Hours == p.Of || m.bars != nil && p.Hour.Hour() == 23 {
		m.line("archive %s: %d of %d hours, to %s", p.Archive, p.Hours, p.Of, evidence.Stamp(p.Hour))
	}
}
