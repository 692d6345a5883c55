package casefile

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Credentials lists the rows of all inventories, by reference, time of listing and id.
func (c *Case) Credentials(ctx context.Context) ([]tokens.Credential, error) {
	var out []tokens.Credential
	err := c.each(ctx, `SELECT ref, provider, kind, account, label, account_wide, projects, scopes, created_at, expires_at, last_used_at, last_used_told,
		last_within, revoked_at, inactive, address, user_agent, parent, alias, listed_at FROM credential_record ORDER BY ref, listed_at, id`, nil,
		func(scan func(...any) error) error {
			var x tokens.Credential
			var ref tokens.Ref
			var projects, scopes, created, expires, used, revoked, listed, address string
			var within int64
			err := scan(&ref, &x.Provider, &x.Kind, &x.Account, &x.Label, &x.AccountWide, &projects, &scopes, &created, &expires, &used, &x.LastUsedTold,
				&within, &revoked, &x.Inactive, &address, &x.UserAgent, &x.Parent, &x.Alias, &listed)
			if err != nil {
				return err
			}
			x.ID, x.LastWithin, x.Address = ref.ID(), time.Duration(within)*time.Second, parseAddress(address)
			if err := parseLists(storedList{projects, &x.Projects}, storedList{scopes, &x.Scopes}); err != nil {
				return err
			}
			err = parseStamps(pair{created, &x.CreatedAt}, pair{expires, &x.ExpiresAt}, pair{used, &x.LastUsedAt}, pair{revoked, &x.RevokedAt}, pair{listed, &x.ListedAt})
			out = append(out, x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	return out, nil
}

// storedList is a stored JSON array and where it goes.
type storedList struct {
	text string
	to   *[]string
}

func parseLists(all ...storedList) error {
	for _, l := range all {
		if err := json.Unmarshal([]byte(l.text), l.to); err != nil {
			return err
		}
		if len(*l.to) == 0 {
			*l.to = nil
		}
	}
	return nil
}

// parseAddress is the inverse of [addressText]: what is no address is none.
func parseAddress(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().String()
}

// Listings lists the inventories that were read, by time.
func (c *Case) Listings(ctx context.Context) ([]tokens.Listing, error) {
	var out []tokens.Listing
	err := c.each(ctx, "SELECT provider, account, at, complete FROM credential_listing ORDER BY at, provider, account, id", nil, func(scan func(...any) error) error {
		var x tokens.Listing
		var at string
		if err := scan(&x.Provider, &x.Account, &at, &x.Complete); err != nil {
			return err
		}
		err := parseStamps(pair{at, &x.At})
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read listings of credentials: %w", err)
	}
	return out, nil
}

// CredentialEvents lists the steps in the lives of credentials, by time and id.
func (c *Case) CredentialEvents(ctx context.Context) ([]tokens.Event, error) {
	var out []tokens.Event
	err := c.each(ctx, "SELECT ref, provider, account, label, what, at, by_whom, detail, log, external FROM credential_event ORDER BY at, id", nil,
		func(scan func(...any) error) error {
			var x tokens.Event
			var ref tokens.Ref
			var at string
			if err := scan(&ref, &x.Provider, &x.Account, &x.Label, &x.What, &at, &x.By, &x.Detail, &x.Log, &x.External); err != nil {
				return err
			}
			x.ID = ref.ID()
			err := parseStamps(pair{at, &x.At})
			out = append(out, x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read events of credentials: %w", err)
	}
	return out, nil
}

// Releases lists what documents of registries tell, by project, time and id.
func (c *Case) Releases(ctx context.Context) ([]tokens.Release, error) {
	var out []tokens.Release
	err := c.each(ctx, `SELECT provider, project, version, file, at, document, uploader, user_agent, publisher, attested, trusted, commit_oid, run_id, token,
		sha256, yanked, removed, mirrored FROM release_record ORDER BY provider, project, at, id`, nil, func(scan func(...any) error) error {
		var x tokens.Release
		var at string
		err := scan(&x.Provider, &x.Project, &x.Version, &x.File, &at, &x.Document, &x.Uploader, &x.UserAgent, &x.Publisher, &x.Attested, &x.Trusted, &x.Commit,
			&x.RunID, &x.Token, &x.SHA256, &x.Yanked, &x.Removed, &x.Mirrored)
		if err != nil {
			return err
		}
		err = parseStamps(pair{at, &x.At})
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read releases: %w", err)
	}
	return out, nil
}

// Mappings lists what responders know of secrets, by repository, secret and id.
func (c *Case) Mappings(ctx context.Context) ([]tokens.Mapping, error) {
	var out []tokens.Mapping
	err := c.each(ctx, "SELECT repository, secret, provider, credential, account, project, because FROM secret_mapping ORDER BY repository, secret, id", nil,
		func(scan func(...any) error) error {
			var x tokens.Mapping
			err := scan(&x.Repository, &x.Secret, &x.Provider, &x.Credential, &x.Account, &x.Project, &x.Because)
			out = append(out, x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read mappings: %w", err)
	}
	return out, nil
}

// Contacts lists who can be told, by what they stand for.
func (c *Case) Contacts(ctx context.Context) ([]tokens.Contact, error) {
	var out []tokens.Contact
	err := c.each(ctx, "SELECT kind, name, person, address, why FROM contact ORDER BY kind, name, person, address, id", nil, func(scan func(...any) error) error {
		var x tokens.Contact
		err := scan(&x.Kind, &x.Name, &x.Person, &x.Address, &x.Why)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	return out, nil
}

// LogCoverage is a coverage in the case, and of what the log was kept.
type LogCoverage struct {
	tokens.Coverage
	ID string
	// Linked reports that only rows of what the case named at the time were kept: of everything else the log says nothing, see Tells.
	Linked bool
	kept   map[keptName]bool
}

// keptName is something whose rows --scope linked kept.
type keptName struct{ kind, name string }

// Tells reports whether silence of the log can say anything about a credential, an account and a project at once; empty ones are not asked about.
// It is false where the rows of any of them were passed over when the log was read.
func (v *LogCoverage) Tells(ref tokens.Ref, p tokens.Provider, account, project string) bool {
	if !v.Linked {
		return true
	}
	for _, k := range []struct{ kind, id, name string }{
		{keptCredential, string(ref), string(ref)}, {keptAccount, account, keptText(p, account)}, {keptProject, project, keptText(p, project)},
	} {
		if k.id != "" && !v.kept[keptName{k.kind, k.name}] {
			return false
		}
	}
	return true
}

// LogCoverages lists over which times logs were had, by log and time.
func (c *Case) LogCoverages(ctx context.Context) ([]LogCoverage, error) {
	kept := map[int64]map[keptName]bool{}
	err := c.each(ctx, "SELECT import, kind, name FROM import_kept", nil, func(scan func(...any) error) error {
		var id int64
		var k keptName
		err := scan(&id, &k.kind, &k.name)
		if kept[id] == nil {
			kept[id] = map[keptName]bool{}
		}
		kept[id][k] = true
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read coverage of logs: %w", err)
	}
	var out []LogCoverage
	err = c.each(ctx, `SELECT v.id, v.log, v.provider, v.account, v.project, v.covered_from, v.covered_to, v.basis, v.detail, v.import,
		json_extract(i.options, '$.scope') = 'linked'
		FROM log_coverage v JOIN import i ON i.id = v.import ORDER BY v.log, v.covered_from, v.covered_to, v.id`, nil, func(scan func(...any) error) error {
		var x LogCoverage
		var from, to string
		var id int64
		var linked *bool
		if err := scan(&x.ID, &x.Log, &x.Provider, &x.Account, &x.Project, &from, &to, &x.Basis, &x.Detail, &id, &linked); err != nil {
			return err
		}
		x.Linked, x.kept = linked != nil && *linked, kept[id]
		err := parseStamps(pair{from, &x.From}, pair{to, &x.To})
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read coverage of logs: %w", err)
	}
	return out, nil
}

// Kinds of what rows are kept of.
const (
	keptCredential = "credential"
	keptAccount    = "account"
	keptProject    = "project"
)

// keptText is how accounts and projects are compared: with their provider, in lower case, as providers do.
func keptText(p tokens.Provider, name string) string {
	return evidence.Repository(string(p) + ":" + name).Key()
}
