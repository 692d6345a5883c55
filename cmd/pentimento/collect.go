package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/collect"
	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
)

// Memory of the commands that work through a whole case. The garbage collector begins to work hard at memoryLimit: collection reads what
// hostile servers send, and must stay below 512 MiB. Below that it works less than by default (100): one repository needs little memory,
// and most of it for as long as the command runs.
const (
	memoryLimit = 400 << 20
	memoryPace  = 400
)

func paceMemory() {
	debug.SetMemoryLimit(memoryLimit)
	debug.SetGCPercent(memoryPace)
}

const (
	gitHub    = "https://github.com"
	gitHubAPI = "https://api.github.com/"
	noAPI     = "none"
)

type collectOptions struct {
	host, api   string
	only        []string
	concurrency int
	refresh     bool
	calls       int    // API calls of this run, 0 for no bound
	callsEach   int    // for each repository
	preserve    string // archive to write when the collection has ended
	objects     bool   // with the git objects
	places      places
	admin, logs bool
	bigQuery    bool
}

func (p *program) collectCommand() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Collect facts from git and the GitHub API",
		Long: `Collects facts of every repository in the case, in four phases over all of them, so that what expires or can be deleted is had
first: what each repository is; then activity, events and workflow runs from the API; then refs and the whole history over git (without file
contents, then the texts of all workflow files); then what came since, lost commits that any of these name, and jobs and steps of the runs
of malicious workflow files; last, what the accounts that pushed those did elsewhere.

What cannot be had becomes a gap and the collection goes on. Interrupted at any time, the same command goes on where it stopped, after days
too; a finished collection is asked anew by the next one, and adds only what changed. With --refresh no more is asked for than what came
since: lists are read down to where the last one began, whatever had failed is asked again.

--max-calls and --max-calls-per-repository bound the API calls of this run (git is not counted). Every request counts, one repeated after a
failure and one answered "not modified" too, though that is free of GitHub's hourly limit. What is left waits for the next run, which goes
on there; a list is asked for as a whole, so a bound below what its pages need never gets through it. "pentimento status" says what waits.

--host is the root of the git server: a repository is HOST/owner/name.git, its API HOST/api/v3. For https://github.com the API is
api.github.com. --api names another address of the API, or "none". GITHUB_TOKEN or GH_TOKEN authenticates at these two and nowhere else;
"pentimento help environment" names more tokens, and an app, which share the work.

Archives (--gharchive) and exports (--audit-log, --webhooks) are read because they are named, whatever --only says. --admin and --logs go
without --only, or with one that names them.

--preserve writes one archive when the collection has ended: the case as it stands then, and a manifest of digests, for "pentimento verify"
here or elsewhere. Do that before anybody cleans up. With --with-objects it also holds, for each repository, a git bundle of the commits that no ref reaches
any more, those that changed the workflows, and the tips, with their workflow files: as they came, so with any secret that somebody committed.`,
		Example: `  pentimento collect
  pentimento collect --host https://github.example.com
  pentimento collect --refresh --max-calls 4000
  pentimento collect --api none --only git`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withCase(cmd.Context(), func(c *casefile.Case) error { return p.collect(cmd.Context(), c, o) })
		},
	}
	cmd.Flags().StringVar(&o.host, "host", gitHub, "root of the git server")
	cmd.Flags().StringVar(&o.api, "api", "", "base address of the REST API, or none (default: the host's own)")
	cmd.Flags().StringSliceVar(&o.only, "only", nil, "only these: "+strings.Join(partNames(), ", "))
	cmd.Flags().BoolVar(&o.refresh, "refresh", false, "only what came since the case last listed it")
	cmd.Flags().IntVar(&o.calls, "max-calls", 0, "API calls in this run (default: no bound)")
	cmd.Flags().IntVar(&o.callsEach, "max-calls-per-repository", 0, "API calls for each repository in this run (default: no bound)")
	cmd.Flags().IntVar(&o.concurrency, "concurrency", 4, "repositories at one time")
	o.places.flags(cmd)
	cmd.Flags().BoolVar(&o.bigQuery, "print-bigquery", false, "print the SQL that fetches this case's events from githubarchive, and collect nothing")
	cmd.Flags().BoolVar(&o.admin, "admin", false, "ask what an administrator's token sees: names of secrets, deploy keys, webhooks, collaborators, runners")
	cmd.Flags().BoolVar(&o.logs, "logs", false, "download the logs of jobs of malicious files, redacted and cut to 4 MiB each")
	cmd.Flags().StringVar(&o.preserve, "preserve", "", "write the case with a manifest of digests to this archive (.zip)")
	cmd.Flags().BoolVar(&o.objects, "with-objects", false, "with --preserve: the relevant git objects too, which can hold committed secrets")
	return cmd
}

