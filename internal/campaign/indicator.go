package campaign

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"pentimento/internal/evidence"
)

// Indicators are what the campaign's files, commits and runs have been seen to hold, as the attacker wrote it.
//
// Hosts match exactly, or below a domain when they begin with "*.". URLParts and BodyMarkers are literal text in a destination's URL and in the
// file. Everyday are those of the paths, workflow names and job ids that anybody's workflow may have: alone they say little. Patterns are as
// path.Match takes them.
type Indicators struct {
	Paths         []string  `yaml:"paths"`
	WorkflowNames []string  `yaml:"workflow_names"`
	JobIDs        []string  `yaml:"job_ids"`
	Everyday      []string  `yaml:"everyday"`
	Messages      []Message `yaml:"messages"`
	Branches      []string  `yaml:"branches"` // patterns of branch names
	Hosts         []string  `yaml:"hosts"`
	URLParts      []string  `yaml:"url_parts"`
	BodyMarkers   []string  `yaml:"body_markers"`
	Uses          []string  `yaml:"uses"`          // references to actions, see [Pack.KnowsUses]
	Commits       []string  `yaml:"commits"`       // full SHAs of commits that the campaign made or moved tags to
	TagMoves      []TagMove `yaml:"tag_moves"`     // tags of an action that were moved
	Authors       []string  `yaml:"authors"`       // patterns of names or addresses that the campaign gives its commits; never a victim's
	RunnerLabels  []string  `yaml:"runner_labels"` // of runners that the campaign registers
	Artifacts     []string  `yaml:"artifacts"`     // names under which loot is uploaded with a run
	FileHashes    []string  `yaml:"file_hashes"`   // hexadecimal MD5, SHA-1 or SHA-256 of a whole workflow file, or its git blob id
}

// TagMove says that tags of an action's repository, whose names match the pattern, were made to point to a commit of the campaign. To is empty
// where no source names the commit.
type TagMove struct {
	Repository string `yaml:"repository"` // owner/name
	Tags       string `yaml:"tags"`
	To         string `yaml:"to"`
}

// MessageRole is the role that a commit message has in the campaign; empty for a message that is none of its own. Its subject counts.
func (p Pack) MessageRole(message string) string {
	subject := evidence.Subject(message)
	for _, m := range p.Indicators.Messages {
		if m.Text == subject {
			return m.Role
		}
	}
	return ""
}

// KnowsHost reports whether a host, lower-cased and without port, is an indicator.
func (p Pack) KnowsHost(host string) bool {
	return slices.ContainsFunc(p.Indicators.Hosts, func(known string) bool {
		if domain, ok := strings.CutPrefix(known, "*"); ok {
			return strings.HasSuffix(host, domain)
		}
		return host == known
	})
}

// KnowsPath reports whether a workflow path is an indicator.
func (p Pack) KnowsPath(name string) bool { return slices.Contains(p.Indicators.Paths, name) }

// OwnsPath reports whether a workflow path is an indicator and none of everyday.
func (p Pack) OwnsPath(name string) bool {
	return p.KnowsPath(name) && !slices.Contains(p.Indicators.Everyday, name)
}

// KnowsUses reports whether what a step uses is an indicator. An indicator is OWNER/NAME@REF, NAME and REF patterns. REF matches branches and
// tags alone: a step that names a commit gets that commit whatever becomes of the tags, so a commit matches only where it is written out.
// Owner and name are compared as GitHub does, without regard to case; a folder within the action's repository (OWNER/NAME/FOLDER@REF) moves
// with it. A listed commit is one whatever the action: a fork or a copy holds it too.
func (p Pack) KnowsUses(uses string) bool {
	action, ref, ok := strings.Cut(uses, "@")
	parts := strings.SplitN(action, "/", 3)
	if !ok || len(parts) < 2 {
		return false
	}
	action = strings.ToLower(parts[0] + "/" + parts[1])
	if p.KnowsCommit(strings.ToLower(ref)) {
		return true
	}
	return slices.ContainsFunc(p.Indicators.Uses, func(known string) bool {
		name, pattern, _ := strings.Cut(known, "@")
		return matches(strings.ToLower(name), action) && (strings.EqualFold(ref, pattern) || !fullSHA(ref) && matches(pattern, ref))
	})
}

// KnowsCommit reports whether a commit is an indicator.
func (p Pack) KnowsCommit(id string) bool { return slices.Contains(p.Indicators.Commits, id) }

// KnowsBranch reports whether a branch's name, without refs/heads/, is an indicator.
func (p Pack) KnowsBranch(name string) bool { return anyMatches(p.Indicators.Branches, name) }

// KnowsAuthor reports whether the name or the address of a commit's author is one that the campaign gives itself. Whoever makes a commit writes
// them: they accuse nobody.
func (p Pack) KnowsAuthor(name, address string) bool {
	return anyMatches(p.Indicators.Authors, name) || anyMatches(p.Indicators.Authors, address)
}

// KnowsTagMove reports whether a tag of a repository, given as owner/name, that points to a commit was moved there by the campaign.
func (p Pack) KnowsTagMove(repository, tag, commit string) bool {
	return slices.ContainsFunc(p.Indicators.TagMoves, func(m TagMove) bool {
		return m.To != "" && m.To == commit && strings.EqualFold(m.Repository, repository) && matches(m.Tags, tag)
	})
}

// KnowsFile reports whether the text of a workflow file has a hash that is an indicator.
func (p Pack) KnowsFile(text []byte) bool {
	if len(p.Indicators.FileHashes) == 0 {
		return false
	}
	md, one, two := md5.Sum(text), sha1.Sum(text), sha256.Sum256(text)
	blob := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(text)), text...))
	return slices.ContainsFunc([][]byte{md[:], one[:], two[:], blob[:]}, func(sum []byte) bool {
		return slices.Contains(p.Indicators.FileHashes, hex.EncodeToString(sum))
	})
}

func anyMatches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, name) })
}

// matches goes by path.Match; a pattern that is none matches nothing and does not load, see checker.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// fullSHA reports whether a text is a whole commit id: of SHA-1 or of SHA-256.
func fullSHA(s string) bool {
	return (len(s) == 40 || len(s) == 64) && isHex(s)
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}
