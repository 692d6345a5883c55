package campaign

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pentimento/internal/script"
	"pentimento/internal/workflow"
)

// Exits narrows by which way secrets leave a job, other than to a host. The zero Exits is any secret by any way.
type Exits struct {
	Way     string `yaml:"way"`     // log, artifact, cache, comment, repository, registry; empty for any
	Secrets int    `yaml:"secrets"` // at least so many different secrets; "every secret" is enough for any number
	All     bool   `yaml:"all"`     // every secret that the repository has, at once
	Encoded bool   `yaml:"encoded"` // they went through an encoding first, which defeats the masking of logs
	Target  string `yaml:"target"`  // pattern of the artifact's name, the issue, the remote, as path.Match takes it
	// Token is "none" where the job's own token does not count as a secret, "only" where nothing else does.
	Token string `yaml:"token"`
}

// Spoils narrows what is gathered that is worth stealing and bears no secret's name: see [script.Loot].
type Spoils struct {
	Kinds []string `yaml:"kinds"` // any of environment, history, memory, files, context, metadata, identity; empty for any
	// Leaves is how a step lets it out: "network", a way of [Exits], or "any" of these. Empty: it is gathered, whether or not it is seen to leave.
	Leaves  string `yaml:"leaves"`
	Encoded bool   `yaml:"encoded"` // with Leaves: it went through an encoding first
	Hidden  bool   `yaml:"hidden"`  // with Leaves "network": see [Flow]
	To      string `yaml:"to"`      // with Leaves "network": see [Flow]
}

// Hidden narrows the text that a script runs and that does not stand in it as it is. The zero Hidden is any such text.
type Hidden struct {
	Encoded  bool     `yaml:"encoded"`  // it stands in the script encoded
	Decoded  bool     `yaml:"decoded"`  // what it says could be read: it is no text that is known at run time only
	Fetched  bool     `yaml:"fetched"`  // it comes from a host and runs unseen
	To       string   `yaml:"to"`       // with Fetched: whence, in the words of [Flow] that tell of hosts: address, listed, outside, foreign, drop
	Contains []string `yaml:"contains"` // literal texts, of which the decoded text holds one
	// With is what the step that runs it does besides, as far as the decoded text tells: "secrets", it can read one; "network", it talks to a
	// host; "loot", it gathers some.
	With string `yaml:"with"`
}

func (s subject) exits(e Exits) (why string, lines []int, ok bool) {
	count, every := 0, false
	for step := range s.file.Steps() {
		for _, x := range step.Exits {
			n, all := e.counts(x)
			if (n >= max(e.Secrets, 1) && !e.All || all) && e.fits(x) {
				lines = append(lines, x.Line)
				count, every = max(count, n), every || all
			}
		}
	}
	what := fmt.Sprintf("%d of the secrets", count)
	switch {
	case every:
		what = "every secret"
	case e.Token == "only":
		what = "the job's own token"
	}
	if e.Encoded {
		what += ", encoded,"
	}
	return what + " taken out " + by(e.Way), lines, len(lines) > 0
}

func (e Exits) counts(x workflow.Exit) (n int, all bool) {
	for _, name := range x.Secrets {
		if own := name == jobToken; e.Token == "" || (e.Token == "only") == own {
			n++
		}
	}
	return n, e.Token != "only" && slices.Contains(x.Secrets, everySecret)
}

func (e Exits) fits(x workflow.Exit) bool {
	if e.Way != "" && string(x.Way) != e.Way || e.Encoded && len(x.Encodings) == 0 {
		return false
	}
	named, err := path.Match(e.Target, x.Target)
	return e.Target == "" || err == nil && named
}

// by names a way out.
func by(way string) string {
	switch way {
	case "":
		return "by another way than to a host"
	case "log":
		return "into the log"
	case "cache":
		return "into the cache"
	case "artifact":
		return "in an artifact"
	case "comment":
		return "through GitHub's own API"
	case "network":
		return "to a host"
	case "any":
		return "of the job"
	}
	return "into a " + way
}

