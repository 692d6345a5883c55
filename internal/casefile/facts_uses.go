package casefile

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// UseFilter says which uses are asked for: those of any of the credentials, and those of any of the accounts or projects ("provider:name"), whatever
// credential they name. The zero filter asks for all.
type UseFilter struct {
	Credentials []tokens.Ref
	Accounts    []string
	Projects    []string
}

func (f UseFilter) all() bool {
	return len(f.Credentials) == 0 && len(f.Accounts) == 0 && len(f.Projects) == 0
}

// EachUse calls f for every use that the filter asks for, once: by credential (those that name none first), time and key. The use is valid until f returns.
// Accounts and projects are looked for in all uses, in one reading: ask for all of them at once.
func (c *Case) EachUse(ctx context.Context, filter UseFilter, f func(*tokens.Use) error) error {
	var err error
	if len(filter.Accounts) == 0 && len(filter.Projects) == 0 && !filter.all() {
		err = c.readAhead(ctx, slices.Compact(slices.Sorted(slices.Values(filter.Credentials))), f)
	} else {
		err = newUseReader(c, f).search(ctx, filter)
	}
	if err != nil {
		return fmt.Errorf("read uses: %w", err)
	}
	return nil
}

// useReader turns rows into uses. Words are read when they are met.
type useReader struct {
	c     *Case
	words map[int64]string
	give  func(*tokens.Use) error
	use   tokens.Use
	cells [useCells]any // of the present row
	into  [useCells]any // where they are
}

func newUseReader(c *Case, give func(*tokens.Use) error) *useReader {
	r := &useReader{c: c, words: map[int64]string{}, give: give}
	for i := range r.cells {
		r.into[i] = &r.cells[i]
	}
	return r
}

// maxWordsHeld bounds what of the dictionary a reader keeps; beyond it is read again.
const maxWordsHeld = 1 << 19

// useColumns are the columns of a use in the order in which row takes them.
const (
	useColumns = "u.at, u.within, u.run_id, u.external, u.address, u.credential, u.log, u.provider, u.account, u.action, u.class, u.project, u.subject, u.country, " +
		"u.agent, u.outcome, u.via, u.commit_oid, u.minted"
	useCells = 19
)

// ofCredentials reads credential after credential, in the order given, each from its own stretch of the table.
func (r *useReader) ofCredentials(ctx context.Context, refs []tokens.Ref) error {
	for _, ref := range refs {
		id := int64(0)
		if ref != "" {
			var err error
			if id, err = r.c.wordID(ctx, string(ref)); err != nil {
				return err
			}
			if id == 0 {
				continue
			}
		}
		err := r.c.each(ctx, "SELECT "+useColumns+" FROM use u WHERE u.credential = ? ORDER BY u.at, u.key", []any{id}, func(scan func(...any) error) error {
			return r.row(ctx, scan)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wordID is the id of a text that uses have; 0 where none has it.
func (c *Case) wordID(ctx context.Context, text string) (id int64, err error) {
	err = c.each(ctx, "SELECT id FROM word WHERE text = ?", []any{text}, func(scan func(...any) error) error { return scan(&id) })
	return id, err
}

// search reads the whole table, credential after credential.
func (r *useReader) search(ctx context.Context, filter UseFilter) error {
	named, err := r.c.usedCredentials(ctx)
	if err != nil {
		return err
	}
	all := append([]usedCredential{{"", 0}}, named...)
	where, args, err := r.c.useWhere(ctx, filter)
	if err != nil {
		return err
	}
	for _, s := range all {
		condition, with := where, args
		if slices.Contains(filter.Credentials, s.ref) && s.ref != "" || filter.all() {
			condition, with = "", nil
		}
		err := r.c.each(ctx, "SELECT "+useColumns+" FROM use u WHERE u.credential = ?"+condition+" ORDER BY u.at, u.key", append([]any{s.id}, with...),
			func(scan func(...any) error) error { return r.row(ctx, scan) })
		if err != nil {
			return err
		}
	}
	return nil
}

// useWhere is the condition for accounts and projects, by the ids of their words: names are compared without case.
func (c *Case) useWhere(ctx context.Context, filter UseFilter) (string, []any, error) {
	accounts, err := jsonArray(lowered(filter.Accounts))
	if err != nil {
		return "", nil, err
	}
	projects, err := jsonArray(lowered(filter.Projects))
	if err != nil {
		return "", nil, err
	}
	const named = `SELECT p.id || ' ' || w.id FROM json_each(?) j JOIN word p ON p.text = substr(j.value, 1, instr(j.value, ':') - 1)
		JOIN word w ON lower(w.text) = substr(j.value, instr(j.value, ':') + 1)`
	return " AND (u.provider || ' ' || u.account IN (" + named + ") OR u.provider || ' ' || u.project IN (" + named + "))", []any{accounts, projects}, nil
}

func lowered(all []string) []string {
	out := make([]string, 0, len(all))
	for _, s := range all {
		out = append(out, strings.ToLower(s))
	}
	return out
}

// row reads one row and gives it on. NULL stands for the empty text, and for 0.
func (r *useReader) row(ctx context.Context, scan func(...any) error) error {
	if err := scan(r.into[:]...); err != nil {
		return err
	}
	whole := func(column int) int64 { n, _ := r.cells[column].(int64); return n } // the table is STRICT
	u := &r.use
	*u = tokens.Use{At: time.UnixMicro(whole(0)).UTC(), Within: time.Duration(whole(1)) * time.Microsecond, RunID: whole(2)}
	u.External, _ = r.cells[3].(string)
	u.Address, u.Origin = unpackAddress(r.cells[4])
	var ref, born, oid, class, provider string
	for i, to := range [...]*string{&ref, &u.Log, &provider, &u.Account, &u.Action, &class, &u.Project, &u.Subject, &u.Country, &u.UserAgent, &u.Outcome, &u.Via, &oid, &born} {
		var err error
		if *to, err = r.word(ctx, whole(5+i)); err != nil {
			return err
		}
	}
	u.Provider, u.Class, u.Commit = tokens.Provider(provider), tokens.Class(class), evidence.OID(oid)
	u.Credential, u.Minted = tokens.Ref(ref).ID(), tokens.Ref(born).ID()
	return r.give(u)
}

// word is the text of an id; 0 is the empty text.
func (r *useReader) word(ctx context.Context, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	if text, ok := r.words[id]; ok {
		return text, nil
	}
	if len(r.words) >= maxWordsHeld {
		clear(r.words)
	}
	text, found := "", false
	err := r.c.each(ctx, "SELECT text FROM word WHERE id = ?", []any{id}, func(scan func(...any) error) error { found = true; return scan(&text) })
	if err == nil && !found {
		err = errors.New("a use refers to a word that is not there")
	}
	r.words[id] = text
	return text, err
}

// unpackAddress is the inverse of what is written: an integer is an IPv4 address, a text an IPv6 one, and what stands behind ~ another origin.
func unpackAddress(v any) (netip.Addr, string) {
	switch v := v.(type) {
	case int64:
		return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), ""
	case string:
		address, origin, _ := strings.Cut(v, "~")
		return parseAddress(address), origin
	default:
		return netip.Addr{}, ""
	}
}
