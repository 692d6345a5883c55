package workflow

import (
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"

	"pentimento/internal/evidence"
)

// Trigger is one event of the "on" section with its filters, as written.
type Trigger struct {
	Event          string
	Branches       []string
	BranchesIgnore []string
	Tags           []string
	TagsIgnore     []string
	Paths          []string
	PathsIgnore    []string
	Types          []string
	Workflows      []string // of workflow_run
	Cron           []string
	Timezones      []string       `json:",omitempty"` // of each Cron, where one is named
	Inputs         []TriggerInput `json:",omitempty"` // of workflow_dispatch and workflow_call
	Secrets        []string       `json:",omitempty"` // that a caller may pass, of workflow_call
	Outputs        []string       `json:",omitempty"` // that a caller gets, of workflow_call
	Images         []string       `json:",omitempty"` // names and versions, of image_version
}

// TriggerInput is what whoever starts or calls the workflow can hand in. Kind is "string", "boolean", "number", "choice", "environment", or empty.
type TriggerInput struct {
	Name     string
	Kind     string
	Default  string
	Required bool
}

func trigger(e actionlint.Event) Trigger {
	t := Trigger{Event: e.EventName()}
	switch e := e.(type) {
	case *actionlint.WebhookEvent:
		t.Branches, t.BranchesIgnore = filter(e.Branches), filter(e.BranchesIgnore)
		t.Tags, t.TagsIgnore = filter(e.Tags), filter(e.TagsIgnore)
		t.Paths, t.PathsIgnore = filter(e.Paths), filter(e.PathsIgnore)
		t.Types, t.Workflows = values(e.Types), values(e.Workflows)
	case *actionlint.RepositoryDispatchEvent:
		t.Types = values(e.Types)
	case *actionlint.ScheduledEvent:
		for _, s := range e.Schedules {
			t.Cron = append(t.Cron, written(s.Cron))
			if s.Timezone != nil {
				t.Timezones = append(t.Timezones, written(s.Timezone))
			}
		}
	case *actionlint.WorkflowDispatchEvent:
		for _, k := range sortedKeys(e.Inputs) {
			in := e.Inputs[k]
			t.Inputs = append(t.Inputs, TriggerInput{Name: written(in.Name), Kind: dispatchKinds[in.Type], Default: written(in.Default), Required: boolean(in.Required) == "true"})
		}
	case *actionlint.WorkflowCallEvent:
		for _, in := range e.Inputs {
			t.Inputs = append(t.Inputs, TriggerInput{Name: written(in.Name), Kind: callKinds[in.Type], Default: written(in.Default), Required: boolean(in.Required) == "true"})
		}
		t.Secrets, t.Outputs = sortedKeys(e.Secrets), sortedKeys(e.Outputs)
	case *actionlint.ImageVersionEvent:
		t.Images = append(values(e.Names), values(e.Versions)...)
	}
	return t
}

var (
	dispatchKinds = map[actionlint.WorkflowDispatchEventInputType]string{actionlint.WorkflowDispatchEventInputTypeString: "string",
		actionlint.WorkflowDispatchEventInputTypeNumber: "number", actionlint.WorkflowDispatchEventInputTypeBoolean: "boolean",
		actionlint.WorkflowDispatchEventInputTypeChoice: "choice", actionlint.WorkflowDispatchEventInputTypeEnvironment: "environment"}
	callKinds = map[actionlint.WorkflowCallEventInputType]string{actionlint.WorkflowCallEventInputTypeBoolean: "boolean",
		actionlint.WorkflowCallEventInputTypeNumber: "number", actionlint.WorkflowCallEventInputTypeString: "string"}
)

func filter(f *actionlint.WebhookEventFilter) []string {
	if f == nil {
		return nil
	}
	return values(f.Values)
}

func values(list []*actionlint.String) []string {
	var out []string
	for _, s := range list {
		out = append(out, written(s))
	}
	return out
}

// MatchesRef reports whether the branch and tag filters let a push to the ref start the workflow; for pull_request and
// pull_request_target the ref is the base branch, for workflow_run the branch of the run before. Path filters are not looked at. A push
// event with filters for branches alone is not started by tags, and the other way round
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax, on.push). Refs that are neither branch nor tag start
// nothing by push.
func (t Trigger) MatchesRef(ref evidence.Ref) bool {
	branches := len(t.Branches)+len(t.BranchesIgnore) > 0
	tags := len(t.Tags)+len(t.TagsIgnore) > 0
	switch {
	case ref.Branch():
		return passes(ref.Short(), t.Branches, t.BranchesIgnore, !tags)
	case ref.Tag():
		return passes(ref.Short(), t.Tags, t.TagsIgnore, !branches)
	}
	return false
}

// passes applies one pair of filters; unfiltered is the answer where there is neither.
func passes(name string, only, ignore []string, unfiltered bool) bool {
	switch {
	case len(only) > 0:
		return matchesLast(only, name)
	case len(ignore) > 0:
		return !matchesLast(ignore, name)
	}
	return unfiltered
}

// matchesLast reads the patterns in order: a later one overrules an earlier, and "!" turns its answer round.
func matchesLast(patterns []string, name string) bool {
	in := false
	for _, p := range patterns {
		positive := strings.TrimPrefix(p, "!")
		if glob(positive, name) {
			in = positive == p
		}
	}
	return in
}

// glob matches GitHub's filter patterns: "*" any run without a slash, "**" any run, "?" and "+" repeat what stands before them, "[]" a
// class, "\" takes the next character as it is. A pattern that is not one matches nothing.
func glob(pattern, name string) bool {
	var b strings.Builder
	b.WriteString(`^(?s:`)
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			if strings.HasPrefix(pattern[i:], "**") {
				i++
				// "**/" also matches no folder at all.
				if strings.HasPrefix(pattern[i+1:], "/") && i+1 < len(pattern)-1 {
					i++
					b.WriteString(`(?:.*/)?`)
					continue
				}
				b.WriteString(`.*`)
				continue
			}
			b.WriteString(`[^/]*`)
		case '?', '+', '[', ']', '-':
			b.WriteByte(c)
		case '\\':
			if i+1 < len(pattern) {
				i++
				b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
			}
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	b.WriteString(`)$`)
	re, err := regexp.Compile(b.String())
	return err == nil && re.MatchString(name)
}