func (o *collectOptions) check() error {
	for _, name := range o.only {
		if names := partNames(); !slices.Contains(names, name) {
			return usagef("--only %s: no such part; there are %s", name, strings.Join(names, ", "))
		}
	}
	if err := o.agree(); err != nil {
		return err
	}
	if o.calls < 0 || o.callsEach < 0 {
		return usagef("--max-calls and --max-calls-per-repository are not below zero")
	}
	if o.concurrency < 1 || o.concurrency > maxConcurrency {
		return usagef("--concurrency: from 1 to %d", maxConcurrency)
	}
	if o.objects && o.preserve == "" {
		return usagef("--with-objects goes with --preserve")
	}
	if o.preserve != "" {
		if err := freePlace(o.preserve); err != nil {
			return err
		}
	}
	return o.places.check()
}

// agree refuses flags that contradict --only: a part runs where both its flag and --only ask for it.
func (o *collectOptions) agree() error {
	for _, x := range []struct {
		part, flag string
		given      bool
		named      bool // --only need not name what a place names
	}{
		{"admin", "--admin", o.admin, false},
		{"logs", "--logs", o.logs, false},
		{"exports", "--audit-log or --webhooks", len(o.places.audits)+len(o.places.webhooks) > 0, true},
		{"archives", "--gharchive", len(o.places.archives) > 0, true},
	} {
		switch only := slices.Contains(o.only, x.part); {
		case only && !x.given:
			return usagef("--only %s goes with %s", x.part, x.flag)
		case !only && x.given && !x.named && len(o.only) > 0:
			return usagef("%s and an --only without %s contradict each other", x.flag, x.part)
		}
	}
	return nil
}

// servers checks the addresses and fills in the API's own.
func (o *collectOptions) servers() (host, api *url.URL, err error) {
	parse := func(flag, s string) (*url.URL, error) {
		u, err := url.Parse(s)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, hint(usagef("%s: not an http or https address without credentials and query", flag), "a token is read from GITHUB_TOKEN or GH_TOKEN")
		}
		return u, nil
	}
	if host, err = parse("--host", strings.TrimSuffix(o.host, "/")); err != nil {
		return nil, nil, err
	}
	switch {
	case o.api == noAPI:
		return host, nil, nil
	case o.api == "" && strings.EqualFold(host.Host, "github.com"):
		o.api = gitHubAPI
	case o.api == "":
		o.api = host.String() + "/api/v3/"
	}
	if !strings.HasSuffix(o.api, "/") {
		o.api += "/"
	}
	api, err = parse("--api", o.api)
	return host, api, err
}

func (p *program) collect(ctx context.Context, c *casefile.Case, o collectOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	host, api, err := o.servers()
	if err != nil {
		return err
	}
	credentials, err := p.credentials(api)
	if err != nil {
		return err
	}
	targets, err := c.Targets(ctx)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return hint(errors.New("the case holds no repositories"), "pentimento add OWNER/NAME, or add -f FILE")
	}
	paceMemory()
	s, err := p.newSteps(ctx, c, o)
	if err != nil {
		return err
	}
	if o.bigQuery {
		return p.printBigQuery(ctx, c, s)
	}
	if _, err := s.hosts(ctx); err != nil {
		return err
	}
	plan := casefile.Plan{
		Host: host.String(), API: o.api, Only: strings.Join(s.only, ","), Refresh: o.refresh,
		Admin: o.admin, Logs: o.logs, Places: o.places.words(),
	}
	if err := p.begin(ctx, c, plan, s.now()); err != nil {
		return err
	}
	names := s.take(targets)
	s.meter = p.newMeter(len(targets), len(s.phases()))
	defer s.meter.close()
	if err := s.connect(credentials, host, api); err != nil {
		return err
	}
	runner := &collect.Runner{Now: s.now, Concurrency: o.concurrency, Phases: s.phases(), Finished: s.meter.finished,
		Store: collect.Store{Append: c.Append, Done: c.Done, Reopen: c.Reopen}}
	err = runner.Run(ctx, names)
	s.meter.close()
	if err != nil {
		return err
	}
	if err := p.conclude(ctx, s, len(targets)); err != nil || o.preserve == "" {
		return err
	}
	return p.preserve(ctx, preservation{file: c, git: s.git, to: o.preserve, objects: o.objects, now: s.now()})
}

