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
	Zone time.Duration // what the wall is ahead of UTC, as far as the commit's own date can be believed: one of those that are in use
}

var wallClock = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}\b`)

// A stamp is made just before its commit: those of GhostAction were never more than two seconds early. A minute leaves room for a slow host.
const (
	stampEarly = time.Minute
	stampLate  = 2 * time.Second
)

// inUse reports what a zone is ahead of UTC somewhere, in winter or in summer: whole hours from -12 to +14, and some with halves and quarters. A time that fits
// none was not made with its commit; were any quarter of an hour a zone, one in fifteen copied stamps would fit one (https://www.iana.org/time-zones).
func inUse(zone time.Duration) bool {
	if zone%time.Hour == 0 {
		return zone >= -12*time.Hour && zone <= 14*time.Hour
	}
	return slices.Contains([]string{"-09:30", "-03:30", "-02:30", "+03:30", "+04:30", "+05:30", "+05:45", "+06:30", "+08:45", "+09:30", "+10:30", "+12:45", "+13:45"},
		zoneText(zone))
}

// maxForm bounds the form of a stamp: a longer line is prose that holds a time.
const maxForm = 200

// ReadStamp finds the stamp in a line that a commit added. One that no zone brings near to the commit's date was not made with it.
func ReadStamp(line string, committed time.Time) (Stamp, bool) {
	if len(line) > maxForm || committed.IsZero() {
		return Stamp{}, false
	}
	for _, at := range wallClock.FindAllStringIndex(line, -1) {
		if zone, ok := wallZone(line[at[0]:at[1]], committed); ok {
			return Stamp{Form: strings.TrimSpace(line[:at[0]] + "*" + line[at[1]:]), Zone: zone}, true
		}
	}
	return Stamp{}, false
}

// wallZone is the zone by which a clock on the wall showed a text when a commit was made.
func wallZone(text string, committed time.Time) (time.Duration, bool) {
	wall, err := time.Parse(time.DateTime, strings.Replace(text, "T", " ", 1))
	if err != nil {
		return 0, false
	}
	ahead := wall.Sub(committed)
	zone := (ahead + stampEarly).Truncate(15 * time.Minute)
	if ahead+stampEarly < 0 {
		zone -= 15 * time.Minute
	}
	if late := ahead - zone; late > stampLate {
		zone += 15 * time.Minute
	}
	early := zone - ahead
	return zone, early <= stampEarly && early >= -stampLate && inUse(zone)
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

// epochFrom is when GitHub Actions came: no program of a campaign made a branch before.
var epochFrom = time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)

// BranchEpoch is the time in the name of a branch that a program made, such as add-linter-workflow-1763942400000: seconds or milliseconds since 1970. It is
// the word of whoever made the branch, no better than a date in a commit. A number that stands for a time after now was read from no clock.
func BranchEpoch(ref evidence.Ref, now time.Time) (when.Instant, bool) {
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
	if at.Before(epochFrom) || at.After(now) {
		return when.Instant{}, false
	}
	return when.At(at, when.Git), true
}

// Clocked adds to the signals of commits what their own clocks say: the zone of the wall from which a README was stamped (readme-zone:+02:00) and the time in
// the name of the branch that was pushed (branch-epoch:2025-11-24T00:00:00Z), up to now. Both are the maker's words and move no bound of anything.
func Clocked(commits []Commit, h *evidence.History, readmes []evidence.ReadmeChange, updates []evidence.RefUpdate, refs []evidence.ListedRef, now time.Time) []Commit {
	stamps := Stamps(h, readmes)
	epochs := map[evidence.OID]string{}
	note := func(ref evidence.Ref, o evidence.OID) {
		if at, ok := BranchEpoch(ref, now); ok {
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