var handings = []string{"", "written", "inherited"}

// handsAll: a workflow of the same repository stands at a path from its root ("./", or "$/" in files of public repositories).
func handsAll(j workflow.Job, how string) bool {
	return j.Uses != "" && !strings.HasPrefix(j.Uses, "./") && !strings.HasPrefix(j.Uses, "$/") && slices.ContainsFunc(j.Secrets, func(r workflow.SecretRef) bool {
		return r.All() && (r.Form == "inherit") == (how == "inherited")
	})
}

func (s subject) loot(l Spoils) (why string, lines []int, ok bool) {
	wanted := func(list []workflow.Loot) bool {
		return slices.ContainsFunc(list, func(x workflow.Loot) bool { return len(l.Kinds) == 0 || slices.Contains(l.Kinds, string(x)) })
	}
	kinds := strings.Join(l.Kinds, " or ")
	if kinds == "" {
		kinds = "what is worth stealing"
	}
	for step := range s.file.Steps() {
		if l.Leaves == "" && wanted(step.Loot) {
			lines = append(lines, step.Line)
		}
		for _, d := range step.Destinations {
			f := Flow{Encoded: l.Encoded, Hidden: l.Hidden, To: l.To}
			if wanted(d.Loot) && (l.Leaves == "" || l.Leaves == "any" || l.Leaves == "network") && s.reaches(d, f) {
				lines = append(lines, d.Line)
			}
		}
		for _, x := range step.Exits {
			if wanted(x.Loot) && (l.Leaves == "" || l.Leaves == "any" || l.Leaves == string(x.Way)) && (!l.Encoded || len(x.Encodings) > 0) {
				lines = append(lines, x.Line)
			}
		}
	}
	if l.Leaves == "" {
		return "gathers " + kinds, lines, len(lines) > 0
	}
	return kinds + " taken out " + by(l.Leaves), lines, len(lines) > 0
}

func (s subject) payload(h Hidden) (why string, lines []int, ok bool) {
	for step := range s.file.Steps() {
		for _, p := range step.Payloads {
			if s.hides(h, p) && with(h.With, step) {
				lines = append(lines, p.Line)
			}
		}
	}
	switch {
	case h.Fetched:
		return "what a host gives is run unseen", lines, len(lines) > 0
	case h.Encoded:
		return "encoded text is decoded and run", lines, len(lines) > 0
	}
	return "text that does not stand in the script is run", lines, len(lines) > 0
}

func (s subject) hides(h Hidden, p workflow.Payload) bool {
	if h.Encoded && len(p.Encodings) == 0 || h.Fetched && !p.Fetched || h.Decoded && p.Text == "" {
		return false
	}
	if h.To != "" && !s.reaches(workflow.Destination{Host: p.Host, Computed: p.Host == ""}, Flow{To: h.To}) {
		return false
	}
	return len(h.Contains) == 0 || slices.ContainsFunc(h.Contains, func(t string) bool { return strings.Contains(p.Text, t) })
}

func with(what string, step workflow.Step) bool {
	switch what {
	case "secrets":
		return slices.ContainsFunc(step.Secrets, func(r workflow.SecretRef) bool { return r.Name != jobToken })
	case "network":
		return slices.ContainsFunc(step.Destinations, func(d workflow.Destination) bool { return d.Program != "with" })
	case "loot":
		return len(step.Loot) > 0
	}
	return true
}

var (
	ways      = []string{string(script.Log), string(script.Artifact), string(script.Cache), string(script.Comment), string(script.Repository), string(script.Registry)}
	lootKinds = []string{string(script.Environment), string(script.History), string(script.Memory), string(script.Files), string(script.Context),
		string(script.Metadata), string(script.Identity)}
	lootLeaves = append([]string{"", "network", "any"}, ways...)
	payloadTo  = []string{"", "address", "listed", "outside", "foreign", "drop"}
	payloadsDo = []string{"", "secrets", "network", "loot"}
	tokens     = []string{"", "none", "only"}
)
