package evidence

import "slices"

// Columns are the commits of a history side by side: the i-th of each slice belongs to the i-th row. A commit may have several rows; the
// first that knows most of its tree counts. What is not here is read when somebody asks for it, by Commit.
type Columns struct {
	OIDs, Trees []Hash
	Committed   []int64  // committer date, seconds since 1970, or [NoDate]
	Subjects    []uint32 // [SubjectSum] of the message's [Subject]
	Folder      []int32  // what the tree holds at .github/workflows: UnknownFolder, NoFolder, or 1 + an index of Folders
	Folders     []Hash
	ParentAt    []int32 // one more than rows: the parents of a row are Parents[ParentAt[i]:ParentAt[i+1]]
	Parents     []int32 // a row, or -1-i for Others[i]
	Others      []Hash
	Changes     map[int32][]string // Holding.RootChanges of the rows that have any

	lone map[OID]Holding // of commits that were not had

	// Commit reads a whole commit object. It is called at most once for each question that needs one.
	Commit func(row int) (Commit, error)
}

// What Columns.Folder says where it names none of Folders.
const (
	UnknownFolder int32 = -1
	NoFolder      int32 = 0
)

// Len is the number of rows.
func (c *Columns) Len() int { return len(c.OIDs) }

// add appends commits and what is known of their trees. Facts may repeat; a holding whose tree is known stands over one whose tree is not.
func (c *Columns) add(commits []Commit, holdings []Holding) {
	known := make(map[OID]Holding, len(holdings))
	for _, x := range holdings {
		if !known[x.Commit].Known {
			known[x.Commit] = x
		}
	}
	if len(c.ParentAt) == 0 {
		c.ParentAt = append(c.ParentAt, 0)
	}
	folders := map[OID]int32{}
	first := c.Len()
	for _, k := range commits {
		h := known[k.OID]
		folder := c.folder(h, folders)
		if len(h.RootChanges) > 0 {
			if c.Changes == nil {
				c.Changes = map[int32][]string{}
			}
			c.Changes[int32(c.Len())] = h.RootChanges
		}
		c.OIDs, c.Trees = append(c.OIDs, k.OID.Hash()), append(c.Trees, k.Tree.Hash())
		c.Committed, c.Folder = append(c.Committed, secondsOf(k.Committer.Date)), append(c.Folder, folder)
		c.Subjects = append(c.Subjects, SubjectSum(Subject(k.Message)))
		for _, p := range k.Parents {
			c.Others = append(c.Others, p.Hash())
			c.Parents = append(c.Parents, -int32(len(c.Others)))
		}
		c.ParentAt = append(c.ParentAt, int32(len(c.Parents)))
	}
	for _, k := range commits {
		delete(known, k.OID)
	}
	c.lone = known
	rest := c.Commit
	c.Commit = func(row int) (Commit, error) {
		if row >= first {
			return commits[row-first], nil
		}
		return rest(row)
	}
}

// folder is what stands in Columns.Folder for a holding; numbers are those given so far.
func (c *Columns) folder(h Holding, numbers map[OID]int32) int32 {
	switch {
	case !h.Known:
		return UnknownFolder
	case h.Workflows == "":
		return NoFolder
	}
	if numbers[h.Workflows] == 0 {
		c.Folders = append(c.Folders, h.Workflows.Hash())
		numbers[h.Workflows] = int32(len(c.Folders))
	}
	return numbers[h.Workflows]
}

// sorted gives the rows by object name, and those of the same name with the one that counts first.
func (c *Columns) sorted() []int32 {
	rows := make([]int32, c.Len())
	compare := func(a, b int32) int {
		if n := c.OIDs[a].Compare(c.OIDs[b]); n != 0 {
			return n
		}
		if n := c.told(b) - c.told(a); n != 0 {
			return n
		}
		return int(a - b)
	}
	// Names are digests, so that their first bytes spread them evenly: what is left to sort are a few each.
	const buckets = 1 << 16
	if len(rows) < buckets/16 {
		for i := range rows {
			rows[i] = int32(i)
		}
		slices.SortFunc(rows, compare)
		return rows
	}
	var ends [buckets + 1]int32
	bucket := func(i int) int { return int(c.OIDs[i][0])<<8 | int(c.OIDs[i][1]) }
	for i := range rows {
		ends[bucket(i)+1]++
	}
	for i := range buckets {
		ends[i+1] += ends[i]
	}
	for i := range rows {
		b := bucket(i)
		rows[ends[b]] = int32(i)
		ends[b]++
	}
	begin := int32(0)
	for _, end := range ends[:buckets] { // each now stands where its bucket ends
		slices.SortFunc(rows[begin:end], compare)
		begin = end
	}
	return rows
}

// told ranks what a row says of the commit's tree.
func (c *Columns) told(row int32) int {
	switch {
	case c.Folder[row] == UnknownFolder:
		return 0
	case len(c.Changes[row]) == 0:
		return 1
	}
	return 2
}
