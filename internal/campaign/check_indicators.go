package campaign

import (
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	hostForm   = regexp.MustCompile(`^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$`)
	actionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._*-]+$`)
	repoForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	defanged   = regexp.MustCompile(`(?i)\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\[:\]|\[://\]|^hxxps?:`)
	everybodys = []string{"ubuntu-latest", "windows-latest", "macos-latest", "self-hosted", "linux", "windows", "macos", "x64", "arm64"}
	githubs    = []string{"github", "web-flow", "noreply@github.com"}
	roles      = []string{"plant", "rearm", "repush", "trigger"}
)

// entryForms say of one indicator, by its key, what is wrong with it and what would be right; empty for nothing.
var entryForms = map[string]func(string) string{
	"paths": wrongPath, "workflow_names": wrongText, "job_ids": wrongText, "branches": wrongBranch, "hosts": wrongHost, "url_parts": wrongURLPart,
	"body_markers": wrongText, "uses": wrongUses, "commits": wrongCommit, "authors": wrongAuthor, "runner_labels": wrongLabel,
	"artifacts": wrongText, "file_hashes": wrongHash,
}

// indicators looks at each indicator by itself.
func (c *checker) indicators(in Indicators) {
	for _, k := range []struct {
		key  string
		list []string
	}{
		{"paths", in.Paths}, {"workflow_names", in.WorkflowNames}, {"job_ids", in.JobIDs}, {"branches", in.Branches}, {"hosts", in.Hosts},
		{"url_parts", in.URLParts}, {"body_markers", in.BodyMarkers}, {"uses", in.Uses}, {"commits", in.Commits}, {"authors", in.Authors},
		{"runner_labels", in.RunnerLabels}, {"artifacts", in.Artifacts}, {"file_hashes", in.FileHashes},
	} {
		for i, x := range k.list {
			where := []any{"indicators", k.key, i}
			if wrong := entryForms[k.key](x); wrong != "" {
				c.at(where, "%s", wrong)
			} else if slices.Index(k.list, x) < i {
				c.at(where, "this stands twice in the list, first as entry %d", 1+slices.Index(k.list, x))
			}
		}
	}
	for i, x := range in.Everyday {
		if listed := slices.Concat(in.Paths, in.WorkflowNames, in.JobIDs); !slices.Contains(listed, x) {
			c.at([]any{"indicators", "everyday", i}, "everyday %q is none of the pack's paths, workflow names and job ids%s", short(x), didYouMean(x, listed))
		}
	}
	c.messages(in.Messages)
	for i, m := range in.TagMoves {
		where := []any{"indicators", "tag_moves", i}
		if !repoForm.MatchString(m.Repository) {
			c.at(append(where, "repository"), "%q is no repository: write OWNER/NAME", short(m.Repository))
		}
		if _, err := path.Match(m.Tags, ""); err != nil || m.Tags == "" {
			c.at(append(where, "tags"), "%q is no pattern of tag names: write one such as v1, or * for all", short(m.Tags))
		}
		if m.To != "" && wrongCommit(m.To) != "" {
			c.at(append(where, "to"), "%s", wrongCommit(m.To))
		}
	}
}

func (c *checker) messages(messages []Message) {
	seen := map[string]bool{}
	for i, m := range messages {
		where := []any{"indicators", "messages", i}
		if !slices.Contains(roles, m.Role) {
			c.at(append(where, "role"), "%s", oneOf("role", m.Role, roles))
		}
		switch {
		case m.Text == "" || m.Text != strings.TrimSpace(m.Text) || strings.ContainsAny(m.Text, "\n\x00"):
			c.at(append(where, "text"), "a message is one line, without white space around it")
		case seen[m.Text]:
			c.at(append(where, "text"), "message %q stands twice: which role is it?", short(m.Text))
		}
		seen[m.Text] = true
	}
}

func didYouMean(x string, list []string) string {
	if meant := nearest(x, list); meant != "" {
		return fmt.Sprintf(": did you mean %q?", meant)
	}
	return ""
}

func wrongText(x string) string {
	if strings.TrimSpace(x) == "" {
		return "an indicator is empty: it would be everywhere"
	}
	return ""
}

