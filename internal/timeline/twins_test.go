package timeline

import (
	"testing"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// Thousands of reports of one second that name no commit are each paired with a move of its own, in memory that grows with their number.
func TestManyReportsOfOneSecond(t *testing.T) {
	const many = 4000
	r := &reader{Input: Input{Facts: &casefile.Facts{}}}
	commit := evidence.OID("c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0")
	now := when.At(archiveBegin, when.Server)
	k := &known{byAfter: map[evidence.OID][]int{}, events: map[string]int{}}
	var reports []Move
	for range many {
		k.add(Move{Before: commit, After: commit, Kind: evidence.Push, At: now, origin: evidence.OriginActivity})
		reports = append(reports, Move{Kind: evidence.Push, At: now, origin: evidence.OriginAuditLog})
	}
	k.index()
	var of map[int]int
	got := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			of = r.twins(k, reports)
		}
	})
	if len(of) != many {
		t.Errorf("%d of %d reports are paired", len(of), many)
	}
	if most := int64(many * maxPairs * 32 * 8); got.AllocedBytesPerOp() > most {
		t.Errorf("%d bytes for %d reports, at most %d", got.AllocedBytesPerOp(), many, most)
	}
}