// conclude ends the collection, or says what waits for another run.
func (p *program) conclude(ctx context.Context, s *steps, of int) error {
	waiting, err := s.file.Waiting(ctx)
	if err != nil {
		return err
	}
	if waiting > 0 {
		p.say("%d of %d repositories wait for API calls, %d were made; run collect again: it goes on where this run stopped", waiting, of, s.calls.Spent())
		return nil
	}
	if err := s.file.FinishCollection(ctx, s.now()); err != nil {
		return err
	}
	p.say("collected %d repositories; next: pentimento analyze", of)
	return nil
}

// take notes what folders belong to the repositories, and gives their names.
func (s *steps) take(targets []casefile.Target) []evidence.Repository {
	names := make([]evidence.Repository, 0, len(targets))
	for _, t := range targets {
		names = append(names, t.Repository)
		if t.Mirror != "" {
			s.mirrors[t.Repository] = t.Mirror
		}
		if len(t.Clones) > 0 {
			s.clones[t.Repository] = t.Clones
		}
	}
	return names
}

// newSteps prepares the work, but for the servers and the meter.
func (p *program) newSteps(ctx context.Context, c *casefile.Case, o collectOptions) (*steps, error) {
	info, err := c.Info(ctx)
	if err != nil {
		return nil, err
	}
	packs, err := casePacks(ctx, c)
	if err != nil {
		return nil, err
	}
	return &steps{
		file: c, info: info, packs: packs, now: p.caseClock(info), sleep: p.sleep,
		only: slices.Sorted(slices.Values(o.only)), refresh: o.refresh, admin: o.admin, logs: o.logs,
		mirrors: map[evidence.Repository]string{}, clones: map[evidence.Repository][]string{}, places: o.places,
		calls: wire.NewAllowance("this run", o.calls, nil), perRepository: o.callsEach, allowances: map[evidence.Repository]*wire.Allowance{},
	}, nil
}

// staleAfter is when what an interrupted collection holds is old enough to be said: GitHub forgets events after 30 days, and attackers and
// maintainers need hours.
const staleAfter = 24 * time.Hour

// begin takes up or begins a collection, and says how old what it holds is.
func (p *program) begin(ctx context.Context, c *casefile.Case, plan casefile.Plan, now time.Time) error {
	resumed, err := c.BeginCollection(ctx, plan, now)
	if err != nil || !resumed {
		return err
	}
	p.say("going on with the interrupted collection")
	all, err := c.Collections(ctx)
	if err != nil {
		return err
	}
	if oldest := all[len(all)-1].Oldest; !oldest.IsZero() && now.Sub(oldest) >= staleAfter {
		p.say("its oldest answer is of %s, %s ago, and is not asked for again; when this has ended, collect --refresh adds what came since", evidence.Stamp(oldest), days(now.Sub(oldest)))
	}
	return nil
}

// days writes an age for people.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// caseClock stamps observations: with the case's now where that was given, else with the clock of this machine.
func (p *program) caseClock(info casefile.Info) func() time.Time {
	if info.NowGiven {
		return func() time.Time { return info.Now }
	}
	return func() time.Time { return p.clock().UTC().Truncate(time.Second) } // sources stamp no finer
}

func userAgent() string { return fmt.Sprintf("pentimento/%s", strings.Trim(version(), "()")) }
