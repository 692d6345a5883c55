// Package family answers which workflow versions come from one hand, whatever they steal and wherever they send it, and what in them would be
// worth knowing as an indicator.
//
// It takes the texts of versions with what detect says of them, the campaign commits of each repository, and the packs of the case. It gives
// families: versions that are the same once names, secrets, destinations, encoded text, numbers and comments are taken out, or nearly the same.
// A family forms around findings; a version that no rule hits and that shares its shape is a relative. From each family come proposals: what
// occurs in it and in no pack. The same input gives the same output in the same order.
//
// It does not conclude that a relative is malicious: it says why somebody should look. A proposal is no indicator until a person has put it into a
// pack. Files of one project are alike; likeness without a finding makes no family. Nor does a finding that rests on what one repository did before: what
// is news there is everyday where the same text has always stood, and a relative keeps its repository from being called clean. Where such a finding is
// like others it is found among them, with the reason. The owners' own files that use what a campaign had in its hands form none either.
package family

import (
	"cmp"
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// Trait is something in a version or a commit that could be an indicator.
type Trait struct {
	Kind  Kind
	Value string
}

// Kind of a trait, in the words of campaign packs.
type Kind string

// Kinds.
const (
	Host         Kind = "host"
	URLPart      Kind = "url_part"
	Path         Kind = "path"
	WorkflowName Kind = "workflow_name"
	JobID        Kind = "job_id"
	Artifact     Kind = "artifact"
	RunnerLabel  Kind = "runner_label"
	Message      Kind = "message" // first line of a commit message
	Author       Kind = "author"  // address of a commit's author
	Branch       Kind = "branch"  // a pattern of branch names
	Stamp        Kind = "stamp"   // a line that a commit adds to the README, with * for the time
)

func (t Trait) compare(o Trait) int {
	return cmp.Or(cmp.Compare(t.Kind, o.Kind), cmp.Compare(t.Value, o.Value))
}

// Shape is one version with what differs from victim to victim taken out.
type Shape struct {
	Skeleton uint64   // digest of the tokens, see [Skeleton]
	Tokens   int      // in the skeleton
	sketch   sketch   // of the tokens three by three and of what the file does; empty where nobody will ask
	cores    []uint64 // digests of the steps that take something out, sorted
	gists    []uint64 // of the same steps without flags, arguments and numbers
	outline  Outline
	blob     evidence.OID // whose shape it is, in a group
	traits   []Trait      // all, sorted
	leaky    []Trait      // those of traits that stand where something leaves
}

// Outline is what a version is made of, for people: sorted lists but for Steps, which are in the order of the file.
type Outline struct {
	Triggers []string
	Jobs     int
	Steps    []string // "run" or the action's name
	Programs []string
	Ways     []string // by which something leaves, "host" among them
	Loot     []string
}

// minTokens is the shortest skeleton that makes a relative: a name, an event, a job and one step that installs something or calls a hook with a token are
// 16 to 18 tokens, and thousands of files have these. telling is the one from which the same skeleton says that a file came from the same hand;
// files of campaigns have 31 and more, or are dumps that rules know.
const (
	minTokens = 20
	telling   = 24
)

// minCore is the shortest step that tells anything about its maker.
const minCore = 6

// Read takes the shape of a version. Leaks are the steps of a finding that leak; nil for a version that no rule hits, whose steps count where
// they take something out. Where suspect is false no more is kept than it takes to find it equal to another.
func Read(text []byte, paths []string, file workflow.File, leaks func(job string, step int) bool, suspect bool) Shape {
	tokens := Skeleton(text)
	s := Shape{Skeleton: digestOf(tokens), Tokens: len(tokens)}
	s.readTraits(paths, file, leaks)
	if !suspect {
		return s
	}
	s.outline = outlineOf(file)
	s.sketch = sketchOf(tokens, s.outline.words())
	for _, j := range file.Jobs {
		for _, st := range j.Steps {
			if takesOut(st) && (leaks == nil || leaks(j.ID, st.Index)) {
				core := coreOf(st)
				if len(core) >= minCore {
					s.cores = append(s.cores, digestOf(core))
				}
				if gist := gistOf(core); len(gist) > 1 {
					s.gists = append(s.gists, digestOf(gist))
				}
			}
		}
	}
	s.cores, s.gists = distinct(s.cores), distinct(s.gists)
	return s
}

// takesOut reports a step by which a secret or loot leaves, or text runs that nobody sees.
func takesOut(s workflow.Step) bool {
	return len(s.Exits) > 0 || len(s.Payloads) > 0 || len(s.Destinations) > 0 && (len(s.Secrets) > 0 || len(s.Loot) > 0 || s.ReadsHistory)
}

// coreOf is the skeleton of one step: what it runs, or the action it uses.
func coreOf(s workflow.Step) []string {
	if s.Run == "" {
		return nil
	}
	l := lexer{block: 0, command: true}
	for line := range strings.Lines(s.Run) {
		l.line(" " + strings.TrimSpace(line))
	}
	return collapse(l.out)
}

// gistOf is a step without what may be said in one way or another: flags, arguments, numbers.
func gistOf(core []string) []string {
	out := slices.DeleteFunc(slices.Clone(core), func(t string) bool {
		return strings.HasPrefix(t, "-") || t == tokArg || t == tokNumber || t == tokText
	})
	return collapse(out)
}

func outlineOf(file workflow.File) Outline {
	o := Outline{Jobs: len(file.Jobs)}
	for _, t := range file.Triggers {
		o.Triggers = append(o.Triggers, t.Event)
	}
	for _, j := range file.Jobs {
		for _, s := range j.Steps {
			step := "run"
			if s.Uses != "" {
				step = actionName(s.Uses)
			}
			o.Steps, o.Programs = append(o.Steps, step), append(o.Programs, s.Programs...)
			for _, d := range s.Destinations {
				o.Ways, o.Programs = append(o.Ways, "host"), append(o.Programs, d.Program)
			}
			for _, e := range s.Exits {
				o.Ways = append(o.Ways, string(e.Way))
			}
			for _, l := range s.Loot {
				o.Loot = append(o.Loot, string(l))
			}
			if s.ReadsHistory {
				o.Loot = append(o.Loot, "history")
			}
		}
	}
	o.Triggers, o.Programs, o.Ways, o.Loot = distinct(o.Triggers), distinct(o.Programs), distinct(o.Ways), distinct(o.Loot)
	return o
}

// words are the parts of an outline as they stand in a sketch: two files that do the same are nearer than two that only look alike.
func (o Outline) words() []string {
	var out []string
	for kind, list := range map[string][]string{"on ": o.Triggers, "program ": o.Programs, "way ": o.Ways, "loot ": o.Loot} {
		for _, x := range list {
			out = append(out, kind+x)
		}
	}
	return out
}

// readTraits lists what in the file could be an indicator. Names that an expression makes are none.
func (s *Shape) readTraits(paths []string, file workflow.File, leaks func(string, int) bool) {
	add := func(kind Kind, value string, leaky bool) {
		if value == "" || len(value) > maxTrait || strings.Contains(value, "${{") || strings.ContainsAny(value, "\n\r\x00") {
			return
		}
		s.traits = append(s.traits, Trait{kind, value})
		if leaky {
			s.leaky = append(s.leaky, Trait{kind, value})
		}
	}
	for _, p := range paths {
		add(Path, p, true)
	}
	add(WorkflowName, file.Name, true)
	for _, j := range file.Jobs {
		add(JobID, j.ID, true)
		for _, label := range j.RunsOn {
			add(RunnerLabel, label, !hostedLabel(label))
		}
		for _, st := range j.Steps {
			out := leaks != nil && leaks(j.ID, st.Index) || leaks == nil && takesOut(st)
			for _, d := range st.Destinations {
				add(Host, ownHost(d), out)
				add(URLPart, urlPart(d), out)
			}
			for _, e := range st.Exits {
				if e.Way == "artifact" {
					add(Artifact, e.Target, out)
				}
			}
		}
	}
	if len(file.Jobs) == 0 {
		for _, d := range file.Destinations {
			add(Host, ownHost(d), true)
		}
	}
	s.traits, s.leaky = sortedTraits(s.traits), sortedTraits(s.leaky)
}

// maxTrait is the longest text that makes an indicator: host names have 253 characters, file names 255.
const maxTrait = 255

// ownHost is a host that could be somebody's own: neither the runner and its network, nor what a pack would take for a pattern.
func ownHost(d workflow.Destination) string {
	if !campaign.Outside(d.Host) || strings.Contains(d.Host, "*") {
		return ""
	}
	return d.Host
}

// urlPart is what a URL has behind its host, up to the value of its last field: a receiver tells its senders apart by that. A path of one
// segment alone is none, many have it; nor is what a service's interface is called.
func urlPart(d workflow.Destination) string {
	_, rest, ok := strings.Cut(d.URL, "://")
	at := strings.IndexAny(rest, "/?")
	if !ok || at < 0 || d.Bare || ownHost(d) == "" || campaign.Service(d.Host) || strings.ContainsAny(rest, "$`\\") {
		return ""
	}
	part := rest[at:]
	if !strings.Contains(part, "?") && d.Depth < 2 {
		return ""
	}
	if i := strings.LastIndexByte(part, '='); i >= 0 && len(part)-i > 12 { // long values are made for each sender
		part = part[:i+1]
	}
	return part
}

// hostedLabel reports a label of GitHub's own runners, or one that anybody's runner has.
// https://docs.github.com/en/actions/reference/runners/self-hosted-runners
func hostedLabel(label string) bool {
	label = strings.ToLower(label)
	for _, system := range []string{"ubuntu", "windows", "macos", "self-hosted", "linux", "x64", "arm"} {
		if strings.HasPrefix(label, system) {
			return true
		}
	}
	return false
}

// known reports that a pack has a trait already.
func known(t Trait, packs []campaign.Pack) bool {
	return slices.ContainsFunc(packs, func(p campaign.Pack) bool {
		in := p.Indicators
		switch t.Kind {
		case Host:
			return p.KnowsHost(t.Value)
		case URLPart:
			return slices.ContainsFunc(in.URLParts, func(x string) bool { return strings.Contains(t.Value, x) })
		case Path:
			return p.KnowsPath(t.Value)
		case WorkflowName:
			return slices.Contains(in.WorkflowNames, t.Value)
		case JobID:
			return slices.Contains(in.JobIDs, t.Value)
		case Artifact:
			return slices.Contains(in.Artifacts, t.Value)
		case RunnerLabel:
			return slices.Contains(in.RunnerLabels, t.Value)
		case Message:
			return p.MessageRole(t.Value) != ""
		case Author:
			return p.KnowsAuthor(t.Value, t.Value)
		case Branch:
			return p.KnowsBranch(t.Value) || slices.Contains(in.Branches, t.Value)
		}
		return false
	})
}

func sortedTraits(list []Trait) []Trait {
	slices.SortFunc(list, Trait.compare)
	return slices.Compact(list)
}

func distinct[T cmp.Ordered](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// Version is a version with what was judged of it.
type Version struct {
	Blob       evidence.OID
	Campaign   string // of the finding; empty where only heuristics hit, or nothing
	Confidence string // the highest of the rules that hit; empty: none did
	Shape      Shape
}

// Found reports that a rule hit the version.
func (v Version) Found() bool { return v.Confidence != "" }

// confidences, weakest first: an unknown word counts for less than any.
var confidences = campaign.Confidences
