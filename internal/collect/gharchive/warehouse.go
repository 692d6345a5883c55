package gharchive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

const (
	// warehouseArchive names the hours that the answer of a query covers.
	warehouseArchive = "bigquery"
	// coverageType marks the rows that [BigQuery] adds for each hour.
	coverageType = "PentimentoHour"
	// maxPending bounds the rows that are held until their hours are handed on: a result is in no order.
	maxPending = 16 << 20
)

// survey is what a first pass over a result finds. Coverage stands in rows of its own, anywhere among the others.
type survey struct {
	digest string
	bytes  int64
	hours  map[time.Time]*evidence.ArchiveHour
	counts map[time.Time]coverage
	asked  map[string]asked // by digest
	rows   int64
	bad    int64
	reason string // why a row could not be read, of the first
	cut    error  // why the result ends early
}

// coverage is the payload of a [coverageType] row. Hours here are hours of created_at.
type coverage struct {
	Hour   time.Time `json:"hour"`
	Events int64     `json:"events"`
	Pushes int64     `json:"pushes"`
	Asked  string    `json:"asked"` // the digest of what the query asked for

	queries []string // the digests of all rows that count this hour
}

func readWarehouseFile(ctx context.Context, cfg Config, path string, emit Emit) error {
	f, _, err := openRegular(path)
	if err != nil {
		return fmt.Errorf("warehouse result: %w", err)
	}
	defer f.Close()
	return ReadWarehouse(ctx, cfg, "file://"+filepath.ToSlash(path), f, emit)
}

// ReadWarehouse reads the answer of a query over the columns of githubarchive.day.*: JSON Lines, a JSON array, or CSV with a header. from
// says where it lies. Hours that the answer counts itself, as that of [BigQuery] does, are covered for the repositories that it says it
// asked for; of others it tells what it holds, and their state says that the rest is unknown. The same hour may be emitted more than once, with other observations.
func ReadWarehouse(ctx context.Context, cfg Config, from string, in io.ReadSeeker, emit Emit) error {
	if cfg.Now == nil {
		return errors.New("read warehouse result: no clock")
	}
	s, err := surveyOf(ctx, in)
	if err != nil {
		return fmt.Errorf("read warehouse result: %w", err)
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read warehouse result: %w", err)
	}
	hours, err := s.settle(cfg)
	if err != nil {
		return err
	}
	p := pending{cfg: cfg, index: newIndex(cfg.Repositories), hours: hours, from: from, emit: emit, open: map[time.Time]*gather{}, told: map[time.Time]bool{}}
	err = records(ctx, in, func(r record) error {
		e, err := r.event()
		if err != nil || !wanted(e.typ) {
			return nil // counted by the survey
		}
		return p.take(e, r)
	})
	var cut *cutError
	if err != nil && !errors.As(err, &cut) {
		return err
	}
	return p.flush(true)
}

func surveyOf(ctx context.Context, in io.Reader) (*survey, error) {
	s := &survey{hours: map[time.Time]*evidence.ArchiveHour{}, counts: map[time.Time]coverage{}, asked: map[string]asked{}}
	sum := &counted{in: in, hash: sha256.New()}
	err := records(ctx, sum, s.row)
	if errors.As(err, new(*cutError)) {
		s.cut, err = err, nil
		_, err = io.Copy(io.Discard, sum)
	}
	s.digest, s.bytes = hex.EncodeToString(sum.hash.Sum(nil)), sum.n
	return s, err
}

func (s *survey) row(r record) error {
	e, err := r.event()
	if err == nil && e.typ == coverageType {
		err = s.cover(e)
	} else if err == nil && e.typ == askedType {
		err = s.ask(e)
	} else if err == nil {
		s.rows++
		h := s.at(e.at.Truncate(time.Hour))
		h.Events++
		if e.typ == "PushEvent" {
			h.Pushes++
		}
		if h.First.IsZero() || e.at.Before(h.First) {
			h.First = e.at
		}
		if e.at.After(h.Last) {
			h.Last = e.at
		}
	}
	if err != nil {
		if s.bad++; s.reason == "" {
			s.reason = err.Error()
		}
	}
	if len(s.hours) > maxHours {
		return fmt.Errorf("events of more than %d hours", maxHours)
	}
	return nil
}

