package timeline

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pentimento/internal/evidence"
)

// skipForms are the words in a head commit's message at which GitHub starts nothing for push and pull_request
// (https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs). Other ways to write them may do it too: that is not
// documented, and only what surely started nothing is left out.
var skipForms = []string{"[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"}

// Actors whose pushes start nothing that can read the repository's secrets, and why. What they dispatch does start
// (https://docs.github.com/en/actions/concepts/security/github_token#when-github_token-triggers-workflow-runs).
var powerless = map[string]string{
	"github-actions[bot]": "pushed with GITHUB_TOKEN, which starts no workflow",
	Dependabot:            "pushed by Dependabot: its runs get secrets of their own",
}

// Dependabot is the actor of its pushes. Its runs are given Dependabot's secrets, not those of Actions
// (https://docs.github.com/en/code-security/reference/supply-chain-security/dependabot-on-actions).
const Dependabot = "dependabot[bot]"

// manyTags is the number of tags above which one push of them starts nothing
// (https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#push).
const manyTags = 3

// suppression says why GitHub starts nothing for a push, empty where nothing shows it. sure is false for a reason that does not exclude a run:
// another push may have been meant, or somebody may have changed a setting.
func (r *reader) suppression(p Presence, head evidence.OID, by *Move) (why string, sure bool) {
	message := r.h.Commit(head).Message
	for _, form := range skipForms {
		if strings.Contains(message, form) {
			return "the head commit says " + form + " (" + evidence.CommitID(head) + ")", true
		}
	}
	if skipTrailer(message) {
		return "the head commit bears skip-checks: true (" + evidence.CommitID(head) + ")", true
	}
	if by != nil && powerless[by.Actor] != "" {
		return powerless[by.Actor] + " (" + strings.Join(by.Evidence, ", ") + ")", true
	}
	if n := r.tagsWith(by); p.Ref.Tag() && n > manyTags {
		return fmt.Sprintf("%d tags were moved in the same second by one actor, and a push of more than three starts nothing; they may have been several pushes (%s)",
			n, strings.Join(by.Evidence, ", ")), false
	}
	if r.neverEnabled() {
		return "a fork, in which Actions are off until somebody turns them on, and no run of any workflow is listed since it was made (" + r.Facts.StateID + ")", false
	}
	return "", false
}

// tagSecond is a second in which an actor moved tags.
type tagSecond struct {
	unix  int64
	actor string
}

// tagsWith counts the tags that one actor moved in the second of a move.
func (r *reader) tagsWith(by *Move) int {
	if by == nil || by.late() || by.Actor == "" {
		return 0
	}
	if r.tagMoves == nil {
		r.tagMoves = map[tagSecond]int{}
		for _, t := range r.tracks {
			here := map[tagSecond]bool{} // a tag that moved twice counts once
			for _, x := range t.tips {
				if t.ref.Tag() && x.by != nil && !x.by.late() && !x.by.deletes() {
					here[tagSecond{x.by.stamp().Unix(), x.by.Actor}] = true
				}
			}
			for at := range here {
				r.tagMoves[at]++
			}
		}
	}
	return r.tagMoves[tagSecond{by.stamp().Unix(), by.Actor}]
}

// neverEnabled reports a fork of which all runs since it was made were listed, and there is none.
func (r *reader) neverEnabled() bool {
	s := r.Facts.State
	return s != nil && s.ForkOf != "" && !s.CreatedAt.IsZero() && len(r.runs) == 0 && slices.ContainsFunc(r.Facts.Coverage, func(v evidence.Coverage) bool {
		return v.Origin == evidence.OriginRuns && v.Complete && !v.From.After(s.CreatedAt) && v.To.Sub(s.CreatedAt) <= jobRetention
	})
}

// skipTrailer reports the trailer form: the last line, behind two empty lines or among other trailers.
func skipTrailer(message string) bool {
	lines := strings.Split(strings.TrimRight(message, "\n"), "\n")
	n := len(lines)
	if last := lines[n-1]; last != "skip-checks: true" && last != "skip-checks:true" {
		return false
	}
	first := n - 1
	for first > 0 && trailer.MatchString(lines[first-1]) {
		first--
	}
	behind := func(k int) bool { return first > k && lines[first-k] == "" }
	return behind(1) && (first < n-1 || behind(2))
}

var trailer = regexp.MustCompile(`^[A-Za-z0-9-]+:.`)
