package evidence

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Bulk is a great many commits that one source gave without anybody naming them: the history behind the listed refs. It says of each what
// [Commit], [CommitSeen] and [Holding] say, in few large slices, because a history may have more commits than a slice of those is good for.
// Commits may be added in any order; what is stored depends on the set of them alone. The zero Bulk is empty. It is not safe for concurrent
// use: workers fill one each.
type Bulk struct {
	Via string // as in CommitSeen: "fetch", "mirror", ...

	rows    []bulkRow
	parents []Hash
	text    [][]byte // in pieces: a history's messages come to a hundred megabytes, which growing slices would copy over and over
	changes map[int32][]string
}

// bulkPiece is the size of a piece of text. A commit's text lies in one piece, however large.
const bulkPiece = 1 << 20

// bulkRow is one commit. Its text stands in one piece of Bulk.text from at on: the parts of author and committer, then the message.
type bulkRow struct {
	oid, tree, workflows Hash
	piece, at            int32
	parentsAt            int32
	parents              int32
	author, committer    bulkPerson
	message              int32
	signed, known        bool
}

type bulkPerson struct {
	seconds           int64
	name, email, zone int32 // lengths
}

// NoDate stands for a date that could not be read.
const NoDate int64 = math.MinInt64

// BulkCommit is one commit of a [Bulk]. Its slices are copied by Add, and point into the Bulk where At gives it.
type BulkCommit struct {
	OID, Tree Hash
	Parents   []Hash
	Author    BulkPerson
	Committer BulkPerson
	Message   []byte // as in Commit.Message
	Signed    bool

	Known       bool     // as in Holding
	Workflows   Hash     // zero for none
	RootChanges []string // as in Holding; nil also where nobody compared
}

// BulkPerson is a [Signature] of a commit: Seconds since 1970, or [NoDate].
type BulkPerson struct {
	Name, Email, Zone []byte
	Seconds           int64
}

// Signature is the same as the fact that others read.
func (p BulkPerson) Signature() Signature {
	return Signature{Name: string(p.Name), Email: string(p.Email), Zone: string(p.Zone), Date: dateOf(p.Seconds)}
}

func dateOf(seconds int64) time.Time {
	if seconds == NoDate {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Commit is the same as the fact that others read.
func (c BulkCommit) Commit() Commit {
	out := Commit{OID: c.OID.OID(), Tree: c.Tree.OID(), Author: c.Author.Signature(), Committer: c.Committer.Signature(),
		Message: string(c.Message), Signed: c.Signed}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, p.OID())
	}
	return out
}

// Grow makes room for so many commits, but for their text.
func (b *Bulk) Grow(commits int) {
	b.rows, b.parents = slices.Grow(b.rows, commits), slices.Grow(b.parents, commits+commits/4)
}

// Add copies a commit into the bulk.
func (b *Bulk) Add(c BulkCommit) {
	text := b.room(c.Author.size() + c.Committer.size() + len(c.Message))
	r := bulkRow{oid: c.OID, tree: c.Tree, workflows: c.Workflows, piece: int32(len(b.text) - 1), at: int32(len(*text)),
		parentsAt: int32(len(b.parents)), parents: int32(len(c.Parents)), author: c.Author.lengths(), committer: c.Committer.lengths(),
		message: int32(len(c.Message)), signed: c.Signed, known: c.Known}
	b.parents = append(b.parents, c.Parents...)
	*text = append(c.Committer.append(c.Author.append(*text)), c.Message...)
	if len(c.RootChanges) > 0 {
		if b.changes == nil {
			b.changes = map[int32][]string{}
		}
		b.changes[int32(len(b.rows))] = c.RootChanges
	}
	b.rows = append(b.rows, r)
}

// room gives the last piece of text, which takes so many bytes more.
func (b *Bulk) room(size int) *[]byte {
	if last := len(b.text) - 1; last < 0 || cap(b.text[last])-len(b.text[last]) < size {
		b.text = append(b.text, make([]byte, 0, max(size, bulkPiece)))
	}
	return &b.text[len(b.text)-1]
}

func (p BulkPerson) size() int { return len(p.Name) + len(p.Email) + len(p.Zone) }

func (p BulkPerson) append(to []byte) []byte {
	return append(append(append(to, p.Name...), p.Email...), p.Zone...)
}