func (s *survey) at(hour time.Time) *evidence.ArchiveHour {
	h := s.hours[hour]
	if h == nil {
		h = &evidence.ArchiveHour{Archive: warehouseArchive, Hour: hour}
		s.hours[hour] = h
	}
	return h
}

// settle decides what each hour came to. A result that is damaged or has unreadable rows covers no hour for certain.
// One that covers an hour is of the scope of the repositories that it asked for.
func (s *survey) settle(cfg Config) (map[time.Time]evidence.ArchiveHour, error) {
	out := make(map[time.Time]evidence.ArchiveHour, len(s.hours))
	scopes := map[string]string{}
	for hour, h := range s.hours {
		h.Digest, h.Bytes = s.digest, s.bytes
		count, covered := s.counts[hour]
		if covered {
			h.Events, h.Pushes = count.Events, count.Pushes
		}
		h.State = evidence.HourTruncated
		switch {
		case s.cut != nil:
			h.Detail = "the query's result ends early: " + s.cut.Error()
		case s.bad > 0:
			h.Detail = fmt.Sprintf("%d of %d rows of the query's result could not be read, the first: %s", s.bad, s.bad+s.rows+int64(len(s.counts)), s.reason)
		case !covered:
			h.Detail = "coverage unknown: the query's result does not count the events of this hour"
		case slices.ContainsFunc(count.queries, func(q string) bool { _, known := s.asked[q]; return !known }):
			h.Detail = "coverage unknown: the query's result does not say which repositories it asked for"
		default:
			h.State = evidence.HourPresent
			scope, err := s.scope(cfg, scopes, count.queries)
			if err != nil {
				return nil, err
			}
			h.Scope = scope
		}
		out[hour] = withHole(*h)
	}
	s.between(out)
	return out, nil
}

// scope names the repositories that queries asked for, and says once which these are.
func (s *survey) scope(cfg Config, known map[string]string, queries []string) (string, error) {
	key := strings.Join(slices.Sorted(slices.Values(queries)), " ")
	if name := known[key]; name != "" {
		return name, nil
	}
	targets := s.covered(cfg.Repositories, queries)
	known[key] = Scope(targets)
	if cfg.Scoped == nil {
		return known[key], nil
	}
	return known[key], cfg.Scoped(known[key], names(targets))
}

// between adds the hours without any event between the first and the last that are counted.
func (s *survey) between(out map[time.Time]evidence.ArchiveHour) {
	hours := slices.SortedFunc(maps.Keys(s.counts), time.Time.Compare)
	for i := 1; i < len(hours); i++ {
		for h := hours[i-1].Add(time.Hour); h.Before(hours[i]) && len(out) < maxHours; h = h.Add(time.Hour) {
			if _, ok := out[h]; !ok {
				out[h] = withHole(evidence.ArchiveHour{Archive: warehouseArchive, Hour: h, State: evidence.HourAbsent, Digest: s.digest,
					Detail: "the warehouse has no event of this hour"})
			}
		}
	}
}

// pending holds rows by hour until they are handed on.
type pending struct {
	cfg   Config
	index *index
	hours map[time.Time]evidence.ArchiveHour
	from  string
	emit  Emit
	open  map[time.Time]*gather
	told  map[time.Time]bool
	bytes int
}

func (p *pending) take(e event, r record) error {
	hour := e.at.Truncate(time.Hour)
	g := p.open[hour]
	if g == nil {
		g = newGather(p.index)
		g.header = r.header
		p.open[hour] = g
	}
	before := g.bytes
	g.take(e, r.raw)
	if p.bytes += g.bytes - before; p.bytes > maxPending {
		return p.flush(false)
	}
	return nil
}

// flush hands on what is there, by hour; at the end also the hours of which nothing was told.
func (p *pending) flush(end bool) error {
	for _, hour := range slices.SortedFunc(maps.Keys(p.hours), time.Time.Compare) {
		g := p.open[hour]
		if g == nil && (!end || p.told[hour]) {
			continue
		}
		var told []evidence.Observation
		if g != nil {
			if err := p.cfg.name(g.named()); err != nil {
				return err
			}
			told = g.observations(p.hours[hour], "FILE", p.from, p.cfg.Now())
		}
		if err := p.emit(p.hours[hour], told); err != nil {
			return err
		}
		p.told[hour] = true
	}
	clear(p.open)
	p.bytes = 0
	return nil
}
