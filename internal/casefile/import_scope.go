package casefile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"pentimento/internal/tokens"
)

// ImportScope is what the rows of a log are kept of: credentials, accounts and projects that the case names. Nil keeps everything.
type ImportScope struct {
	kept map[keptName]bool
	// minted are credentials that kept ones made while the log was read, as AWS's temporary keys are: their rows are kept from there on.
	minted map[tokens.Ref]bool
}

// LinkedScope is the scope of what the case names now: by mappings, inventories, events, declarations, windows and links. It is empty where nothing does.
func (c *Case) LinkedScope(ctx context.Context) (*ImportScope, error) {
	s := &ImportScope{kept: map[keptName]bool{}, minted: map[tokens.Ref]bool{}}
	err := c.each(ctx, `SELECT 'credential', provider || ':' || credential, '', '' FROM secret_mapping WHERE credential <> ''
		UNION SELECT 'credential', ref, '', '' FROM credential_record
		UNION SELECT 'credential', provider || ':' || alias, '', '' FROM credential_record WHERE alias <> ''
		UNION SELECT 'credential', ref, '', '' FROM credential_event WHERE ref <> ''
		UNION SELECT 'credential', credential, '', '' FROM declaration WHERE instr(credential, ':') > 0
		UNION SELECT 'credential', credential, '', '' FROM exposure_window WHERE instr(credential, ':') > 0
		UNION SELECT 'credential', credential, '', '' FROM link WHERE credential <> ''
		UNION SELECT 'account', '', provider, account FROM secret_mapping WHERE account <> ''
		UNION SELECT 'account', '', provider, account FROM credential_record WHERE account <> ''
		UNION SELECT 'account', '', provider, account FROM link WHERE account <> ''
		UNION SELECT 'project', '', provider, project FROM secret_mapping WHERE project <> ''
		UNION SELECT 'project', '', substr(project, 1, instr(project, ':') - 1), substr(project, instr(project, ':') + 1) FROM link WHERE instr(project, ':') > 0
		UNION SELECT 'project', '', substr(project, 1, instr(project, ':') - 1), substr(project, instr(project, ':') + 1) FROM exposure_window WHERE instr(project, ':') > 0
		UNION SELECT 'project', '', provider, value FROM credential_record, json_each(projects)`, nil, func(scan func(...any) error) error {
		var k keptName
		var provider tokens.Provider
		var name string
		if err := scan(&k.kind, &k.name, &provider, &name); err != nil {
			return err
		}
		if k.kind != keptCredential {
			k.name = keptText(provider, name)
		}
		s.kept[k] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list what the case names: %w", err)
	}
	return s, nil
}

// Len is how many credentials, accounts and projects there are.
func (s *ImportScope) Len() int { return len(s.kept) }

// Digest is the same for the same scope: what was kept under another one is another import.
func (s *ImportScope) Digest() string {
	h := sha256.New()
	for _, k := range s.names() {
		// A hash never fails to take what it is given.
		_, _ = io.WriteString(h, k.kind+"\x00"+k.name+"\x00")
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (s *ImportScope) names() []keptName {
	return slices.SortedFunc(maps.Keys(s.kept), func(a, b keptName) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
}

// store writes the scope of an import.
func (s *ImportScope) store(ctx context.Context, tx *sql.Tx, id int64) error {
	if s == nil {
		return nil
	}
	for _, k := range s.names() {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO import_kept (import, kind, name) VALUES (?, ?, ?)", id, k.kind, tokens.Redacted(k.name)); err != nil {
			return err
		}
	}
	return nil
}

// keeps reports whether a use is of anything in the scope.
func (s *ImportScope) keeps(u *tokens.Use) bool {
	if s == nil {
		return true
	}
	ref := u.Ref()
	switch {
	case ref != "" && (s.kept[keptName{keptCredential, string(ref)}] || s.minted[ref]):
	case u.Account != "" && s.kept[keptName{keptAccount, keptText(u.Provider, u.Account)}]:
	case u.Project != "" && s.kept[keptName{keptProject, keptText(u.Provider, u.Project)}]:
	case u.Minted != "" && s.kept[keptName{keptCredential, string(tokens.NewRef(u.Provider, u.Minted))}]:
	default:
		return false
	}
	if u.Minted != "" {
		s.minted[tokens.NewRef(u.Provider, u.Minted)] = true
	}
	return true
}

// passedDay is a day of a log of which rows were passed over.
type passedDay struct{ log, day string }

// maxPassedDays bounds them: a log of two centuries has fewer.
const maxPassedDays = 100_000

// pass counts a use that is not kept.
func (im *Import) pass(u *tokens.Use) {
	k := passedDay{u.Log, u.At.UTC().Format(time.DateOnly)}
	if _, ok := im.passed[k]; ok || len(im.passed) < maxPassedDays {
		im.passed[k]++
	}
}

func (im *Import) writePassed(ctx context.Context, tx *sql.Tx) error {
	for k, n := range im.passed {
		_, err := tx.ExecContext(ctx, "INSERT INTO use_passed (log, day, import, count) VALUES (?, ?, ?, ?)", tokens.Redacted(k.log), k.day, im.id, n)
		if err != nil {
			return err
		}
	}
	return nil
}

// LinkedDetail is what the detail of a coverage says where only rows of a scope were kept.
func (s *ImportScope) LinkedDetail(detail string) string {
	if s == nil {
		return detail
	}
	if detail != "" {
		detail += "; "
	}
	return detail + fmt.Sprintf("only rows of %d credentials, accounts and projects were kept (%s)", s.Len(), s.Digest())
}
