package campaign

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pentimento/internal/workflow"
)

// Rule says when a file belongs to the campaign: all conditions of All hold, and one of Any where there is one. Severity is what it would
// mean if true, confidence how sure the rule is: they are kept apart.
type Rule struct {
	ID          string      `yaml:"id"`
	Description string      `yaml:"description"`
	Severity    string      `yaml:"severity"`
	Confidence  string      `yaml:"confidence"`
	All         []Condition `yaml:"all"`
	Any         []Condition `yaml:"any"`
}

// Severities and confidences, weakest first.
var (
	Severities  = []string{"low", "medium", "high", "critical"}
	Confidences = []string{"low", "medium", "high"}
)

// Condition is one test of a file; exactly one field is set.
type Condition struct {
	// Indicator holds when one of the pack's indicators of the kind does: path, workflow_name, job_id, host, url_part, body_marker;
	// own_path, own_workflow_name and own_job_id leave out the everyday ones.
	Indicator string `yaml:"indicator"`
	// Indicators holds when each kind of the list does.
	Indicators []string `yaml:"indicators"`

	Path         string `yaml:"path"`
	WorkflowName string `yaml:"workflow_name"`
	JobID        string `yaml:"job_id"`
	Host         string `yaml:"host"`
	Text         string `yaml:"text"`          // literal text in the file
	Event        string `yaml:"event"`         // an event of the on section; "push" also with filters
	ReadsSecrets bool   `yaml:"reads_secrets"` // the file refers to a secret other than the job's own token

	// SecretToNetwork holds when one command sends secrets to a host.
	SecretToNetwork *Flow `yaml:"secret_to_network"`
	// BodyToNetwork holds when a command sends a body to a host, whatever is in it.
	BodyToNetwork *Flow `yaml:"body_to_network"`
	// HistoryToNetwork holds when one job reads the contents of past commits and sends a body to a host.
	HistoryToNetwork *Flow `yaml:"history_to_network"`
}

// Flow narrows what goes where. The zero Flow is any secret in any command to any host.
type Flow struct {
	Secrets   int  `yaml:"secrets"`    // at least so many different secrets in the body or URL; "every secret" is enough for any number
	SelfNamed bool `yaml:"self_named"` // so many body fields bear the name of the secret they carry
	// To is "bare": a URL without path; "address": an IP address; "bare-or-address"; "listed": a host of the pack; "nondescript": a
	// host known at run time only, or a URL with a query or a path of one segment and no more: what is set up for the occasion, and few APIs.
	To string `yaml:"to"`
}

// subject is a file under test.
type subject struct {
	paths []string
	file  workflow.File
	text  string
	pack  Pack
}

func (s subject) rule(r Rule) (Match, bool) {
	m := Match{Rule: r}
	var reasons []string
	for _, c := range r.All {
		why, lines, ok := s.holds(c)
		if !ok {
			return Match{}, false
		}
		reasons, m.Lines = append(reasons, why), append(m.Lines, lines...)
	}
	found := len(r.Any) == 0
	for _, c := range r.Any {
		if why, lines, ok := s.holds(c); ok {
			found = true
			reasons, m.Lines = append(reasons, why), append(m.Lines, lines...)
		}
	}
	slices.Sort(m.Lines)
	m.Lines = slices.Compact(m.Lines)
	m.Reason = strings.Join(reasons, "; ")
	return m, found
}

// holds tests one condition; it says why in words of the pack, never of the file.
func (s subject) holds(c Condition) (why string, lines []int, ok bool) {
	switch {
	case c.Indicator != "":
		return s.indicator(c.Indicator)
	case len(c.Indicators) > 0:
		return s.together(c.Indicators)
	case c.Path != "":
		return "path", nil, slices.Contains(s.paths, c.Path)
	case c.WorkflowName != "":
		return "workflow name", nil, s.file.Name == c.WorkflowName
	case c.JobID != "":
		return s.job("job id", []string{c.JobID})
	case c.Host != "":
		return s.host("host", func(host string) bool { return host == c.Host })
	case c.Text != "":
		return s.find("text that the rule names", []string{c.Text})
	case c.Event != "":
		return "started by " + c.Event, nil, slices.ContainsFunc(s.file.Triggers, func(t workflow.Trigger) bool { return t.Event == c.Event })
	case c.ReadsSecrets:
		return "secrets are read", nil, ReadsSecrets(s.file)
	case c.BodyToNetwork != nil:
		return s.bodyFlow(*c.BodyToNetwork)
	case c.SecretToNetwork != nil:
		return s.secretFlow(*c.SecretToNetwork)
	case c.HistoryToNetwork != nil:
		return s.historyFlow(*c.HistoryToNetwork)
	}
	return "", nil, false
}

// ReadsSecrets reports that a file refers to a secret other than the token that every job has.
func ReadsSecrets(f workflow.File) bool {
	return slices.ContainsFunc(f.Secrets, func(r workflow.SecretRef) bool { return r.Name != "GITHUB_TOKEN" })
}