func (p BulkPerson) lengths() bulkPerson {
	return bulkPerson{seconds: p.Seconds, name: int32(len(p.Name)), email: int32(len(p.Email)), zone: int32(len(p.Zone))}
}

func (p bulkPerson) size() int { return int(p.name) + int(p.email) + int(p.zone) }

// AddFacts adds a commit and what its tree holds as they are told elsewhere.
func (b *Bulk) AddFacts(c Commit, h Holding) {
	out := BulkCommit{OID: c.OID.Hash(), Tree: c.Tree.Hash(), Author: personOf(c.Author), Committer: personOf(c.Committer), Message: []byte(c.Message),
		Signed: c.Signed, Known: h.Known, Workflows: h.Workflows.Hash(), RootChanges: h.RootChanges}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, p.Hash())
	}
	b.Add(out)
}

// Settle says of the i-th commit what its tree holds, where that is known only after it was added. As long as no commit of the bulk has root
// changes and none is given any, several may be settled at once.
func (b *Bulk) Settle(i int, known bool, workflows Hash, rootChanges []string) {
	b.rows[i].known, b.rows[i].workflows = known, workflows
	if len(rootChanges) == 0 {
		if b.changes != nil {
			delete(b.changes, int32(i))
		}
		return
	}
	if b.changes == nil {
		b.changes = map[int32][]string{}
	}
	b.changes[int32(i)] = rootChanges
}

// Keep forgets the commits of which keep says no. What is kept changes its place.
func (b *Bulk) Keep(keep func(i int) bool) {
	rows, changes := b.rows[:0], map[int32][]string{}
	for i, r := range b.rows {
		if !keep(i) {
			continue
		}
		if c := b.changes[int32(i)]; c != nil {
			changes[int32(len(rows))] = c
		}
		rows = append(rows, r)
	}
	b.rows, b.changes = rows, changes
}

func personOf(s Signature) BulkPerson {
	return BulkPerson{Name: []byte(s.Name), Email: []byte(s.Email), Zone: []byte(s.Zone), Seconds: secondsOf(s.Date)}
}

func secondsOf(t time.Time) int64 {
	if t.IsZero() {
		return NoDate
	}
	return t.Unix()
}

// Len is the number of commits.
func (b *Bulk) Len() int { return len(b.rows) }

// OID is the name of the i-th commit.
func (b *Bulk) OID(i int) Hash { return b.rows[i].oid }

// Committed is the committer date of the i-th commit: seconds since 1970, or [NoDate].
func (b *Bulk) Committed(i int) int64 { return b.rows[i].committer.seconds }

// TextSize is the length of all text of the i-th commit, in bytes.
func (b *Bulk) TextSize(i int) int {
	r := &b.rows[i]
	return r.author.size() + r.committer.size() + int(r.message)
}

// At gives the i-th commit. Its slices are good as long as nothing is added.
func (b *Bulk) At(i int) BulkCommit {
	r := &b.rows[i]
	rest := b.text[r.piece][r.at:]
	cut := func(n int32) (part []byte) {
		part, rest = rest[:n:n], rest[n:]
		return part
	}
	person := func(p bulkPerson) BulkPerson {
		return BulkPerson{Seconds: p.seconds, Name: cut(p.name), Email: cut(p.email), Zone: cut(p.zone)}
	}
	c := BulkCommit{OID: r.oid, Tree: r.tree, Parents: b.parents[r.parentsAt : r.parentsAt+r.parents], Author: person(r.author), Signed: r.signed,
		Known: r.known, Workflows: r.workflows}
	c.Committer = person(r.committer)
	c.Message = cut(r.message)
	if b.changes != nil {
		c.RootChanges = b.changes[int32(i)]
	}
	return c
}

// Subject is the part of a commit message by which campaigns are told: the first line that is not blank, up to a NUL and without white space
// around it. The contents API leaves off the newline that git adds, and trailers, other line ends or whatever git does not show behind a
// NUL make it no other message.
func Subject(message string) string {
	message, _, _ = strings.Cut(message, "\x00")
	message, _, _ = strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSpace(message)
}

// SubjectSum is a short sum of a subject (FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/): commits whose subject has another sum bear
// another message, so that a whole history is searched for a message without reading any.
func SubjectSum(subject string) uint32 {
	sum := uint32(2166136261)
	for i := range len(subject) {
		sum = (sum ^ uint32(subject[i])) * 16777619
	}
	return sum
}
