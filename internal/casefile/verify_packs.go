package casefile

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
)

// verifyPacks checks the packs in scope against their digests.
func (c *Case) verifyPacks(ctx context.Context, v *Verification) error {
	return c.each(ctx, "SELECT name, sha256, text FROM pack ORDER BY name", nil, func(scan func(...any) error) error {
		var name, kept string
		var text sql.RawBytes
		if err := scan(&name, &kept, &text); err != nil {
			return err
		}
		v.Packs++
		if digest(text) != kept {
			v.fault("pack", name, "the stored text has the SHA-256 %s, the case says %s", digest(text), kept)
		}
		return nil
	})
}

// verifyPackChanges checks the texts that were replaced against their digests, and that the changes of a pack follow from one another up to the
// text that counts: what one put in its place the next one took away.
func (c *Case) verifyPackChanges(ctx context.Context, v *Verification) error {
	last, which := map[string]string{}, map[string]string{} // by name: the digest that the last change left, and the name of that
	err := c.each(ctx, "SELECT id, name, before, after, text FROM pack_change ORDER BY id", nil, func(scan func(...any) error) error {
		var n int64
		var name, after string
		var before sql.NullString
		var text sql.RawBytes
		if err := scan(&n, &name, &before, &after, &text); err != nil {
			return err
		}
		change := name + ", change " + strconv.FormatInt(n, 10)
		switch {
		case before.Valid != (text != nil):
			v.fault("replaced pack", change, "the case has the text that was replaced or its SHA-256, and not both")
		case before.Valid && digest(text) != before.String:
			v.fault("replaced pack", change, "the stored text has the SHA-256 %s, the case says %s", digest(text), before.String)
		}
		if before.Valid {
			v.Replaced++
		}
		if former, again := last[name]; again && former != before.String {
			v.fault("replaced pack", change, "it replaced the text with the SHA-256 %s, and the change before it left %s", before.String, former)
		}
		last[name], which[name] = after, change
		return nil
	})
	if err != nil {
		return err
	}
	err = c.each(ctx, "SELECT name, sha256 FROM pack ORDER BY name", nil, func(scan func(...any) error) error {
		var name, kept string
		if err := scan(&name, &kept); err != nil {
			return err
		}
		if after, changed := last[name]; changed && after != kept {
			v.fault("replaced pack", which[name], "it left the text with the SHA-256 %s, and the case has %s", after, kept)
		}
		delete(last, name)
		return nil
	})
	for _, name := range slices.Sorted(maps.Keys(last)) {
		v.fault("replaced pack", which[name], "the case has no pack of this name")
	}
	return err
}
