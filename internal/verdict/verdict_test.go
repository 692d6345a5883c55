package verdict_test

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/linkage"
	"pentimento/internal/tokens"
	"pentimento/internal/verdict"
	"pentimento/internal/when"
)

const repo = evidence.Repository("larkmere/tidepool")

// at is a time in hours since the theft could have begun; a credential was used for days before.
func at(hours float64) time.Time {
	return time.Date(2025, 9, 5, 0, 0, 0, 0, time.UTC).Add(time.Duration(hours * float64(time.Hour)))
}

// Addresses of an office, of runners and of strangers.
const (
	office  = "192.0.2.10"
	runner  = "198.51.100.20"
	foreign = "203.0.113.66"
	foreig2 = "203.0.113.99"
)

// world is one credential, aws:key of mira, taken between hours 0 and 1, and what each case adds. Its secret is in one repository.
type world struct {
	verdict.World
	uses    []tokens.Use
	windows []*exposure.Window
}

func newWorld() *world {
	w := &world{}
	w.Now = at(100)
	w.Runs = map[string][]verdict.Run{}
	w.Networks = verdict.NewNetworks([]verdict.Network{{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Runner: "GitHub Actions"}})
	w.window("aws:key", "", 0, 1)
	return w
}

func (w *world) window(ref tokens.Ref, project string, from, to float64) *exposure.Window {
	x := &exposure.Window{ID: fmt.Sprint("win-", len(w.windows)), Secret: "TOKEN", Credential: cmp.Or(string(ref), exposure.Unlinked), Project: project, Value: 1,
		State:  exposure.NotKnownClosed,
		Opened: when.Between(when.Bound{At: at(from), Clock: when.Server}, when.Bound{At: at(to), Clock: when.Server}, "upd"),
		Link:   linkage.Link{Secret: "TOKEN", Credential: ref, Provider: ref.Provider(), Account: "mira", Project: project, Confidence: linkage.Certain}}
	w.windows = append(w.windows, x)
	return x
}

func (w *world) closed(hours float64) {
	for _, x := range w.windows {
		x.State, x.Closed = exposure.Closed, when.At(at(hours), when.Server, "cev-1")
	}
}

// pypi makes the credential a token of PyPI with a scope.
func (w *world) pypi(projects ...string) {
	w.windows = nil
	for _, p := range projects {
		w.window("pypi:uuid", "pypi:"+p, 0, 1)
	}
}

func (w *world) use(hours float64, address, agent, action string) *tokens.Use {
	u := tokens.Use{Log: "aws/cloudtrail", Provider: tokens.AWS, Credential: "key", Account: "mira", Action: action, Class: tokens.Write, At: at(hours), UserAgent: agent, Outcome: tokens.Succeeded}
	if address != "" {
		u.Address = netip.MustParseAddr(address)
	}
	w.uses = append(w.uses, u)
	return &w.uses[len(w.uses)-1]
}

// before is a week of use from the office.
func (w *world) before() {
	for i := range 14 {
		w.use(float64(-170+12*i), office, "aws-cli/2.1", "PutObject")
	}
}

// upload is an event of PyPI, which names no token.
func (w *world) upload(hours float64, project, account, agent string) *tokens.Use {
	u := tokens.Use{Log: "pypi/project_events", Provider: tokens.PyPI, Account: account, Action: "file:add", Class: tokens.Publish, Project: project, At: at(hours), UserAgent: agent,
		Country: "NL", Outcome: tokens.Succeeded}
	w.uses = append(w.uses, u)
	return &w.uses[len(w.uses)-1]
}

func (w *world) covered(log string, from, to float64) {
	p, _, _ := strings.Cut(log, "/")
	w.Coverage = append(w.Coverage, casefile.LogCoverage{Coverage: tokens.Coverage{Log: log, Provider: tokens.Provider(p), From: at(from), To: at(to), Basis: tokens.CoverageDeclared}})
}

// listed is a row of an inventory; last nil for "never".
func (w *world) listed(ref tokens.Ref, hours float64, last *float64) {
	c := tokens.Credential{Provider: ref.Provider(), ID: ref.ID(), Account: "mira", CreatedAt: at(-500), ListedAt: at(hours), LastUsedTold: true}
	if last != nil {
		c.LastUsedAt = at(*last)
	}
	w.Credentials = append(w.Credentials, c)
}

