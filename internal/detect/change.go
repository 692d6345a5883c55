package detect

import (
	"regexp"
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/script"
	"pentimento/internal/workflow"
)

// change tests what became of the file that stood at the path in the first parent.
func (p *past) change(c campaign.Circumstance) (detail string, ok bool) {
	o := p.oldFile()
	if c == campaign.NewFile {
		return "there was no file at the path before", o.blob == ""
	}
	if o.blob == "" || !o.read {
		return "", false
	}
	switch c {
	case campaign.NewTrigger:
		return "an event starts it that did not start the file before", slices.ContainsFunc(p.finding.Triggers, func(t workflow.Trigger) bool {
			return !starts(p.oldReading(), t.Event)
		})
	case campaign.OnlyDispatch:
		other := func(t workflow.Trigger) bool { return t.Event != "workflow_dispatch" }
		return "other events started the file before, a dispatch alone starts this one",
			len(p.finding.Triggers) > 0 && !slices.ContainsFunc(p.finding.Triggers, other) && slices.ContainsFunc(p.oldReading().Triggers, other)
	case campaign.Replaced:
		return "hardly a line of the file before is left", o.kept <= hardly
	case campaign.WasRelease:
		return "the file before published releases", publishes(p.oldReading())
	}
	return "", false
}

func starts(f workflow.File, event string) bool {
	return slices.ContainsFunc(f.Triggers, func(t workflow.Trigger) bool { return t.Event == event })
}

// oldFile reads the file before: for the few versions that are asked about, not for all.
func (p *past) oldFile() *oldFile {
	if p.old != nil {
		return p.old
	}
	p.old = &oldFile{}
	for _, parent := range p.h.ParentsOf(p.n) {
		if p.old.blob = at(p.h.Folder(p.h.FolderOf(parent)), p.path); p.old.blob != "" {
			break
		}
	}
	if p.old.blob == "" {
		return p.old
	}
	before, ok, err := p.text(p.old.blob)
	now, known, errNow := p.text(p.blob)
	if err != nil || errNow != nil {
		p.err = err
		if err == nil {
			p.err = errNow
		}
		return p.old
	}
	if p.old.read = ok && known; p.old.read {
		p.old.text, p.old.kept = before, kept(string(before), string(now))
	}
	return p.old
}

// maxReadings bounds the files before that are kept as read: neighbours in a history ask for the same.
const maxReadings = 64

// oldReading reads the file before as a workflow.
func (p *past) oldReading() workflow.File {
	blob := p.old.blob
	f, done := p.readings[blob]
	if !done {
		if len(p.readings) >= maxReadings {
			clear(p.readings)
		}
		f = p.parser.Parse(p.old.text)
		p.readings[blob] = f
	}
	return f
}

// kept is the share of the different lines of a text that another one has too, indentation and what stands in nearly every workflow left out.
func kept(before, now string) float64 {
	lines := func(text string) map[string]bool {
		out := map[string]bool{}
		for line := range strings.Lines(text) {
			if line = strings.TrimLeft(strings.TrimSpace(line), "- "); line != "" && !everyday.MatchString(line) && line[0] != '#' {
				out[line] = true
			}
		}
		return out
	}
	old, left := lines(before), 0
	for line := range lines(now) {
		if old[line] {
			left++
		}
	}
	if len(old) == 0 {
		return 1
	}
	return float64(left) / float64(len(old))
}

// everyday is what two workflows have in common that have nothing in common.
var everyday = regexp.MustCompile(`^(?:(?:name|on|jobs|steps|env|with|permissions|contents|push|pull_request|workflow_dispatch|branches|run)\s*:.{0,24}|` +
	`runs-on:.*|uses: actions/(?:checkout|setup-\w+|cache)@.*|(?:main|master))$`)

// publishes reports whether a workflow publishes packages, images or releases.
func publishes(f workflow.File) bool {
	if starts(f, "release") {
		return true
	}
	for _, j := range f.Jobs {
		for _, s := range j.Steps {
			if publishing.MatchString(s.Uses) || publishCommand.MatchString(s.Run) ||
				slices.ContainsFunc(s.Exits, func(x workflow.Exit) bool { return x.Way == script.Registry }) {
				return true
			}
		}
	}
	return false
}

var (
	publishing = regexp.MustCompile(`(?i)^(?:pypa/gh-action-pypi-publish|js-devtools/npm-publish|goreleaser/goreleaser-action|softprops/action-gh-release|` +
		`ncipollo/release-action|actions/create-release|rubygems/release-gem|docker/build-push-action|changesets/action|google-github-actions/release-please-action|` +
		`googleapis/release-please-action|katyo/publish-crates|semantic-release)`)
	publishCommand = regexp.MustCompile(`\b(?:twine upload|(?:npm|pnpm|yarn|cargo|poetry|uv|flit|hatch|lerna|vsce|ovsx) publish|gem push|docker push|nuget push|` +
		`semantic-release|goreleaser release|gh release (?:create|upload)|mvn [^\n]*\bdeploy\b|gradlew? [^\n]*\bpublish)`)
)
