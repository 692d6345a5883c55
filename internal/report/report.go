// Package report says in one document what a case shows and what it could not see: as a page, as Markdown and as JSON, from the same rows.
// It concludes nothing: every row is a named query's.
package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/answer"
	"pentimento/internal/casefile"
	"pentimento/internal/exposure"
	"pentimento/internal/verdict"
)

// Report is everything that the documents show. Rows of a repository stand in the order of their queries.
type Report struct {
	Case         Case          `json:"case"`
	Summary      Summary       `json:"summary"`
	Findings     []answer.Row  `json:"findings"`
	Families     []answer.Row  `json:"families"`
	Exposed      []answer.Row  `json:"exposed"`
	Repositories []*Repository `json:"repositories"`
}

// verdictWords are the verdicts in precedence.
var verdictWords = []string{verdict.Suspicious, verdict.Unexplained, verdict.Unknown, verdict.Consistent, verdict.NoneSeen}

// Case is where the report comes from. Times are RFC 3339, UTC.
type Case struct {
	Now      string   `json:"now"`
	Since    *string  `json:"since"` // null: unbounded
	Until    *string  `json:"until"`
	MadeBy   string   `json:"made_by"`
	Analysed string   `json:"analysed_by"`
	Current  bool     `json:"current"` // the analysis is of all facts that the case holds
	Packs    []string `json:"packs"`
}

// Summary counts rows; what is unknown is counted as that.
type Summary struct {
	Repositories int     `json:"repositories"`
	States       []Count `json:"states"`
	Commits      int     `json:"campaign_commits"`
	Days         []Count `json:"pushed_by_day"` // by the earlier bound, UTC; "unknown" last
	Windows      int     `json:"windows"`
	Open         int     `json:"windows_not_closed"`
	Verdicts     []Count `json:"verdicts"`
	Gaps         int     `json:"gaps"`
	Blind        int     `json:"repositories_with_gaps"`
}

// Count is how many rows have a value.
type Count struct {
	Is string `json:"is"`
	N  int    `json:"n"`
}

// Repository is one repository with the rows of each query that are about it.
type Repository struct {
	Name     string       `json:"name"`
	State    string       `json:"state"`
	Row      answer.Row   `json:"row"`
	Commits  []answer.Row `json:"commits"`
	Presence []answer.Row `json:"presence"`
	Runs     []answer.Row `json:"runs"`
	Windows  []answer.Row `json:"windows"`
	Verdicts []answer.Row `json:"verdicts"`
	Releases []answer.Row `json:"releases"`
	Uses     []answer.Row `json:"uses"`
	Rotate   []answer.Row `json:"rotate"`
	Gaps     []answer.Row `json:"gaps"`
}

// Open counts windows that nothing shows closed.
func (r *Repository) Open() int { return len(r.open()) }

func (r *Repository) open() []answer.Row {
	var out []answer.Row
	for _, w := range r.Windows {
		if exposure.Exposes(w.Text("state")) {
			out = append(out, w)
		}
	}
	return out
}

// Worst is the gravest verdict on the windows; empty where there is none.
func (r *Repository) Worst() string {
	worst := len(verdictWords)
	for _, w := range r.Windows {
		if i := slices.Index(verdictWords, w.Text("verdict")); i >= 0 {
			worst = min(worst, i)
		}
	}
	if worst == len(verdictWords) {
		return ""
	}
	return verdictWords[worst]
}