func hours(h float64) *float64 { return &h }

func (w *world) ran(id int64, from, to float64) *verdict.Run {
	key := repo.Key()
	w.Runs[key] = append(w.Runs[key], verdict.Run{ID: id, Fact: fmt.Sprint("run-", id), From: at(from), To: at(to), Head: "c0ffee", Branch: "main", Path: ".github/workflows/ci.yml"})
	return &w.Runs[key][len(w.Runs[key])-1]
}

func (w *world) judge(t *testing.T) []verdict.Verdict {
	t.Helper()
	var list []verdict.Subject
	for _, x := range w.windows {
		list = append(list, verdict.Subject{Repository: repo, Window: x})
	}
	out, err := verdict.Judge(context.Background(), w.World, logs(w.uses), list)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// logs gives uses as the case does: by credential, time and key.
func logs(uses []tokens.Use) verdict.Uses {
	return func(_ context.Context, refs []tokens.Ref, f func(*tokens.Use) error) error {
		for _, ref := range slices.Compact(slices.Sorted(slices.Values(refs))) {
			var of []tokens.Use
			for _, u := range uses {
				if u.Ref() == ref {
					of = append(of, u)
				}
			}
			slices.SortFunc(of, func(a, b tokens.Use) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key(), b.Key())) })
			for i := range of {
				if err := f(&of[i]); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  string // verdict, rule, certain+possible, state, of each window
		says  string
	}{
		{name: "no use, and the log had whole", want: "none_seen covered 0+0 not_known_closed",
			facts: func(w *world) { w.before(); w.covered("aws/cloudtrail", -1, 100) }},
		{name: "no use, and a hole in the log", want: "unknown no-coverage 0+0 not_known_closed",
			facts: func(w *world) { w.covered("aws/cloudtrail", -1, 20); w.covered("aws/cloudtrail", 21, 100) }},
		{name: "two exports that meet", want: "none_seen covered 0+0 not_known_closed",
			facts: func(w *world) { w.covered("aws/cloudtrail", 20, 100); w.covered("aws/cloudtrail", -1, 20) }},
		{name: "no use, and no log", want: "unknown no-coverage 0+0 not_known_closed", facts: func(w *world) { w.before() }},
		{name: "a log of data alone says nothing", want: "unknown no-coverage 0+0 not_known_closed", facts: func(w *world) { w.covered("aws/cloudtrail-data", -1, 100) }},
		{name: "no use until it was closed", want: "none_seen covered 0+0 closed", facts: func(w *world) { w.closed(10); w.covered("aws/cloudtrail", -1, 10) }},
		{name: "a use before the theft is none in the window", want: "none_seen covered 0+0 not_known_closed",
			facts: func(w *world) {
				w.use(-0.1, foreign, "curl/8", "GetObject")
				w.covered("aws/cloudtrail", -1, 100)
			}},
		{name: "last used before the theft", want: "none_seen recorded 0+0 not_known_closed", says: "recorded uses, through 2025-09-05T20:00:00Z", facts: func(w *world) { w.listed("aws:key", 20, hours(-3)) }},
		{name: "never used", want: "none_seen recorded 0+0 not_known_closed", says: "never used", facts: func(w *world) { w.listed("aws:key", 20, nil) }},
		{name: "last used inside", want: "unexplained last-used 1+0 open", facts: func(w *world) { w.listed("aws:key", 20, hours(5)) }},
		{name: "last used inside, perhaps before the theft", want: "unexplained last-used 0+1 open", facts: func(w *world) { w.listed("aws:key", 20, hours(0.5)) }},
		{name: "last used while a run was: it hides what came before", want: "unknown overwritten 1+0 open", facts: func(w *world) { w.listed("aws:key", 20, hours(5)); w.ran(7, 4.9, 5.1) }},
		{name: "last used after the closing refutes it", want: "unexplained last-used 1+0 open", facts: func(w *world) { w.closed(10); w.listed("aws:key", 20, hours(15)) }},
		{name: "an inventory older than the theft", want: "unknown no-coverage 0+0 not_known_closed", says: "may be older than the theft", facts: func(w *world) { w.listed("aws:key", 0.5, nil); w.windows[0].Opened.NotBefore.At = at(0) }},
		{name: "an inventory long before the closing", want: "unknown no-coverage 0+0 closed", says: "by more than a day", facts: func(w *world) { w.closed(90); w.listed("aws:key", 20, nil) }},
		{name: "revoked before the export: nothing lists it", want: "unknown no-coverage 0+0 closed", facts: func(w *world) { w.closed(10) }},
		{name: "as before", want: "consistent baseline 1+0 open",
			facts: func(w *world) {
				w.before()
				w.use(5, "192.0.2.77", "aws-cli/2.9", "PutObject")
				w.covered("aws/cloudtrail", -1, 100)
			}},
		{name: "as before, and the log has holes", want: "unknown no-coverage 1+0 open", facts: func(w *world) { w.before(); w.use(5, office, "aws-cli/2.1", "PutObject") }},
		{name: "from there, and nothing else as before", want: "unexplained other-work 1+0 open", facts: func(w *world) { w.before(); w.use(5, office, "curl/8", "DeleteTrail") }},
		{name: "from a new network by another program", want: "suspicious unlike-before 1+0 open", says: "network 203.0.113.0/24, program curl",
			facts: func(w *world) { w.before(); w.use(5, foreign, "curl/8.1", "PutObject") }},
		{name: "from a new network alone", want: "unexplained new-network 1+0 open", facts: func(w *world) { w.before(); w.use(5, foreign, "aws-cli/2.1", "PutObject") }},
		{name: "a failed use is a use", want: "suspicious unlike-before 1+0 not_known_closed", facts: func(w *world) { w.before(); w.use(5, foreign, "curl/8.1", "PutObject").Outcome = tokens.Failed }},
		{name: "without a baseline", want: "unexplained no-baseline 1+0 open", facts: func(w *world) { w.use(5, foreign, "curl/8", "PutObject") }},
		{name: "whose credential is this", want: "suspicious credential-check 1+0 open", facts: func(w *world) { w.use(5, foreign, "curl/8", "GetCallerIdentity") }},
		{name: "a program that tries credentials", want: "suspicious scanner 1+0 open", facts: func(w *world) { w.use(5, foreign, "TruffleHog/3", "Whatever") }},
		{name: "from a runner in the interval of an own run", want: "consistent own-run 1+0 open", says: "",
			facts: func(w *world) {
				w.ran(7, 4.9, 5.1)
				w.use(5, runner, "aws-cli/2.1", "PutObject")
				w.covered("aws/cloudtrail", -1, 100)
			}},
		{name: "from a runner's address in no run", want: "unexplained runner-range 1+0 open",
			facts: func(w *world) {
				w.before()
				w.use(-5, "198.51.100.21", "aws-cli/2.1", "PutObject")
				w.use(5, "198.51.100.21", "aws-cli/2.1", "PutObject")
				w.covered("aws/cloudtrail", -1, 100)
			}},
		{name: "from elsewhere in the interval of an own run", want: "unexplained no-baseline 1+0 open", facts: func(w *world) { w.ran(7, 4.9, 5.1); w.use(5, foreign, "aws-cli/2.1", "PutObject") }},
		{name: "in two places at once", want: "suspicious impossible-overlap 2+0 open", says: "one machine is not in two places",
			facts: func(w *world) {
				w.ran(7, 4.9, 5.1)
				w.use(5, foreign, "aws-cli/2.1", "PutObject")
				w.use(5.01, runner, "aws-cli/2.1", "PutObject")
			}},
		{name: "and the run's use first", want: "suspicious impossible-overlap 2+0 open",
			facts: func(w *world) {
				w.ran(7, 4.9, 5.1)
				w.use(5, runner, "aws-cli/2.1", "PutObject")
				w.use(5.01, foreign, "aws-cli/2.1", "PutObject")
			}},
		{name: "by the run that the log names", want: "consistent own-run 1+0 open", facts: func(w *world) {
			w.ran(7, 1, 2)
			w.use(5, foreign, "x", "y").RunID = 7
			w.covered("aws/cloudtrail", -1, 100)
		}},
		{name: "by a run of a malicious version", want: "suspicious campaign-run 1+0 open", facts: func(w *world) { w.ran(7, 1, 2).Malicious = true; w.use(5, runner, "x", "y").RunID = 7 }},
		{name: "after it was revoked", want: "unexplained no-baseline 1+0 open", says: "1 use after the provider was said to refuse it",
			facts: func(w *world) { w.closed(10); w.use(12, foreign, "curl/8", "PutObject") }},
		{name: "turned away after it was revoked", want: "none_seen covered 0+0 closed",
			facts: func(w *world) {
				w.closed(10)
				w.use(12, foreign, "curl/8", "PutObject").Outcome = tokens.Failed
				w.covered("aws/cloudtrail", -1, 100)
			}},
		{name: "a key that it made is followed", want: "suspicious minted 2+0 open",
			facts: func(w *world) {
				w.before()
				w.use(5, foreign, "aws-cli/2.1", "CreateAccessKey").Minted = "child"
				w.use(7, office, "aws-cli/2.1", "PutObject").Credential = "child"
			}},
		{name: "the minted key's use is never as before", want: "unexplained minted-use 2+0 open",
			facts: func(w *world) {
				w.before()
				w.use(5, office, "aws-cli/2.1", "PutObject").Minted = "child"
				w.use(7, office, "aws-cli/2.1", "PutObject").Credential = "child"
			}},
		{name: "two names of one credential", want: "consistent baseline 1+0 open",
			facts: func(w *world) {
				w.Credentials = append(w.Credentials, tokens.Credential{Provider: tokens.AWS, ID: "key", Alias: "zz"})
				for i := range 6 {
					w.use(float64(-50+i), office, "aws-cli/2.1", "PutObject").Credential = "zz"
				}
				w.use(5, office, "aws-cli/2.1", "PutObject")
				w.covered("aws/cloudtrail", -1, 100)
			}},
		{name: "PyPI: an upload by the owner is possibly the token's", want: "unexplained no-origin 0+1 not_known_closed",
			facts: func(w *world) {
				w.pypi("tidepool")
				w.upload(-9, "tidepool", "mira", "twine/4")
				w.upload(5, "tidepool", "mira", "twine/4")
			}},
		{name: "PyPI: an upload through the trusted publisher is none", want: "none_seen covered 0+0 not_known_closed",
			facts: func(w *world) {
				w.pypi("tidepool")
				w.upload(5, "tidepool", "mira", "twine/4").Via = tokens.ViaTrustedPublisher
				w.covered("pypi/project_events", -1, 100)
			}},
		{name: "PyPI: events of files alone say nothing", want: "unknown no-coverage 0+0 not_known_closed",
			facts: func(w *world) { w.pypi("tidepool"); w.covered("pypi/file_events", -1, 100) }},
		{name: "PyPI: an upload outside the token's scope is not its", want: "none_seen covered 0+0 not_known_closed",
			facts: func(w *world) {
				w.pypi("tidepool")
				w.upload(5, "another", "mira", "twine/4")
				w.covered("pypi/journals", -1, 100)
			}},
		{name: "an account-wide token: each project for itself", want: "none_seen covered 0+0 not_known_closed; unexplained no-baseline 0+1 not_known_closed",
			facts: func(w *world) {
				w.pypi("reef", "tidepool")
				w.upload(5, "tidepool", "Mira", "twine/4")
				w.covered("pypi/project_events", -1, 100)
			}},
		{name: "Cloudflare: version 1 names no token that acted, so that its silence says nothing", want: "unknown no-coverage 0+0 not_known_closed",
			facts: func(w *world) {
				w.windows = nil
				w.window("cloudflare:id", "", 0, 1)
				w.covered("cloudflare/audit", -1, 100)
			}},
		{name: "Cloudflare: version 2 does", want: "none_seen covered 0+0 not_known_closed",
			facts: func(w *world) {
				w.windows = nil
				w.window("cloudflare:id", "", 0, 1)
				w.covered("cloudflare/audit-v2", -1, 100)
			}},
		{name: "unlinked", want: "unknown unlinked 0+0 not_known_closed", facts: func(w *world) { w.windows = nil; w.window("", "", 0, 1) }},
		{name: "rotated while armed: each value for itself", want: "none_seen covered 0+0 closed; suspicious unlike-before 1+0 open",
			facts: func(w *world) {
				w.before()
				w.closed(10)
				w.window("aws:new", "", 8, 9)
				for i := range 6 {
					w.use(7+float64(i)/10, office, "aws-cli/2.1", "PutObject").Credential = "new"
				}
				w.use(20, foreign, "curl/8", "PutObject").Credential = "new"
				w.covered("aws/cloudtrail", -1, 100)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.facts(w)
			var got, reasons []string
			for i, v := range w.judge(t) {
				got = append(got, fmt.Sprintf("%s %s %d+%d %s", v.Word, v.Rule, v.Certain, v.Possible, w.windows[i].State))
				reasons = append(reasons, v.Reason)
				listsUses(t, w, v)
			}
			if strings.Join(got, "; ") != c.want {
				t.Errorf("got  %s\nwant %s\n%q", strings.Join(got, "; "), c.want, reasons)
			}
			if !strings.Contains(strings.Join(reasons, "\n"), c.says) {
				t.Errorf("reasons %q lack %q", reasons, c.says)
			}
		})
	}
}

