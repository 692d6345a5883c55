package drill

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxPerPage and defaultPerPage are GitHub's, for every list served here.
	maxPerPage     = 100
	defaultPerPage = 30
	// searchCap is GitHub's bound on a filtered search of runs: total_count says how many there are, no page goes beyond.
	searchCap = 1000
	// maxRateLimit bounds how long a recipe may keep a client waiting: GitHub's hour would be of no use in a drill.
	maxRateLimit = time.Minute
	hourlyLimit  = 5000

	// site and siteAPI stand in bodies where GitHub puts its own addresses: they are the same in every run, the loopback port is not.
	site    = "https://github.example.invalid"
	siteAPI = site + "/api/v3"
	docs    = "https://docs.github.example.invalid/rest"
)

// limit is met once, when after requests have been answered.
type limit struct {
	after     int64
	lasts     time.Duration
	secondary bool
}

// limiter counts API requests. The server's mutex guards it.
type limiter struct {
	served  int64
	until   time.Time
	current limit
	limits  []limit // still to be met
}

// allow takes one request, or says until when the limit lasts.
func (l *limiter) allow(now time.Time) (ok bool, met limit, until time.Time) {
	if now.Before(l.until) {
		return false, l.current, l.until
	}
	if len(l.limits) > 0 && l.served >= l.limits[0].after {
		l.current, l.until, l.limits = l.limits[0], now.Add(l.limits[0].lasts), l.limits[1:]
		return false, l.current, l.until
	}
	l.served++
	return true, limit{}, time.Time{}
}

// call is one request of the API, on its way to an answer.
type call struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	query url.Values
	repo  *Repository
	base  string // path of the repository as asked, for Link headers
}

// serveAPI answers below /api/v3. Time of day touches headers alone, never a body.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, path string) {
	c := &call{s: s, w: w, r: r, query: r.URL.Query()}
	if r.Method != http.MethodGet {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	if path == "/rate_limit" {
		c.rateLimit()
		return
	}
	s.mu.Lock()
	ok, met, until := s.limiter.allow(time.Now())
	served := s.limiter.served
	s.mu.Unlock()
	c.rateHeaders(left(served), time.Now().Add(time.Hour))
	if !ok {
		c.limited(met, until)
		return
	}
	if !c.ofUser(path) {
		c.route(path)
	}
}

// route finds the repository, by name or by id, and what is asked of it.
func (c *call) route(path string) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	var rest []string
	switch {
	case len(parts) >= 3 && parts[0] == "repos":
		name := parts[1] + "/" + parts[2]
		c.repo, rest, c.base = c.s.recipe.repository(name), parts[3:], "/api/v3/repos/"+name
		if r := c.repo; r != nil && !r.hidden() && !strings.EqualFold(name, string(r.fullName())) {
			c.moved(rest)
			return
		}
	case len(parts) >= 2 && parts[0] == "repositories":
		if id, err := strconv.ParseInt(parts[1], 10, 64); err == nil {
			c.repo, rest, c.base = c.s.recipe.byID[id], parts[2:], "/api/v3/repositories/"+parts[1]
		}
	}
	switch r := c.repo; {
	case r == nil || r.hidden() || r.NoAPI:
		c.fail(http.StatusNotFound, "Not Found")
	case r.Blocked != "":
		c.blocked()
	default:
		c.endpoint(rest)
	}
}

func (c *call) endpoint(rest []string) {
	n := len(rest)
	switch {
	case n == 0:
		c.json(c.repo.full(c.s.recipe))
	case n == 1 && rest[0] == "activity":
		c.activity()
	case n == 1 && rest[0] == "events":
		c.events()
	case n == 2 && rest[0] == "actions" && rest[1] == "runs":
		c.runs()
	case n >= 3 && rest[0] == "actions" && rest[1] == "runs":
		c.run(rest[2], rest[3:])
	case n == 3 && rest[0] == "git":
		c.gitData(rest[1], rest[2])
	case n == 3 && rest[0] == "commits" && rest[2] == "check-suites":
		c.checkSuites(rest[1])
	case n == 1 && rest[0] == "forks":
		c.forks()
	case n == 1 && rest[0] == "releases":
		c.releasesOf()
	case n == 4 && rest[0] == "actions" && rest[1] == "jobs" && rest[3] == "logs":
		c.jobLogs(rest[2])
	default:
		c.administration(rest)
	}
}

// administration answers what only administrators may see.
func (c *call) administration(rest []string) {
	switch strings.Join(rest, "/") {
	case "actions/secrets":
		c.stored(false, "")
	case "actions/organization-secrets":
		c.stored(true, "")
	case "actions/runners":
		c.runners()
	case "keys":
		c.keys()
	case "hooks":
		c.hooks()
	case "collaborators":
		c.collaborators()
	default:
		if len(rest) > 0 && rest[0] == "environments" {
			c.environments(rest[1:])
			return
		}
		c.fail(http.StatusNotFound, "Not Found")
	}
}

