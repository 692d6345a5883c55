package casefile

import (
	"context"
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	_ "pentimento/internal/seeded"
	"pentimento/internal/tokens"
)

// bulkOf is a bulk of commits, and of each what its tree holds.
func bulkOf(commits []evidence.Commit, holdings []evidence.Holding) *evidence.Bulk {
	b := &evidence.Bulk{Via: "fetch"}
	for i, c := range commits {
		b.AddFacts(c, holdings[i])
	}
	return b
}

func hashed(name string) evidence.Hash { return sha1.Sum([]byte(name)) }

// long is an invented history of n commits with merges, some minutes apart, whose workflow trees change now and then.
func long(n int) *evidence.Bulk {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("fix update the parser tests for release docs handle error when a branch is gone add support of new format in")
	b := &evidence.Bulk{Via: "mirror"}
	b.Grow(n)
	folder := hashed("workflows 0")
	for i := range n {
		who := fmt.Sprintf("Person %d", r.IntN(900))
		hand := evidence.BulkPerson{Name: []byte(who), Email: []byte(strings.ReplaceAll(who, " ", ".") + "@example.invalid"), Zone: []byte("+0200"),
			Seconds: 1_200_000_000 + int64(i)*900}
		c := evidence.BulkCommit{OID: hashed(fmt.Sprint("commit ", i)), Tree: hashed(fmt.Sprint("tree ", i)), Author: hand, Committer: hand, Known: true}
		if i > 0 {
			c.Parents = append(c.Parents, hashed(fmt.Sprint("commit ", i-1)))
		}
		if i > 50 && r.IntN(4) == 0 {
			c.Parents = append(c.Parents, hashed(fmt.Sprint("commit ", i-2-r.IntN(48))))
		}
		if r.IntN(150) == 0 {
			folder = hashed(fmt.Sprint("workflows ", i))
		}
		c.Workflows = folder
		for range 20 + r.IntN(80) {
			c.Message = append(append(c.Message, words[r.IntN(len(words))]...), " \n"[r.IntN(12)/11])
		}
		b.Add(c)
	}
	return b
}

