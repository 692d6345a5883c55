package verdict

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// Store writes verdicts into the open rebuild.
func Store(in *casefile.Inferences, list []Verdict) error {
	for _, v := range list {
		err := in.Exec(`INSERT INTO window_verdict (window, verdict, rule, reason, certain, possible, baseline, first_use, last_use, through, blind, evidence)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, v.Window, v.Word, v.Rule, v.Reason, v.Certain, v.Possible, v.Baseline, evidence.Stamp(v.First), evidence.Stamp(v.Last),
			evidence.Stamp(v.Through), casefile.JSON(v.Blind), casefile.JSON(v.Evidence))
		if err != nil {
			return fmt.Errorf("store verdict on window %s: %w", v.Window, err)
		}
		for _, u := range v.Uses {
			err := in.Exec("INSERT OR IGNORE INTO window_use (window, use_key, use_at, credential, record, part, judged, rule, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				v.Window, u.Key, u.At.UnixMicro(), string(u.Credential), u.Record, u.Part, u.Word, u.Rule, u.Reason)
			if err != nil {
				return fmt.Errorf("store use in window %s: %w", v.Window, err)
			}
		}
		for _, r := range v.Releases {
			err := in.Exec("INSERT INTO window_release (window, release, at, for_it, against, state, evidence) VALUES (?, ?, ?, ?, ?, ?, ?)",
				v.Window, r.Name, evidence.Stamp(r.At), casefile.JSON(r.For), casefile.JSON(r.Against), r.State, casefile.JSON(r.Evidence))
			if err != nil {
				return fmt.Errorf("store release in window %s: %w", v.Window, err)
			}
		}
	}
	return nil
}

// Stored loads every verdict by the id of its window, without uses and releases.
func Stored(ctx context.Context, c *casefile.Case) (map[string]Verdict, error) {
	out := map[string]Verdict{}
	err := c.Each(ctx, `SELECT window, verdict, rule, reason, certain, possible, baseline, first_use, last_use, through, blind, evidence FROM window_verdict`, nil,
		func(scan func(...any) error) error {
			var v Verdict
			var first, last, through, blind, ids string
			err := scan(&v.Window, &v.Word, &v.Rule, &v.Reason, &v.Certain, &v.Possible, &v.Baseline, &first, &last, &through, &blind, &ids)
			if err != nil {
				return err
			}
			for _, x := range []struct {
				text string
				to   *time.Time
			}{{first, &v.First}, {last, &v.Last}, {through, &v.Through}} {
				if *x.to, err = casefile.ParseStamp(x.text); err != nil {
					return err
				}
			}
			if err := json.Unmarshal([]byte(blind), &v.Blind); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(ids), &v.Evidence); err != nil {
				return err
			}
			out[v.Window] = v
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("load verdicts on use: %w", err)
	}
	return out, nil
}

// StoredRelease is a release in a window as the case holds it.
type StoredRelease struct {
	Window     string
	Repository evidence.Repository
	Secret     string
	Credential string
	Release
}

// StoredReleases loads every release in a window, by repository, release and window.
func StoredReleases(ctx context.Context, c *casefile.Case) ([]StoredRelease, error) {
	var out []StoredRelease
	err := c.Each(ctx, `SELECT x.window, r.name, w.secret, w.credential, x.release, x.at, x.for_it, x.against, x.state, x.evidence FROM window_release x
		JOIN exposure_window w ON w.id = x.window JOIN repository r ON r.id = w.repository ORDER BY r.key, x.at, x.release, x.window`, nil,
		func(scan func(...any) error) error {
			var s StoredRelease
			var at, pro, contra, ids string
			err := scan(&s.Window, &s.Repository, &s.Secret, &s.Credential, &s.Name, &at, &pro, &contra, &s.State, &ids)
			if err != nil {
				return err
			}
			if s.At, err = casefile.ParseStamp(at); err != nil {
				return err
			}
			for _, x := range []struct {
				text string
				to   *[]string
			}{{pro, &s.For}, {contra, &s.Against}, {ids, &s.Evidence}} {
				if err := json.Unmarshal([]byte(x.text), x.to); err != nil {
					return err
				}
			}
			out = append(out, s)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("load releases in windows: %w", err)
	}
	return out, nil
}
