package campaign

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"pentimento/internal/workflow"
)

// mistake is something wrong with a rule. Where is the path of keys (string) and positions (int) from the rule to the value.
type mistake struct {
	where []any
	text  string
}

// mistakes lists what is wrong with a rule, by itself.
func (r Rule) mistakes() []mistake {
	var out []mistake
	note := func(where []any, format string, args ...any) {
		out = append(out, mistake{where, fmt.Sprintf(format, args...)})
	}
	if !packName.MatchString(r.ID) {
		note([]any{"id"}, "rule id %q is not of lower-case letters, digits and hyphens", short(r.ID))
	}
	if r.Description == "" {
		note(nil, "rule %q has no description", short(r.ID))
	}
	if !slices.Contains(Severities, r.Severity) {
		note([]any{"severity"}, "severity %q is none of %s", short(r.Severity), strings.Join(Severities, ", "))
	}
	if !slices.Contains(Confidences, r.Confidence) {
		note([]any{"confidence"}, "confidence %q is none of %s", short(r.Confidence), strings.Join(Confidences, ", "))
	}
	if len(r.All)+len(r.Any) == 0 {
		note(nil, "rule %q has no conditions", short(r.ID))
	}
	for key, list := range map[string][]Condition{"all": r.All, "any": r.Any, "none": r.None} {
		for i, x := range list {
			for _, m := range x.mistakes() {
				out = append(out, mistake{append([]any{key, i}, m.where...), m.text})
			}
		}
	}
	for key, list := range map[string][]string{"all": r.Context.All, "any": r.Context.Any, "none": r.Context.None} {
		for i, word := range list {
			if !slices.Contains(Circumstances, Circumstance(word)) {
				note([]any{"context", key, i}, "%q says nothing of what a repository did before: it is none of %s", short(word), circumstanceWords())
			}
		}
	}
	return out
}

// Prove holds a rule that stands alone to its words and to its own texts: it hits every positive and no near-miss, and has some of both.
func (r Rule) Prove(positives, nearMisses []Sample) error {
	var errs []error
	for _, m := range r.mistakes() {
		errs = append(errs, fmt.Errorf("rule %q: %v: %s", r.ID, m.where, m.text))
	}
	hit := func(s Sample) bool {
		return len(Pack{Rules: []Rule{r}}.Match([]string{s.Path}, workflow.Parse([]byte(s.Text)), []byte(s.Text))) > 0 && r.Context.In(s)
	}
	for _, s := range positives {
		if !hit(s) {
			errs = append(errs, fmt.Errorf("rule %q does not hit its positive %q", r.ID, s.Name))
		}
	}
	for _, s := range nearMisses {
		if hit(s) {
			errs = append(errs, fmt.Errorf("rule %q hits its near-miss %q", r.ID, s.Name))
		}
	}
	if len(positives) == 0 || len(nearMisses) == 0 {
		errs = append(errs, fmt.Errorf("rule %q has no positive or no near-miss", r.ID))
	}
	return errors.Join(errs...)
}

