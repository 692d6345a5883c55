package ghapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
)

// LogHosts are where GitHub keeps the logs of jobs, as patterns of host names in which "*" stands for letters, digits and hyphens
// (https://docs.github.com/en/actions/reference/runners/self-hosted-runners, "Needed for uploading/downloading job summaries, logs";
// changelog of 2026-10-22 for the names of the blob stores).
var LogHosts = []string{"productionresultssa*.blob.core.windows.net", "results-receiver.actions.githubusercontent.com", "pipelines*.actions.githubusercontent.com"}

const (
	// logHead and logTail are what is kept of a longer log. Most jobs print less than both; what a workflow leaks it prints early or last.
	logHead = 1 << 20
	logTail = 3 << 20
	// maxLog bounds how much of one log is read: GitHub itself truncates what it shows long before.
	maxLog = 256 << 20
	// maxLogs bounds the logs of one repository at 500 requests and as many downloads.
	maxLogs = 500
	// maxFetches is how often the log of a job is asked for: the address that GitHub gives lasts a minute, and connections break.
	maxFetches = 3
)

// JobRef names one job of one attempt of a run.
type JobRef struct {
	RunID   int64
	Attempt int
	JobID   int64
}

func (r JobRef) String() string {
	return fmt.Sprintf("job %d of %s", r.JobID, RunRef{r.RunID, r.Attempt})
}

// Logs fetches the logs of the given jobs (https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run).
// GitHub answers with an address at another host, which is followed only to [Config.LogHosts] or the API's own host, over TLS but on
// loopback, and without any token. Of a long log its head and its tail are kept, with a line between that says how much is missing. Logs
// are kept for 90 days if the repository does not say otherwise, and whoever may write can delete them: one that is gone is a gap. The
// coverage has one row for each job.
//
// Logs hold what was leaked. Who stores the text must redact it first.
func (c *Collector) Logs(ctx context.Context, repo evidence.Repository, jobs []JobRef, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitLogs, origin: evidence.OriginRunLogs, emit: emit}
	var coverage []evidence.Coverage
	var gaps []evidence.Gap
	var failed failures
	left := func(n int, kind evidence.GapKind, detail, hint string) {
		if n > 0 {
			gaps = append(gaps, evidence.Gap{Kind: kind, Subject: "logs of further jobs", Detail: fmt.Sprintf("%d jobs: %s", n, detail), Hint: hint})
		}
	}
	for i, job := range jobs {
		if i >= maxLogs {
			left(len(jobs)-i, evidence.GapTruncated, fmt.Sprintf("at most %d are asked for", maxLogs), "")
			break
		}
		obs, refusal, err := u.log(ctx, job)
		if err != nil {
			return err
		}
		if refusal != nil {
			obs = refusal.observation("log of " + job.String())
		}
		if err := u.keep(obs); err != nil {
			return err
		}
		coverage = append(coverage, evidence.Coverage{Origin: u.origin, Detail: job.String(), To: c.cfg.Now(), Complete: refusal == nil && !obs.Logs[0].Truncated})
		if failed.final(refusal) {
			left(len(jobs)-i-1, refusal.kind, refusal.detail, refusal.hint)
			break
		}
	}
	return u.finish(coverage, gaps)
}

// log fetches one log, asking for a new address where one has died.
func (u unit) log(ctx context.Context, job JobRef) (evidence.Observation, *refusal, error) {
	for try := 1; ; try++ {
		a, address, refusal, err := u.logAddress(ctx, job)
		if err != nil || refusal != nil {
			return evidence.Observation{}, refusal, err
		}
		var text excerpt
		status, bad := u.download(ctx, address, &text)
		switch {
		case ctx.Err() != nil:
			return evidence.Observation{}, nil, context.Cause(ctx)
		case status == http.StatusNotFound || status == http.StatusGone:
			return evidence.Observation{}, lostLog(status), nil
		case bad == nil:
			a.source.Status, a.source.Body = http.StatusOK, text.bytes()
			return evidence.Observation{Sources: []evidence.Source{a.source}, Logs: []evidence.RunLog{{Repository: u.repo, RunID: job.RunID,
				Attempt: job.Attempt, JobID: job.JobID, Bytes: text.size, Truncated: text.cut()}}}, nil, nil
		case try >= maxFetches:
			r := unanswered(bad)
			r.general = false
			if status != 0 {
				r.status = status
			}
			return evidence.Observation{}, r, nil
		}
	}
}