// graphsOf encodes bulks and reads them back.
func graphsOf(t *rapid.T, bulks ...*evidence.Bulk) *evidence.History {
	var columns evidence.Columns
	var all []details
	var first []int
	for _, cut := range cutBlocks(bulks) {
		var e encoder
		b := e.encode(bulks, cut)
		first = append(first, columns.Len())
		flags, err := readGraph(b.graph, &columns)
		if err != nil {
			t.Fatal(err)
		}
		d, err := readDetails(slices.Clone(b.detail), flags)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	own := columns
	columns.Commit = func(row int) (evidence.Commit, error) {
		at, found := slices.BinarySearch(first, row)
		if !found {
			at--
		}
		x, err := all[at].read(row-first[at], own.Committed[row])
		x.OID, x.Tree = own.OIDs[row], own.Trees[row]
		for _, p := range own.Parents[own.ParentAt[row]:own.ParentAt[row+1]] {
			if p >= 0 {
				x.Parents = append(x.Parents, own.OIDs[p])
			} else {
				x.Parents = append(x.Parents, own.Others[-p-1])
			}
		}
		return x.Commit(), err
	}
	return evidence.JoinHistory(columns, nil, nil, nil)
}

// TestBlocksKeepCommits: whatever commits hold comes back from blocks as it went in, in whatever order and pieces it was given.
func TestBlocksKeepCommits(t *testing.T) {
	text := rapid.SampledFrom([]string{"", "a", "Å \xff\x00\n", "line\n\nmore\n", strings.Repeat("long ", 300)})
	date := rapid.SampledFrom([]int64{evidence.NoDate, 0, -62135596799, 253402300799, 1_700_000_000, 1_700_000_001})
	rapid.Check(t, func(t *rapid.T) {
		person := func(label string) evidence.BulkPerson {
			return evidence.BulkPerson{Name: []byte(text.Draw(t, label)), Email: []byte(text.Draw(t, label)), Zone: []byte(text.Draw(t, label)), Seconds: date.Draw(t, label)}
		}
		var all []evidence.BulkCommit
		for i := range rapid.IntRange(1, 30).Draw(t, "commits") {
			c := evidence.BulkCommit{OID: hashed(fmt.Sprint(i)), Tree: hashed(text.Draw(t, "tree")), Author: person("author"), Message: []byte(text.Draw(t, "message")),
				Signed: rapid.Bool().Draw(t, "signed"), Known: rapid.Bool().Draw(t, "known")}
			c.Committer = c.Author
			if rapid.Bool().Draw(t, "two hands") {
				c.Committer = person("committer")
			}
			for _, p := range rapid.SliceOfN(rapid.IntRange(-3, 40), 0, 4).Draw(t, "parents") {
				c.Parents = append(c.Parents, hashed(fmt.Sprint(p)))
			}
			if c.Known && rapid.Bool().Draw(t, "workflows") {
				c.Workflows = hashed(text.Draw(t, "folder"))
			}
			if c.Known {
				c.RootChanges = rapid.SliceOfN(rapid.SampledFrom([]string{"README.md", ".github"}), 0, 3).Draw(t, "changes")
			}
			all = append(all, c)
		}
		bulks := []*evidence.Bulk{{}, {}}
		for _, c := range rapid.Permutation(all).Draw(t, "order") {
			bulks[rapid.IntRange(0, 1).Draw(t, "bulk")].Add(c)
		}
		h := graphsOf(t, bulks...)
		if h.Len() != len(all) {
			t.Fatalf("%d commits of %d", h.Len(), len(all))
		}
		for _, c := range all {
			if got, want := h.Commit(c.OID.OID()), c.Commit(); !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %+v\nwant %+v", got, want)
			}
			want := evidence.Holding{Commit: c.OID.OID(), Known: true, Workflows: c.Workflows.OID()}
			if !c.Known {
				want = evidence.Holding{}
			}
			if len(c.RootChanges) > 0 {
				want.RootChanges = c.RootChanges
			}
			if got := h.Holding(c.OID.OID()); !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %+v\nwant %+v", got, want)
			}
			n, _ := h.Had(c.OID.OID())
			if h.Subject(n) != evidence.SubjectSum(evidence.Subject(string(c.Message))) || !h.Committed(n).Equal(c.Commit().Committer.Date) {
				t.Fatalf("subject or date of %+v", c)
			}
		}
	})
}

// TestGrownHistorySharesBlocks: what a history was stays as it is stored when it grows, in whatever order its commits come.
func TestGrownHistorySharesBlocks(t *testing.T) {
	ids := func(b *evidence.Bulk) (out []string) {
		var e encoder
		for _, cut := range cutBlocks([]*evidence.Bulk{b}) {
			out = append(out, e.encode([]*evidence.Bulk{b}, cut).id)
		}
		return out
	}
	before, grown := long(20_000), &evidence.Bulk{}
	for i := range before.Len() {
		grown.Add(before.At(before.Len() - 1 - i))
	}
	if !slices.Equal(ids(before), ids(grown)) {
		t.Error("the order in which commits come changes the blocks")
	}
	for i := range 10 {
		c := before.At(0)
		c.OID, c.Committer.Seconds = hashed(fmt.Sprint("new ", i)), 2_000_000_000
		grown.Add(c)
	}
	was, is := ids(before), ids(grown)
	if len(was) < 5 || len(is) != len(was) || !slices.Equal(was[:len(was)-1], is[:len(is)-1]) {
		t.Errorf("blocks before %v\nand after %v", was, is)
	}
}

