// Package changed answers what an analysis concludes otherwise than the one before it: after an indicator was added to a pack, after more was collected,
// after somebody declared something.
//
// It takes the conclusions that a case held before it was analysed anew and those that it holds after, and gives what came, went and became otherwise.
// Conclusions are compared by what they are about (a version in a repository, a window of a secret), never by their ids, which derive from bounds that
// more facts narrow. Two analyses of the same facts by the same packs differ in nothing.
//
// It does not conclude why: facts, packs, statements and the program itself may all have changed.
package changed

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// Kind of a conclusion, in the order in which they are told.
type Kind string

// Kinds.
const (
	Repository Kind = "repository" // its state
	Finding    Kind = "finding"    // a malicious version at a path, and the rules that hit it
	Commit     Kind = "commit"     // a commit of a campaign or against it, and its role
	Presence   Kind = "presence"   // a version on a ref, and whether it is armed or gone
	Run        Kind = "run"        // an attempt of a run, and how far it got
	Window     Kind = "window"     // a secret, and whether it can be misused still
	Link       Kind = "link"       // which credential a secret is, and how sure that is
	Verdict    Kind = "verdict"    // what logs say of use in a window, and by which rule
	Release    Kind = "release"    // a release in a window, and whether it is explained
	Family     Kind = "family"     // versions of one shape, and how many
	Proposal   Kind = "proposal"   // a proposed indicator, and how sure it is
)

// Kinds lists them in order.
var Kinds = []Kind{Repository, Finding, Commit, Presence, Run, Link, Window, Verdict, Release, Family, Proposal}

// about is what a conclusion is about. Repository is empty where it is about the case.
type about struct {
	kind       Kind
	repository evidence.Repository
	subject    string
}

// Conclusions are what a case held at one time. The zero value is a case that nobody has analysed.
type Conclusions struct {
	Analysed bool
	says     map[about]string
}

// Change is one conclusion that is another than before. From is empty for what came, To for what went. Subjects and values hold what attackers
// wrote: escape and defang them.
type Change struct {
	Kind       Kind
	Repository evidence.Repository
	Subject    string
	From, To   string
}

// questions give repository, subject and value of every conclusion of a kind. What rows say that are about the same thing is joined, in the order of
// its text: that of the rows may change with bounds and ids.
var questions = map[Kind]string{
	Repository: `SELECT r.name, '', v.state FROM repository_verdict v JOIN repository r ON r.id = v.repository`,
	Finding: `SELECT r.name, p.path || ' ' || substr(f.blob, 1, 12),
		ifnull((SELECT group_concat(rule, ' ' ORDER BY rule) FROM (SELECT json_extract(value, '$.Rule') AS rule FROM json_each(f.hits)
			UNION SELECT k.rule FROM finding_context k WHERE k.blob = f.blob AND k.repository = r.id AND k.path = p.path)), 'no rule')
		FROM finding f JOIN finding_place p ON p.blob = f.blob JOIN repository r ON r.id = p.repository`,
	Commit: `SELECT r.name, substr(k.oid, 1, 12) || CASE k.path WHEN '' THEN '' ELSE ' ' || k.path END, k.role
		FROM campaign_commit k JOIN repository r ON r.id = k.repository`,
	Presence: `SELECT r.name, ifnull(p.ref, 'no ref that can be named') || ' ' || p.path,
		p.state || CASE WHEN p.gone THEN ', gone by ' || p.how ELSE ', there' END || CASE p.armed WHEN 'no' THEN '' ELSE ', ' || p.armed END
		FROM presence p JOIN repository r ON r.id = p.repository`,
	Run: `SELECT r.name, 'run ' || e.run_id || ' attempt ' || e.attempt, e.ladder
		FROM execution e JOIN repository r ON r.id = e.repository`,
	Window: `SELECT r.name, trim(w.secret || ' ' || w.credential || ' ' || w.project) || CASE WHEN w.value > 1 THEN ', value ' || w.value ELSE '' END,
		w.state || ', ' || w.execution
		FROM exposure_window w JOIN repository r ON r.id = w.repository`,
	Link: `SELECT r.name, trim(l.secret || ' ' || CASE l.credential WHEN '' THEN 'unlinked' ELSE l.credential END || ' ' || l.project), l.confidence
		FROM link l JOIN repository r ON r.id = l.repository`,
	Verdict: `SELECT r.name, trim(w.secret || ' ' || w.credential || ' ' || w.project) || CASE WHEN w.value > 1 THEN ', value ' || w.value ELSE '' END, v.verdict || ', ' || v.rule
		FROM window_verdict v JOIN exposure_window w ON w.id = v.window JOIN repository r ON r.id = w.repository`,
	Release: `SELECT r.name, x.release, x.state FROM window_release x JOIN exposure_window w ON w.id = x.window JOIN repository r ON r.id = w.repository`,
	Family: `SELECT '', f.id, (SELECT sum(found) || ' found, ' || sum(1 - found) || ' relatives' FROM family_member m WHERE m.family = f.id)
		|| ', ' || json_array_length(f.repositories) || ' repositories' FROM family f`,
	Proposal: `SELECT '', p.kind || ' ' || p.value, p.confidence || CASE WHEN p.everyday THEN ', everyday' ELSE '' END FROM proposal p`,
}

