package casefile

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// A block is some thousand commits of a history as one row, in two parts. The graph is what analysis goes through whole: names, trees,
// dates, what is at .github/workflows. The detail is what is read of single commits: persons and messages. A history is cut into blocks so
// that one that grew shares all but its newest with what it was.
//
// The graph: version, number of commits n (uvarint from here on unless said otherwise), n names of 20 bytes, n trees of 20 bytes, n bytes of flags, n sums of
// subjects (4 bytes, little-endian), n committer dates as differences in seconds (varint; none where there is no date); number of workflow trees
// and their names; the number of the tree of each commit that has one; for each commit the number of its parents and for each of them 0 for the next of the names at
// the end, else 1 + the distance back within the block (zigzag); for each commit that has any the root entries it changed; the number of
// names of parents outside the block, and the names.
//
// The detail, in zstd: for each commit the lengths of name, address and zone of the author, the author date less the committer date (varint),
// the same three lengths of the committer unless flagged as equal, the length of the message; then these texts.
const blockVersion = 1

// Flags of a commit in a graph.
const (
	flagSigned    = 1 << iota
	flagKnown     // what the tree holds is known
	flagFolder    // it holds .github/workflows
	flagUndated   // no committer date
	flagUnmade    // no author date
	flagOneHand   // author and committer are written alike, zone included
	flagChanges   // there are names of changed root entries
	allBlockFlags = 1<<iota - 1
)

// Where a history is cut. Commits are in the order of their dates, so that what comes new comes last; a block ends with a commit whose
// name ends in zeros, one in about two thousand, which the same commits do in whatever company. The bounds are for names and dates that
// somebody chose.
const (
	blockLeast  = 512
	blockMost   = 8 << 10
	blockText   = 8 << 20
	blockEnding = 1<<11 - 1
)

// bulkPlace is one commit of the bulks of an observation, with what decides its place in the order.
type bulkPlace struct {
	seconds   int64
	start     uint64 // the first bytes of the name
	bulk, row int32
}

// cutBlocks puts the commits of bulks in order, each once, and cuts them into blocks.
func cutBlocks(bulks []*evidence.Bulk) [][]bulkPlace {
	var order []bulkPlace
	for i, b := range bulks {
		for row := range b.Len() {
			oid := b.OID(row)
			order = append(order, bulkPlace{b.Committed(row), binary.BigEndian.Uint64(oid[:]), int32(i), int32(row)})
		}
	}
	oid := func(p bulkPlace) evidence.Hash { return bulks[p.bulk].OID(int(p.row)) }
	slices.SortFunc(order, func(a, b bulkPlace) int {
		if n := cmp.Or(cmp.Compare(a.seconds, b.seconds), cmp.Compare(a.start, b.start)); n != 0 {
			return n
		}
		return oid(a).Compare(oid(b))
	})
	order = slices.CompactFunc(order, func(a, b bulkPlace) bool { return a.start == b.start && oid(a) == oid(b) })
	var out [][]bulkPlace
	begin, text := 0, 0
	for i, p := range order {
		text += bulks[p.bulk].TextSize(int(p.row))
		n, name := i+1-begin, oid(p)
		ends := n >= blockLeast && binary.BigEndian.Uint16(name[18:])&blockEnding == 0
		if ends || n == blockMost || text >= blockText || i+1 == len(order) {
			out = append(out, order[begin:i+1])
			begin, text = i+1, 0
		}
	}
	return out
}

// block is one as it is stored.
type block struct {
	id      string
	commits int
	graph   []byte
	detail  []byte
}

// blockID names a block by its graph: object names are digests of all that stands in the detail.
func blockID(graph []byte) string {
	sum := sha256.Sum256(graph)
	return "blk-" + hex.EncodeToString(sum[:8])
}

// encoder makes one block after another; its buffers are used again.
type encoder struct {
	local  map[evidence.Hash]int32
	folder map[evidence.Hash]uint64
	detail []byte
}