// parts are the queries whose rows belong to one repository, and the columns that the documents read by name.
var parts = []struct {
	query string
	needs string
	of    func(*Repository) *[]answer.Row
}{
	{"commits", "sha role path committed_at pushed_not_before pushed_not_after recovered evidence", func(r *Repository) *[]answer.Row { return &r.Commits }},
	{"presence", "ref path state armed gone how as_of added_not_before added_not_before_clock added_not_after added_not_after_clock removed_not_before removed_not_before_clock removed_not_after removed_not_after_clock",
		func(r *Repository) *[]answer.Row { return &r.Presence }},
	{"runs", "run_id attempt event ref path created_at execution reason leaked_not_before leaked_not_after evidence", func(r *Repository) *[]answer.Row { return &r.Runs }},
	{"windows", "id secret credential project value state execution verdict reason opened_not_before opened_not_before_clock opened_not_after opened_not_after_clock closed_not_before closed_not_before_clock closed_not_after closed_not_after_clock evidence",
		func(r *Repository) *[]answer.Row { return &r.Windows }},
	{"verdicts", "window verdict rule reason through blind evidence", func(r *Repository) *[]answer.Row { return &r.Verdicts }},
	{"releases", "release at state for against evidence", func(r *Repository) *[]answer.Row { return &r.Releases }},
	{"uses", "at judged rule action address credential secret part evidence", func(r *Repository) *[]answer.Row { return &r.Uses }},
	{"rotate", "place kind secret credential execution what reason evidence", func(r *Repository) *[]answer.Row { return &r.Rotate }},
	{"gaps", "id unit kind subject detail hint", func(r *Repository) *[]answer.Row { return &r.Gaps }},
}

// Read asks the queries and puts their rows together.
func Read(ctx context.Context, c *casefile.Case) (*Report, error) {
	r := &Report{}
	if err := r.readCase(ctx, c); err != nil {
		return nil, err
	}
	repos, err := answer.Of(ctx, c, "repos", "repository", "state", "as_of", "reason", "executed_runs")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	byName := map[string]*Repository{}
	for _, row := range repos.Rows {
		one := &Repository{Name: row.Text("repository"), State: cmp.Or(row.Text("state"), exposure.RepoUnknown), Row: row}
		r.Repositories, byName[one.Name] = append(r.Repositories, one), one
	}
	for _, p := range parts {
		set, err := answer.Of(ctx, c, p.query, append(strings.Fields(p.needs), "repository")...)
		if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		for _, row := range set.Rows {
			if one := byName[row.Text("repository")]; one != nil {
				list := p.of(one)
				*list = append(*list, row)
			}
		}
	}
	for name, list := range map[string]*[]answer.Row{"findings": &r.Findings, "families": &r.Families, "exposed": &r.Exposed} {
		set, err := answer.Of(ctx, c, name)
		if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		*list = set.Rows
	}
	r.summarise()
	return r, nil
}

func (r *Report) readCase(ctx context.Context, c *casefile.Case) error {
	info, err := c.Info(ctx)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	const layout = "2006-01-02T15:04:05Z"
	r.Case = Case{Now: info.Now.UTC().Format(layout), MadeBy: info.Version, Packs: []string{}}
	if !info.Since.IsZero() {
		r.Case.Since = new(info.Since.UTC().Format(layout))
	}
	if !info.Until.IsZero() {
		r.Case.Until = new(info.Until.UTC().Format(layout))
	}
	if r.Case.Analysed, r.Case.Current, err = c.Analysed(ctx); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	err = c.Packs(ctx, func(name string, _ []byte) error {
		r.Case.Packs = append(r.Case.Packs, name)
		return nil
	})
	slices.Sort(r.Case.Packs)
	return err
}

func (r *Report) summarise() {
	s := &r.Summary
	states, verdicts, days := map[string]int{}, map[string]int{}, map[string]int{}
	for _, one := range r.Repositories {
		s.Repositories++
		states[one.State]++
		s.Windows += len(one.Windows)
		s.Open += one.Open()
		s.Gaps += len(one.Gaps)
		if len(one.Gaps) > 0 {
			s.Blind++
		}
		for _, w := range one.Windows {
			verdicts[cmp.Or(w.Text("verdict"), "unknown")]++
		}
		for _, k := range one.Commits {
			s.Commits++
			day, _, _ := strings.Cut(cmp.Or(k.Text("pushed_not_before"), k.Text("pushed_not_after"), "unknown"), "T")
			days[day]++
		}
	}
	s.States, s.Days = counted(states, nil), counted(days, nil)
	s.Verdicts = counted(verdicts, verdictWords)
}

// counted lists counts in the given order, else by name; digits sort before "unknown".
func counted(of map[string]int, order []string) []Count {
	out := []Count{}
	for is, n := range of {
		out = append(out, Count{is, n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Is), slices.Index(order, b.Is)), cmp.Compare(a.Is, b.Is))
	})
	return out
}