// listsUses wants a row for every use that a verdict counts: what a table does not show, nobody looks at.
func listsUses(t *testing.T, w *world, v verdict.Verdict) {
	t.Helper()
	const most = 200 // of each judgement
	if n := v.Certain + v.Possible; n <= most && len(v.Uses) != n {
		t.Errorf("%d uses are counted, %d listed", n, len(v.Uses))
	}
	for _, u := range v.Uses {
		logged := slices.ContainsFunc(w.uses, func(x tokens.Use) bool { return x.Key() == u.Key && x.Ref() == u.Credential })
		listed := slices.ContainsFunc(w.Credentials, func(c tokens.Credential) bool { return c.FactID() == u.Record && c.LastUsedAt.Equal(u.At) })
		if logged == listed {
			t.Errorf("no log and no inventory tells of %+v", u)
		}
	}
}

// An address that holds what several accounts lost is no accident.
func TestSharedOrigin(t *testing.T) {
	w := newWorld()
	for i := range 3 {
		id := fmt.Sprint("key", i)
		w.window(tokens.NewRef(tokens.AWS, id), "", 0, 1).Link.Account = fmt.Sprint("account", i)
		for h := range 6 {
			w.use(float64(-50+h), office, "aws-cli/2.1", "PutObject").Credential = id
		}
		w.use(5, map[bool]string{true: foreign, false: foreig2}[i == 0], "aws-cli/2.1", "PutObject").Credential = id
	}
	for _, v := range w.judge(t)[1:] {
		if v.Word != verdict.Suspicious || v.Rule != "shared-origin" || !strings.Contains(v.Reason, "3 accounts") {
			t.Errorf("%s %s: %s", v.Word, v.Rule, v.Reason)
		}
	}
}

