package drill

import (
	"fmt"
	"net/http"
	"net/url"

	"pentimento/internal/evidence"
)

type secretRow struct {
	Name      string `json:"name"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

type organisationSecretRow struct {
	secretRow
	Visibility string `json:"visibility"`
}

type environmentRow struct {
	ID              int64    `json:"id"`
	NodeID          string   `json:"node_id"`
	Name            string   `json:"name"`
	URL             string   `json:"url"`
	HTMLURL         string   `json:"html_url"`
	CreatedAt       string   `json:"created_at"`
	UpdatedAt       string   `json:"updated_at"`
	ProtectionRules []string `json:"protection_rules"`
}

type keyRow struct {
	ID        int64   `json:"id"`
	Key       string  `json:"key"`
	URL       string  `json:"url"`
	Title     string  `json:"title"`
	Verified  bool    `json:"verified"`
	CreatedAt string  `json:"created_at"`
	ReadOnly  bool    `json:"read_only"`
	AddedBy   string  `json:"added_by"`
	LastUsed  *string `json:"last_used"`
	Enabled   bool    `json:"enabled"`
}

type hookRow struct {
	Type         string            `json:"type"`
	ID           int64             `json:"id"`
	Name         string            `json:"name"`
	Active       bool              `json:"active"`
	Events       []string          `json:"events"`
	Config       map[string]string `json:"config"`
	UpdatedAt    string            `json:"updated_at"`
	CreatedAt    string            `json:"created_at"`
	URL          string            `json:"url"`
	TestURL      string            `json:"test_url"`
	PingURL      string            `json:"ping_url"`
	DeliveriesTo string            `json:"deliveries_url"`
	LastResponse struct {
		Code    *int    `json:"code"`
		Status  string  `json:"status"`
		Message *string `json:"message"`
	} `json:"last_response"`
}

type collaboratorRow struct {
	simpleUser
	RoleName    string          `json:"role_name"`
	Permissions map[string]bool `json:"permissions"`
}

type runnerRow struct {
	ID     int64         `json:"id"`
	Name   string        `json:"name"`
	OS     string        `json:"os"`
	Status string        `json:"status"`
	Busy   bool          `json:"busy"`
	Labels []runnerLabel `json:"labels"`
}

type runnerLabel struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// administrator reports whether who asks is one: somebody with a token, where the recipe says so. GitHub tells strangers that there is
// nothing, and people without the right that they lack it.
func (c *call) administrator() bool {
	switch {
	case c.r.Header.Get("Authorization") == "":
		c.fail(http.StatusUnauthorized, "Requires authentication")
	case !c.repo.admin:
		c.fail(http.StatusForbidden, "Resource not accessible by personal access token")
	default:
		return true
	}
	return false
}

// stored answers the lists of secrets: of the repository, of one of its environments, of its organisation.
func (c *call) stored(organisation bool, environment string) {
	if !c.administrator() {
		return
	}
	rows := []any{}
	for _, s := range c.repo.secrets {
		if s.organisation != organisation || s.environment != environment || c.s.recipe.silent[evidence.OriginSecrets] {
			continue
		}
		row := secretRow{Name: s.name, CreatedAt: stamp(s.created), UpdatedAt: stamp(s.updated)}
		if organisation {
			rows = append(rows, organisationSecretRow{secretRow: row, Visibility: "selected"})
			continue
		}
		rows = append(rows, row)
	}
	c.counted("secrets", len(rows), page(c, "secrets", rows))
}

// counted answers a list that stands under a key beside its total.
func (c *call) counted(key string, total int, rows any) {
	c.json(map[string]any{"total_count": total, key: rows})
}

func (c *call) environments(rest []string) {
	if len(rest) == 2 && rest[1] == "secrets" {
		name, err := url.PathUnescape(rest[0])
		if err != nil {
			c.fail(http.StatusNotFound, "Not Found")
			return
		}
		c.stored(false, name)
		return
	}
	if len(rest) != 0 {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	rows := []environmentRow{}
	for i, name := range c.repo.environments {
		id := c.repo.ID*repositorySpan + int64(i)
		made := stamp(c.repo.CreatedAt)
		rows = append(rows, environmentRow{ID: id, NodeID: fmt.Sprintf("EN_%d", id), Name: name, URL: c.repo.api("/environments/" + name),
			HTMLURL: c.repo.web("/deployments"), CreatedAt: made, UpdatedAt: made, ProtectionRules: []string{}})
	}
	c.counted("environments", len(rows), page(c, "environments", rows))
}

// granted lists the grants of a kind; none where the recipe silences them.
func (c *call) granted(kind string) []*grant {
	var out []*grant
	for _, g := range c.repo.grants {
		if g.kind == kind && !c.s.recipe.silent[evidence.OriginAccess] {
			out = append(out, g)
		}
	}
	return out
}

func (c *call) keys() {
	if !c.administrator() {
		return
	}
	rows := []keyRow{}
	for _, g := range c.granted("deploy-key") {
		rows = append(rows, keyRow{ID: g.id, Key: "ssh-ed25519 invented", URL: c.repo.api(fmt.Sprintf("/keys/%d", g.id)), Title: g.name, Verified: true,
			CreatedAt: stamp(g.at), ReadOnly: g.detail == "read-only", AddedBy: g.by.login, Enabled: true})
	}
	c.json(page(c, "keys", rows))
}

func (c *call) hooks() {
	if !c.administrator() {
		return
	}
	rows := []hookRow{}
	for _, g := range c.granted("webhook") {
		at := c.repo.api(fmt.Sprintf("/hooks/%d", g.id))
		row := hookRow{Type: "Repository", ID: g.id, Name: "web", Active: true, Events: []string{"push"}, UpdatedAt: stamp(g.at), CreatedAt: stamp(g.at),
			Config: map[string]string{"url": "https://" + g.name + "/in?key=abc", "content_type": "json", "insecure_ssl": "0"},
			URL:    at, TestURL: at + "/test", PingURL: at + "/pings", DeliveriesTo: at + "/deliveries"}
		row.LastResponse.Status = "unused"
		rows = append(rows, row)
	}
	c.json(page(c, "hooks", rows))
}

func (c *call) collaborators() {
	if !c.administrator() {
		return
	}
	rows := []collaboratorRow{}
	for _, g := range c.granted("collaborator") {
		who := c.s.recipe.actors[g.name]
		levels, granted := []string{"pull", "triage", "push", "maintain", "admin"}, map[string]bool{}
		has := true
		for _, level := range levels {
			granted[level] = has
			has = has && level != g.detail
		}
		role := map[string]string{"pull": "read", "push": "write"}[g.detail]
		if role == "" {
			role = g.detail
		}
		rows = append(rows, collaboratorRow{simpleUser: user(who.login, who.id), RoleName: role, Permissions: granted})
	}
	c.json(page(c, "collaborators", rows))
}

func (c *call) runners() {
	if !c.administrator() {
		return
	}
	rows := []runnerRow{}
	for _, g := range c.granted("runner") {
		rows = append(rows, runnerRow{ID: g.id, Name: g.name, OS: "linux", Status: "online",
			Labels: []runnerLabel{{1, "self-hosted", "read-only"}, {2, "Linux", "read-only"}, {3, "X64", "read-only"}}})
	}
	c.counted("runners", len(rows), page(c, "runners", rows))
}