// logAddress asks where a log lies. A redirect to the log is not followed by the client that asks: its hosts are those that may see a
// token. One to the present name of the repository is.
func (u unit) logAddress(ctx context.Context, job JobRef) (answer, *url.URL, *refusal, error) {
	client := *u.cfg.Client
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.Response.StatusCode == http.StatusFound || u.cfg.Client.CheckRedirect == nil {
			return http.ErrUseLastResponse
		}
		return u.cfg.Client.CheckRedirect(req, via) // the repository has another name now
	}
	gh := u.github(&client)
	req, err := gh.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/actions/jobs/%d/logs", u.repo, job.JobID), nil)
	if err != nil {
		return answer{}, nil, nil, fmt.Errorf("ask for the log of %s: %w", job, err)
	}
	if err := u.recall(ctx, u.repo); err != nil {
		return answer{}, nil, nil, err
	}
	a := answer{source: u.source(req)}
	resp, err := gh.BareDo(ctx, req)
	if resp != nil && resp.Response != nil {
		defer resp.Body.Close()
	}
	if ctx.Err() != nil {
		return a, nil, nil, context.Cause(ctx)
	}
	a.source.FetchedAt = u.cfg.Now()
	if resp == nil || resp.Response == nil {
		return a, nil, unanswered(err), nil
	}
	if resp.StatusCode != http.StatusFound {
		a, r, err := u.read(a, resp, err, nil)
		switch {
		case err != nil:
			return a, nil, nil, err
		case r == nil:
			r = unreadable(&a.source, errors.New("it is no redirect to a log"))
		case r.kind == evidence.GapUnsupported || r.kind == evidence.GapExpired:
			lost := lostLog(r.status)
			lost.source = r.source
			r = lost
		case r.kind == evidence.GapForbidden:
			r.general = true
		}
		return a, nil, r, nil
	}
	if other, strayed := u.strayed(resp); strayed {
		return a, nil, u.otherRepository(other, &a.source), nil
	}
	address, err := resp.Location()
	if err != nil {
		return a, nil, unreadable(&a.source, errors.New("a redirect without an address")), nil
	}
	if !u.mayFetch(address) {
		return a, nil, &refusal{kind: evidence.GapRefused, detail: "refused to fetch the log from " + evidence.Printable(address.Scheme+"://"+address.Host) +
			": it is none of the hosts where logs lie"}, nil
	}
	return a, address, nil, nil
}

func lostLog(status int) *refusal {
	return &refusal{kind: evidence.GapExpired, status: status, detail: fmt.Sprintf("GitHub no longer has it (%d): expired, deleted, or never written", status),
		hint: "logs are kept for 90 days if the repository does not say otherwise; whoever runs the runners may have copies"}
}

// download reads what lies at an address. The address itself is a credential for a minute: it is not told in errors.
func (u unit) download(ctx context.Context, address *url.URL, into *excerpt) (status int, err error) {
	req, err := http.NewRequestWithContext(wire.Download(ctx), http.MethodGet, address.String(), nil)
	if err != nil {
		return 0, errors.New("the address of the log cannot be asked for")
	}
	resp, err := u.cfg.Client.Do(req)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, fmt.Errorf("the host of the logs answers %d", resp.StatusCode)
	}
	_, err = io.Copy(into, io.LimitReader(resp.Body, maxLog))
	return resp.StatusCode, err
}

// mayFetch holds an address against the hosts of logs.
func (u unit) mayFetch(address *url.URL) bool {
	if address.User != nil {
		return false
	}
	if strings.EqualFold(address.Host, u.cfg.Base.Host) {
		return address.Scheme == u.cfg.Base.Scheme
	}
	if address.Scheme != "https" || (address.Port() != "" && address.Port() != "443") {
		return false
	}
	for _, pattern := range u.cfg.LogHosts {
		if hostPattern(pattern).MatchString(address.Hostname()) {
			return true
		}
	}
	return false
}

func hostPattern(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `[a-z0-9-]*`) + `$`)
}

// excerpt keeps the head and the tail of what is written to it.
type excerpt struct {
	size int64
	head []byte
	tail []byte // at most twice logTail, its end is what counts
}

// Write never fails.
func (e *excerpt) Write(p []byte) (int, error) {
	n := len(p)
	e.size += int64(n)
	if room := logHead - len(e.head); room > 0 {
		k := min(room, len(p))
		e.head, p = append(e.head, p[:k]...), p[k:]
	}
	e.tail = append(e.tail, p...)
	if len(e.tail) > 2*logTail {
		e.tail = append(e.tail[:0], e.tail[len(e.tail)-logTail:]...)
	}
	return n, nil
}

// cut reports that something lies between head and tail, or beyond what is read.
func (e *excerpt) cut() bool { return e.size > logHead+logTail || e.size >= maxLog }

func (e *excerpt) bytes() []byte {
	tail := e.tail[max(0, len(e.tail)-logTail):]
	missing := e.size - int64(len(e.head)) - int64(len(tail))
	out := append([]byte{}, e.head...)
	if missing > 0 {
		out = fmt.Appendf(out, "\n[%d bytes are left out here]\n", missing)
	}
	return append(out, tail...)
}