// TestHistoryOfBlocksAndRows: a repository's commits come from blocks, named ones from rows, and each is there once; a rerun adds nothing.
func TestHistoryOfBlocksAndRows(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	bulk := long(3000)
	one := bulk.At(7).Commit()
	one.Signed = true
	lost := evidence.Commit{OID: hashed("lost").OID(), Tree: one.Tree, Parents: []evidence.OID{bulk.OID(2999).OID(), hashed("never had").OID()}, Message: "lost\n"}
	tree := evidence.WorkflowEntry{Tree: hashed("workflows 0").OID(), Path: ".github/workflows/a.yml", Blob: hashed("a").OID(), Mode: "100644"}
	for range 2 {
		for _, obs := range []evidence.Observation{
			{Unit: "git/history", Bulks: []*evidence.Bulk{bulk}, Entries: []evidence.WorkflowEntry{tree}},
			{Unit: "git/recovery", Commits: []evidence.Commit{lost}, Seen: []evidence.CommitSeen{{Commit: lost.OID, Via: "recovery", NamedBy: []string{"upd-1"}}}},
			{Unit: "git/more", Commits: []evidence.Commit{bulk.At(5).Commit()}, Seen: []evidence.CommitSeen{{Commit: bulk.OID(5).OID(), Via: "fetch"}}},
		} {
			obs.Repository = "orchard/press"
			if err := c.Append(ctx, obs); err != nil {
				t.Fatal(err)
			}
		}
	}
	f, err := c.Facts(ctx, "orchard/press")
	if err != nil {
		t.Fatal(err)
	}
	h := f.History
	if h.Len() != 3001 || h.Nodes() != 3002 || len(f.Seen) != 1 || h.Commit(lost.OID).Message != "lost\n" {
		t.Errorf("%d commits, %d nodes, seen %v", h.Len(), h.Nodes(), f.Seen)
	}
	for i := range bulk.Len() {
		if got, want := h.Commit(bulk.OID(i).OID()), bulk.At(i).Commit(); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	}
	if entries, ok := h.Workflows(bulk.OID(0).OID()); !ok || !slices.Equal(entries, []evidence.WorkflowEntry{tree}) || h.Err() != nil {
		t.Errorf("%v %v %v", entries, ok, h.Err())
	}
	var blocks, seen int
	if err := c.db.QueryRow("SELECT count(*) FROM commit_block").Scan(&blocks); err != nil {
		t.Fatal(err)
	}
	if err := c.db.QueryRow("SELECT count(*) FROM commit_block_seen").Scan(&seen); err != nil || blocks != seen || blocks != len(cutBlocks([]*evidence.Bulk{bulk})) {
		t.Errorf("%d blocks, seen %d times, %v", blocks, seen, err)
	}
	item, err := c.Evidence(ctx, evidence.CommitID(bulk.OID(7).OID()))
	if err != nil || item.Kind != "commit" || !slices.Contains(item.Fields, Field{"message", string(bulk.At(7).Message)}) {
		t.Errorf("evidence %+v, %v", item, err)
	}
}

// TestBlockIsRedacted: no text of a history is stored before it was looked through, and the subject is that of the text as stored.
func TestBlockIsRedacted(t *testing.T) {
	token := "npm" + "_" + strings.Repeat("Ab3", 12)
	c := evidence.Commit{OID: hashed("c").OID(), Tree: hashed("t").OID(), Author: evidence.Signature{Name: "x " + token, Email: token}, Message: "push " + token + "\n\n" + token}
	b := bulkOf([]evidence.Commit{c}, []evidence.Holding{{Commit: c.OID, Known: true, RootChanges: []string{token}}})
	var e encoder
	stored := e.encode([]*evidence.Bulk{b}, cutBlocks([]*evidence.Bulk{b})[0])
	if text := string(stored.graph) + string(stored.detail); strings.Contains(text, token) || strings.Count(text, tokens.RedactedMark) != 5 {
		t.Errorf("%q", text)
	}
	var columns evidence.Columns
	if _, err := readGraph(stored.graph, &columns); err != nil || columns.Subjects[0] != evidence.SubjectSum("push "+tokens.RedactedMark) {
		t.Errorf("subject %d, %v", columns.Subjects[0], err)
	}
	if string(b.At(0).Message) != c.Message {
		t.Error("the bulk itself was changed")
	}
}

