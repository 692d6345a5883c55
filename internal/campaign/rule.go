package campaign

import (
	"slices"
	"strings"

	"pentimento/internal/script"
	"pentimento/internal/workflow"
)

// Rule says when a file is malicious: all conditions of All hold, one of Any where there is one, and none of None. Severity is what it would mean
// if true, confidence how sure the rule is: they are kept apart. A rule with a Context holds only in repositories where that does: it depends
// on what the repository did before the file came.
type Rule struct {
	ID          string      `yaml:"id"`
	Description string      `yaml:"description"`
	Severity    string      `yaml:"severity"`
	Confidence  string      `yaml:"confidence"`
	All         []Condition `yaml:"all"`
	Any         []Condition `yaml:"any"`
	None        []Condition `yaml:"none"`
	Context     Context     `yaml:"context"`
	// OnlyInWaves says that the file is the victim's own and does harm only while a wave of the pack lasts, such as one that uses an action whose
	// tags were moved for some hours: nothing that happened at other times is of the campaign.
	OnlyInWaves bool `yaml:"only_in_waves"`
}

// Severities and confidences, weakest first.
var (
	Severities  = []string{"low", "medium", "high", "critical"}
	Confidences = []string{"low", "medium", "high"}
)

// Condition is one test of a file; exactly one field is set.
type Condition struct {
	// Indicator holds when one of the pack's indicators of the kind does: path, workflow_name, job_id, host, url_part, body_marker;
	// own_path, own_workflow_name and own_job_id leave out the everyday ones; uses, runner_label, artifact, file_hash.
	Indicator string `yaml:"indicator"`
	// Indicators holds when each kind of the list does.
	Indicators []string `yaml:"indicators"`

	Path            string `yaml:"path"`
	WorkflowName    string `yaml:"workflow_name"`
	JobID           string `yaml:"job_id"`
	Host            string `yaml:"host"`
	Text            string `yaml:"text"`             // literal text in the file
	StepText        string `yaml:"step_text"`        // literal text in the script of a step, as written
	Event           string `yaml:"event"`            // an event of the on section; "push" also with filters
	OnlyEvent       string `yaml:"only_event"`       // the one event of the on section
	ReadsSecrets    bool   `yaml:"reads_secrets"`    // the file refers to a secret other than the job's own token
	RunsOn          string `yaml:"runs_on"`          // a label of a runner, whatever its case
	Program         string `yaml:"program"`          // a program that a script runs, without its path
	Permission      string `yaml:"permission"`       // SCOPE:LEVEL that a job states for its token, such as id-token:write; write-all gives every scope
	Uses            string `yaml:"uses"`             // an action or reusable workflow: OWNER/REPO[/PATH], any version, or with @REF that one
	ActionRef       string `yaml:"action_ref"`       // a version at which any action or reusable workflow is used: a commit, a tag
	OtherAction     string `yaml:"other_action"`     // uses an action or workflow of another repository: at a "commit", written in full, or by a "name", a tag or branch
	RegistersRunner bool   `yaml:"registers_runner"` // a script registers or starts a self-hosted runner
	HiddenHost      bool   `yaml:"hidden_host"`      // a host that a script talks to stands there in pieces or encoded

	// HandsAll holds when a job hands every secret to a workflow of a repository, which this file names: "written", as one value (toJSON(secrets));
	// "inherited", by secrets: inherit, as those do who keep their workflows in one place.
	HandsAll string `yaml:"hands_all"`

	// SecretToNetwork holds when one command sends secrets to a host.
	SecretToNetwork *Flow `yaml:"secret_to_network"`
	// BodyToNetwork holds when a command sends a body to a host, whatever is in it.
	BodyToNetwork *Flow `yaml:"body_to_network"`
	// HistoryToNetwork holds when one job reads the contents of past commits and sends a body to a host.
	HistoryToNetwork *Flow `yaml:"history_to_network"`
	// SecretExits holds when one command or action takes secrets out by another way than to a host.
	SecretExits *Exits `yaml:"secret_exits"`
	// Loot holds when a step gathers, or lets out, what is worth stealing and bears no secret's name.
	Loot *Spoils `yaml:"loot"`
	// Payload holds when a script runs text that does not stand in it as it is.
	Payload *Hidden `yaml:"payload"`
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
	for _, c := range r.None {
		if _, _, ok := s.holds(c); ok && found {
			return Match{}, false
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
	case c.OnlyEvent != "":
		return "started by " + c.OnlyEvent + " alone", nil, onlyEvent(s.file, c.OnlyEvent)
	case c.ReadsSecrets:
		return "secrets are read", nil, ReadsSecrets(s.file)
	case c.BodyToNetwork != nil:
		return s.bodyFlow(*c.BodyToNetwork)
	case c.SecretToNetwork != nil:
		return s.secretFlow(*c.SecretToNetwork)
	case c.HistoryToNetwork != nil:
		return s.historyFlow(*c.HistoryToNetwork)
	case c.SecretExits != nil:
		return s.exits(*c.SecretExits)
	case c.Loot != nil:
		return s.loot(*c.Loot)
	case c.Payload != nil:
		return s.payload(*c.Payload)
	}
	return s.step(c)
}

// step tests the conditions that hold for single jobs and steps.
func (s subject) step(c Condition) (why string, lines []int, ok bool) {
	switch {
	case c.StepText != "":
		return s.steps("text of a script that the rule names", func(x workflow.Step) bool { return strings.Contains(x.Run, c.StepText) })
	case c.Program != "":
		return s.steps("runs "+c.Program, func(x workflow.Step) bool { return slices.Contains(x.Programs, c.Program) })
	case c.RegistersRunner:
		return s.steps("a self-hosted runner is registered or started", func(x workflow.Step) bool { return x.Registers })
	case c.HiddenHost:
		for _, d := range s.file.Destinations {
			if d.Hidden {
				lines = append(lines, d.Line)
			}
		}
		return "a host stands in the script in pieces or encoded", lines, len(lines) > 0
	case c.RunsOn != "":
		return s.jobs("runs on a runner that the rule names", func(j workflow.Job) bool {
			return slices.ContainsFunc(j.RunsOn, func(l string) bool { return strings.EqualFold(l, c.RunsOn) })
		})
	case c.Permission != "":
		return s.jobs("the job's token has "+c.Permission, func(j workflow.Job) bool { return permits(j.Permissions, c.Permission) })
	case c.HandsAll != "":
		return s.jobs("hands every secret to a reusable workflow of another repository", func(j workflow.Job) bool { return handsAll(j, c.HandsAll) })
	case c.Uses != "":
		return s.uses("uses an action that the rule names", func(used string) bool { return sameAction(used, c.Uses) })
	case c.OtherAction != "":
		return s.uses(otherActions[c.OtherAction], func(used string) bool { return othersAction(used, c.OtherAction) })
	case c.ActionRef != "":
		return s.uses("uses an action at a version that the rule names", func(used string) bool {
			_, ref, _ := strings.Cut(used, "@")
			return strings.EqualFold(ref, c.ActionRef)
		})
	}
	return "", nil, false
}

func onlyEvent(f workflow.File, event string) bool {
	return len(f.Triggers) > 0 && !slices.ContainsFunc(f.Triggers, func(t workflow.Trigger) bool { return t.Event != event })
}

// permits: a scope for itself, else what is said of all scopes.
func permits(p workflow.Permissions, wanted string) bool {
	scope, level, _ := strings.Cut(wanted, ":")
	have, named := p.Scopes[scope]
	if !named {
		have = p.Scopes["*"]
	}
	return p.Stated && (have == level || have == "write" && level == "read")
}

// sameAction compares OWNER/REPO[/PATH][@REF] as GitHub does: names without regard to case. Without a path any path of the repository fits,
// without a version any version.
func sameAction(used, wanted string) bool {
	used, ref, _ := strings.Cut(strings.ToLower(strings.TrimSpace(used)), "@")
	wanted, wantedRef, pinned := strings.Cut(strings.ToLower(wanted), "@")
	return (used == wanted || strings.HasPrefix(used, wanted+"/")) && (!pinned || ref == wantedRef)
}

// ReadsSecrets reports that a file refers to a secret other than the token that every job has.
func ReadsSecrets(f workflow.File) bool {
	return slices.ContainsFunc(f.Secrets, func(r workflow.SecretRef) bool { return r.Name != jobToken })
}

// jobToken is the token that every job has.
const jobToken = "GITHUB_TOKEN"

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
	case "uses":
		return s.uses("uses an action at a listed version", s.pack.KnowsUses)
	case "runner_label":
		return s.jobs("runs on a listed label", func(j workflow.Job) bool {
			return slices.ContainsFunc(j.RunsOn, func(l string) bool { return containsFold(in.RunnerLabels, l) })
		})
	case "artifact":
		return s.exit("an artifact of a listed name is uploaded", func(x workflow.Exit) bool {
			return x.Way == script.Artifact && slices.Contains(in.Artifacts, x.Target)
		})
	case "file_hash":
		return "listed hash of the file", nil, s.pack.KnowsFile([]byte(s.text))
	}
	return "", nil, false
}

