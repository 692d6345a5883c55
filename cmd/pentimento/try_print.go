package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/campaign"
)

// triedJSON is one file of pentimento/try/v1: one that a rule hits, one that could not be read in full, or one that could not be read at all.
// Blob is the name that git gives its text; null where the file was not read or is too large. Partial and error are null where there is none.
// Secrets are the names that the file refers to; destinations stand as in the file, not defanged.
type triedJSON struct {
	File         string    `json:"file"`
	Blob         *string   `json:"blob"`
	Campaign     *string   `json:"campaign"`
	Hits         []hitJSON `json:"hits"`
	Secrets      []string  `json:"secrets"`
	AllSecrets   bool      `json:"all_secrets"`
	Destinations []string  `json:"destinations"`
	Partial      *string   `json:"partial"`
	Error        *string   `json:"error"`
}

// summaryJSON counts files: each hit by the confidence of its surest rule.
type summaryJSON struct {
	Judged     int `json:"judged"`
	High       int `json:"high"`
	Medium     int `json:"medium"`
	Low        int `json:"low"`
	Partial    int `json:"partial"`
	Others     int `json:"no_workflow"`
	Unreadable int `json:"unreadable"`
}

func tryDocument(results []tried) []triedJSON {
	var out []triedJSON
	for _, t := range results {
		if !t.hit && t.partial == "" && t.err == nil {
			continue
		}
		x := triedJSON{File: t.name, Blob: nullable(t.blob), Campaign: nullable(t.finding.Campaign), Hits: []hitJSON{},
			Secrets: present(t.finding.SecretNames()), AllSecrets: t.finding.AllSecrets, Destinations: present(t.finding.Destinations),
			Partial: nullable(t.partial)}
		if t.err != nil {
			x.Error = nullable(t.err.Error())
		}
		for _, h := range t.finding.Hits {
			x.Hits = append(x.Hits, hitJSON{h.Rule, h.Severity, h.Confidence, h.Reason, present(h.Lines)})
		}
		out = append(out, x)
	}
	return out
}

func tryRows(results []tried) [][]string {
	var rows [][]string
	for _, t := range results {
		for _, h := range t.finding.Hits {
			var lines []string
			for _, l := range h.Lines {
				lines = append(lines, strconv.Itoa(l))
			}
			rows = append(rows, []string{t.name, h.Rule, h.Severity, h.Confidence, or(strings.Join(lines, ","), nothing), h.Reason})
		}
	}
	return rows
}

func summarize(results []tried) summaryJSON {
	var s summaryJSON
	for _, t := range results {
		switch {
		case t.err != nil:
			s.Unreadable++
			continue
		case t.other:
			s.Others++
			continue
		}
		s.Judged++
		if t.partial != "" {
			s.Partial++
		}
		if count := map[string]*int{"high": &s.High, "medium": &s.Medium, "low": &s.Low}[surest(t)]; count != nil {
			*count++
		}
	}
	return s
}

// surest is the highest confidence among the hits of a file; empty where there is none.
func surest(t tried) string {
	best := -1
	for _, h := range t.finding.Hits {
		best = max(best, slices.Index(campaign.Confidences, h.Confidence))
	}
	if best < 0 {
		return ""
	}
	return campaign.Confidences[best]
}

// tellTried says in numbers what was done, and fails where no file could be read. Files are named on stderr where they could not be.
func (p *program) tellTried(results []tried, packs int) error {
	s := summarize(results)
	var failed []error
	for _, t := range results {
		if t.err != nil {
			failed = append(failed, t.err)
		}
	}
	p.say("%d files judged by %d packs and the heuristics, without a history: %d hit with high confidence, %d with medium, %d with low",
		s.Judged, packs, s.High, s.Medium, s.Low)
	if s.Others > 0 {
		p.say("%d YAML files hold neither jobs nor runs and were passed over", s.Others)
	}
	if s.Partial > 0 {
		p.say("%d files could not be read in full: what was not read was not judged (see partial of --json)", s.Partial)
	}
	for _, err := range failed[:min(len(failed), maxTriedErrors)] {
		p.say("not read: %s", err)
	}
	if more := len(failed) - maxTriedErrors; more > 0 {
		p.say("%d more could not be read", more)
	}
	if s.Judged == 0 && len(failed) > 0 {
		return fmt.Errorf("no file could be read: %w", errors.Join(failed[:1]...))
	}
	return nil
}
