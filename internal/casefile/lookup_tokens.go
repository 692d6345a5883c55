package casefile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/tokens"
)

// importedKinds are the prefixes of facts that imports told.
var importedKinds = map[string]bool{"use": true, "crd": true, "cev": true, "rel": true, "map": true, "cov": true, "lst": true, "cto": true, "net": true}

// useFields are what a use says, its words written out.
const useFields = `(SELECT text FROM word WHERE id = u.credential) AS credential,
	strftime('%Y-%m-%dT%H:%M:%S', (u.at - (u.at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch') ||
		iif(u.at % 1000000 = 0, '', rtrim(printf('.%06d', (u.at % 1000000 + 1000000) % 1000000), '0')) || 'Z' AS at,
	iif(u.within > 0, printf('%g s', u.within / 1e6), NULL) AS within, (SELECT text FROM word WHERE id = u.log) AS log, (SELECT text FROM word WHERE id = u.provider) AS provider,
	(SELECT text FROM word WHERE id = u.account) AS account, (SELECT text FROM word WHERE id = u.action) AS action, (SELECT text FROM word WHERE id = u.class) AS class,
	(SELECT text FROM word WHERE id = u.project) AS project, (SELECT text FROM word WHERE id = u.subject) AS subject,
	CASE WHEN typeof(u.address) = 'integer' THEN printf('%d.%d.%d.%d', u.address >> 24, u.address >> 16 & 255, u.address >> 8 & 255, u.address & 255)
		ELSE iif(instr(u.address, '~'), substr(u.address, 1, instr(u.address, '~') - 1), u.address) END AS address,
	iif(typeof(u.address) = 'text' AND instr(u.address, '~'), substr(u.address, instr(u.address, '~') + 1), NULL) AS origin,
	(SELECT text FROM word WHERE id = u.country) AS country, (SELECT text FROM word WHERE id = u.agent) AS user_agent, (SELECT text FROM word WHERE id = u.outcome) AS outcome,
	(SELECT text FROM word WHERE id = u.via) AS via, u.run_id, (SELECT text FROM word WHERE id = u.commit_oid) AS commit_oid,
	(SELECT text FROM word WHERE id = u.minted) AS minted, u.external, u.import, u.line`

// useFact looks a use up by the hex of its key. The table is ordered by credential and time: a use in a window is found by them, any other by reading the
// whole table. A log's own id may stand in rows of several credentials or times: the first is given, the others are named.
func (c *Case) useFact(ctx context.Context, item *Item, hex string) (found bool, err error) {
	key, err := strconv.ParseUint(hex, 16, 64)
	if err != nil || item.ID != tokens.UseID(int64(key)) {
		return false, nil
	}
	const inWindow = ` WHERE (u.credential, u.at, u.key) IN (SELECT iif(x.credential = '', 0, (SELECT id FROM word WHERE text = x.credential)), x.use_at, x.use_key
		FROM window_use x WHERE x.use_key = ? AND x.record = '') ORDER BY u.credential, u.at`
	for _, where := range []string{inWindow, " WHERE u.key = ? ORDER BY u.credential, u.at"} {
		all, err := c.rowFields(ctx, "SELECT "+useFields+" FROM use u"+where, int64(key))
		if err != nil {
			return false, err
		}
		if len(all) == 0 {
			continue
		}
		item.Fields = all[0]
		var others []string
		for _, f := range all[1:] {
			others = append(others, strings.TrimSpace(f[0].Value+" at "+f[1].Value))
		}
		if len(others) > 0 {
			item.Fields = append(item.Fields, Field{"also told of", strings.Join(others, ", ")})
		}
		return true, nil
	}
	return false, nil
}

