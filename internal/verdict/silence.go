package verdict

import (
	"cmp"
	"slices"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// telling says which logs of a provider must have been had whole before silence says anything, and what they cannot show even then. Of each group one
// log is enough. A log that stands nowhere here is the responder's own: it says what it covers.
type telling struct {
	groups  [][]string
	partial []string // of the provider too, and never enough
	blind   []string
	// recorded is what a time of last use cannot show.
	recorded []string
}

// tellings are by provider. Sources: pypi/warehouse (an upload that fails or repeats a file is rolled back, deleting a file deletes its events; macaroons
// and events know no failed attempt), GitHub docs "Reviewing the audit log" (git events are kept 7 days, API requests are streamed alone), AWS docs "CloudTrail
// events" and "Getting IAM access key last used"; rust-lang/crates.io models/action.rs and rubygems.org db/schema.rb (the key of a push) and
// app/models/version.rb (the actor of an event is the user); npm as in its documents.
var tellings = map[tokens.Provider]telling{
	tokens.PyPI: {
		groups:  [][]string{{"pypi/project_events", "pypi/journals"}},
		partial: []string{"pypi/user_events", "pypi/file_events", "pypi/organization_events", "pypi/team_events"},
		blind: []string{"events of uploads name no token: they are laid to the account", "an upload that fails, or that repeats a file that is there, leaves no trace: a thief can try a token unseen",
			"deleting a file deletes its events"},
		recorded: []string{"an upload that fails, or that repeats a file that is there, does not move it", "a later use overwrites an earlier one", "one of two uses at once may be skipped"},
	},
	tokens.GitHub: {
		groups: [][]string{{"github/audit", "github/security"}, {"github/git"}, {"github/api"}},
		blind: []string{"exports of the web interface leave out which token acted", "only what an organisation owns is in its log",
			"access over the web interface tells no token"},
		recorded: []string{"it is no more exact than a day", "a later use overwrites an earlier one"},
	},
	tokens.AWS: {
		groups:   [][]string{{"aws/cloudtrail"}},
		partial:  []string{"aws/cloudtrail-data"},
		blind:    []string{"reads and writes of data are logged only where the trail was told to", "what other accounts logged of the key is theirs"},
		recorded: []string{"a later use overwrites an earlier one", "only the first use of 15 minutes moves it", "a key that was deleted has none"},
	},
	tokens.NPM: {
		blind:    []string{"npm has no log of its own that can be had"},
		recorded: []string{"a later use overwrites an earlier one"},
	},
	tokens.DockerHub: {
		groups:   [][]string{{"dockerhub/audit"}},
		blind:    []string{"the log names no token: what the account did is laid to it", "pulls are not in it"},
		recorded: []string{"a later use overwrites an earlier one"},
	},
	tokens.Cloudflare: {
		groups:   [][]string{{"cloudflare/audit-v2"}},
		partial:  []string{"cloudflare/audit"}, // version 1 names the token that acted seldom or never
		blind:    []string{"reads are not in the log"},
		recorded: []string{"a later use overwrites an earlier one"},
	},
	tokens.Crates: {
		groups:   [][]string{{"crates/version_owner_actions"}},
		partial:  []string{"crates/audit_actions"}, // names no token
		blind:    []string{"only what was published, yanked and unyanked is in the table: an attempt that failed leaves no trace there"},
		recorded: []string{"a later use overwrites an earlier one"},
	},
	tokens.RubyGems: {
		groups:   [][]string{{"rubygems/versions"}},
		partial:  []string{"rubygems/rubygem_events", "rubygems/user_events", "rubygems/organization_events"}, // their actor is the user, never the key
		blind:    []string{"only pushes name their key: an attempt that failed, a yank or a change of owners leaves no trace of it"},
		recorded: []string{"a later use overwrites an earlier one"},
	},
}

// anyLog stands in front of what a responder's own log cannot show.
var anyLog = []string{"only what the log's owner says of its coverage stands behind its silence"}

// others are logs of no provider's credentials: requests without a name.
var others = []string{"web/access"}

// covered is what is known of the logs over a window.
type covered struct {
	whole    bool
	through  time.Time
	evidence []string
	blind    []string
	lacking  string // why not, as a clause
}

// slack is how old a log may be when the case was made, while its window is not closed: nobody can export and judge in one instant.
const slack = 24 * time.Hour

// coverage finds whether the logs of the window's provider were had whole over it: from its first possible instant, or the making of the credential, to
// its last, or the case's now.
func (v *view) coverage() covered {
	l := v.window.Link
	from, to := v.span()
	if from.IsZero() {
		return covered{lacking: "nobody knows since when it could be misused"}
	}
	told := tellings[l.Provider]
	of := map[string][]casefile.LogCoverage{}
	var own []casefile.LogCoverage
	passed := false
	for i := range v.Coverage {
		c := &v.Coverage[i]
		if c.Provider != l.Provider || !v.about(c) {
			continue
		}
		if !v.tells(c) {
			passed = true
			continue
		}
		switch {
		case slices.ContainsFunc(told.groups, func(g []string) bool { return slices.Contains(g, c.Log) }):
			of[c.Log] = append(of[c.Log], *c)
		case slices.Contains(told.partial, c.Log), slices.Contains(others, c.Log):
		default:
			own = append(own, *c)
		}
	}
	need := to
	if v.open() {
		need = to.Add(-slack)
	}
	if c, ok := spanned(own, from, need); ok {
		c.blind = anyLog
		return c
	}
	if c, ok := grouped(told.groups, of, from, need); ok {
		if v.byAccount() && (v.effects == nil || !v.effects.heard) {
			return covered{lacking: "its logs name no token but accounts, and nothing in them is of " + cmp.Or(evidence.Printable(l.Account), "an owner that is known") +
				": perhaps they call the owner otherwise"}
		}
		c.blind = told.blind
		return c
	}
	out := covered{lacking: "no log of its provider was had whole over the window"}
	if passed {
		out.lacking = "rows of its log were passed over before it was known whose they are: import the log again"
	}
	return out
}

// grouped wants one log of each group over the whole time.
func grouped(groups [][]string, of map[string][]casefile.LogCoverage, from, to time.Time) (covered, bool) {
	out := covered{whole: true}
	for _, g := range groups {
		found := false
		for _, name := range g {
			if c, ok := spanned(of[name], from, to); ok && !found {
				found = true
				out.through = first(out.through, c.through)
				out.evidence = append(out.evidence, c.evidence...)
			}
		}
		if !found {
			return covered{}, false
		}
	}
	return out, len(groups) > 0
}

// spanned joins stretches of time to one that holds from and to; stretches of several logs do not fill each other's holes.
func spanned(list []casefile.LogCoverage, from, to time.Time) (covered, bool) {
	logs := map[string][]casefile.LogCoverage{}
	var names []string
	for _, c := range list {
		if logs[c.Log] == nil {
			names = append(names, c.Log)
		}
		logs[c.Log] = append(logs[c.Log], c)
	}
	slices.Sort(names)
	for _, name := range names {
		of := logs[name]
		slices.SortFunc(of, func(a, b casefile.LogCoverage) int { return a.From.Compare(b.From) })
		out := covered{whole: true, through: from}
		for _, c := range of {
			if !c.From.After(out.through) && c.To.After(out.through) {
				out.through = c.To
				out.evidence = append(out.evidence, c.FactID())
			}
		}
		if len(out.evidence) > 0 && !out.through.Before(to) {
			return out, true
		}
	}
	return covered{}, false
}

// about reports whether a coverage is of the account and project of the window.
func (v *view) about(c *casefile.LogCoverage) bool {
	account := c.Account == "" || fold(c.Account) == fold(v.window.Link.Account)
	project := c.Project == "" || v.window.Project == string(c.Provider)+":"+c.Project || v.window.Project == c.Project
	return account && project
}

// tells reports whether the rows of the credential, and of those that it made, were kept when the log was read.
func (v *view) tells(c *casefile.LogCoverage) bool {
	if v.track == nil {
		return false
	}
	for _, name := range slices.Concat(v.track.names, v.track.children) {
		if !c.Tells(name, c.Provider, "", "") {
			return false
		}
	}
	return !v.byAccount() || c.Tells("", c.Provider, v.window.Link.Account, "")
}

// byAccount reports a provider whose logs name no token.
func (v *view) byAccount() bool {
	return v.window.Link.Provider == tokens.PyPI || v.window.Link.Provider == tokens.DockerHub
}

func (v *view) open() bool { return !v.window.Closed.NotAfter.Known() }

// span is the widest reading of the window: an unknown beginning is when the credential was made, an unknown end the case's now.
func (v *view) span() (from, to time.Time) {
	from, to = at(v.window.Opened.NotBefore), at(v.window.Closed.NotAfter)
	if from.IsZero() {
		for _, c := range v.rows[v.window.Link.Credential] {
			from = first(from, c.CreatedAt)
		}
	}
	if to.IsZero() {
		to = v.Now
	}
	return from, to
}
