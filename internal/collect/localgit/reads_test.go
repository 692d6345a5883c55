package localgit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// What an entry says of the server depends on the words of the command and on the configuration.
func TestWhatEntriesSay(t *testing.T) {
	o := evidence.OID(strings.Repeat("3c", 20))
	const origin = "[remote \"origin\"]\n\turl = git@github.com:octo-org/demo\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
	const saw = "12:10 saw refs/heads/main "
	_, dir, first := seeded(t)
	logs := filepath.Join(dir, ".git/logs/refs/remotes")
	for name, c := range map[string]struct{ config, ref, message, want string }{
		"plain":             {origin, "origin/main", "fetch: fast-forward", saw},
		"options":           {origin, "origin/main", "fetch --prune --depth 1 origin: forced-update", saw},
		"one branch":        {origin, "origin/main", "fetch origin main: storing head", saw},
		"pull":              {origin, "origin/main", "pull --rebase origin main: fast-forward", saw},
		"all remotes":       {origin, "origin/main", "remote update origin: fast-forward", saw},
		"libgit2":           {origin, "origin/main", "fetch", saw},
		"address":           {origin, "origin/main", "fetch https://github.com/octo-org/demo main: fast-forward", saw},
		"other address":     {origin, "origin/main", "fetch https://github.com/mallory/demo main:refs/remotes/origin/main: fast-forward", ""},
		"other by ssh":      {origin, "origin/main", "fetch git@github.com:mallory/demo.git main: fast-forward", ""},
		"by name of object": {origin, "origin/main", "fetch --no-tags origin +" + string(o) + ":refs/remotes/origin/main: forced-update", ""},
		"same by refspec":   {origin, "origin/main", "fetch origin +refs/heads/*:refs/remotes/origin/*: forced-update", saw},
		"short refspec":     {origin, "origin/main", "fetch origin main:refs/remotes/origin/main: forced-update", saw},
		"other branch":      {origin, "origin/main", "fetch origin dev:refs/remotes/origin/main: forced-update", ""},
		"refmap":            {origin, "origin/main", "fetch --refmap=x origin main: fast-forward", ""},
		"other remote": {origin + "[remote \"fork\"]\n\turl = https://github.com/mallory/demo\n", "origin/main", "fetch fork: fast-forward",
			""},
		"by hand":      {origin, "origin/main", "", ""},
		"reset":        {origin, "origin/main", "reset: moving to HEAD~1", ""},
		"pushed":       {origin, "origin/main", "update by push", `12:10 by true moved refs/heads/main from "" to `},
		"nested":       {origin, "origin/feature/a b'", "update by push", `12:10 by true moved refs/heads/feature/a b' from "" to `},
		"pushed apart": {origin + "\tpushurl = git@github.com:mallory/demo\n", "origin/main", "update by push", ""},
		"pushed to both": {origin + "\tpushurl = git@github.com:octo-org/demo\n\tpushurl = git@github.com:mallory/demo\n", "origin/main", "update by push",
			""},
		"pushed by rule": {origin + "[url \"git@github.com:mallory/\"]\n\tpushInsteadOf = git@github.com:octo-org/\n", "origin/main", "update by push", ""},
		"shorthand": {"[url \"https://github.com/\"]\n\tinsteadOf = gh:\n[remote \"origin\"]\n\turl = gh:octo-org/demo\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
			"origin/main", "fetch: fast-forward", saw},
		"fork":             {strings.ReplaceAll(origin, "octo-org", "mallory"), "origin/main", "fetch: fast-forward", ""},
		"other host":       {strings.ReplaceAll(origin, "github.com", "gitlab.example.invalid"), "origin/main", "fetch: fast-forward", ""},
		"alias":            {strings.ReplaceAll(origin, "git@github.com", "work"), "origin/main", "fetch: fast-forward", saw},
		"two accounts":     {strings.ReplaceAll(origin, "github.com", "github.com-work"), "origin/main", "fetch: fast-forward", saw},
		"looks like it":    {strings.ReplaceAll(origin, "github.com", "github.com.example.invalid"), "origin/main", "fetch: fast-forward", ""},
		"alias, no SSH":    {strings.ReplaceAll(origin, "git@github.com:", "https://github/"), "origin/main", "fetch: fast-forward", ""},
		"port":             {strings.ReplaceAll(origin, "git@github.com:", "ssh://git@ssh.github.com:443/"), "origin/main", "fetch: fast-forward", saw},
		"credentials":      {strings.ReplaceAll(origin, "git@github.com:", "https://u:p@GitHub.com/"), "origin/main", "fetch: fast-forward", saw},
		"path":             {strings.ReplaceAll(origin, "git@github.com:", "/srv/git/"), "origin/main", "fetch: fast-forward", ""},
		"other name":       {strings.ReplaceAll(origin, "origin", "upstream"), "upstream/main", "fetch upstream: fast-forward", saw},
		"not its own refs": {strings.ReplaceAll(origin, "origin", "upstream"), "origin/main", "fetch upstream: fast-forward", ""},
		"pull requests": {origin + "\tfetch = +refs/pull/*/head:refs/remotes/origin/pr/*\n", "origin/pr/7", "fetch: storing head",
			"12:10 saw refs/pull/7/head "},
		"no refspec": {"[remote \"origin\"]\n\turl = git@github.com:octo-org/demo\n", "origin/main", "fetch: fast-forward", ""},
	} {
		if err := os.RemoveAll(logs); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, ".git/config"), "[core]\n\tbare = false\n"+c.config)
		write(t, filepath.Join(logs, c.ref), fmt.Sprintf("%s %s Ada <ada@example.invalid> %d +0000\t%s\n", first, o, at(10).Unix(), c.message))
		got := collect(t, dir).lines()
		var told []string
		for _, line := range got {
			if !strings.HasPrefix(line, "12:02 ") { // the making of the clone
				told = append(told, line)
			}
		}
		want := []string{}
		if c.want != "" {
			want = append(want, c.want+o.Short())
		}
		if strings.Join(told, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %q, want %q", name, told, want)
		}
	}
}

func TestWithoutConfiguration(t *testing.T) {
	w, dir, c := seeded(t)
	w.git(5, dir, "update-ref", "-m", "fetch: storing head", "--create-reflog", "refs/remotes/origin/dev", string(c))
	write(t, filepath.Join(dir, ".git/config"), "")
	if got := collect(t, dir); !got.gap(evidence.GapNotCollected, "remotes") {
		t.Errorf("an empty configuration: %v", got.Gaps)
	}
	if err := os.Remove(filepath.Join(dir, ".git/config")); err != nil {
		t.Fatal(err)
	}
	got := collect(t, dir)
	same(t, got.lines(), []string{"12:02 saw refs/heads/main " + c.Short(), "12:05 saw refs/heads/dev " + c.Short()})
	if !got.gap(evidence.GapNotCollected, "config") {
		t.Errorf("no gap for the remote that was taken for the repository: %v", got.Gaps)
	}
}