func TestFamily(t *testing.T) {
	for agent, want := range map[string]string{"twine/4.0.2 pkginfo/1.9": "twine", "[S3Console/0.4, aws-internal/3]": "s3console", "Mozilla/5.0 (X11) Chrome/1": "browser", "": "",
		"Boto3/1.28 md/Botocore": "boto3", "curl": "curl", "signin.amazonaws.com": "signin.amazonaws.com", "npm/8.1.0 node/v16": "npm"} {
		if got := verdict.Family(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

func TestNetworks(t *testing.T) {
	n := verdict.NewNetworks([]verdict.Network{
		{Prefix: netip.MustParsePrefix("198.51.0.0/16"), ASN: "AS64500", Country: "NL"},
		{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Country: "DE"},
		{Prefix: netip.MustParsePrefix("198.51.100.9/24"), Runner: "GitHub Actions"},
		{Prefix: netip.MustParsePrefix("2001:db8::/32"), ASN: "AS64501"},
	})
	for address, want := range map[string]string{"198.51.100.7": "AS64500 DE GitHub Actions", "198.51.7.7": "AS64500 NL ", "203.0.113.1": "  ", "2001:db8::1": "AS64501  ", "::ffff:198.51.7.7": "AS64500 NL "} {
		x := n.Of(netip.MustParseAddr(address))
		if got := x.ASN + " " + x.Country + " " + x.Runner; got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
