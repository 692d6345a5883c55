package campaign

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

var packName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// pack looks for mistakes in what a pack says, section by section.
func (c *checker) pack(p Pack) {
	if p.Schema != Schema {
		c.at([]any{"schema"}, "schema is %q, this program reads %q", short(p.Schema), Schema)
	}
	if !packName.MatchString(p.Name) {
		c.at([]any{"name"}, "name %q is not of lower-case letters, digits and hyphens", short(p.Name))
	}
	if p.Title == "" {
		c.at([]any{"title"}, "title is missing: the campaign's name as people write it")
	}
	for i, r := range p.References {
		if r.Title == "" {
			c.at([]any{"references", i, "title"}, "a reference has a title")
		}
		if u, err := url.Parse(r.URL); err != nil || u.Scheme != "https" || u.Host == "" {
			c.at([]any{"references", i, "url"}, "a reference has an https URL, not %q", short(r.URL))
		}
	}
	c.waves(p.Waves)
	c.indicators(p.Indicators)
	c.rules(p)
	for i, w := range p.Warnings {
		c.warning([]any{"warnings", i}, w)
	}
	for i, w := range p.Advice {
		c.warning([]any{"advice", i}, w)
	}
	c.sampleForms("positives", p.Positives)
	c.sampleForms("near_misses", p.NearMisses)
}

func (c *checker) waves(waves []Wave) {
	seen := map[string]bool{}
	for i, w := range waves {
		where := func(key string) []any { return []any{"waves", i, key} }
		switch {
		case !packName.MatchString(w.ID):
			c.at(where("id"), "wave id %q is not of lower-case letters, digits and hyphens", short(w.ID))
		case seen[w.ID]:
			c.at(where("id"), "wave id %q stands twice", short(w.ID))
		}
		seen[w.ID] = true
		for key, t := range map[string]time.Time{"from": w.From, "to": w.To} {
			if t.IsZero() {
				c.at(where(key), "a wave says from when to when it was seen: %q is missing", key)
			}
		}
		if !w.From.IsZero() && !w.To.IsZero() && w.To.Before(w.From) {
			c.at(where("to"), "the wave ends before it begins, at %s", w.From.UTC().Format(time.RFC3339))
		}
		if !slices.Contains(precisions, string(w.Precision)) {
			c.at(where("precision"), "%s", oneOf("precision", string(w.Precision), precisions))
		}
		if w.Source == "" {
			c.at(where("source"), "a wave says its source: who claims that the campaign was seen then")
		}
	}
}

func (c *checker) warning(where []any, w Warning) {
	if w.Text == "" {
		c.at(append(where, "text"), "there is no text: one sentence or more for the responder")
	}
	if w.Source == "" {
		c.at(append(where, "source"), "it says no source")
	}
	if w.Before != "" && !slices.Contains(Steps, w.Before) {
		c.at(append(where, "before"), "%s", oneOf("step", w.Before, Steps))
	}
}

func (c *checker) sampleForms(key string, samples []Sample) {
	seen := map[string]bool{}
	for i, s := range samples {
		switch {
		case s.Name == "":
			c.at([]any{key, i, "name"}, "a sample has a name, which says what it shows")
		case seen[s.Name]:
			c.at([]any{key, i, "name"}, "sample %q stands twice", short(s.Name))
		}
		seen[s.Name] = true
		if !workflowPath(s.Path) {
			c.at([]any{key, i, "path"}, "path %q is not that of a workflow: write .github/workflows/NAME.yml", short(s.Path))
		}
		if strings.TrimSpace(s.Text) == "" {
			c.at([]any{key, i, "text"}, "a sample has a text: the workflow file")
		}
		for j, word := range s.Context {
			if !slices.Contains(Circumstances, word) {
				c.at([]any{key, i, "context", j}, "%q says nothing of what a repository did before: it is none of %s", short(string(word)), circumstanceWords())
			}
		}
		if key == "near_misses" && len(s.Rules) > 0 {
			c.at([]any{key, i, "rules"}, "no rule may hit a near-miss: it names none")
		}
	}
}

// workflowPath reports whether GitHub would look for a workflow there.
func workflowPath(name string) bool {
	ext := path.Ext(name)
	return path.Dir(name) == ".github/workflows" && (ext == ".yml" || ext == ".yaml")
}

func (c *checker) rules(p Pack) {
	if len(p.Rules) == 0 {
		c.at([]any{"rules"}, "a pack has at least one rule")
	}
	seen := map[string]bool{}
	for i, r := range p.Rules {
		if seen[r.ID] {
			c.at([]any{"rules", i, "id"}, "rule id %q stands twice", short(r.ID))
		}
		seen[r.ID] = true
		c.rule(i, r)
		c.satisfiable(p, i, r)
	}
}

