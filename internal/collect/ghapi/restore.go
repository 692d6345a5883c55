package ghapi

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"pentimento/internal/evidence"
)

// maxRestored bounds the message of a commit for which every pair of zones is tried: 22,000 hashes of it.
const maxRestored = 16 << 10

// verification is what the API says of a signature. Payload is the commit as it was signed: the object without its signature.
type verification struct {
	Signature string `json:"signature"`
	Payload   string `json:"payload"`
}

// restore gives back what the API drops from a commit, its time zones and the end of its message, by finding the text that has the
// commit's name: zones and a final newline are few enough to try. A text that is found proves every field, too; ok is false where
// none is (other headers, or an answer that is not the commit).
func restore(c evidence.Commit, v verification) (evidence.Commit, bool) {
	if v.Payload != "" && v.Signature != "" {
		return restoreSigned(c, v)
	}
	all := zones()
	for _, z := range all { // one machine made the commit: by far the most likely
		if r, ok := attempt(c, z, z); ok {
			return r, true
		}
	}
	if len(c.Message) > maxRestored {
		return c, false
	}
	for _, a := range all {
		for _, b := range all {
			if r, ok := attempt(c, a, b); ok {
				return r, true
			}
		}
	}
	return c, false
}

// attempt tries one pair of zones, with the message as given and with a final newline.
func attempt(c evidence.Commit, author, committer string) (evidence.Commit, bool) {
	c.Author.Zone, c.Committer.Zone = author, committer
	for _, end := range []string{"", "\n"} {
		if named(text(c)+end, c.OID) {
			c.Message += end
			return c, true
		}
	}
	return c, false
}

// text is the commit object without signature, as git writes it.
func text(c evidence.Commit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", c.Tree)
	for _, p := range c.Parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	for _, s := range []struct {
		role string
		evidence.Signature
	}{{"author", c.Author}, {"committer", c.Committer}} {
		fmt.Fprintf(&b, "%s %s <%s> %d %s\n", s.role, s.Name, s.Email, s.Date.Unix(), s.Zone)
	}
	return b.String() + "\n" + c.Message
}

// zones are the offsets in use: every quarter of an hour from -12:00 to +14:00, and git's "-0000" for unknown.
func zones() []string {
	out := []string{"+0000", "-0000"}
	for m := 15; m <= 14*60; m += 15 {
		out = append(out, fmt.Sprintf("+%02d%02d", m/60, m%60))
		if m <= 12*60 {
			out = append(out, fmt.Sprintf("-%02d%02d", m/60, m%60))
		}
	}
	return out
}

var signedBy = regexp.MustCompile(`(?m)^(author|committer) .*> [0-9]+ ([+-][0-9]{4})$`)

// restoreSigned puts the signature back where git puts it, behind the last header; GitHub's own signatures end in an empty line.
func restoreSigned(c evidence.Commit, v verification) (evidence.Commit, bool) {
	head, message, ok := strings.Cut(v.Payload, "\n\n")
	signature := strings.TrimRight(v.Signature, "\n")
	for _, end := range []string{"", "\n"} {
		whole := head + "\ngpgsig " + strings.ReplaceAll(signature+end, "\n", "\n ") + "\n\n" + message
		if !ok || !named(whole, c.OID) {
			continue
		}
		c.Message = message
		for _, m := range signedBy.FindAllStringSubmatch(head, -1) {
			if m[1] == "author" {
				c.Author.Zone = m[2]
			} else {
				c.Committer.Zone = m[2]
			}
		}
		return c, true
	}
	return c, false
}

// named reports that git would give a commit of this text that name.
func named(text string, id evidence.OID) bool {
	h := sha1.New()
	fmt.Fprintf(h, "commit %d\x00%s", len(text), text)
	return hex.EncodeToString(h.Sum(nil)) == string(id)
}
