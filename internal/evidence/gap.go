package evidence

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// GapKind says why something could not be observed. The words are part of the JSON contract.
type GapKind string

// Kinds of gaps. Each has a meaning of its own for the reader; Detail of the gap says the rest.
const (
	GapNotCollected   GapKind = "not-collected"   // nobody asked: an origin was switched off or does not exist for the source
	GapGone           GapKind = "gone"            // 404: deleted, private or never there; they cannot be told apart from outside
	GapBlocked        GapKind = "blocked"         // 451 or 403 with a block: GitHub or a court took it down
	GapForbidden      GapKind = "forbidden"       // 401 or 403: the token may not see it
	GapEmpty          GapKind = "empty"           // the repository holds no commits
	GapRenamed        GapKind = "renamed"         // the name moved; what was collected belongs to the new name
	GapIdentity       GapKind = "identity"        // the name now belongs to another repository
	GapRateLimit      GapKind = "rate-limit"      // the limit outlasted the patience
	GapServer         GapKind = "server-error"    // 5xx, broken answers, time-outs after bounded retries
	GapRefused        GapKind = "refused"         // our own limits or checks refused the answer (too large, malformed, hostile)
	GapUnsupported    GapKind = "unsupported"     // the server cannot do it (no protocol v2, no filters, SHA-256)
	GapObjectMissing  GapKind = "object-missing"  // a named commit, tree or blob that no one serves any more
	GapExpired        GapKind = "expired"         // older than the origin keeps
	GapTruncated      GapKind = "truncated"       // an origin stops at a limit of its own (300 events, 1,000 runs in a second)
	GapBrokenChain    GapKind = "broken-chain"    // two ref updates that do not join: at least one is missing between them
	GapContradiction  GapKind = "contradiction"   // two sources exclude each other
	GapUnplaced       GapKind = "unplaced"        // a campaign commit for which no ref can be named
	GapUnreadable     GapKind = "unreadable"      // a workflow file or tree that could not be parsed or had
	GapBudget         GapKind = "budget"          // the calls allowed were spent: a later collection asks
	GapUncovered      GapKind = "uncovered"       // hours that no archive holds, or holds in part
	GapUnconfirmedEnd GapKind = "unconfirmed-end" // the end of a presence or window could not be seen
)

// Gap is something that could not be observed, and why.
type Gap struct {
	Repository Repository
	Unit       string // the unit of collection or analysis in which it was met: "git/refs", "api/activity", "timeline"
	Kind       GapKind
	Subject    string // what could not be seen: a SHA, a ref, a run, an endpoint
	Detail     string // why, in one sentence, safe to print
	Hint       string // what would show it
}

// ID of the fact. Detail is left out: the same gap may be worded differently.
func (g Gap) ID() string {
	return ID("gap", g.Repository.Key(), g.Unit, string(g.Kind), g.Subject)
}

// String is one line for people.
func (g Gap) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", g.Repository, g.Kind, g.Subject, g.Detail)
}

// Observation is what one unit of collection learned: it is stored whole or not at all. Unit names the unit ("api/activity"); Done marks
// it as finished, so that an interrupted collection does not ask again.
type Observation struct {
	Repository Repository
	Unit       string
	Done       bool

	Sources   []Source
	State     *RepositoryState
	Refs      []ListedRef // a whole listing; belongs to the first source
	Updates   []RefUpdate
	Sightings []Sighting
	Checks    []SignatureCheck
	Secrets   []SecretRecord
	Access    []AccessGrant
	Forks     []Fork
	Elsewhere []Elsewhere // of other repositories than this one, which led to them
	Logs      []RunLog
	Bulks     []*Bulk // the commits that nobody named by themselves: the history behind the refs
	Commits   []Commit
	Seen      []CommitSeen
	Holdings  []Holding
	Entries   []WorkflowEntry
	Blobs     []Blob
	Readmes   []ReadmeChange
	Runs      []Run
	Jobs      []Job
	Coverage  []Coverage
	Gaps      []Gap
}

// maxPrintable is enough of a hostile name or of a server's words to recognise them.
const maxPrintable = 200

// Printable makes foreign text fit for a gap: characters that move a cursor, turn the direction of writing or forge a line become blanks, what
// is no UTF-8 becomes "?", and of more than 200 bytes the rest is cut off.
func Printable(s string) string {
	if len(s) > maxPrintable {
		s = strings.TrimSpace(s[:maxPrintable])
		for i := len(s) - 1; i >= 0 && i > len(s)-utf8.UTFMax; i-- { // the cut may have split a character
			if utf8.RuneStart(s[i]) && !utf8.FullRuneInString(s[i:]) {
				s = s[:i]
				break
			}
		}
		s += "..."
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
}
