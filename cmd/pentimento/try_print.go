package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/detect"
)

// triedJSON is one file of pentimento/try/v1: one that a rule hits, one that could not be read in full, or one that could not be read at all.
// Conditional are the hits of rules that ask for more than the file: they count in a repository where that is so.
// Blob is the name that git gives its text; null where the file was not read or is too large. Partial and error are null where there is none.
// Secrets are the names that the file refers to; destinations stand as in the file, not defanged.
type triedJSON struct {
	File         string            `json:"file"`
	Blob         *string           `json:"blob"`
	Campaign     *string           `json:"campaign"`
	Hits         []hitJSON         `json:"hits"`
	Conditional  []conditionalJSON `json:"conditional"`
	Secrets      []string          `json:"secrets"`
	AllSecrets   bool              `json:"all_secrets"`
	Destinations []string          `json:"destinations"`
	Partial      *string           `json:"partial"`
	Error        *string           `json:"error"`
}

// conditionalJSON is a hit that counts where all of All, one of Any where there are any, and none of None hold of the commit that brought the
// file: the words are those of a pack's context.
type conditionalJSON struct {
	hitJSON
	All  []string `json:"where_all"`
	Any  []string `json:"where_any"`
	None []string `json:"where_none"`
}

// summaryJSON counts files: each hit by the confidence of its surest rule, Conditional those that have conditional hits alone.
type summaryJSON struct {
	Judged      int `json:"judged"`
	High        int `json:"high"`
	Medium      int `json:"medium"`
	Low         int `json:"low"`
	Conditional int `json:"conditional"`
	Partial     int `json:"partial"`
	Others      int `json:"no_workflow"`
	Unreadable  int `json:"unreadable"`
}

func tryDocument(results []tried) []triedJSON {
	var out []triedJSON
	for _, t := range results {
		if len(t.finding.Hits)+len(t.finding.Conditional) == 0 && t.partial == "" && t.err == nil {
			continue
		}
		x := triedJSON{File: t.name, Blob: nullable(t.blob), Campaign: nullable(t.finding.Campaign), Hits: []hitJSON{}, Conditional: []conditionalJSON{},
			Secrets: present(t.finding.SecretNames()), AllSecrets: t.finding.AllSecrets, Destinations: present(t.finding.Destinations),
			Partial: nullable(t.partial)}
		if t.err != nil {
			x.Error = nullable(t.err.Error())
		}
		for _, h := range t.finding.Hits {
			x.Hits = append(x.Hits, hitJSON{h.Rule, h.Severity, h.Confidence, h.Reason, present(h.Lines)})
		}
		for _, c := range t.finding.Conditional {
			x.Conditional = append(x.Conditional, conditionalJSON{hitJSON{c.Rule, c.Severity, c.Confidence, c.Reason, present(c.Lines)},
				present(c.Context.All), present(c.Context.Any), present(c.Context.None)})
		}
		out = append(out, x)
	}
	return out
}

func tryRows(results []tried) [][]string {
	var rows [][]string
	for _, t := range results {
		row := func(h detect.Hit, where string) {
			var lines []string
			for _, l := range h.Lines {
				lines = append(lines, strconv.Itoa(l))
			}
			rows = append(rows, []string{t.name, h.Rule, h.Severity, h.Confidence, or(strings.Join(lines, ","), nothing), where, h.Reason})
		}
		for _, h := range t.finding.Hits {
			row(h, nothing)
		}
		for _, c := range t.finding.Conditional {
			row(c.Hit, contextTerms(c.Context))
		}
	}
	return rows
}

// contextTerms writes a context in one line.
func contextTerms(c campaign.Context) string {
	terms := slices.Clone(c.All)
	if len(c.Any) > 0 {
		terms = append(terms, strings.Join(c.Any, " or "))
	}
	for _, n := range c.None {
		terms = append(terms, "not "+n)
	}
	return strings.Join(terms, ", ")
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
		} else if len(t.finding.Conditional) > 0 {
			s.Conditional++
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
	p.say("%d files judged by %d packs and the heuristics, without a history: %d hit with high confidence, %d with medium, %d with low, %d only where "+
		"the repository did otherwise before", s.Judged, packs, s.High, s.Medium, s.Low, s.Conditional)
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
