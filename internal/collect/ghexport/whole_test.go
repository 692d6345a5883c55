package ghexport_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/collect/ghexport"
	"pentimento/internal/evidence"
)

const (
	elsewhere = evidence.Repository("other-org/third")
	personal  = evidence.Repository("ada/dotfiles")
)

// declared is a case whose repositories are known by their ids, and a word that the export is whole.
func declared() ghexport.Config {
	cfg := config()
	cfg.Repositories = []ghexport.Target{{Repository: repo, GitHubID: 11}, {Repository: other, GitHubID: 12}, {Repository: elsewhere, GitHubID: 13}, {Repository: personal, GitHubID: 14}}
	cfg.CoversFrom, cfg.CoversTo = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), cfg.Now()
	return cfg
}

// of is a row n seconds after 12:30 of a repository with an id, in the log of its owner.
func of(n int, action string, name evidence.Repository, id int, more string) string {
	return fmt.Sprintf(`{"@timestamp":%d,"_document_id":"doc-%d","action":%q,"org":%q,"repo":%q,"repo_id":%d,"actor":"ada"%s}`, ms+1000*n, n, action, name.Owner(), name, id, more)
}

// covered lists what is covered whole, of git and of the rest.
func covered(got told) (out []string) {
	for r, obs := range got.by {
		for _, c := range obs.Coverage {
			if c.Complete {
				kind := "git"
				if c.Detail == evidence.OtherThanGit {
					kind = "rest"
				}
				out = append(out, fmt.Sprintf("%s %s %s..%s", r, kind, c.From.Format("2006-01-02"), c.To.Format("2006-01-02")))
			}
		}
	}
	return out
}

const (
	wholeRest = "octo-org/demo rest 2025-06-01..2025-10-01"
	wholeGit  = "octo-org/demo git 2025-09-24..2025-10-01"
	quietRest = "octo-org/second rest 2025-06-01..2025-10-01" // no row names it
	quietGit  = "octo-org/second git 2025-09-24..2025-10-01"
)

// What an exporter declares whole is whole over all its files or not at all, and for those repositories alone whose log it is.
func TestDeclaredWhole(t *testing.T) {
	good := of(1, "repo.create_actions_secret", repo, 11, `,"key":"A"`)
	all := []string{wholeRest, wholeGit, quietRest, quietGit}
	for name, c := range map[string]struct {
		files []string
		want  []string
	}{
		"one file":                               {[]string{good}, all},
		"two files":                              {[]string{good, of(2, "repo.create", other, 12, "")}, all},
		"a bad row":                              {[]string{good + "\n{"}, nil},
		"a bad row in another":                   {[]string{good, good[:40]}, nil},
		"another is empty":                       {[]string{good, ""}, nil},
		"another is an empty list":               {[]string{good, "[]"}, all},
		"another is cut between rows":            {[]string{good, "[" + good + ",\n"}, nil},
		"between rows stands no row":             {[]string{"[" + good + ",oops," + good + "]"}, nil},
		"another archive is damaged":             {[]string{good, zipped(t, good)[:60]}, nil},
		"a secret without a name":                {[]string{good, of(2, "repo.remove_actions_secret", repo, 11, "")}, nil},
		"a secret of no repository":              {[]string{good, `{"@timestamp":1756816200000,"action":"repo.remove_actions_secret","org":"octo-org","key":"B"}`}, nil},
		"a secret of no organisation":            {[]string{good, `{"@timestamp":1756816200000,"action":"org.remove_actions_secret","key":"B"}`}, nil},
		"a row without an id that may be of any": {[]string{good, `{"@timestamp":1756816200000,"action":"repo.create","org":"octo-org","repo":"octo-org/former"}`}, nil},
		"one that another may have been named":   {[]string{good, `{"@timestamp":1756816200000,"action":"repo.create","org":"octo-org","repo":"their-org/former"}`}, nil},
		"such a row of others":                   {[]string{good, `{"@timestamp":1756816200000,"action":"repo.create","org":"their-org","repo":"their-org/former"}`}, all},
		"the organisation had another name":      {[]string{good, `{"@timestamp":1756816200000,"action":"org.rename","org":"octo-org"}`}, nil},
		"moved from another organisation":        {[]string{good, of(2, "repo.transfer", repo, 11, `,"repo_was":"old-org/demo"`)}, []string{quietRest, quietGit}},
		"made public":                            {[]string{good, of(2, "repo.access", repo, 11, "")}, []string{wholeGit, quietRest, quietGit}},
		"an environment is gone":                 {[]string{good, of(2, "environment.delete", repo, 11, "")}, []string{wholeGit, quietRest, quietGit}},
		"pushes without a ref":                   {[]string{good, of(2, "git.push", repo, 11, "")}, []string{wholeRest, quietRest, quietGit}},
		"no log of its owner":                    {[]string{strings.Replace(good, `"org"`, `"x"`, 1)}, nil},
	} {
		var paths []string
		for i, text := range c.files {
			paths = append(paths, file(t, fmt.Sprintf("%d.json", i), text))
		}
		got := read(t, ghexport.AuditLog, paths[0], declared(), paths[1:]...)
		same(t, name, covered(got), c.want)
	}
}

