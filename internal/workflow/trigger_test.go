package workflow

import (
	"testing"

	"pentimento/internal/evidence"
)

func TestMatchesRef(t *testing.T) {
	for name, c := range map[string]struct {
		trigger Trigger
		ref     evidence.Ref
		want    bool
	}{
		"no filter, branch":          {Trigger{}, "refs/heads/x/y", true},
		"no filter, tag":             {Trigger{}, "refs/tags/v1", true},
		"no filter, pull":            {Trigger{}, "refs/pull/1/head", false},
		"branches alone, tag":        {Trigger{Branches: []string{"**"}}, "refs/tags/v1", false},
		"tags alone, branch":         {Trigger{Tags: []string{"*"}}, "refs/heads/main", false},
		"ignored branches, tag":      {Trigger{BranchesIgnore: []string{"x"}}, "refs/tags/v1", false},
		"exact":                      {Trigger{Branches: []string{"main"}}, "refs/heads/main", true},
		"star stops at a slash":      {Trigger{Branches: []string{"*"}}, "refs/heads/a/b", false},
		"two stars do not":           {Trigger{Branches: []string{"**"}}, "refs/heads/a/b", true},
		"folder":                     {Trigger{Branches: []string{"releases/**"}}, "refs/heads/releases/1/2", true},
		"negated later":              {Trigger{Branches: []string{"releases/**", "!releases/**-alpha"}}, "refs/heads/releases/1-alpha", false},
		"taken in again":             {Trigger{Branches: []string{"**", "!a", "a"}}, "refs/heads/a", true},
		"ignored":                    {Trigger{BranchesIgnore: []string{"wip/**"}}, "refs/heads/wip/x", false},
		"not ignored":                {Trigger{BranchesIgnore: []string{"wip/**"}}, "refs/heads/main", true},
		"class and repeat":           {Trigger{Tags: []string{"v[12].[0-9]+.[0-9]+"}}, "refs/tags/v1.10.3", true},
		"class does not match":       {Trigger{Tags: []string{"v[12].[0-9]+.[0-9]+"}}, "refs/tags/v3.0.0", false},
		"optional character":         {Trigger{Branches: []string{"mains?"}}, "refs/heads/main", true},
		"dot is a dot":               {Trigger{Branches: []string{"v1.0"}}, "refs/heads/v1x0", false},
		"escaped star":               {Trigger{Branches: []string{`a\*`}}, "refs/heads/a*", true},
		"broken pattern is no match": {Trigger{Branches: []string{"a["}}, "refs/heads/a[", false},
		"tag by its own filter":      {Trigger{Branches: []string{"main"}, Tags: []string{"v*"}}, "refs/tags/v1", true},
	} {
		if got := c.trigger.MatchesRef(c.ref); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
