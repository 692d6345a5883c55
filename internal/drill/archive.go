package drill

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

const (
	// maxNoise bounds the events of strangers in an hour: a real hour has some 200,000.
	maxNoise = 500_000
	// usualNoise is how many there are where the recipe says nothing.
	usualNoise = 4
	// usualIngest is how long after it is made an event is usually filed.
	usualIngest = 40 * time.Second
	// maxArchiveHours bounds what one archive may span: ten years.
	maxArchiveHours = 10 * 366 * 24
	archivePath     = "/archive/"
)

// ingestEra is since when events are filed under the hour in which they were taken in, not that in which they were made
// (https://github.com/igrigorik/gharchive.org, commit f1f4200).
var ingestEra = time.Date(2025, 5, 24, 0, 0, 0, 0, time.UTC)

// archiveState is what the recipe says of the archive: hours that are missing or truncated, and the strangers' events in each hour.
type archiveState struct {
	damaged map[time.Time]string
	noise   int
	lag     time.Duration
}

// filed is an event with the hour of its file.
type filed struct {
	hour time.Time
	row  eventRow
}

// archived lists the events of the world as an archive of public events has them, in the order of their ingest.
func (r *Recipe) archived() ([]filed, error) {
	var out []filed
	ingest := r.archive.lag
	if ingest == 0 {
		ingest = usualIngest
	}
	for _, repo := range r.Repositories {
		if repo.Private || r.silent[evidence.OriginArchive] {
			continue
		}
		for _, h := range append(repo.happenings(r.oldPush), repo.forkings()...) {
			if h.at.Before(repo.horizon["archive"]) || (h.update != nil && h.update.unlisted["archive"]) {
				continue
			}
			row, err := repo.eventRow(h)
			if err != nil {
				return nil, fmt.Errorf("drill: archive: %w", err)
			}
			if row.Payload, err = redacted(row.Payload); err != nil {
				return nil, fmt.Errorf("drill: archive: %w", err)
			}
			hour := h.at.Truncate(time.Hour)
			if !h.at.Before(ingestEra) {
				hour = h.at.Add(ingest).Truncate(time.Hour)
			}
			out = append(out, filed{hour, row})
			if h.update != nil && h.update.twice {
				out = append(out, filed{hour.Add(time.Hour), row})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b filed) int { return strings.Compare(a.row.CreatedAt, b.row.CreatedAt) })
	return out, nil
}

// forkings are the ForkEvents of a repository: one for each fork that the recipe tells of, by the fork's owner.
func (r *Repository) forkings() []happening {
	var out []happening
	for i, f := range r.recipe.Repositories {
		if f.ForkOf != "" && f.ForkOf.Key() == r.Name.Key() {
			owner := &actor{login: f.Name.Owner(), id: ownerID(f.Name)}
			out = append(out, happening{kind: "ForkEvent", id: eventBase + r.serial(repositorySpan*3/4+i), at: f.CreatedAt, actor: owner, payload: forkPayload{f.minimal()}})
		}
	}
	return out
}

// redacted replaces the local part of each author's address by its SHA-1, as the archive does.
func redacted(payload json.RawMessage) (json.RawMessage, error) {
	var push pushPayload
	if err := json.Unmarshal(payload, &push); err != nil || push.Commits == nil {
		return payload, err
	}
	for i := range *push.Commits {
		author := &(*push.Commits)[i].Author
		local, domain, _ := strings.Cut(author.Email, "@")
		author.Email = fmt.Sprintf("%x@%s", hashText(local), domain)
	}
	return json.Marshal(push)
}

// noise is what strangers did in an hour. The names of some begin like those of the recipe's repositories.
func (r *Recipe) noise(hour time.Time) ([]eventRow, error) {
	n := r.archive.noise
	if n == 0 {
		n = usualNoise
	}
	var out []eventRow
	for i := range n {
		name := evidence.Repository(fmt.Sprintf("passer-by-%d/errand-%d", i%97, i))
		if i%3 == 0 {
			name = r.Repositories[i%len(r.Repositories)].Name + "-docs"
		}
		at := hour.Add(time.Duration(i) * time.Hour / time.Duration(n+1))
		serial := hour.Unix() + int64(i)
		stranger := &Repository{Name: name, ID: 900_000_000 + int64(i), DefaultBranch: "main", recipe: r}
		u := &update{ref: "refs/heads/main", kind: evidence.Push, before: hashText(fmt.Sprint(serial)).oid(), after: hashText(fmt.Sprint(serial + 1)).oid()}
		if i%5 == 4 {
			u.kind = evidence.BranchCreation
		}
		kind, payload := stranger.payload(u, serial, r.oldPush(at))
		row, err := stranger.eventRow(happening{kind: kind, id: eventBase + serial, at: at, payload: payload,
			actor: &actor{login: fmt.Sprintf("passer-by-%d", i%97), id: 800_000_000 + int64(i)}})
		if err != nil {
			return nil, fmt.Errorf("drill: archive: %w", err)
		}
		out = append(out, row)
	}
	return out, nil
}

// hourFile makes the file of an hour: the world's events among the strangers'. A truncated one ends in the middle of the second half of
// its lines, so that what came before can still be read.
func (r *Recipe) hourFile(hour time.Time, all []filed) ([]byte, error) {
	lines, err := r.noise(hour)
	if err != nil {
		return nil, err
	}
	half := len(lines) / 2
	var own []eventRow
	for _, f := range all {
		if f.hour.Equal(hour) {
			own = append(own, f.row)
		}
	}
	lines = slices.Insert(lines, half, own...)
	half += (len(own) + 1) / 2
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	cut := 0
	for i, row := range lines {
		line, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("drill: archive: %w", err)
		}
		if _, err := z.Write(append(line, '\n')); err != nil {
			return nil, fmt.Errorf("drill: archive: %w", err)
		}
		if i+1 == half {
			if err := z.Flush(); err != nil {
				return nil, fmt.Errorf("drill: archive: %w", err)
			}
			cut = b.Len() + 12
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("drill: archive: %w", err)
	}
	if r.archive.damaged[hour] == "truncated" {
		return b.Bytes()[:min(cut, b.Len())], nil
	}
	return b.Bytes(), nil
}

// hourName is the name of an hour's file: the hour has one digit before ten.
func hourName(hour time.Time) string {
	return fmt.Sprintf("%s-%d.json.gz", hour.Format(time.DateOnly), hour.Hour())
}

// WriteArchive writes the hours of an archive of public events into a folder, as GH Archive names and makes them: those from first to last
// that the recipe does not say are missing. Zero times stand for the hours of the first and the last event of the world; a world without
// any writes nothing then.
func (r *Recipe) WriteArchive(dir string, first, last time.Time) error {
	all, err := r.archived()
	if err != nil {
		return err
	}
	if first.IsZero() || last.IsZero() {
		for _, f := range all {
			if first.IsZero() || f.hour.Before(first) {
				first = f.hour
			}
			if f.hour.After(last) {
				last = f.hour
			}
		}
	}
	first, last = first.UTC().Truncate(time.Hour), last.UTC().Truncate(time.Hour)
	if last.Sub(first) > maxArchiveHours*time.Hour {
		return errors.New("drill: archive: too many hours")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("drill: archive: %w", err)
	}
	for hour := first; !hour.IsZero() && !hour.After(last); hour = hour.Add(time.Hour) {
		if r.archive.damaged[hour] == "missing" {
			continue
		}
		body, err := r.hourFile(hour, all)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, hourName(hour)), body, 0o644); err != nil {
			return fmt.Errorf("drill: archive: %w", err)
		}
	}
	return nil
}

// serveArchive gives the file of an hour at /archive/YYYY-MM-DD-H.json.gz: of every hour up to the drill's present.
func (s *Server) serveArchive(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, archivePath)
	stem, ok := strings.CutSuffix(name, ".json.gz")
	cut := strings.LastIndexByte(stem, '-')
	if !ok || cut < 0 {
		http.NotFound(w, r)
		return
	}
	day, err := time.Parse(time.DateOnly, stem[:cut])
	n, errHour := strconv.Atoi(stem[cut+1:])
	hour := day.Add(time.Duration(n) * time.Hour)
	if errors.Join(err, errHour) != nil || hourName(hour) != name || hour.After(s.recipe.Now) || s.recipe.archive.damaged[hour] == "missing" {
		http.NotFound(w, r)
		return
	}
	all, err := s.recipe.archived()
	if err == nil {
		var body []byte
		if body, err = s.recipe.hourFile(hour, all); err == nil {
			http.ServeContent(w, r, name, hour.Add(time.Hour+5*time.Minute), bytes.NewReader(body))
			return
		}
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}