// The word goes as far back as GitHub keeps events, and not into the future; without ids there is none, nor for deliveries.
func TestDeclaredTime(t *testing.T) {
	good := file(t, "a", of(1, "repo.create_actions_secret", repo, 11, `,"key":"A"`))
	cfg := declared()
	cfg.CoversFrom, cfg.CoversTo = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	same(t, "a long time", covered(read(t, ghexport.AuditLog, good, cfg)), []string{"octo-org/demo rest 2025-04-04..2025-10-01", wholeGit,
		"octo-org/second rest 2025-04-04..2025-10-01", quietGit})
	cfg.CoversTo = time.Date(2025, 9, 10, 0, 0, 0, 0, time.UTC)
	same(t, "git of old", covered(read(t, ghexport.AuditLog, good, cfg)), []string{"octo-org/demo rest 2025-04-04..2025-09-10", "octo-org/second rest 2025-04-04..2025-09-10"})
	cfg.CoversTo = time.Date(2024, 9, 10, 0, 0, 0, 0, time.UTC)
	same(t, "long ago", covered(read(t, ghexport.AuditLog, good, cfg)), nil)

	cfg = declared()
	for i := range cfg.Repositories {
		cfg.Repositories[i].GitHubID = 0
	}
	same(t, "no ids", covered(read(t, ghexport.AuditLog, good, cfg)), nil)
	cfg = declared()
	cfg.Repositories[1].GitHubID = 11
	same(t, "one id twice", covered(read(t, ghexport.AuditLog, good, cfg)), nil)
	cfg.Repositories[0].Aliases = []evidence.Repository{"new-org/demo"}
	same(t, "no log of its present owner", covered(read(t, ghexport.AuditLog, good, cfg)), nil)

	hooks := strings.Replace(wrap("push", pushed(one, two, ""), `,"delivered_at":"2025-09-02T12:30:04Z"`), `"id":1`, `"id":11`, 1)
	got := read(t, ghexport.Webhooks, file(t, "hooks", hooks), declared())
	if c := got.of(repo).Coverage; len(c) != 1 || c[0].Complete || got.Stored != 1 {
		t.Errorf("deliveries: %+v", c)
	}
}

