package casefile

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"pentimento/internal/tokens"
)

// Bounds of a batch: what a kill loses at most, and, twice, what an import holds in memory. Large batches are fast ones: a batch goes into the table of
// uses in its order, so that each page of it that a batch touches is written once.
const (
	maxBatchUses  = 400_000
	maxBatchMixed = 20_000
	maxBatchBytes = 24 << 20 // of texts that are in no dictionary
)

// batch is what one transaction writes.
type batch struct {
	uses    []useRow
	mixed   []mixedRow // rows with other facts, or several
	rejects []rejected
	words   []freshWord
	bytes   int
	counts  ImportCounts // of the import up to the end of the batch; Stored and Duplicate are the writer's
}

func newBatch() *batch { return &batch{} }

func (b *batch) reset() {
	b.uses, b.mixed, b.rejects, b.words, b.bytes = b.uses[:0], b.mixed[:0], b.rejects[:0], nil, 0
}

func (b *batch) full() bool {
	return len(b.uses) >= maxBatchUses || len(b.mixed) >= maxBatchMixed || b.bytes >= maxBatchBytes
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

// order is that of the table.
func (u *useRow) order(v *useRow) int {
	return cmp.Or(cmp.Compare(u.credential, v.credential), cmp.Compare(u.at, v.at), cmp.Compare(u.key, v.key))
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

// sorted brings the uses of a batch into the order of the table.
func (b *batch) sorted() []useRow {
	slices.SortFunc(b.uses, func(x, y useRow) int { return x.order(&y) })
	return b.uses
}
