package drill

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// TestTruthAgainstGit asks the git CLI about what the truth says of the present: which ref holds a version, which only reaches its
// commit, and what no ref reaches any more. Slips of the hand that wrote the truth show here.
func TestTruthAgainstGit(t *testing.T) {
	for name, r := range recipes(t) {
		t.Run(name, func(t *testing.T) {
			s := start(t, r)
			copies := t.TempDir()
			in := func(repo evidence.Repository, args ...string) (string, bool) {
				dir := filepath.Join(copies, string(repo))
				if out, err := git(t, copies, "clone", "--quiet", "--mirror", s.URL()+"/"+string(repo)+".git", dir); err != nil && !strings.Contains(out, "already exists") {
					t.Fatalf("clone %s: %v: %s", repo, err, out)
				}
				out, err := git(t, dir, args...)
				return strings.TrimSpace(out), err == nil
			}
			for _, p := range r.Truth.Presence {
				blob, holds := in(p.Repository, "rev-parse", "--verify", "--quiet", string(p.Ref)+":"+p.Path)
				last := p.Versions[len(p.Versions)-1].Blob
				if p.Removed == nil && blob != string(last) {
					t.Errorf("%s %s holds %q, the truth says %s", p.Repository, p.Ref, blob, last)
				}
				if p.Removed != nil && holds && blob == string(last) {
					t.Errorf("%s %s still holds %s, the truth says that it was removed", p.Repository, p.Ref, last)
				}
			}
			for _, c := range r.Truth.Contains {
				if _, ok := in(c.Repository, "merge-base", "--is-ancestor", string(c.Commit), string(c.Ref)); !ok {
					t.Errorf("%s %s does not reach %s", c.Repository, c.Ref, c.Commit)
				}
				if out, holds := in(c.Repository, "rev-parse", "--verify", "--quiet", string(c.Ref)+":.github/workflows/"+campaignWorkflow); holds {
					t.Errorf("%s %s holds %s", c.Repository, c.Ref, out)
				}
			}
			recovered := map[evidence.OID]bool{}
			for _, c := range r.Truth.Recovered {
				recovered[c.SHA] = true
			}
			for _, c := range r.Truth.Commits {
				_, reached := in(c.Repository, "cat-file", "-e", string(c.SHA))
				if reached == c.Recovered || c.Recovered != recovered[c.SHA] {
					t.Errorf("%s %s: reached by a ref %v, recovered %v", c.Repository, c.SHA, reached, c.Recovered)
				}
			}
		})
	}
}

// TestTruthIsWhole holds that every repository has a state, every window of a shown leak its run, and every finding its presence.
func TestTruthIsWhole(t *testing.T) {
	for name, r := range recipes(t) {
		states := map[evidence.Repository]int{}
		for _, x := range r.Truth.Repos {
			states[x.Repository]++
		}
		held := map[evidence.OID]map[evidence.Repository]bool{}
		for _, p := range r.Truth.Presence {
			for _, v := range p.Versions {
				if held[v.Blob] == nil {
					held[v.Blob] = map[evidence.Repository]bool{}
				}
				held[v.Blob][p.Repository] = true
			}
		}
		for _, repo := range r.Scope() {
			if states[repo] != 1 {
				t.Errorf("%s: %s has %d states", name, repo, states[repo])
			}
		}
		found := map[evidence.OID]bool{}
		for _, f := range r.Truth.Findings {
			if found[f.Blob] {
				t.Errorf("%s: %s is found twice", name, f.Blob)
			}
			found[f.Blob] = true
			if len(held[f.Blob]) != len(f.Repositories) {
				t.Errorf("%s: %s is held by %v, found in %v", name, f.Blob, held[f.Blob], f.Repositories)
			}
			for _, repo := range f.Repositories {
				if !held[f.Blob][repo] {
					t.Errorf("%s: %s is found in %s, which never held it", name, f.Blob, repo)
				}
			}
		}
		if len(found) != len(held) {
			t.Errorf("%s: %d versions found, %d held", name, len(found), len(held))
		}
	}
}

// TestHeld replays the moves of each ref: the spans in which its tip held the campaign's file are those that the truth states.
func TestHeld(t *testing.T) {
	r, err := Sources()
	if err != nil {
		t.Fatal(err)
	}
	const path = ".github/workflows/" + campaignWorkflow
	repo := r.Repositories[0]
	var got []TruthHeld
	open := map[evidence.Ref]int{}
	for _, u := range repo.updates {
		c := repo.named(u.after)
		holds := c != nil && c.files[path] != ""
		i, was := open[u.ref]
		switch {
		case holds && !was:
			open[u.ref] = len(got)
			got = append(got, TruthHeld{Repository: repo.Name, Ref: u.ref, Path: path, Commits: []evidence.OID{c.oid}, From: u.at})
		case holds:
			got[i].Commits = append(got[i].Commits, c.oid)
		case was:
			got[i].Until = u.at
			delete(open, u.ref)
		}
	}
	want := slices.DeleteFunc(slices.Clone(r.Truth.Held), func(h TruthHeld) bool { return h.Ref == "refs/pull/1/head" }) // no update tells of it
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the moves say\n%v\nthe truth\n%v", got, want)
	}
}