// Rows on secrets of an organisation reach the repositories that it covers, whichever file they are in and whoever has other rows.
func TestSecretsOfOrganisationsReachTheQuiet(t *testing.T) {
	first := file(t, "1.json", of(1, "repo.create", repo, 11, ""))
	second := file(t, "2.json", `{"@timestamp":1756816205000,"_document_id":"o","action":"org.remove_actions_secret","org":"octo-org","actor":"ada","key":"SHARED"}`)
	got := read(t, ghexport.AuditLog, first, declared(), second)
	for _, r := range []evidence.Repository{repo, other} {
		same(t, string(r), secrets(got.of(r)), []string{"12:30:05 removed organisation  SHARED ada 0"})
	}
	if s := got.of(other).Sources; len(s) != 1 || !strings.HasSuffix(s[0].URL, "/2.json") {
		t.Errorf("the row came from %+v", s)
	}
	if len(got.of(elsewhere).Secrets)+len(got.of(personal).Secrets) > 0 || got.Stored != 2 {
		t.Errorf("filed under others, or counted twice: %+v", got.Summary)
	}
	named := read(t, ghexport.AuditLog, file(t, "named", of(1, "repo.create", repo, 11, "")+"\n"+of(2, "org.remove_actions_secret", "octo-org/unlisted", 99, `,"key":"SHARED"`)), declared())
	for _, r := range []evidence.Repository{repo, other} {
		same(t, "named", secrets(named.of(r)), []string{"12:30:02 removed organisation  SHARED ada 0"})
	}
	var many strings.Builder
	many.WriteString(of(1, "repo.create", repo, 11, "") + "\n")
	for i := range 10_001 {
		fmt.Fprintf(&many, `{"@timestamp":1756816205000,"_document_id":"o%d","action":"org.remove_actions_secret","org":"octo-org","key":"S%d"}`+"\n", i, i)
	}
	over := read(t, ghexport.AuditLog, file(t, "many", many.String()), declared())
	same(t, "too many", covered(over), nil)
	same(t, "too many", gaps(over.of(repo), evidence.GapTruncated), []string{"the export: 1 rows on secrets of organisations are too many and were left out"})
}

// GitHub's id outlives a name: rows under a former name are taken, those of another repository under the same name are not.
func TestIdentity(t *testing.T) {
	row := func(name evidence.Repository, id int, key string) string {
		return of(1, "repo.create_actions_secret", name, id, `,"key":"`+key+`"`)
	}
	got := read(t, ghexport.AuditLog, file(t, "a", strings.Join([]string{row(repo, 11, "A"), row("octo-org/old", 11, "B"), row(repo, 99, "C"), row("octo-org/none", 98, "D"),
		strings.Replace(row("octo-org/older", 11, "E"), `"repo_id":11`, `"data":{"repo_id":"11"}`, 1)}, "\n")), declared())
	same(t, "secrets", secrets(got.of(repo)), []string{"12:30:01 created repository  A ada 0", "12:30:01 created repository  B ada 0", "12:30:01 created repository  E ada 0"})
	same(t, "identity", gaps(got.of(repo), evidence.GapIdentity), []string{"octo-org/demo: 1 rows bear its name and the id of another repository than 11; they were not taken"})
	same(t, "covered", covered(got), []string{quietRest, quietGit})
	if got.Stored != 3 || got.Foreign != 2 {
		t.Errorf("counts: %+v", got.Summary)
	}

	hook := func(id, name string) string {
		return strings.NewReplacer(`"id":1,`, `"id":`+id+`,`, "Octo-Org/demo", name).Replace(pushed(one, two, ""))
	}
	hooks := read(t, ghexport.Webhooks, file(t, "h", hook("11", "octo-org/old")+"\n"+hook("99", "octo-org/demo")), declared())
	if hooks.Stored != 1 || hooks.Foreign != 1 || len(hooks.of(repo).Updates) != 1 || len(gaps(hooks.of(repo), evidence.GapIdentity)) != 1 {
		t.Errorf("deliveries: %+v", hooks.Summary)
	}
}

// An export that cannot be read in part leaves one gap in every repository, for its rows may have been there; one that can takes it away: the
// unit of the gap is the same.
func TestUnreadLeavesAGap(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(file(t, "outside", "{}"), filepath.Join(dir, "in.json")); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]reader{"audit-log": ghexport.AuditLog, "webhooks": ghexport.Webhooks} {
		for path, kind := range map[string]evidence.GapKind{file(t, "cut", "{\"a\""): evidence.GapUnreadable, file(t, "empty", "\n"): evidence.GapTruncated, dir: evidence.GapTruncated} {
			got := read(t, f, path, declared())
			for r, obs := range got.by {
				if len(obs.Gaps) != 1 || obs.Gaps[0].Kind != kind || obs.Gaps[0].Unit != name {
					t.Errorf("%s of %s in %s: %+v", name, path, r, obs.Gaps)
				}
			}
		}
		for r, obs := range read(t, f, file(t, "list", "[]"), declared()).by {
			if len(obs.Gaps) != 0 || obs.Unit != name {
				t.Errorf("%s of an empty list in %s: %+v", name, r, obs)
			}
		}
	}
}