var (
	usesForm       = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(?:/[^@\s]+)?(?:@\S+)?$`)
	permissionForm = regexp.MustCompile(`^(?:\*|[a-z-]+):(?:read|write|none)$`)
)

func (x Condition) mistakes() []mistake {
	var out []mistake
	note := func(where []any, format string, args ...any) {
		out = append(out, mistake{where, fmt.Sprintf(format, args...)})
	}
	set := 0
	for i := range reflect.TypeFor[Condition]().NumField() {
		if !reflect.ValueOf(x).Field(i).IsZero() {
			set++
		}
	}
	if set != 1 {
		note(nil, "a condition has exactly one field, this one has %d", set)
	}
	for key, f := range map[string]*Flow{"secret_to_network": x.SecretToNetwork, "body_to_network": x.BodyToNetwork, "history_to_network": x.HistoryToNetwork} {
		if f != nil && (!slices.Contains(flowTargets, f.To) || f.Secrets < 0) {
			note(nil, "a flow goes to one of %s, with no negative count", strings.Join(flowTargets[1:], ", "))
		}
		if f != nil && !slices.Contains(tokens, f.Token) {
			note([]any{key, "token"}, "token %q is none of %s", short(f.Token), strings.Join(tokens[1:], ", "))
		}
	}
	for i, kind := range x.Indicators {
		if !slices.Contains(indicatorKinds, kind) {
			note([]any{"indicators", i}, "indicator %q is none of %s", short(kind), strings.Join(indicatorKinds, ", "))
		}
	}
	if x.Indicator != "" && !slices.Contains(indicatorKinds, x.Indicator) {
		note([]any{"indicator"}, "indicator %q is none of %s", short(x.Indicator), strings.Join(indicatorKinds, ", "))
	}
	if x.Uses != "" && !usesForm.MatchString(x.Uses) {
		note([]any{"uses"}, "uses %q is not OWNER/REPO, OWNER/REPO/PATH or either with @REF", short(x.Uses))
	}
	if x.Permission != "" && !permissionForm.MatchString(x.Permission) {
		note([]any{"permission"}, "permission %q is not SCOPE:LEVEL with the level read, write or none", short(x.Permission))
	}
	return append(out, x.leaving()...)
}

// leaving lists what is wrong with the conditions on ways out and payloads.
func (x Condition) leaving() []mistake {
	var out []mistake
	word := func(kind, key, have string, known []string) {
		if !slices.Contains(known, have) {
			known = slices.DeleteFunc(slices.Clone(known), func(s string) bool { return s == "" })
			out = append(out, mistake{[]any{kind, key}, fmt.Sprintf("%s %q is none of %s", key, short(have), strings.Join(known, ", "))})
		}
	}
	if e := x.SecretExits; e != nil {
		word("secret_exits", "way", e.Way, append([]string{""}, ways...))
		word("secret_exits", "token", e.Token, tokens)
		if e.Secrets < 0 {
			out = append(out, mistake{[]any{"secret_exits", "secrets"}, "a count is not negative"})
		}
		if _, err := path.Match(e.Target, ""); err != nil {
			out = append(out, mistake{[]any{"secret_exits", "target"}, fmt.Sprintf("%q is no pattern: %v", short(e.Target), err)})
		}
	}
	if !slices.Contains(handings, x.HandsAll) {
		out = append(out, mistake{[]any{"hands_all"}, fmt.Sprintf("hands_all %q is none of %s", short(x.HandsAll), strings.Join(handings[1:], ", "))})
	}
	if _, known := otherActions[x.OtherAction]; !known && x.OtherAction != "" {
		out = append(out, mistake{[]any{"other_action"}, fmt.Sprintf("other_action %q is none of commit, name", short(x.OtherAction))})
	}
	if l := x.Loot; l != nil {
		word("loot", "leaves", l.Leaves, lootLeaves)
		word("loot", "to", l.To, flowTargets)
		for i, kind := range l.Kinds {
			if !slices.Contains(lootKinds, kind) {
				out = append(out, mistake{[]any{"loot", "kinds", i}, fmt.Sprintf("kind %q is none of %s", short(kind), strings.Join(lootKinds, ", "))})
			}
		}
		if (l.To != "" || l.Hidden) && l.Leaves != "network" {
			out = append(out, mistake{[]any{"loot"}, `"to" and "hidden" go with leaves: network`})
		}
		if l.Encoded && l.Leaves == "" {
			out = append(out, mistake{[]any{"loot", "encoded"}, `"encoded" goes with leaves`})
		}
	}
	if p := x.Payload; p != nil {
		word("payload", "to", p.To, payloadTo)
		word("payload", "with", p.With, payloadsDo)
		if p.To != "" && !p.Fetched {
			out = append(out, mistake{[]any{"payload", "to"}, `"to" goes with fetched: true`})
		}
	}
	return out
}
