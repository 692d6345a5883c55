package verdict_test

import (
	"strings"
	"testing"

	"pentimento/internal/linkage"
	"pentimento/internal/tokens"
	"pentimento/internal/verdict"
)

// TestNoAllClearFromAnother: the silence of a credential that may be another than the secret, or of an account that the logs may call otherwise, is no
// all-clear; what was seen of it still counts.
func TestNoAllClearFromAnother(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  string // verdict and rule
		says  string
		uses  [2]int // certain, possible
	}{
		{name: "one of several that could be it, silent", want: "unknown unsure-link", says: "of that one it would be none_seen (covered",
			facts: func(w *world) { w.windows[0].Link.Confidence = linkage.Low; w.covered("aws/cloudtrail", -1, 100) }},
		{name: "by one mark alone, used as before", want: "unknown unsure-link", says: "of that one it would be consistent", uses: [2]int{0, 1},
			facts: func(w *world) {
				w.windows[0].Link.Confidence = linkage.Medium
				w.before()
				w.use(5, office, "aws-cli/2.1", "PutObject")
				w.covered("aws/cloudtrail", -1, 100)
			}},
		{name: "a guess that was used by a stranger", want: "suspicious unlike-before", uses: [2]int{0, 1},
			facts: func(w *world) {
				w.windows[0].Link.Confidence = linkage.Low
				w.before()
				w.use(5, foreign, "curl/8", "ListBuckets")
			}},
		{name: "by two marks", want: "none_seen covered",
			facts: func(w *world) { w.windows[0].Link.Confidence = linkage.High; w.covered("aws/cloudtrail", -1, 100) }},
		{name: "PyPI: nobody knows the owner, whom alone the log names", want: "unknown no-coverage", says: "of an owner that is known",
			facts: func(w *world) {
				w.pypi("tidepool")
				w.windows[0].Link.Account = ""
				w.upload(5, "tidepool", "mallory", "curl/8")
				w.covered("pypi/project_events", -1, 100)
			}},
		{name: "PyPI: an inventory that names its owner by number", want: "unknown no-coverage", says: "perhaps they call the owner otherwise",
			facts: func(w *world) {
				w.pypi("tidepool")
				w.windows[0].Link.Account = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
				w.upload(-5, "tidepool", "mira", "twine/4")
				w.covered("pypi/project_events", -1, 100)
			}},
		{name: "PyPI: an owner that a release names", want: "none_seen covered",
			facts: func(w *world) {
				w.pypi("tidepool")
				w.Releases = []tokens.Release{{Provider: tokens.PyPI, Project: "reef", Version: "1", At: at(-50), Uploader: "Mira"}}
				w.covered("pypi/project_events", -1, 100)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.facts(w)
			v := w.judge(t)[0]
			if got := v.Word + " " + v.Rule; got != c.want || !strings.Contains(v.Reason, c.says) || [2]int{v.Certain, v.Possible} != c.uses {
				t.Errorf("%s %d+%d: %s", got, v.Certain, v.Possible, v.Reason)
			}
			if v.Word == verdict.Unknown && v.Rule == "unsure-link" && !strings.Contains(v.Reason, "nothing is sure to lead to aws:key") {
				t.Errorf("it does not say why: %s", v.Reason)
			}
		})
	}
}
