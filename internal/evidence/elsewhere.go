package evidence

import (
	"strconv"
	"strings"
	"time"

	"pentimento/internal/when"
)

// Elsewhere is a push, or the creation of a branch, in a repository that is not in the case: somebody of a campaign made it, or it bears
// something of a campaign. It says where to look, not that the repository was hit.
type Elsewhere struct {
	Origin     Origin // archive, or user-events
	ExternalID string // the id of the event
	FullName   Repository
	GitHubID   int64
	Ref        Ref
	Head       OID // empty for a creation
	At         time.Time
	Clock      when.Clock
	Actor      string
	Patterns   []string // what of the campaigns' messages and branch names it bears
}

// ID of the fact.
func (e Elsewhere) ID() string {
	return ID("els", string(e.Origin), e.ExternalID, e.FullName.Key(), strconv.FormatInt(e.GitHubID, 10), string(e.Ref), string(e.Head),
		Stamp(e.At), e.Actor, strings.Join(e.Patterns, "\n"))
}