// imported adds to a fact the file that told it first, and what is concluded from it. The same fact in a later file is a duplicate there.
func (c *Case) imported(ctx context.Context, item *Item) error {
	i := slices.IndexFunc(item.Fields, func(f Field) bool { return f.Name == "import" })
	id := item.Fields[i].Value
	item.Fields = slices.Delete(item.Fields, i, i+1)
	var kind, format, name, sum, options, notes string
	var size int64
	var n ImportCounts
	var finished bool
	err := c.db.QueryRowContext(ctx, `SELECT kind, format, name, sha256, bytes, options, rows_read, stored, duplicate, rejected, passed, notes, finished FROM import
		WHERE id = ?`, id).Scan(&kind, &format, &name, &sum, &size, &options, &n.Read, &n.Stored, &n.Duplicate, &n.Rejected, &n.Passed, &notes, &finished)
	if err != nil {
		return err
	}
	var said []string
	if err := json.Unmarshal([]byte(notes), &said); err != nil {
		return fmt.Errorf("notes of import %s: %w", id, err)
	}
	item.Fields = append(item.Fields, Field{"file", name}, Field{"read as", kind + ", " + format}, Field{"options", options})
	if finished {
		item.Fields = append(item.Fields, Field{"file sha256", sum}, Field{"file bytes", strconv.FormatInt(size, 10)},
			Field{"file rows", fmt.Sprintf("%d read, %d stored, %d duplicate, %d rejected, %d passed over", n.Read, n.Stored, n.Duplicate, n.Rejected, n.Passed)},
			Field{"file notes", strings.Join(said, "; ")})
	} else {
		item.Fields = append(item.Fields, Field{"file notes", "the import was ended before its end: the same command goes on"})
	}
	cited, err := c.citing(ctx, item.ID)
	item.Fields = append(item.Fields, Field{"cited by", cited})
	return err
}

// maxCiting bounds what is named that cites a fact: the coverage of one log may stand behind all windows.
const maxCiting = 40

// citing lists the inferences that rest on a fact about credentials. The use of an id in a text counts: reasons name what they rest on.
func (c *Case) citing(ctx context.Context, id string) (string, error) {
	const query = `WITH sought (id, quoted) AS (SELECT ?1, '"' || ?1 || '"')
		SELECT 'window ' || w.id || ' (' || rtrim(iif(instr(opened_evidence, quoted), 'opened, ', '') || iif(instr(closed_evidence, quoted), 'closed, ', '') ||
			iif(instr(reason, sought.id), 'reason, ', ''), ', ') || ')' AS cites, 1 AS place
			FROM sought, exposure_window w WHERE instr(opened_evidence, quoted) OR instr(closed_evidence, quoted) OR instr(reason, sought.id)
		UNION ALL SELECT 'verdict on window ' || window, 2 FROM sought, window_verdict WHERE instr(evidence, quoted)
		UNION ALL SELECT 'use in window ' || window || ' (' || judged || ', ' || rule || ')', 3 FROM sought, window_use
			WHERE iif(record = '', printf('use-%016x', use_key), record) = sought.id
		UNION ALL SELECT 'release ' || release || ' in window ' || window, 4 FROM sought, window_release WHERE instr(evidence, quoted)
		UNION ALL SELECT 'link of ' || iif(l.secret = '', 'the repository', l.secret) || ' in ' || r.name || iif(l.credential = '', '', ' to ' || l.credential), 5
			FROM sought, link l JOIN repository r ON r.id = l.repository WHERE instr(l.evidence, quoted)
		UNION ALL SELECT 'place ' || o.place || ' of what to rotate in ' || r.name, 6 FROM sought, rotation o JOIN repository r ON r.id = o.repository
			WHERE instr(o.evidence, quoted)
		ORDER BY place, cites`
	var out []string
	more := 0
	err := c.each(ctx, query, []any{id}, func(scan func(...any) error) error {
		var text string
		var place int
		if err := scan(&text, &place); err != nil {
			return err
		}
		if len(out) == 0 || out[len(out)-1] != text {
			if len(out) < maxCiting {
				out = append(out, text)
			} else {
				more++
			}
		}
		return nil
	})
	if more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, "; "), err
}
