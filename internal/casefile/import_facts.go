package casefile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// clean makes texts what is stored of them, before a fact gets its id: a fact that is read back must have the id under which it stands.
func clean(texts ...*string) {
	for _, t := range texts {
		*t = tokens.Redacted(strings.ToValidUTF8(*t, "\uFFFD"))
	}
}

func cleanList(list []string) []string {
	list = slices.Clone(list)
	for i := range list {
		clean(&list[i])
	}
	return list
}

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
func (im *Import) Credential(row *tokens.Credential) error {
	v := *row
	clean(&v.ID, &v.Kind, &v.Account, &v.Label, &v.UserAgent, &v.Parent, &v.Alias)
	v.Projects, v.Scopes = cleanList(v.Projects), cleanList(v.Scopes)
	projects, err := jsonArray(v.Projects)
	if err != nil {
		return err
	}
	scopes, err := jsonArray(v.Scopes)
	if err != nil {
		return err
	}
	return im.tell("credential_record", `id, ref, provider, kind, account, label, account_wide, projects, scopes, created_at, expires_at, last_used_at, last_used_told,
		last_within, revoked_at, inactive, address, user_agent, parent, alias, listed_at`, v.FactID(), string(v.Ref()), string(v.Provider), v.Kind, v.Account, v.Label,
		v.AccountWide, projects, scopes, evidence.Stamp(v.CreatedAt), evidence.Stamp(v.ExpiresAt), evidence.Stamp(v.LastUsedAt), v.LastUsedTold,
		int64(v.LastWithin.Seconds()), evidence.Stamp(v.RevokedAt), v.Inactive, addressText(v.Address), v.UserAgent, v.Parent, v.Alias, evidence.Stamp(v.ListedAt))
}

// Event stores a step in the life of a credential.
func (im *Import) Event(event *tokens.Event) error {
	v := *event
	clean(&v.ID, &v.Account, &v.Label, &v.What, &v.By, &v.Detail, &v.Log, &v.External)
	return im.tell("credential_event", "id, ref, provider, account, label, what, at, by_whom, detail, log, external", v.FactID(), string(tokens.NewRef(v.Provider, v.ID)),
		string(v.Provider), v.Account, v.Label, v.What, evidence.Stamp(v.At), v.By, v.Detail, v.Log, v.External)
}

// Release stores what a document of a registry tells of a release.
func (im *Import) Release(release *tokens.Release) error {
	v := *release
	clean(&v.Project, &v.Version, &v.File, &v.Document, &v.Uploader, &v.UserAgent, &v.Publisher, &v.Token, &v.SHA256)
	return im.tell("release_record", `id, provider, project, version, file, at, document, uploader, user_agent, publisher, attested, trusted, commit_oid, run_id,
		token, sha256, yanked, removed, mirrored`, v.FactID(), string(v.Provider), v.Project, v.Version, v.File, evidence.Stamp(v.At), v.Document, v.Uploader,
		v.UserAgent, v.Publisher, v.Attested, v.Trusted, string(v.Commit), v.RunID, v.Token, v.SHA256, v.Yanked, v.Removed, v.Mirrored)
}

// Contact stores how somebody can be told.
func (im *Import) Contact(contact *tokens.Contact) error {
	v := *contact
	clean(&v.Kind, &v.Name, &v.Person, &v.Address, &v.Why)
	f := im.fact("contact", "id, kind, name, person, address, why", []any{v.FactID(), v.Kind, v.Name, v.Person, v.Address, v.Why})
	return im.add(f)
}

// Mapping stores what a responder knows of a secret.
func (im *Import) Mapping(mapping *tokens.Mapping) error {
	v := *mapping
	clean(&v.Secret, &v.Credential, &v.Account, &v.Project, &v.Because)
	f := im.fact("secret_mapping", "id, repository, secret, provider, credential, account, project, because", []any{v.FactID(), v.Repository.Key(), v.Secret,
		string(v.Provider), v.Credential, v.Account, v.Project, v.Because})
	return im.add(f)
}

// add gives the present row a fact whose table has no lines.
func (im *Import) add(f fact) error {
	if !im.row.rejected && im.row.open {
		im.row.facts = append(im.row.facts, f)
	}
	return nil
}

// Declare stores a statement of the present row, as [Case.Declare] does one, of a repository in the case. The same one again is the same; one that was taken
// back stays so, and the row is kept aside with its text.
func (im *Import) Declare(ctx context.Context, d Declaration, text []byte) error {
	if err := d.Check(); err != nil {
		return im.Reject(err.Error(), text)
	}
	all, err := im.c.Declarations(ctx, d.Repository)
	if err != nil {
		return err
	}
	if takenBack(all)[d.ID()] {
		return im.Reject("the statement was taken back: pentimento declare makes it anew", text)
	}
	return im.add(fact{`INSERT OR IGNORE INTO declaration (id, repository, secret, credential, fact, at, by_whom, because, retracts, again)
		SELECT ?, id, ?, ?, ?, ?, ?, ?, '', 0 FROM repository WHERE key = ?`,
		[]any{d.ID(), d.Secret, d.Credential, d.Fact, evidence.Stamp(d.At), d.By, d.Because, d.Repository.Key()}})
}

// Listing stores that an inventory was read. It belongs to the file, not to a row.
func (im *Import) Listing(listing *tokens.Listing) error {
	v := *listing
	clean(&v.Account)
	f := im.fact("credential_listing", "id, provider, account, at, complete", []any{v.FactID(), string(v.Provider), v.Account, evidence.Stamp(v.At), v.Complete})
	im.now.mixed = append(im.now.mixed, mixedRow{facts: []fact{f}, ofFile: true})
	return nil
}

// Coverage stores over which time the log was had. It belongs to the file, not to a row. Where only rows of a scope are kept, it says so.
func (im *Import) Coverage(x *tokens.Coverage) error {
	v := *x
	v.Detail = im.plan.Scope.LinkedDetail(v.Detail)
	clean(&v.Log, &v.Account, &v.Project, &v.Detail)
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
