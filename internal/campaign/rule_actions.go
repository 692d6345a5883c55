package campaign

import "strings"

// otherActions are the ways in which a version of another repository's action is named, with what is said of them.
var otherActions = map[string]string{
	"commit": "uses an action of another repository at a commit",
	"name":   "uses an action of another repository by a tag or branch",
}

// SplitUses takes apart what a step or job uses of another repository: OWNER/NAME[/FOLDER]@REF. The repository is lower-cased, as GitHub compares
// names; ref is as written. ok is false for what stands in the same repository, for an image, and for what names no version.
func SplitUses(uses string) (repository, ref string, ok bool) {
	uses, ref, _ = strings.Cut(strings.TrimSpace(uses), "@")
	parts := strings.SplitN(uses, "/", 3)
	if ref == "" || len(parts) < 2 || strings.Contains(uses, ":") || parts[0] == "." || parts[0] == "" || parts[1] == "" {
		return "", "", false
	}
	return strings.ToLower(parts[0] + "/" + parts[1]), ref, true
}

// Pinned reports whether a version of an action is named by a whole commit id, which nobody can move.
func Pinned(ref string) bool { return fullSHA(strings.ToLower(ref)) }

func othersAction(used, how string) bool {
	_, ref, _ := strings.Cut(used, "@")
	if ref == "" || Pinned(ref) != (how == "commit") {
		return false
	}
	_, _, ok := SplitUses(used)
	return ok
}
