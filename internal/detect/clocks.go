package detect

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// Print is what the way in which a commit was made leaves in its object: GitHub's contents API, called with a stolen token, signs nothing, ends no
// message with a newline, and writes author and committer alike. A web edit is signed by GitHub, git itself ends a message in a newline.
type Print struct {
	NoNewline, OneHand, EqualDates, Unsigned bool
}

// PrintOf reads the print of a commit.
func PrintOf(c evidence.Commit) Print {
	a, k := c.Author, c.Committer
	return Print{
		NoNewline:  c.Message != "" && !strings.HasSuffix(c.Message, "\n"),
		OneHand:    a.Name == k.Name && a.Email == k.Email,
		EqualDates: a.Date.Equal(k.Date) && a.Zone == k.Zone,
		Unsigned:   !c.Signed,
	}
}

// ContentsAPI reports the whole print of the contents API. It is a feature, not a proof: a victim's own script that calls the API leaves it as well.
func (p Print) ContentsAPI() bool { return p.NoNewline && p.OneHand && p.EqualDates && p.Unsigned }

// Stamp is a time that a commit wrote into the README, in the clock on its maker's wall: "Security scan triggered at 2025-09-02 05:20:39".
type Stamp struct {
	Form string        // the line with * for the time
	Zone time.Duration // what the wall is ahead of UTC, as far as the commit's own date can be believed: a whole number of quarters of an hour
}

var wallClock = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}\b`)

// A stamp is made just before its commit: those of GhostAction were never more than two seconds early. A minute leaves room for a slow host.
const (
	stampEarly = time.Minute
	stampLate  = 2 * time.Second
)

// farthestZones are the zones that differ most from UTC (https://www.iana.org/time-zones).
const farthestZones = 14 * time.Hour

// maxForm bounds the form of a stamp: a longer line is prose that holds a time.
const maxForm = 200

// ReadStamp finds the stamp in a line that a commit added. One that no zone brings near to the commit's date was not made with it.
func ReadStamp(line string, committed time.Time) (Stamp, bool) {
	at := wallClock.FindStringIndex(line)
	if at == nil || len(line) > maxForm || committed.IsZero() {
		return Stamp{}, false
	}
	wall, err := time.Parse(time.DateTime, strings.Replace(line[at[0]:at[1]], "T", " ", 1))
	if err != nil {
		return Stamp{}, false
	}
	ahead := wall.Sub(committed)
	zone := (ahead + stampEarly).Truncate(15 * time.Minute)
	if ahead+stampEarly < 0 {
		zone -= 15 * time.Minute
	}
	if late := ahead - zone; late > stampLate {
		zone += 15 * time.Minute
	}
	if early := zone - ahead; early > stampEarly || early < -stampLate || zone < -farthestZones || zone > farthestZones {
		return Stamp{}, false
	}
	return Stamp{Form: strings.TrimSpace(line[:at[0]] + "*" + line[at[1]:]), Zone: zone}, true
}

// Stamps reads the stamps of the commits of a repository.
func Stamps(h *evidence.History, readmes []evidence.ReadmeChange) map[evidence.OID]Stamp {
	out := map[evidence.OID]Stamp{}
	for _, r := range readmes {
		for _, line := range r.Added {
			if s, ok := ReadStamp(line, h.CommittedAt(r.Commit)); ok {
				out[r.Commit] = s
				break
			}
		}
	}
	return out
}

// zoneText is a zone as it is written behind a time.
func zoneText(z time.Duration) string {
	return time.Time{}.In(time.FixedZone("", int(z.Seconds()))).Format("-07:00")
}

// ZoneText is the zone of the stamp: "+02:00".
func (s Stamp) ZoneText() string { return zoneText(s.Zone) }

var epochName = regexp.MustCompile(`(?:^|[^0-9A-Za-z])([0-9]{10}|[0-9]{13})$`)

// Branch names are of the years of GitHub Actions: what lies before or long after is no epoch.
var (
	epochFrom = time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	epochTo   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// BranchEpoch is the time in the name of a branch that a program made, such as add-linter-workflow-1763942400000: seconds or milliseconds since 1970. It is
// the word of whoever made the branch, no better than a date in a commit.
func BranchEpoch(ref evidence.Ref) (when.Instant, bool) {
	m := epochName.FindStringSubmatch(ref.Short())
	if m == nil || !ref.Branch() {
		return when.Instant{}, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return when.Instant{}, false
	}
	at := time.Unix(n, 0)
	if len(m[1]) == 13 {
		at = time.UnixMilli(n)
	}
	if at.Before(epochFrom) || at.After(epochTo) {
		return when.Instant{}, false
	}
	return when.At(at, when.Git), true
}

// Clocked adds to the signals of commits what their own clocks say: the zone of the wall from which a README was stamped (readme-zone:+02:00) and the time in
// the name of the branch that was pushed (branch-epoch:2025-11-24T00:00:00Z). Both are the maker's words and move no bound of anything.
func Clocked(commits []Commit, h *evidence.History, readmes []evidence.ReadmeChange, updates []evidence.RefUpdate, refs []evidence.ListedRef) []Commit {
	stamps := Stamps(h, readmes)
	epochs := map[evidence.OID]string{}
	note := func(ref evidence.Ref, o evidence.OID) {
		if at, ok := BranchEpoch(ref); ok {
			epochs[o] = "branch-epoch:" + evidence.Stamp(at.NotBefore.At)
		}
	}
	for _, u := range updates {
		note(u.Ref, u.After)
	}
	for _, l := range refs {
		note(l.Ref, l.Target())
	}
	for i, c := range commits {
		if s, ok := stamps[c.OID]; ok {
			commits[i].Signals = append(commits[i].Signals, "readme-zone:"+s.ZoneText())
		}
		if e := epochs[c.OID]; e != "" {
			commits[i].Signals = append(commits[i].Signals, e)
		}
		slices.Sort(commits[i].Signals)
	}
	return commits
}
