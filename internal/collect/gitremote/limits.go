package gitremote

import (
	"fmt"
	"time"
)

// limits holds every bound on what a server may make us read, keep or wait for.
type limits struct {
	idle    time.Duration // no byte for so long ends a request: GitHub itself sends keep-alives every 5 s while it counts objects
	request time.Duration // a trickle that keeps the watchdog quiet ends here
	index   time.Duration // delta chains can be made to cost far more time than bytes
	listing int64         // bytes of a ref listing: 250,000 refs with peeled tags
	refs    int           // refs kept of a listing: about 200 bytes each in memory; kubernetes has some 130,000
	pack    packLimits
}

// packLimits bounds one pack. go-git's indexer costs about 400 bytes of live memory per object, keeps up to 96 MiB of delta bases and
// buffers every object of the chain that it resolves. A pack at all of these limits makes the process peak at 420 MiB; one is indexed at
// a time.
type packLimits struct {
	bytes   int64 // as received; an index with 31-bit offsets reaches just as far
	objects uint32
	object  int64 // inflated, one object or delta result; GitHub's trees and commits stay far below
	chain   int64 // inflated sum along one delta chain, because go-git holds all of it at once
	total   int64 // inflated sum over the pack
}

func defaultLimits() limits {
	return limits{
		idle: time.Minute, request: 30 * time.Minute, index: 10 * time.Minute,
		listing: 64 << 20, refs: 250_000,
		pack: packLimits{bytes: 2<<30 - 1, objects: 500_000, object: 16 << 20, chain: 32 << 20, total: 16 << 30},
	}
}

const (
	maxWants     = 1_000     // objects asked by SHA in one request: 50 KB; github.com's own limit is not documented
	maxHaves     = 4_096     // more do not make the answer smaller by much, only the question longer
	maxBackfill  = 10_000    // blobs per request; homebrew-core has had 9,000 workflow versions in ten years
	maxDrops     = 64        // requests spent on finding out which of a batch are missing or too large
	indexGC      = 25        // per cent of garbage over live memory while a pack is indexed
	maxErrorText = 4 << 10   // of an HTTP error body
	chunkCommits = 2_000     // commits per observation
	chunkBytes   = 8 << 20   // or so many bytes of text
	maxObject    = 16 << 20  // of a commit, tree or tag that is read; packs that we fetch hold none larger
	maxMessage   = 64 << 10  // of a commit message; GitHub shows as much
	maxPerson    = 1 << 10   // of a name or address in a commit
	maxParents   = 256       // the largest octopus in the Linux kernel has 66
	maxBlob      = 1 << 20   // of a workflow file, as much as is parsed; those of public repositories are a few kilobytes
	maxFolder    = 10_000    // files in one .github/workflows
	maxEntries   = 2_000_000 // workflow entries over all trees of one repository
	maxBlobs     = 200_000   // distinct workflow files of one repository
	maxReadmes   = 400       // commits that change the README alone, whose change is read: campaigns made a dozen in a repository
	maxReadme    = 1 << 20   // of a README
	maxAdded     = 20        // lines kept of what was added to one
	maxLine      = 300       // of such a line
	maxGaps      = 1_000     // missing objects named one by one
	maxTagDepth  = 16        // tags of tags
	maxTreeCache = 16 << 20  // bytes of root trees kept for the comparison with the next commit
	maxRefName   = 1_024     // GitHub refuses names over 255 bytes
	maxMirrorRef = 256 << 20 // bytes of a packed-refs file
)

// sizeText is for people.
func sizeText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d bytes", n)
}