// TestVerifyFindsDamagedHistory: a history in which something was changed is not taken for the one that was stored.
func TestVerifyFindsDamagedHistory(t *testing.T) {
	for _, damage := range []string{"UPDATE commit_block SET graph = CAST(substr(graph, 1, 30) || x'00' || substr(graph, 32) AS BLOB)", "UPDATE commit_block SET graph = x'09'",
		"UPDATE commit_block SET detail = substr(detail, 1, length(detail) - 9)", "UPDATE commit_block SET detail = x'00'", "UPDATE workflow_folder SET body = x'0000'"} {
		c := newCase(t)
		collecting(t, c, "orchard/press")
		err := c.Append(t.Context(), evidence.Observation{Repository: "orchard/press", Bulks: []*evidence.Bulk{long(30)},
			Entries: []evidence.WorkflowEntry{{Tree: hashed("t").OID(), Path: "p", Mode: "100644", Blob: hashed("b").OID()}}})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := c.Verify(t.Context()); err != nil || len(v.Faults) > 0 {
			t.Fatalf("an untouched case: %+v, %v", v.Faults, err)
		}
		if _, err := c.db.ExecContext(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
		if v, err := c.Verify(t.Context()); err != nil || len(v.Faults) == 0 {
			t.Errorf("%s was not seen: %v", damage, err)
		}
	}
}

// FuzzBlock: no bytes in place of a block or of workflow trees do more than fail.
func FuzzBlock(f *testing.F) {
	b := long(40)
	var e encoder
	block := e.encode([]*evidence.Bulk{b}, cutBlocks([]*evidence.Bulk{b})[0])
	f.Add(block.graph, block.detail)
	_, folders := packFolders([]evidence.WorkflowEntry{{Tree: hashed("t").OID(), Path: "p", Mode: "100644", Blob: hashed("b").OID()}})
	f.Add(folders, []byte{})
	f.Fuzz(func(t *testing.T, graph, detail []byte) {
		var columns evidence.Columns
		if flags, err := readGraph(graph, &columns); err == nil {
			h := evidence.JoinHistory(columns, nil, nil, nil)
			for n := range int32(h.Len()) {
				h.ParentsOf(n)
				h.ChildrenOf(n)
			}
			if d, err := readDetails(detail, flags); err == nil {
				for i := range flags {
					if _, err := d.read(i, 0); err != nil {
						t.Error(err)
					}
				}
			}
		}
		if err := readFoldersOf(graph, func(evidence.OID, []evidence.WorkflowEntry) {}); err == nil && len(graph) < 2 {
			t.Error("nothing was read as something")
		}
	})
}

// BenchmarkStoreHistory writes 200,000 commits into a new case.
func BenchmarkStoreHistory(b *testing.B) {
	bulk := long(200_000)
	for b.Loop() {
		c := newCase(b)
		collecting(b, c, "orchard/press")
		if err := c.Append(b.Context(), evidence.Observation{Repository: "orchard/press", Unit: "git/history", Bulks: []*evidence.Bulk{bulk}}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoadHistory reads them back.
func BenchmarkLoadHistory(b *testing.B) {
	c := newCase(b)
	collecting(b, c, "orchard/press")
	if err := c.Append(b.Context(), evidence.Observation{Repository: "orchard/press", Unit: "git/history", Bulks: []*evidence.Bulk{long(200_000)}}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f, err := c.Facts(b.Context(), "orchard/press")
		if err != nil || f.History.Len() != 200_000 {
			b.Fatal(err)
		}
	}
}
