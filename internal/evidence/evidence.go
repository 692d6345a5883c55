// Package evidence holds facts: what a source said about a repository, kept with the source and the time. Collectors make them, the
// case file stores them, analysis reads them. Nothing here is a conclusion: a commit that looks malicious, a force-push proved by
// ancestry or a run that leaked are inferences of later stages.
//
// All times are UTC. Ids are derived from what a fact says, never from the order in which it came, so that the same facts have the
// same ids in every case.
package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Repository is "owner/name" as the responder gave it. GitHub compares names without case; use [Repository.Key] to compare.
type Repository string

// https://docs.github.com/en/rest/repos: owners are alphanumeric with single hyphens (Enterprise Managed Users add "_shortcode"),
// names are of [A-Za-z0-9._-]; GitHub's own limits are 39 and 100 characters.
var repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,79}/[A-Za-z0-9._-]{1,100}$`)

// ParseRepository validates "owner/name". Names that are path elements ("." and "..") or end in ".git" are refused: they would name
// another repository once they are part of a URL or a path.
func ParseRepository(s string) (Repository, error) {
	name := s[strings.IndexByte(s, '/')+1:]
	if !repositoryName.MatchString(s) || name == "." || name == ".." || strings.HasSuffix(strings.ToLower(name), ".git") {
		return "", fmt.Errorf("%q is not owner/name", s)
	}
	return Repository(s), nil
}

// Owner is the part before the slash.
func (r Repository) Owner() string {
	owner, _, _ := strings.Cut(string(r), "/")
	return owner
}

// Name is the part after the slash.
func (r Repository) Name() string { return string(r[strings.IndexByte(string(r), '/')+1:]) }

// Key compares equal for names that GitHub holds for the same.
func (r Repository) Key() string { return strings.ToLower(string(r)) }

// OID is a SHA-1 object name in lower-case hex, 40 characters; empty where none was said.
type OID string

// ZeroOID stands for "no object" in ref updates: before a creation, after a deletion.
const ZeroOID OID = "0000000000000000000000000000000000000000"

// ParseOID accepts 40 hex digits in either case.
func ParseOID(s string) (OID, error) {
	if len(s) != 40 {
		return "", fmt.Errorf("%q is not a SHA-1 object name", clip(s))
	}
	if _, err := hex.DecodeString(s); err != nil {
		return "", fmt.Errorf("%q is not a SHA-1 object name", clip(s))
	}
	return OID(strings.ToLower(s)), nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

// Object reports whether the id names an object at all.
func (o OID) Object() bool { return o != "" && o != ZeroOID }

// Short is the first 12 digits, for people.
func (o OID) Short() string { return string(o[:min(12, len(o))]) }

// Ref is a full ref name: refs/heads/main, refs/tags/v1, refs/pull/7/head.
type Ref string

// Branch reports whether the ref is a branch.
func (r Ref) Branch() bool { return strings.HasPrefix(string(r), "refs/heads/") }

// Tag reports whether the ref is a tag.
func (r Ref) Tag() bool { return strings.HasPrefix(string(r), "refs/tags/") }

// Pull reports whether the ref is GitHub's own ref of a pull request.
func (r Ref) Pull() bool { return strings.HasPrefix(string(r), "refs/pull/") }

// Short drops the refs/heads/ or refs/tags/ prefix, one of them: a branch may be called refs/tags/v1.
func (r Ref) Short() string {
	if name, ok := strings.CutPrefix(string(r), "refs/heads/"); ok {
		return name
	}
	return strings.TrimPrefix(string(r), "refs/tags/")
}

// ID makes the id of a fact: a kind of two to four letters and 16 hex digits of the SHA-256 over the fact's natural key. Parts are
// separated by NUL, which no part may hold.
func ID(kind string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return kind + "-" + hex.EncodeToString(sum[:8])
}

// Stamp is how a time is written in ids, SQL and JSON: RFC 3339 in UTC, empty for the zero time.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