func wrongPath(x string) string {
	if !workflowPath(x) {
		return fmt.Sprintf("path %q is not that of a workflow: write .github/workflows/NAME.yml", short(x))
	}
	return ""
}

// wrongPattern tells of a pattern as path.Match takes it; what names the things it is for.
func wrongPattern(x, what string) string {
	if _, err := path.Match(x, ""); err != nil {
		return fmt.Sprintf("%q is no pattern: %v (a bracket that stands for itself is written \\[)", short(x), err)
	}
	if strings.Trim(x, "*?/") == "" {
		return fmt.Sprintf("the pattern %q matches any %s", short(x), what)
	}
	return ""
}

func wrongBranch(x string) string {
	if name, ok := strings.CutPrefix(x, "refs/heads/"); ok {
		return fmt.Sprintf("a branch stands here without refs/heads/: write %q", short(name))
	}
	return wrongPattern(x, "branch")
}

// wrongHost quotes no host: what is printed is defanged, and the place says which one is meant.
func wrongHost(x string) string {
	_, err := netip.ParseAddr(x)
	host, port, _ := strings.Cut(x, ":")
	switch {
	case err == nil && x == strings.ToLower(x) || hostForm.MatchString(x):
		return ""
	case x == "":
		return "a host is empty"
	case defanged.MatchString(x):
		return "this host is defanged: a pack holds indicators as they are (a plain dot), and the program defangs them when it prints"
	case strings.Contains(x, "://"):
		return "this host has a scheme: write the name or address alone, without what stands before and behind it"
	case strings.Contains(x, "/"):
		return "this host has a path: write the name or address alone, and the path under url_parts"
	case port != "" && strings.Trim(port, "0123456789") == "" && wrongHost(host) == "":
		return "this host has a port: write the name or address alone"
	case hostForm.MatchString(strings.ToLower(x)) || err == nil:
		return "this host is not in lower case, as hosts are compared"
	case strings.Contains(strings.TrimPrefix(x, "*."), "*"):
		return "in a host a star stands for what is below a domain, as in *.example.invalid, and nowhere else"
	}
	return "this is no host name or address"
}

func wrongURLPart(x string) string {
	switch {
	case strings.TrimSpace(x) == "":
		return "an indicator is empty: it would be everywhere"
	case defanged.MatchString(x):
		return "this is defanged: a pack holds indicators as they are, and the program defangs them when it prints"
	case len(x) < 3:
		return fmt.Sprintf("%q stands in every other URL", x)
	}
	return ""
}

func wrongUses(x string) string {
	name, ref, ok := strings.Cut(x, "@")
	switch {
	case !actionForm.MatchString(name):
		return fmt.Sprintf("%q is no action: write OWNER/NAME@REF", short(x))
	case !ok || ref == "":
		return fmt.Sprintf("%q says no version: write %q for any tag or branch", short(x), name+"@*")
	}
	if _, err := path.Match(ref, ""); err != nil {
		return fmt.Sprintf("%q is no pattern: %v", short(ref), err)
	}
	return ""
}

func wrongCommit(x string) string {
	switch {
	case fullSHA(x):
		return ""
	case fullSHA(strings.ToLower(x)):
		return fmt.Sprintf("a commit is written in lower case: %q", strings.ToLower(x))
	}
	return fmt.Sprintf("%q is no whole commit id: it has 40 hexadecimal digits, or 64", short(x))
}

func wrongAuthor(x string) string {
	if slices.Contains(githubs, strings.ToLower(x)) {
		return fmt.Sprintf("%q is what GitHub writes into everybody's commits", short(x))
	}
	return wrongPattern(x, "author")
}

func wrongLabel(x string) string {
	if slices.Contains(everybodys, strings.ToLower(x)) {
		return fmt.Sprintf("%q is a label of everybody's runners", short(x))
	}
	return wrongText(x)
}

func wrongHash(x string) string {
	switch {
	case isHex(x) && (len(x) == 32 || len(x) == 40 || len(x) == 64):
		return ""
	case x != strings.ToLower(x) && isHex(strings.ToLower(x)):
		return fmt.Sprintf("a hash is written in lower case: %q", short(strings.ToLower(x)))
	}
	return fmt.Sprintf("%q is no MD5, SHA-1 or SHA-256 in hexadecimal digits", short(x))
}
