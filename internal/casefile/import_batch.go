package casefile

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"pentimento/internal/tokens"
)

// Bounds of a batch: what a kill loses at most, and, twice, what an import holds in memory. Large batches are fast ones: a batch goes into the table of
// uses in its order, so that each page of it that a batch touches is written once. The first ones are small, for nothing can be written before one is full.
const (
	firstBatchUses = 12_500
	maxBatchUses   = 200_000
	maxBatchMixed  = 20_000
	maxBatchBytes  = 24 << 20 // of texts that are in no dictionary
)

// batch is what one transaction writes.
type batch struct {
	uses    useRows
	mixed   []mixedRow // rows with other facts, or several
	rejects []rejected
	words   []freshWord
	bytes   int
	counts  ImportCounts // of the import up to the end of the batch; Stored and Duplicate are the writer's
}

func newBatch() *batch { return &batch{} }

func (b *batch) reset() {
	b.uses.reset()
	b.mixed, b.rejects, b.words, b.bytes = b.mixed[:0], b.rejects[:0], nil, 0
}

// full reports a batch that is to be written; uses is how many it may have of them.
func (b *batch) full(uses int) bool {
	return len(b.uses.order) >= uses || len(b.mixed) >= maxBatchMixed || b.bytes >= maxBatchBytes
}

// useRows are uses in memory that never moves, and their order.
type useRows struct {
	blocks [][]useRow // each but the last full
	order  []usePlace
	first  useRow
	differ differing // in which any is unlike the first
}

// blockUses is how many uses one piece of memory has.
const blockUses = 4096

// usePlace is what uses are sorted by, and where one is.
type usePlace struct {
	credential, at, key int64
	block, row          uint16
}

func (r *useRows) add(u *useRow) {
	n := len(r.order)
	block, row := n/blockUses, n%blockUses
	if block == len(r.blocks) {
		r.blocks = append(r.blocks, make([]useRow, blockUses))
	}
	r.blocks[block][row] = *u
	if n == 0 {
		r.first, r.differ = *u, differing{}
	} else {
		r.differ.compare(&r.first, u)
	}
	r.order = append(r.order, usePlace{u.credential, u.at, u.key, uint16(block), uint16(row)})
}

// differing says something of each column that may be NULL.
type differing struct {
	words                          [useWords]bool
	within, run, address, external bool
}

func (c *differing) compare(u, v *useRow) {
	for i := range u.words {
		c.words[i] = c.words[i] || u.words[i] != v.words[i]
	}
	c.within = c.within || u.within != v.within
	c.run = c.run || u.run != v.run
	c.address = c.address || u.isV4 != v.isV4 || u.v4 != v.v4 || u.address != v.address
	c.external = c.external || u.external != v.external
}

func (r *useRows) at(i int) *useRow { return &r.blocks[r.order[i].block][r.order[i].row] }

// reset forgets the uses and keeps their memory.
func (r *useRows) reset() {
	for i := range r.blocks {
		clear(r.blocks[i][:min(blockUses, max(0, len(r.order)-i*blockUses))]) // of texts
	}
	r.order = r.order[:0]
}

// sort brings the uses into the order of the table.
func (r *useRows) sort() {
	slices.SortFunc(r.order, func(x, y usePlace) int {
		return cmp.Or(cmp.Compare(x.credential, y.credential), cmp.Compare(x.at, y.at), cmp.Compare(x.key, y.key))
	})
}

// Texts of a use that are words, by their place in useRow.
const (
	wordAccount = iota
	wordAction
	wordProject
	wordSubject
	wordCountry
	wordAgent
	wordCommit
	wordMinted
	wordLog
	wordProvider
	wordClass
	wordOutcome
	wordVia
	useWords
)

// useRow is a use as it is written; its texts are ids of words.
type useRow struct {
	credential int64
	at         int64 // microseconds since 1970
	key        int64
	line       int64
	run        int64
	within     int64 // microseconds
	words      [useWords]uint32
	v4         uint32
	isV4       bool
	address    string // that is no IPv4 address alone
	external   string
}

// fact is one statement that writes a fact, with what stands for its parameters.
type fact struct {
	query string
	args  []any
}

// mixedRow is a row that told more than one use. It is stored where any of it is new.
type mixedRow struct {
	uses   []useRow
	facts  []fact
	ofFile bool // it is no row, but something that the file tells as a whole
}

type rejected struct {
	number, line int64
	reason, text string
}

// pending is the row under way.
type pending struct {
	open, rejected, passed bool
	line                   int64
	uses                   []useRow
	facts                  []fact
}

func (p *pending) begin(line int64) {
	p.open, p.rejected, p.passed, p.line = true, false, false, line
	p.uses, p.facts = p.uses[:0], p.facts[:0]
}

// Use stores a use, or passes it over where the scope has nothing to do with it.
func (im *Import) Use(u *tokens.Use) error {
	if im.row.rejected {
		return nil
	}
	if !im.plan.Scope.keeps(u) {
		im.row.passed = true
		im.pass(u)
		return nil
	}
	row, err := im.encode(u)
	if err != nil {
		return err
	}
	im.row.uses = append(im.row.uses, row)
	im.now.bytes += len(row.external) + len(row.address)
	return nil
}

// encode turns a use into what is written. The key is made of what is stored: a text that was redacted is the same in every import.
func (im *Import) encode(u *tokens.Use) (row useRow, err error) {
	v := *u
	row = useRow{at: v.At.UnixMicro(), line: im.row.line, run: v.RunID, within: v.Within.Microseconds()}
	issuer, class, commit := string(v.Provider), string(v.Class), string(v.Commit)
	for i, text := range [useWords]*string{&v.Account, &v.Action, &v.Project, &v.Subject, &v.Country, &v.UserAgent, &commit, nil, &v.Log, &issuer, &class, &v.Outcome, &v.Via} {
		if text == nil {
			continue
		}
		if row.words[i], err = im.words.of(text); err != nil {
			return row, err
		}
	}
	if v.Credential != "" {
		ref := string(v.Ref())
		id, err := im.words.of(&ref)
		if err != nil {
			return row, err
		}
		row.credential, v.Credential = int64(id), tokens.Ref(ref).ID()
	}
	if v.Minted != "" {
		ref := string(tokens.NewRef(v.Provider, v.Minted))
		if row.words[wordMinted], err = im.words.of(&ref); err != nil {
			return row, err
		}
		v.Minted = tokens.Ref(ref).ID()
	}
	v.Address, v.Origin = v.Address.Unmap(), tokens.Redacted(cutText(v.Origin))
	v.External = tokens.Redacted(cutText(v.External))
	row.external = strings.Clone(v.External)
	row.v4, row.isV4, row.address = packAddress(v.Address, v.Origin)
	row.key = v.Key()
	return row, nil
}

// packAddress is the inverse of [unpackAddress].
func packAddress(a netip.Addr, origin string) (v4 uint32, isV4 bool, text string) {
	if a.Is4() && origin == "" {
		b := a.As4()
		return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]), true, ""
	}
	text = addressText(a)
	if origin != "" {
		text += "~" + origin
	}
	return 0, false, text
}
