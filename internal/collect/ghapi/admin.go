package ghapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

const (
	// maxAdminPages bounds each of the lists at 2,000 rows: GitHub allows 100 secrets in each place, and few repositories have as many keys,
	// hooks, collaborators or runners.
	maxAdminPages = 20
	// enoughDenials is after how many denials, with nothing granted, the rest is not asked for: a token without the rights of an
	// administrator shall not cost seven requests in each of thousands of repositories.
	enoughDenials = 2
)

// adminUnit is the collection of one repository's administration under way.
type adminUnit struct {
	unit
	granted  bool     // a list was given
	denied   []string // lists that were not, by name
	needs    []string // the permissions that they take
	over     *refusal // why there is no point in asking on, nil for none
	failed   failures
	coverage []evidence.Coverage
	gaps     []evidence.Gap
	undated  int // grants that come without a time
}

// adminList is one list: what it is called, where it lies, and the permission of a fine-grained token that reads it.
type adminList struct {
	name  string
	of    string // what it belongs to, where there are several of the name
	path  string
	needs string
}

// Admin lists, for an administrator's token, the Actions secrets by name (https://docs.github.com/en/rest/actions/secrets): of the
// repository, of its environments, and of its organisation as far as the repository may use them; and the ways into it: deploy keys,
// webhooks, direct collaborators and self-hosted runners. No value of a secret, no key and no address of a webhook beyond its host is in
// what it keeps, be it facts or stored answers.
//
// The coverage has one row for each [evidence.SecretScope], in Detail: only where it is complete is a secret that is not listed one that
// was not stored at that time. Whatever the token may not see is one gap for all of it. since is when the first plant was made, zero where
// none is known: then a gap says of which grants no source told when they were added.
func (c *Collector) Admin(ctx context.Context, repo evidence.Repository, since time.Time, emit Emit) error {
	a := adminUnit{unit: unit{Collector: c, repo: repo, name: UnitAdmin, origin: evidence.OriginSecrets, emit: emit}}
	for _, step := range []func(context.Context) error{a.repository, a.keys, a.hooks, a.collaborators, a.runners, a.organisation, a.environments} {
		if !a.granted && len(a.denied) >= enoughDenials {
			a.denied = append(a.denied, "all else that administrators see")
			break
		}
		if a.over != nil {
			g := a.over.gap("the rest of what administrators see")
			a.gaps = append(a.gaps, g)
			break
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, scope := range []evidence.SecretScope{evidence.RepositorySecret, evidence.EnvironmentSecret, evidence.OrganisationSecret} {
		if !slices.ContainsFunc(a.coverage, func(c evidence.Coverage) bool { return c.Detail == string(scope) }) {
			a.cover(scope, false)
		}
	}
	a.conclude(since)
	return a.finish(a.coverage, a.gaps)
}

// conclude words what was denied, and what stayed undated.
func (a *adminUnit) conclude(since time.Time) {
	if len(a.denied) > 0 {
		slices.Sort(a.needs)
		a.gaps = append(a.gaps, evidence.Gap{Kind: evidence.GapForbidden, Subject: "what administrators see",
			Detail: "the token may not see: " + strings.Join(a.denied, ", "),
			Hint:   "use the token of an administrator; a fine-grained one needs read access to: " + strings.Join(slices.Compact(a.needs), ", ")})
	}
	if a.undated > 0 && !since.IsZero() {
		a.gaps = append(a.gaps, evidence.Gap{Kind: evidence.GapUnsupported, Subject: "when collaborators and runners were added",
			Detail: fmt.Sprintf("the API does not say when %d collaborators and self-hosted runners came", a.undated),
			Hint: "the organisation's audit log does: look for repo.add_member and repo.register_self_hosted_runner since " + evidence.Stamp(since) +
				", when the first malicious workflow came"})
	}
}

func (a *adminUnit) cover(scope evidence.SecretScope, complete bool) {
	a.coverage = append(a.coverage, evidence.Coverage{Origin: evidence.OriginSecrets, Detail: string(scope), To: a.cfg.Now(), Complete: complete})
}

// denied reports a refusal that more rights would mend. GitHub hides from those without them that there is anything at all.
func denied(r *refusal) bool {
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return r.kind == evidence.GapForbidden || r.kind == evidence.GapUnsupported
	}
	return false
}

// lists walks one list to its end; whole is false where anything of it is missing.
func (a *adminUnit) lists(ctx context.Context, l adminList, query url.Values, strip func([]byte) []byte, read func([]byte) (page, error)) (whole bool, err error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("per_page", strconv.Itoa(perPage))
	subject := strings.TrimSpace(l.name + " " + l.of)
	end, err := a.walk(ctx, list{path: l.path, subject: subject, most: maxAdminPages, query: query, read: read, strip: strip, mute: denied})
	if err != nil {
		return false, err
	}
	if a.failed.final(end.refusal) {
		a.over = end.refusal
	}
	switch {
	case end.refusal == nil:
		a.granted = true
	case denied(end.refusal):
		a.denied, a.needs, a.over = append(a.denied, l.name), append(a.needs, l.needs), nil
		return false, nil
	}
	short := end.refusal == nil && end.bad == 0 && end.rows < end.total
	if end.cut || short {
		a.gaps = append(a.gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: subject, Hint: hintLater,
			Detail: fmt.Sprintf("GitHub counts %d and listed %d", end.total, end.rows)})
	}
	return end.whole() && !short, nil
}