// encode makes the block of some commits of a bulk, with its detail not compressed. Every text is redacted.
func (e *encoder) encode(bulks []*evidence.Bulk, order []bulkPlace) block {
	e.begin(bulks, order)
	n := len(order)
	g := binary.AppendUvarint([]byte{blockVersion}, uint64(n))
	head := len(g)
	g = append(g, make([]byte, 45*n)...)
	oids, trees, flags, sums := g[head:], g[head+20*n:], g[head+40*n:], g[head+41*n:]
	var dates, folders, inFolder, parents, changes, others []byte
	external, last := 0, int64(0)
	detail := e.detail[:0]
	for i, p := range order {
		c := bulks[p.bulk].At(int(p.row))
		redactCommit(&c)
		copy(oids[20*i:], c.OID[:])
		copy(trees[20*i:], c.Tree[:])
		binary.LittleEndian.PutUint32(sums[4*i:], evidence.SubjectSum(evidence.Subject(string(c.Message))))
		flags[i] = flagsOf(&c)
		if c.Committer.Seconds != evidence.NoDate {
			dates = binary.AppendVarint(dates, c.Committer.Seconds-last)
			last = c.Committer.Seconds
		}
		if flags[i]&flagFolder != 0 {
			at, ok := e.folder[c.Workflows]
			if !ok {
				at = uint64(len(e.folder))
				e.folder[c.Workflows] = at
				folders = append(folders, c.Workflows[:]...)
			}
			inFolder = binary.AppendUvarint(inFolder, at)
		}
		parents = binary.AppendUvarint(parents, uint64(len(c.Parents)))
		for _, p := range c.Parents {
			if j, here := e.local[p]; here {
				parents = binary.AppendUvarint(parents, 1+zigzag(int64(i)-int64(j)))
				continue
			}
			parents = append(parents, 0)
			others = append(others, p[:]...)
			external++
		}
		if flags[i]&flagChanges != 0 {
			changes = binary.AppendUvarint(changes, uint64(len(c.RootChanges)))
			for _, name := range c.RootChanges {
				changes = appendText(changes, []byte(name))
			}
		}
		detail = appendDetail(detail, &c, flags[i])
	}
	e.detail = detail
	g = append(binary.AppendUvarint(append(g, dates...), uint64(len(e.folder))), folders...)
	g = append(append(append(g, inFolder...), parents...), changes...)
	g = append(binary.AppendUvarint(g, uint64(external)), others...)
	return block{id: blockID(g), commits: n, graph: g, detail: detail}
}

// begin numbers the commits of a block.
func (e *encoder) begin(bulks []*evidence.Bulk, order []bulkPlace) {
	if e.local == nil {
		e.local, e.folder = map[evidence.Hash]int32{}, map[evidence.Hash]uint64{}
	}
	clear(e.local)
	clear(e.folder)
	for i, p := range order {
		e.local[bulks[p.bulk].OID(int(p.row))] = int32(i)
	}
}

func zigzag(x int64) uint64 { return uint64(x<<1) ^ uint64(x>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func appendText(out, text []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

func flagsOf(c *evidence.BulkCommit) (f byte) {
	set := func(flag byte, holds bool) {
		if holds {
			f |= flag
		}
	}
	set(flagSigned, c.Signed)
	set(flagKnown, c.Known)
	set(flagFolder, c.Known && c.Workflows != evidence.Hash{})
	set(flagUndated, c.Committer.Seconds == evidence.NoDate)
	set(flagUnmade, c.Author.Seconds == evidence.NoDate)
	set(flagOneHand, string(c.Author.Name) == string(c.Committer.Name) && string(c.Author.Email) == string(c.Committer.Email) &&
		string(c.Author.Zone) == string(c.Committer.Zone))
	set(flagChanges, len(c.RootChanges) > 0)
	return f
}

func appendDetail(out []byte, c *evidence.BulkCommit, flags byte) []byte {
	lengths := func(p *evidence.BulkPerson) {
		out = binary.AppendUvarint(out, uint64(len(p.Name)))
		out = binary.AppendUvarint(out, uint64(len(p.Email)))
		out = binary.AppendUvarint(out, uint64(len(p.Zone)))
	}
	lengths(&c.Author)
	if flags&flagUnmade == 0 {
		base := c.Committer.Seconds
		if flags&flagUndated != 0 {
			base = 0
		}
		out = binary.AppendVarint(out, c.Author.Seconds-base)
	}
	if flags&flagOneHand == 0 {
		lengths(&c.Committer)
	}
	out = binary.AppendUvarint(out, uint64(len(c.Message)))
	out = append(append(append(out, c.Author.Name...), c.Author.Email...), c.Author.Zone...)
	if flags&flagOneHand == 0 {
		out = append(append(append(out, c.Committer.Name...), c.Committer.Email...), c.Committer.Zone...)
	}
	return append(out, c.Message...)
}

// redactCommit redacts every text of a commit. The bulk is left as it is.
func redactCommit(c *evidence.BulkCommit) {
	for _, text := range []*[]byte{&c.Author.Name, &c.Author.Email, &c.Author.Zone, &c.Committer.Name, &c.Committer.Email, &c.Committer.Zone, &c.Message} {
		if tokens.MayHold(*text) {
			*text, _ = tokens.Redact(*text)
		}
	}
	for i, name := range c.RootChanges {
		if clean := tokens.Redacted(name); clean != name {
			c.RootChanges = slices.Clone(c.RootChanges)
			c.RootChanges[i] = clean
		}
	}
}
