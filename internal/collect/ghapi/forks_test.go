package ghapi

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

func TestForks(t *testing.T) {
	row := func(id int, name string) object {
		return object{"id": id, "full_name": name, "created_at": stampOf(minute(id)), "pushed_at": stampOf(minute(id + 1))}
	}
	fork := func(id int, name string) evidence.Fork {
		return evidence.Fork{Repository: repo, FullName: evidence.Repository(name), GitHubID: int64(id), CreatedAt: minute(id), PushedAt: minute(id + 1)}
	}
	self := func(parent any) http.HandlerFunc {
		return sayJSON(object{"id": 7, "full_name": "acme/tool", "parent": parent})
	}
	parent := fork(1, "upper/tool")
	parent.Parent = true
	for name, c := range map[string]struct {
		self, forks http.HandlerFunc
		want        []evidence.Fork
		gaps        []string
		complete    bool
	}{
		"none":        {self(nil), sayJSON([]object{}), nil, nil, true},
		"a fork":      {self(row(1, "upper/tool")), sayJSON([]object{row(3, "b/tool"), row(2, "a/tool")}), []evidence.Fork{parent, fork(3, "b/tool"), fork(2, "a/tool")}, nil, true},
		"a bad row":   {self(nil), sayJSON([]object{row(3, "b/tool"), row(2, "../tool")}), []evidence.Fork{fork(3, "b/tool")}, []string{"refused: /repos/acme/tool/forks?per_page=100&sort=newest"}, false},
		"itself":      {self(row(1, "ACME/tool")), sayJSON([]object{}), nil, []string{"refused: parent"}, false},
		"hidden":      {self(nil), say(404, `{"message":"Not Found"}`), nil, []string{"unsupported: forks"}, false},
		"down":        {say(502, ``), sayJSON([]object{}), nil, []string{"server-error: parent"}, false},
		"without end": {self(nil), say(200, `[]`, "Link", `<?page=1>; rel="next"`), nil, []string{"truncated: forks"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool": c.self, "/repos/acme/tool/forks": c.forks})
			var g told
			if err := f.collector(t).Forks(context.Background(), repo, g.emit); err != nil {
				t.Fatal(err)
			}
			g.finished(t, UnitForks)
			same(t, "gaps", g.gaps(), c.gaps)
			if fmt.Sprint(g.Forks) != fmt.Sprint(c.want) || g.Coverage[0].Complete != c.complete {
				t.Errorf("forks %+v, coverage %+v", g.Forks, g.Coverage)
			}
		})
	}
}

func TestReleases(t *testing.T) {
	row := func(id int, tag string, published any) object {
		return object{"id": id, "tag_name": tag, "target_commitish": hexID(5), "draft": published == nil, "published_at": published,
			"created_at": stampOf(now.AddDate(-9, 0, 0)), "author": object{"login": "dev"}}
	}
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/releases": sayJSON([]object{row(3, "v3", nil), row(2, "v2", stampOf(minute(2))),
		row(1, "", stampOf(minute(1)))})})
	var g told
	if err := f.collector(t).Releases(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitReleases)
	same(t, "updates", g.moves(), []string{"2 tag_creation refs/tags/v2 -..- by " + stampOf(minute(2)) + " "})
	same(t, "gaps", g.gaps(), []string{"refused: /repos/acme/tool/releases?per_page=100"})
	if c := g.Coverage[0]; c.Complete || c.Oldest != minute(2) || !c.From.Equal(time.Time{}) {
		t.Errorf("coverage %+v", c)
	}
}