// Read takes the conclusions that the case holds now.
func Read(ctx context.Context, c *casefile.Case) (Conclusions, error) {
	out := Conclusions{says: map[about]string{}}
	version, _, err := c.Analysed(ctx)
	if err != nil || version == "" {
		return out, err
	}
	out.Analysed = true
	for _, kind := range Kinds {
		err := c.Each(ctx, "SELECT * FROM ("+questions[kind]+") ORDER BY 3", nil, func(scan func(...any) error) error {
			a, value := about{kind: kind}, ""
			if err := scan(&a.repository, &a.subject, &value); err != nil {
				return err
			}
			if have, again := out.says[a]; again {
				value = have + "; " + value
			}
			out.says[a] = value
			return nil
		})
		if err != nil {
			return out, fmt.Errorf("read conclusions about each %s: %w", kind, err)
		}
	}
	return out, nil
}

// Compare lists what is otherwise, by kind, repository and subject. Where either was never analysed there is nothing to compare.
func Compare(before, after Conclusions) []Change {
	if !before.Analysed || !after.Analysed {
		return nil
	}
	var out []Change
	for a, from := range before.says {
		if to := after.says[a]; to != from {
			out = append(out, Change{a.kind, a.repository, a.subject, from, to})
		}
	}
	for a, to := range after.says {
		if _, there := before.says[a]; !there {
			out = append(out, Change{a.kind, a.repository, a.subject, "", to})
		}
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(a.Repository.Key(), b.Repository.Key()),
			cmp.Compare(a.Subject, b.Subject))
	})
	return out
}

// MaxLines bounds the lines of one kind that [Lines] tells one by one: what a person reads at a glance.
const MaxLines = 12

// Lines tells changes to a person, some lines for each kind. Show makes a subject or a value fit to be printed.
func Lines(changes []Change, show func(string) string) []string {
	var out []string
	for _, kind := range Kinds {
		var of []Change
		for _, c := range changes {
			if c.Kind == kind {
				of = append(of, c)
			}
		}
		if kind == Finding {
			out = append(out, findings(of)...)
			continue
		}
		for _, c := range of[:min(len(of), MaxLines)] {
			out = append(out, line(c, show))
		}
		if more := len(of) - MaxLines; more > 0 {
			out = append(out, fmt.Sprintf("  and %d more of kind %s", more, kind))
		}
	}
	return out
}

func line(c Change, show func(string) string) string {
	words := []string{string(c.Kind)}
	if c.Kind == Repository {
		words = nil
	}
	if c.Repository != "" {
		words = append(words, string(c.Repository))
	}
	for part := range strings.FieldsSeq(c.Subject) {
		words = append(words, show(part))
	}
	what := strings.Join(words, " ")
	switch {
	case c.From == "":
		return "+ " + what + ": " + show(c.To)
	case c.To == "":
		return "- " + what + ": was " + show(c.From)
	}
	return "~ " + what + ": " + show(c.From) + " -> " + show(c.To)
}

// findings tells them by the rules that hit: one line for each set of rules that came, went or replaced another.
func findings(changes []Change) []string {
	type move struct {
		from, to string
		kept     bool // a finding before and after
	}
	versions, repos, order := map[move]int{}, map[move]map[evidence.Repository]bool{}, []move{}
	for _, c := range changes {
		m := move{rulesNotIn(c.From, c.To), rulesNotIn(c.To, c.From), c.From != "" && c.To != ""}
		if repos[m] == nil {
			repos[m] = map[evidence.Repository]bool{}
			order = append(order, m)
		}
		versions[m]++
		repos[m][c.Repository] = true
	}
	slices.SortStableFunc(order, func(a, b move) int {
		return cmp.Or(cmp.Compare(versions[b], versions[a]), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	var out []string
	for _, m := range order[:min(len(order), MaxLines)] {
		what := fmt.Sprintf("%d finding(s) in %d repositories", versions[m], len(repos[m]))
		switch {
		case m.kept && m.from == "":
			out = append(out, "~ "+what+": now by "+m.to+" as well")
		case m.kept && m.to == "":
			out = append(out, "~ "+what+": no longer by "+m.from)
		case m.kept:
			out = append(out, "~ "+what+": now by "+m.to+", no longer by "+m.from)
		case m.from == "":
			out = append(out, "+ "+what+" by "+m.to)
		default:
			out = append(out, "- "+what+", were by "+m.from)
		}
	}
	if more := len(order) - MaxLines; more > 0 {
		out = append(out, fmt.Sprintf("  and %d more sets of rules", more))
	}
	return out
}

// rulesNotIn are the rules of one list that another has not.
func rulesNotIn(list, other string) string {
	has := strings.Fields(other)
	return strings.Join(slices.DeleteFunc(strings.Fields(list), func(rule string) bool { return slices.Contains(has, rule) }), " ")
}
