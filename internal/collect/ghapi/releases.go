package ghapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// maxReleasePages bounds one repository at 2,000 releases, the newest first.
const maxReleasePages = 20

// Releases lists the published releases (https://docs.github.com/en/rest/releases/releases#list-releases). Each says that its tag was
// made by published_at, on GitHub's clock, and nothing else: whoever may write can give a release another tag later on, which is rare
// enough to be believed here and not in a list of suspects. What the tag stood for it does not say: target_commitish is what a tag would be
// made from if there were none, created_at the date of the commit, which its maker wrote, and the author published the release, not
// the tag. Drafts have no tag yet.
func (c *Collector) Releases(ctx context.Context, repo evidence.Repository, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitReleases, origin: evidence.OriginReleases, emit: emit}
	coverage := evidence.Coverage{Origin: u.origin, To: c.cfg.Now()}
	end, err := u.walk(ctx, list{
		path: "/releases", subject: "releases", most: maxReleasePages, query: url.Values{"per_page": {strconv.Itoa(perPage)}},
		read: func(body []byte) (page, error) {
			p, err := readReleases(repo, body)
			for _, up := range p.facts.Updates {
				coverage.Oldest = oldest(coverage.Oldest, up.At)
			}
			return p, err
		},
	})
	if err != nil {
		return err
	}
	coverage.Complete = end.whole()
	var gaps []evidence.Gap
	if end.cut {
		gaps = append(gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: "releases", Hint: "events and archives tell creations of tags too",
			Detail: fmt.Sprintf("only the newest %d were listed; none from before %s", end.rows, stampOr(coverage.Oldest, "an unknown time"))})
	}
	return u.finish([]evidence.Coverage{coverage}, gaps)
}

type releaseRow struct {
	ID          int64      `json:"id"`
	TagName     string     `json:"tag_name"`
	Draft       bool       `json:"draft"`
	PublishedAt *time.Time `json:"published_at"`
}

func readReleases(repo evidence.Repository, body []byte) (page, error) {
	var p page
	rows, err := array(body)
	if err != nil {
		return p, err
	}
	each(&p, rows, func(row releaseRow) error {
		at, err := stamp(row.PublishedAt)
		if err = errors.Join(err, plain(row.TagName)); err != nil {
			return err
		}
		if row.ID <= 0 || row.TagName == "" {
			return errors.New("a release without id or tag")
		}
		if row.Draft || at.IsZero() {
			return nil
		}
		p.facts.Updates = append(p.facts.Updates, evidence.RefUpdate{Repository: repo, Origin: evidence.OriginReleases, Clock: when.Server, By: true,
			ExternalID: strconv.FormatInt(row.ID, 10), Ref: evidence.Ref("refs/tags/" + row.TagName), Kind: evidence.TagCreation, At: at})
		return nil
	})
	return p, nil
}