// together holds when every kind of indicator does.
func (s subject) together(kinds []string) (why string, lines []int, ok bool) {
	var reasons []string
	for _, k := range kinds {
		why, at, ok := s.indicator(k)
		if !ok {
			return "", nil, false
		}
		reasons, lines = append(reasons, why), append(lines, at...)
	}
	return strings.Join(reasons, " and "), lines, true
}

func (s subject) indicator(kind string) (why string, lines []int, ok bool) {
	in := s.pack.Indicators
	own := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return slices.Contains(in.Everyday, x) })
	}
	switch kind {
	case "path":
		return "listed path", nil, slices.ContainsFunc(s.paths, s.pack.KnowsPath)
	case "own_path":
		return "the campaign's own path", nil, slices.ContainsFunc(s.paths, s.pack.OwnsPath)
	case "workflow_name":
		return "listed workflow name", nil, slices.Contains(in.WorkflowNames, s.file.Name)
	case "own_workflow_name":
		return "the campaign's own workflow name", nil, slices.Contains(own(in.WorkflowNames), s.file.Name)
	case "job_id":
		return s.job("listed job id", in.JobIDs)
	case "own_job_id":
		return s.job("the campaign's own job id", own(in.JobIDs))
	case "host":
		return s.host("listed host", s.pack.KnowsHost)
	case "url_part":
		for _, d := range s.file.Destinations {
			if slices.ContainsFunc(in.URLParts, func(part string) bool { return strings.Contains(d.URL, part) }) {
				lines = append(lines, d.Line)
			}
		}
		return "listed part of a URL", lines, len(lines) > 0
	case "body_marker":
		return s.find("listed marker", in.BodyMarkers)
	}
	return "", nil, false
}

func (s subject) job(why string, ids []string) (string, []int, bool) {
	var lines []int
	for _, j := range s.file.Jobs {
		if slices.Contains(ids, j.ID) {
			lines = append(lines, j.Line)
		}
	}
	return why, lines, len(lines) > 0
}

func (s subject) host(why string, known func(string) bool) (string, []int, bool) {
	var lines []int
	for _, d := range s.file.Destinations {
		if known(d.Host) {
			lines = append(lines, d.Line)
		}
	}
	return why, lines, len(lines) > 0
}

func (s subject) find(why string, texts []string) (string, []int, bool) {
	var lines []int
	for _, t := range texts {
		if i := strings.Index(s.text, t); i >= 0 {
			lines = append(lines, 1+strings.Count(s.text[:i], "\n"))
		}
	}
	return why, lines, len(lines) > 0
}

func (s subject) secretFlow(f Flow) (why string, lines []int, ok bool) {
	count := 0
	for _, d := range s.file.Destinations {
		n, all := flows(d, f)
		if (n >= max(f.Secrets, 1) || all) && s.reaches(d, f) {
			lines = append(lines, d.Line)
			count = max(count, n)
			if all {
				why = "every secret is sent to a host"
			}
		}
	}
	if why == "" {
		why = fmt.Sprintf("%d of the secrets sent to a host by one command", count)
	}
	return why, lines, len(lines) > 0
}

// flows counts what a command sends; the zero Flow counts headers and credentials too.
func flows(d workflow.Destination, f Flow) (n int, all bool) {
	sent := d.Posted
	switch {
	case f.SelfNamed:
		return len(d.SelfNamed), slices.Contains(d.Posted, "*")
	case f.Secrets == 0:
		sent = d.Secrets
	}
	return len(sent), slices.Contains(sent, "*")
}

func (s subject) bodyFlow(f Flow) (why string, lines []int, ok bool) {
	for _, d := range s.file.Destinations {
		if d.Uploads && s.reaches(d, f) {
			lines = append(lines, d.Line)
		}
	}
	return "a body is sent to a host", lines, len(lines) > 0
}

func (s subject) historyFlow(f Flow) (why string, lines []int, ok bool) {
	for _, j := range s.file.Jobs {
		reads := false
		for _, step := range j.Steps {
			if reads = reads || step.ReadsHistory; !reads {
				continue
			}
			for _, d := range step.Destinations {
				if d.Uploads && s.reaches(d, f) {
					lines = append(lines, d.Line)
				}
			}
		}
	}
	return "contents of past commits are read and a body is sent to a host", lines, len(lines) > 0
}

func (s subject) reaches(d workflow.Destination, f Flow) bool {
	_, err := netip.ParseAddr(d.Host)
	switch f.To {
	case "bare":
		return d.Bare
	case "address":
		return err == nil
	case "bare-or-address":
		return d.Bare || err == nil
	case "nondescript":
		return d.Computed || d.Depth <= 1 && !d.Bare
	case "listed":
		return s.pack.KnowsHost(d.Host)
	}
	return true
}

var (
	indicatorKinds = []string{"path", "own_path", "workflow_name", "own_workflow_name", "job_id", "own_job_id", "host", "url_part", "body_marker"}
	flowTargets    = []string{"", "bare", "address", "bare-or-address", "nondescript", "listed"}
)
