package drill

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// maxUserEvents is where GitHub ends the events of a user.
const maxUserEvents = 300

// ofUser answers what is asked of an account; false for what is asked of something else.
func (c *call) ofUser(path string) bool {
	rest, ok := strings.CutPrefix(path, "/users/")
	if login, events := strings.CutSuffix(rest, "/events/public"); ok && events {
		c.userEvents(login)
		return true
	}
	return false
}

// userEvents answers what an account did in public, newest first: the events of all repositories that anybody may see, of which those
// lose what their own lists lose. An account that the recipe does not know is GitHub's 404.
func (c *call) userEvents(login string) {
	recipe := c.s.recipe
	known := false
	for name := range recipe.actors {
		known = known || strings.EqualFold(name, login)
	}
	if !known {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	rows := []eventRow{}
	for _, r := range recipe.Repositories {
		if r.hidden() || r.NoAPI || recipe.silent[evidence.OriginUserEvents] {
			continue
		}
		for _, h := range r.happenings(func(time.Time) bool { return recipe.oldPush(recipe.Now) }) {
			lost := h.at.Before(r.horizon["events"]) || (h.update != nil && h.update.unlisted["event"])
			if lost || !strings.EqualFold(h.actor.login, login) {
				continue
			}
			row, err := r.eventRow(h)
			if err != nil {
				http.Error(c.w, err.Error(), http.StatusInternalServerError)
				return
			}
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b eventRow) int { return strings.Compare(b.CreatedAt, a.CreatedAt) })
	c.w.Header().Set("X-Poll-Interval", "60")
	c.json(page(c, "events", rows[:min(len(rows), maxUserEvents)]))
}