// satisfiable notes conditions that no file can meet in this pack, and rules that contradict themselves.
func (c *checker) satisfiable(p Pack, i int, r Rule) {
	where := []any{"rules", i}
	if r.OnlyInWaves && len(p.Waves) == 0 {
		c.at(append(where, "only_in_waves"), "rule %q can never hold: it does so only in waves, and the pack has none", short(r.ID))
	}
	for key, list := range map[string][]Condition{"all": r.All, "any": r.Any, "none": r.None} {
		for j, x := range list {
			if why := p.never(x); why != "" && !c.misshapen["indicators"] {
				c.at(slices.Concat(where, []any{key, j}), "the condition can never hold: %s", why)
			}
		}
	}
	for j, x := range r.All {
		for k, y := range r.All[:j] {
			if why := exclude(x, y); why != "" {
				c.at(slices.Concat(where, []any{"all", j}), "rule %q can never hold: %s, as condition %d of its list asks", short(r.ID), why, k+1)
			}
		}
		if slices.ContainsFunc(r.None, func(y Condition) bool { return fmt.Sprintf("%+v", x) == fmt.Sprintf("%+v", y) && plain(x) }) {
			c.at(slices.Concat(where, []any{"all", j}), "rule %q can never hold: the same condition stands under none", short(r.ID))
		}
	}
}

// exclude says why no file meets two conditions.
func exclude(x, y Condition) string {
	switch {
	case x.WorkflowName != "" && y.WorkflowName != "" && x.WorkflowName != y.WorkflowName:
		return "a file has one name"
	case x.OnlyEvent != "" && (y.OnlyEvent != "" && x.OnlyEvent != y.OnlyEvent || y.Event != "" && x.OnlyEvent != y.Event),
		y.OnlyEvent != "" && x.Event != "" && x.Event != y.OnlyEvent:
		return "a file that one event alone starts is started by no other"
	}
	return ""
}

// plain reports that a condition is of words alone: those compare by their printed form.
func plain(x Condition) bool {
	return x.SecretToNetwork == nil && x.BodyToNetwork == nil && x.HistoryToNetwork == nil && x.SecretExits == nil && x.Loot == nil && x.Payload == nil
}

// never says why no real file can meet a condition in this pack; empty where one can. The samples of a pack do not show it: they have a listed
// host even where the pack lists none.
func (p Pack) never(x Condition) string {
	for _, kind := range append([]string{x.Indicator}, x.Indicators...) {
		list, counted := p.Indicators.kind(kind)
		if counted && len(list) == 0 {
			return fmt.Sprintf("the pack has no indicator of the kind %q", kind)
		}
	}
	for _, f := range []*Flow{x.SecretToNetwork, x.BodyToNetwork, x.HistoryToNetwork} {
		if f != nil && f.To == "listed" && len(p.Indicators.Hosts) == 0 {
			return "the pack lists no hosts"
		}
	}
	switch {
	case x.Path != "" && !workflowPath(x.Path):
		return fmt.Sprintf("path %q is not that of a workflow: write .github/workflows/NAME.yml", short(x.Path))
	case x.Host != "" && wrongHost(x.Host) != "":
		return wrongHost(x.Host)
	case x.Event != "" && !slices.Contains(events, x.Event):
		return oneOf("event", x.Event, events)
	case x.OnlyEvent != "" && !slices.Contains(events, x.OnlyEvent):
		return oneOf("event", x.OnlyEvent, events)
	}
	return ""
}

// kind lists the indicators that a condition of the kind goes by; counted is false for a kind that is unknown.
func (in Indicators) kind(kind string) (list []string, counted bool) {
	own := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return slices.Contains(in.Everyday, x) })
	}
	switch kind {
	case "path":
		list = in.Paths
	case "own_path":
		list = own(in.Paths)
	case "workflow_name":
		list = in.WorkflowNames
	case "own_workflow_name":
		list = own(in.WorkflowNames)
	case "job_id":
		list = in.JobIDs
	case "own_job_id":
		list = own(in.JobIDs)
	case "host":
		list = in.Hosts
	case "url_part":
		list = in.URLParts
	case "body_marker":
		list = in.BodyMarkers
	case "uses":
		list = slices.Concat(in.Uses, in.Commits)
	case "runner_label":
		list = in.RunnerLabels
	case "artifact":
		list = in.Artifacts
	case "file_hash":
		list = in.FileHashes
	default:
		return nil, false
	}
	return list, true
}

// events start workflows (https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows, read 2026-11).
var events = []string{"branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status", "discussion",
	"discussion_comment", "fork", "gollum", "image_version", "issue_comment", "issues", "label", "merge_group", "milestone", "page_build", "project",
	"project_card", "project_column", "public", "pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_target", "push",
	"registry_package", "release", "repository_dispatch", "schedule", "status", "watch", "workflow_call", "workflow_dispatch", "workflow_run"}
