package verdict

import (
	"fmt"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/tokens"
)

// recorded is what times of last use tell of a window. One such time L, exported at E, proves a use at L and no recorded use in (L, E]; of the time
// before L it says nothing, for a later use overwrites an earlier one.
type recorded struct {
	silent   bool      // the last listing knows of no use since the window could open
	through  time.Time // E of that listing
	id       string
	evidence []string
	inside   []Judged // what each use that is proven in the window is taken for
	reason   string
}

// soon is how long after an inventory was exported its credential may be revoked for the inventory to speak of the window still: they are to be exported
// before they are revoked, which takes its time.
const soon = 24 * time.Hour

// recorded reads what inventories tell of the last use. Uses that a log tells too are not counted again.
func (v *view) recorded(logged bool) recorded {
	var out recorded
	from, to := at(v.window.Opened.NotBefore), at(v.window.Closed.NotAfter)
	var last *tokens.Credential
	var before time.Time
	rows := v.rows[v.window.Link.Credential]
	for i := range rows {
		c := &rows[i]
		if !c.LastUsedTold || c.ListedAt.IsZero() {
			continue
		}
		last = c
		used := c.LastUsedAt
		if used.IsZero() || used.Equal(before) {
			continue
		}
		before = used
		if used.Add(c.LastWithin).Before(from) || v.window.State == exposure.Closed && used.After(to) || v.track.tells(c) || v.effects.tells(c) {
			continue
		}
		out.inside = append(out.inside, v.provenUse(c, logged))
		out.evidence = append(out.evidence, c.FactID())
	}
	if last == nil || from.IsZero() || last.ListedAt.Before(from) || !last.LastUsedAt.Add(last.LastWithin).Before(from) && !last.LastUsedAt.IsZero() {
		return out
	}
	opened, closed := at(v.window.Opened.NotAfter), at(v.window.Closed.NotBefore)
	switch {
	case !opened.IsZero() && last.ListedAt.Before(opened):
		out.reason = "the inventory of " + evidence.Stamp(last.ListedAt) + " may be older than the theft"
	case !closed.IsZero() && closed.Sub(last.ListedAt) > soon:
		out.reason = "the inventory of " + evidence.Stamp(last.ListedAt) + " is older than the end of the window by more than a day"
	default:
		out.silent, out.through, out.id = true, last.ListedAt, last.FactID()
		out.reason = "last used at " + evidence.Stamp(last.LastUsedAt)
		if last.LastUsedAt.IsZero() {
			out.reason = "never used"
		}
		out.reason += ", by the inventory of " + evidence.Stamp(last.ListedAt)
	}
	return out
}

// provenUse takes the use at L for what it is: nothing tells where it came from. A run at that time explains it, and hides whatever came before.
func (v *view) provenUse(c *tokens.Credential, logged bool) Judged {
	at := "last used at " + evidence.Stamp(c.LastUsedAt)
	part := Possible
	if v.surely(c.LastUsedAt, c.LastUsedAt.Add(c.LastWithin)) {
		part = Certain
	}
	x := opinion{Unexplained, "last-used", at + ", no log tells from where, and no run of the repository is known of that time"}
	if logged {
		x = opinion{Unexplained, "unlogged-use", at + ", of which the log that was had whole knows nothing"}
	} else {
		for _, key := range v.track.repositories() {
			for _, r := range v.runs[key].at(c.LastUsedAt, c.LastUsedAt.Add(c.LastWithin)) {
				if r.Malicious {
					return v.counted(part, c, opinion{Unexplained, "last-used", fmt.Sprintf("%s, while run %d of a malicious version ran", at, r.ID)})
				}
				x = opinion{Unknown, "overwritten", fmt.Sprintf("%s, while run %d of %s ran: that hides every use before it", at, r.ID, key)}
			}
		}
	}
	return v.counted(part, c, x)
}

func (v *view) counted(part string, c *tokens.Credential, x opinion) Judged {
	v.count(part, x.Word, c.LastUsedAt)
	return Judged{0, c.LastUsedAt, c.Ref(), c.FactID(), part, x.Word, x.Rule, x.Reason, nil}
}
