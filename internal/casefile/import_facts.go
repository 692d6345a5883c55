package casefile

import (
	"context"
	"fmt"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// tell adds a fact to the present row. Every text is redacted: a column that was not known to hold a secret may.
func (im *Import) tell(table, columns string, args ...any) error {
	if im.row.rejected || !im.row.open {
		return nil
	}
	f := im.fact(table, columns+", line", append(args, im.row.line))
	im.row.facts = append(im.row.facts, f)
	for _, a := range f.args {
		if text, ok := a.(string); ok {
			im.now.bytes += len(text)
		}
	}
	return nil
}

// fact is the statement for one; the names are ours.
func (im *Import) fact(table, columns string, args []any) fact {
	args = append(args, im.id)
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = tokens.Redacted(strings.ToValidUTF8(text, "\uFFFD"))
		}
	}
	return fact{"INSERT OR IGNORE INTO " + table + " (" + columns + ", import) VALUES (?" + strings.Repeat(", ?", len(args)-1) + ")", args}
}

// Credential stores a row of an inventory.
func (im *Import) Credential(x *tokens.Credential) error {
	projects, err := jsonArray(x.Projects)
	if err != nil {
		return err
	}
	scopes, err := jsonArray(x.Scopes)
	if err != nil {
		return err
	}
	return im.tell("credential_record", `id, ref, provider, kind, account, label, account_wide, projects, scopes, created_at, expires_at, last_used_at, last_used_told,
		last_within, revoked_at, inactive, address, user_agent, parent, alias, listed_at`, x.FactID(), string(x.Ref()), string(x.Provider), x.Kind, x.Account, x.Label,
		x.AccountWide, projects, scopes, evidence.Stamp(x.CreatedAt), evidence.Stamp(x.ExpiresAt), evidence.Stamp(x.LastUsedAt), x.LastUsedTold,
		int64(x.LastWithin.Seconds()), evidence.Stamp(x.RevokedAt), x.Inactive, addressText(x.Address), x.UserAgent, x.Parent, x.Alias, evidence.Stamp(x.ListedAt))
}

// Event stores a step in the life of a credential.
func (im *Import) Event(x *tokens.Event) error {
	return im.tell("credential_event", "id, ref, provider, account, label, what, at, by_whom, detail, log, external", x.FactID(), string(tokens.NewRef(x.Provider, x.ID)),
		string(x.Provider), x.Account, x.Label, x.What, evidence.Stamp(x.At), x.By, x.Detail, x.Log, x.External)
}

// Release stores what a document of a registry tells of a release.
func (im *Import) Release(x *tokens.Release) error {
	return im.tell("release_record", `id, provider, project, version, file, at, document, uploader, user_agent, publisher, attested, trusted, commit_oid, run_id,
		token, sha256, yanked, removed, mirrored`, x.FactID(), string(x.Provider), x.Project, x.Version, x.File, evidence.Stamp(x.At), x.Document, x.Uploader,
		x.UserAgent, x.Publisher, x.Attested, x.Trusted, string(x.Commit), x.RunID, x.Token, x.SHA256, x.Yanked, x.Removed, x.Mirrored)
}

// Contact stores how somebody can be told.
func (im *Import) Contact(x *tokens.Contact) error {
	f := im.fact("contact", "id, kind, name, person, address, why", []any{x.FactID(), x.Kind, x.Name, x.Person, x.Address, x.Why})
	return im.add(f)
}

// Mapping stores what a responder knows of a secret.
func (im *Import) Mapping(x *tokens.Mapping) error {
	f := im.fact("secret_mapping", "id, repository, secret, provider, credential, account, project, because", []any{x.FactID(), x.Repository.Key(), x.Secret,
		string(x.Provider), x.Credential, x.Account, x.Project, x.Because})
	return im.add(f)
}

// add gives the present row a fact whose table has no lines.
func (im *Import) add(f fact) error {
	if !im.row.rejected && im.row.open {
		im.row.facts = append(im.row.facts, f)
	}
	return nil
}

// Listing stores that an inventory was read. It belongs to the file, not to a row.
func (im *Import) Listing(x *tokens.Listing) error {
	f := im.fact("credential_listing", "id, provider, account, at, complete", []any{x.FactID(), string(x.Provider), x.Account, evidence.Stamp(x.At), x.Complete})
	im.now.mixed = append(im.now.mixed, mixedRow{facts: []fact{f}, ofFile: true})
	return nil
}

// Coverage stores over which time the log was had. It belongs to the file, not to a row. Where only rows of a scope are kept, it says so.
func (im *Import) Coverage(x *tokens.Coverage) error {
	v := *x
	v.Detail = im.plan.Scope.LinkedDetail(v.Detail)
	f := im.fact("log_coverage", "id, log, provider, account, project, covered_from, covered_to, basis, detail", []any{v.FactID(), v.Log, string(v.Provider), v.Account,
		v.Project, evidence.Stamp(v.From), evidence.Stamp(v.To), v.Basis, v.Detail})
	im.now.mixed = append(im.now.mixed, mixedRow{facts: []fact{f}, ofFile: true})
	return nil
}

// ImportRow is one import as it stands in the case.
type ImportRow struct {
	ID                         int64
	Kind, Format, Name, SHA256 string
	Counts                     ImportCounts
	Notes                      []string
	Finished                   bool
}

// Imports lists what was imported, in the order in which it was begun.
func (c *Case) Imports(ctx context.Context) ([]ImportRow, error) {
	var out []ImportRow
	err := c.each(ctx, "SELECT id, kind, format, name, sha256, rows_read, stored, duplicate, rejected, passed, notes, finished FROM import ORDER BY id", nil,
		func(scan func(...any) error) error {
			var x ImportRow
			var notes string
			n := &x.Counts
			if err := scan(&x.ID, &x.Kind, &x.Format, &x.Name, &x.SHA256, &n.Read, &n.Stored, &n.Duplicate, &n.Rejected, &n.Passed, &notes, &x.Finished); err != nil {
				return err
			}
			err := parseLists(storedList{notes, &x.Notes})
			out = append(out, x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return out, nil
}

// RejectedRow is a row that was kept aside.
type RejectedRow struct {
	File   string
	Line   int64
	Reason string
	Text   string
}

// EachReject calls f for the rows that were kept aside, in the order of imports and lines.
func (c *Case) EachReject(ctx context.Context, f func(RejectedRow) error) error {
	err := c.each(ctx, "SELECT i.name, r.line, r.reason, r.text FROM import_reject r JOIN import i ON i.id = r.import ORDER BY r.import, r.number", nil,
		func(scan func(...any) error) error {
			var x RejectedRow
			if err := scan(&x.File, &x.Line, &x.Reason, &x.Text); err != nil {
				return err
			}
			return f(x)
		})
	if err != nil {
		return fmt.Errorf("list rejected rows: %w", err)
	}
	return nil
}
