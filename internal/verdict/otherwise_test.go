package verdict_test

import (
	"strings"
	"testing"

	"pentimento/internal/tokens"
	"pentimento/internal/verdict"
)

// A log that names credentials by digest says nothing, by its silence, of one that is known by its identifier; but only where it tells of a use that may be it.
func TestNamedOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		hours            float64
		account, project string
		want             string
	}{
		"the same account":     {10, "mira", "", verdict.Unknown},
		"no account":           {10, "", "", verdict.Unknown},
		"another account":      {10, "juno", "", verdict.NoneSeen},
		"the same project":     {10, "", "press", verdict.Unknown},
		"another project":      {10, "", "kelp", verdict.NoneSeen},
		"before the theft":     {-10, "mira", "", verdict.NoneSeen},
		"after it was refused": {60, "mira", "", verdict.NoneSeen},
		"in its last minute":   {50, "mira", "", verdict.Unknown},
	} {
		w := newWorld()
		w.windows = nil
		w.window("npm:key", "npm:press", 0, 1)
		w.closed(50)
		w.covered("npm/own", -200, 100)
		digest := tokens.HashPrefix + strings.Repeat("5a", 32)
		u := w.use(c.hours, "203.0.113.66", "curl/8", "publish")
		u.Log, u.Provider, u.Credential, u.Account, u.Project = "npm/own", tokens.NPM, digest, c.account, c.project
		w.Used = []tokens.Ref{tokens.NewRef(tokens.NPM, digest)}
		if got := w.judge(t)[0]; got.Word != c.want {
			t.Errorf("%s: %s (%s), want %s", name, got.Word, got.Reason, c.want)
		}
	}
}

// However many uses a log tells, a last use that it does not tell is one of which nobody knows from where it came.
func TestLastUseAmongMany(t *testing.T) {
	for logged, want := range map[bool]string{false: "unlogged-use", true: "baseline"} {
		w := newWorld()
		w.closed(50)
		w.before()
		for i := range 600 {
			w.use(1+float64(i)*0.05, office, "aws-cli/2.1", "PutObject")
		}
		if logged {
			w.use(40, office, "aws-cli/2.1", "PutObject")
			w.use(45, office, "aws-cli/2.1", "PutObject")
		} else {
			w.use(45, office, "aws-cli/2.1", "PutObject")
		}
		w.listed("aws:key", 41, hours(40))
		w.covered("aws/cloudtrail", -200, 100)
		if got := w.judge(t)[0]; got.Rule != want {
			t.Errorf("logged %v: %s, %s (%s), want %s", logged, got.Word, got.Rule, got.Reason, want)
		}
	}
}
