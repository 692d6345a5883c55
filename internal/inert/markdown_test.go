package inert

import "testing"

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                   "plain",
		"a|b":                     `a\|b`,
		"<img src=x>":             `\<img src\=x\>`,
		"[a](javascript:alert())": `\[a\]\(javascript\:alert\(\)\)`,
		"x\n# head":               `x\\n\# head`,
		"\u202Egnp":               `\\u202egnp`,
	} {
		if got := Markdown(in); got != want {
			t.Errorf("Markdown(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"":       "",
		"a":      "`a`",
		"a`b":    "``a`b``",
		"`a":     "`` `a ``",
		"a|b":    "`a\\|b`",
		"a\nb":   "`a\\nb`",
		"@owner": "`@owner`",
	} {
		if got := Code(in); got != want {
			t.Errorf("Code(%q) = %s, want %s", in, got, want)
		}
	}
}