// json answers 200 with an ETag, or 304 to a client that has it.
func (c *call) json(v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(c.w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(body)
	tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
	c.w.Header().Set("ETag", tag)
	if c.r.Header.Get("If-None-Match") == tag {
		c.w.WriteHeader(http.StatusNotModified)
		return
	}
	c.send(http.StatusOK, body)
}

func (c *call) send(status int, body []byte) {
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.Header().Set("X-GitHub-Media-Type", "github.v3; format=json")
	c.w.WriteHeader(status)
	// an error here means that the client has gone; nobody is left to tell
	_, _ = c.w.Write(body)
}

// failure is GitHub's shape of an error. Status repeats the code as text.
type failure struct {
	Message          string `json:"message"`
	DocumentationURL string `json:"documentation_url"`
	Status           string `json:"status,omitempty"`
	URL              string `json:"url,omitempty"`
	Block            *block `json:"block,omitempty"`
}

type block struct {
	Reason    string  `json:"reason"`
	CreatedAt string  `json:"created_at"`
	HTMLURL   *string `json:"html_url"`
}

func (c *call) fail(status int, message string) {
	c.refuse(status, failure{Message: message, DocumentationURL: docs, Status: strconv.Itoa(status)})
}

func (c *call) refuse(status int, f failure) {
	body, err := json.Marshal(f)
	if err != nil {
		http.Error(c.w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.send(status, body)
}

// moved is GitHub's answer to a former name: 301 to the repository by id, sub-path and query kept.
func (c *call) moved(rest []string) {
	path := strings.Join(append([]string{"/repositories", strconv.FormatInt(c.repo.ID, 10)}, rest...), "/")
	if c.r.URL.RawQuery != "" {
		path += "?" + c.r.URL.RawQuery
	}
	c.w.Header().Set("Location", c.s.url+"/api/v3"+path)
	c.refuse(http.StatusMovedPermanently, failure{Message: "Moved Permanently", URL: siteAPI + path, DocumentationURL: docs})
}

func (c *call) blocked() {
	status, notice := http.StatusForbidden, (*string)(nil)
	if c.repo.Blocked == "dmca" {
		url := site + "/github/dmca"
		status, notice = http.StatusUnavailableForLegalReasons, &url
	}
	c.refuse(status, failure{
		Message: "Repository access blocked", DocumentationURL: docs,
		Block: &block{Reason: c.repo.Blocked, CreatedAt: stamp(c.s.recipe.Now.Add(-24 * time.Hour)), HTMLURL: notice},
	})
}

// limited answers as GitHub does when a limit is met: the primary one by 403 and the reset time, which has whole seconds and so is rounded
// up; the secondary one by 429, Retry-After and an address that names it.
func (c *call) limited(met limit, until time.Time) {
	if met.secondary {
		wait := int64(time.Until(until).Seconds()) + 1
		c.w.Header().Set("Retry-After", strconv.FormatInt(wait, 10))
		c.refuse(http.StatusTooManyRequests, failure{
			Message:          "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			DocumentationURL: docs + "/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits",
		})
		return
	}
	c.rateHeaders(0, until.Add(time.Second-1))
	c.refuse(http.StatusForbidden, failure{
		Message:          "API rate limit exceeded for 192.0.2.1.",
		DocumentationURL: docs + "/overview/rate-limits-for-the-rest-api",
	})
}

func (c *call) rateHeaders(remaining int64, reset time.Time) {
	h := c.w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(hourlyLimit))
	h.Set("X-RateLimit-Remaining", strconv.FormatInt(remaining, 10))
	h.Set("X-RateLimit-Used", strconv.FormatInt(hourlyLimit-remaining, 10))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
}

type rate struct {
	Limit     int64 `json:"limit"`
	Remaining int64 `json:"remaining"`
	Reset     int64 `json:"reset"`
	Used      int64 `json:"used"`
}

// rateLimit costs nothing and is never refused, as GitHub's.
func (c *call) rateLimit() {
	c.s.mu.Lock()
	used := c.s.limiter.served
	until := c.s.limiter.until
	c.s.mu.Unlock()
	core := rate{Limit: hourlyLimit, Remaining: left(used), Used: hourlyLimit - left(used), Reset: time.Now().Add(time.Hour).Unix()}
	if time.Now().Before(until) {
		core.Remaining, core.Reset = 0, until.Add(time.Second-1).Unix()
	}
	search := rate{Limit: 30, Remaining: 30, Reset: core.Reset}
	c.json(map[string]any{"resources": map[string]rate{"core": core, "search": search}, "rate": core})
}

// perPage is what the client asks, within GitHub's bounds and the recipe's cap.
func (c *call) perPage(endpoint string) int {
	n, err := strconv.Atoi(c.query.Get("per_page"))
	if err != nil || n < 1 {
		n = defaultPerPage
	}
	n = min(n, maxPerPage)
	if limit := c.s.recipe.caps[endpoint]; limit > 0 {
		n = min(n, limit)
	}
	return n
}

// page cuts a numbered page out of a list and says in Link where the next is.
func page[T any](c *call, endpoint string, rows []T) []T {
	size := c.perPage(endpoint)
	number, err := strconv.Atoi(c.query.Get("page"))
	if err != nil || number < 1 {
		number = 1
	}
	last := max(1, (len(rows)+size-1)/size)
	if number < last {
		c.link(map[string]string{"next": fmt.Sprintf("page=%d", number+1), "last": fmt.Sprintf("page=%d", last)})
	}
	if number > last {
		return []T{}
	}
	from := (number - 1) * size
	return rows[from:min(len(rows), from+size)]
}

// link writes the Link header: relation to the query part that differs. It carries the real address, for it is no part of a body.
func (c *call) link(relations map[string]string) {
	var links []string
	for _, rel := range []string{"prev", "next", "last", "first"} {
		change, ok := relations[rel]
		if !ok {
			continue
		}
		q := c.r.URL.Query()
		for _, key := range []string{"page", "after", "before"} {
			q.Del(key)
		}
		key, value, _ := strings.Cut(change, "=")
		q.Set(key, value)
		links = append(links, fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.s.url, c.r.URL.Path, q.Encode(), rel))
	}
	if len(links) > 0 {
		c.w.Header().Set("Link", strings.Join(links, ", "))
	}
}

// stamp is GitHub's way of writing a time.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