func containsFold(list []string, wanted string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, wanted) })
}

func (s subject) exit(why string, fits func(workflow.Exit) bool) (string, []int, bool) {
	var lines []int
	for step := range s.file.Steps() {
		for _, x := range step.Exits {
			if fits(x) {
				lines = append(lines, x.Line)
			}
		}
	}
	return why, lines, len(lines) > 0
}

func (s subject) job(why string, ids []string) (string, []int, bool) {
	return s.jobs(why, func(j workflow.Job) bool { return slices.Contains(ids, j.ID) })
}

func (s subject) jobs(why string, fits func(workflow.Job) bool) (string, []int, bool) {
	var lines []int
	for _, j := range s.file.Jobs {
		if fits(j) {
			lines = append(lines, j.Line)
		}
	}
	return why, lines, len(lines) > 0
}

func (s subject) steps(why string, fits func(workflow.Step) bool) (string, []int, bool) {
	var lines []int
	for x := range s.file.Steps() {
		if fits(x) {
			lines = append(lines, x.Line)
		}
	}
	return why, lines, len(lines) > 0
}

// uses tests the actions of all steps and the reusable workflows of all jobs.
func (s subject) uses(why string, fits func(string) bool) (string, []int, bool) {
	_, called, _ := s.jobs(why, func(j workflow.Job) bool { return j.Uses != "" && fits(j.Uses) })
	_, lines, _ := s.steps(why, func(x workflow.Step) bool { return x.Uses != "" && fits(x.Uses) })
	lines = append(lines, called...)
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

var indicatorKinds = []string{"path", "own_path", "workflow_name", "own_workflow_name", "job_id", "own_job_id", "host", "url_part", "body_marker",
	"uses", "runner_label", "artifact", "file_hash"}
