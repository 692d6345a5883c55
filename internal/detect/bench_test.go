package detect

import (
	"crypto/sha1"
	"fmt"
	"testing"

	"pentimento/internal/evidence"
)

// BenchmarkCommits judges 200,000 commits, of which the second half holds a malicious version and a few bear messages of the campaign.
func BenchmarkCommits(b *testing.B) {
	findings, packs := known(b)
	c := evidence.Columns{ParentAt: []int32{0}, Folders: []evidence.Hash{sha1.Sum([]byte("workflows"))}}
	const commits = 200_000
	for i := range commits {
		c.OIDs, c.Trees = append(c.OIDs, sha1.Sum(fmt.Append(nil, "commit ", i))), append(c.Trees, sha1.Sum(fmt.Append(nil, "tree ", i)))
		subject := "Work"
		if i%20_000 == 0 {
			subject = scan
		}
		c.Committed, c.Subjects = append(c.Committed, int64(i)), append(c.Subjects, evidence.SubjectSum(subject))
		c.Folder = append(c.Folder, int32(i/(commits/2)))
		if i > 0 {
			c.Parents = append(c.Parents, int32(i-1))
		}
		c.ParentAt = append(c.ParentAt, int32(len(c.Parents)))
	}
	c.Commit = func(row int) (evidence.Commit, error) {
		return evidence.Commit{OID: c.OIDs[row].OID(), Tree: c.Trees[row].OID(), Message: scan}, nil
	}
	h := evidence.JoinHistory(c, nil, nil, []evidence.WorkflowEntry{{Tree: c.Folders[0].OID(), Path: listed, Blob: oid("b", "evil1"), Mode: "100644"}})
	for b.Loop() {
		if got := Commits(h, findings, packs, nil); len(got) != 5 { // the plant and four triggers
			b.Fatalf("%d commits", len(got))
		}
	}
}
