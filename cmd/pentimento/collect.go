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
	"pentimento/internal/evidence"
)

// memoryLimit is where the garbage collector begins to work hard: collection reads what hostile servers send, and must stay below 512 MiB.
const memoryLimit = 400 << 20

const (
	gitHub    = "https://github.com"
	gitHubAPI = "https://api.github.com/"
	noAPI     = "none"
)

type collectOptions struct {
	host, api   string
	only        []string
	concurrency int
	preserve    string // archive to write when the collection has ended
	objects     bool   // with the git objects
}

func (p *program) collectCommand() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Collect facts from git and the GitHub API",
		Long: `Collects facts of every repository in the case: refs and the whole history over git (without file contents, then the texts of all
workflow files), then repository, activity, events and workflow runs from the API, then lost commits that any of these name, then jobs and
steps of the runs of malicious workflow files.

What cannot be had becomes a gap and the collection goes on. Interrupted at any time, the same command goes on where it stopped; a finished
collection is asked anew by the next one, and adds only what changed.

--host is the root of the git server: a repository is HOST/owner/name.git, its API HOST/api/v3. For https://github.com the API is
api.github.com. --api names another address of the API, or "none". GITHUB_TOKEN or GH_TOKEN authenticates at these two and nowhere else.

--preserve writes one archive when the collection has ended: the case as it stands then, and a manifest of digests, for "pentimento verify"
here or elsewhere. Do that before anybody cleans up. With --with-objects it also holds, for each repository, a git bundle of the commits that no ref reaches
any more, those that changed the workflows, and the tips, with their workflow files: as they came, so with any secret that somebody committed.`,
		Example: `  pentimento collect
  pentimento collect --host https://github.example.com
  pentimento collect --api none --only git`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withCase(cmd.Context(), func(c *casefile.Case) error { return p.collect(cmd.Context(), c, o) })
		},
	}
	cmd.Flags().StringVar(&o.host, "host", gitHub, "root of the git server")
	cmd.Flags().StringVar(&o.api, "api", "", "base address of the REST API, or none (default: the host's own)")
	cmd.Flags().StringSliceVar(&o.only, "only", nil, "only these: "+strings.Join(stepNames, ", "))
	cmd.Flags().IntVar(&o.concurrency, "concurrency", 4, "repositories at one time")
	cmd.Flags().StringVar(&o.preserve, "preserve", "", "write the case with a manifest of digests to this archive (.zip)")
	cmd.Flags().BoolVar(&o.objects, "with-objects", false, "with --preserve: the relevant git objects too, which can hold committed secrets")
	return cmd
}

func (o *collectOptions) check() error {
	for _, name := range o.only {
		if !slices.Contains(stepNames, name) {
			return usagef("--only %s: no such part; there are %s", name, strings.Join(stepNames, ", "))
		}
	}
	if o.concurrency < 1 || o.concurrency > maxConcurrency {
		return usagef("--concurrency: from 1 to %d", maxConcurrency)
	}
	if o.objects && o.preserve == "" {
		return usagef("--with-objects goes with --preserve")
	}
	if o.preserve != "" {
		return freePlace(o.preserve)
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
	token, err := p.token()
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
	debug.SetMemoryLimit(memoryLimit)
	info, err := c.Info(ctx)
	if err != nil {
		return err
	}
	now := p.caseClock(info)
	slices.Sort(o.only)
	plan := casefile.Plan{Host: host.String(), API: o.api, Only: strings.Join(o.only, ",")}
	resumed, err := c.BeginCollection(ctx, plan, now())
	if err != nil {
		return err
	}
	if resumed {
		p.say("going on with the interrupted collection")
	}
	meter := p.newMeter(len(targets))
	s := &steps{file: c, info: info, now: now, only: o.only, targets: map[string]casefile.Target{}, meter: meter,
		unknown: map[string]evidence.Observation{}}
	if err := s.connect(token, host, api); err != nil {
		meter.close()
		return err
	}
	var names []evidence.Repository
	for _, t := range targets {
		names, s.targets[t.Repository.Key()] = append(names, t.Repository), t
	}
	runner := &collect.Runner{Now: now, Concurrency: o.concurrency, Steps: s.of, Finished: meter.finished,
		Store: collect.Store{Append: c.Append, Done: c.Done, Reopen: c.Reopen}}
	err = runner.Run(ctx, names)
	meter.close()
	if err != nil {
		return err
	}
	if err := c.FinishCollection(ctx, now()); err != nil {
		return err
	}
	p.say("collected %d repositories; next: pentimento analyze", len(targets))
	if o.preserve == "" {
		return nil
	}
	return p.preserve(ctx, preservation{file: c, git: s.git, to: o.preserve, objects: o.objects, now: now()})
}

// caseClock stamps observations: with the case's now where that was given, else with the clock of this machine.
func (p *program) caseClock(info casefile.Info) func() time.Time {
	if info.NowGiven {
		return func() time.Time { return info.Now }
	}
	return func() time.Time { return p.clock().UTC().Truncate(time.Second) } // sources stamp no finer
}

// token authenticates at the host and its API. It is read from the environment alone, without the white space that files and pasting add,
// and goes into a header: anything but visible ASCII would make every request fail, with the token in the error.
func (p *program) token() (string, error) {
	for _, name := range []string{"GITHUB_TOKEN", "GH_TOKEN"} {
		t := strings.TrimSpace(p.env(name))
		if strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return "", hint(usagef("%s holds characters that no token has", name), "set it to the token alone, without quotes or a second line")
		}
		if t != "" {
			return t, nil
		}
	}
	return "", nil
}

func userAgent() string { return fmt.Sprintf("pentimento/%s", strings.Trim(version(), "()")) }
