package campaign

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/script"
	"pentimento/internal/workflow"
)

// leaving is a file with a bit of everything that conditions ask for, put together by hand: the conditions are under test, not the reading.
func leaving() workflow.File {
	return workflow.File{
		Triggers: []workflow.Trigger{{Event: "workflow_dispatch"}},
		Jobs: []workflow.Job{{ID: "a", Line: 3, RunsOn: []string{"self-hosted", "SHA1HULUD"}, Uses: "octo-org/shared/.github/workflows/x.yml@v2",
			Permissions: workflow.Permissions{Stated: true, Scopes: map[string]string{"id-token": "write"}},
			Steps: []workflow.Step{{Line: 5, Run: "./config.sh --url x", Programs: []string{"config.sh"}, Registers: true, Uses: "Octo-Org/Act/sub@0123abc",
				Secrets: []workflow.SecretRef{{Name: "A"}}, Loot: []workflow.Loot{"memory"},
				Destinations: []workflow.Destination{{Host: "collect.example.invalid", Line: 6, Hidden: true, Uploads: true, Program: "curl", Secrets: []string{"A", "GITHUB_TOKEN"},
					Posted: []string{"A", "GITHUB_TOKEN"}, Loot: []workflow.Loot{"environment"}, Encodings: []string{"base64"}}},
				Exits:    []workflow.Exit{exit("log", 7, "", "A", "base64"), exit("artifact", 8, "formatting", "*", "")},
				Payloads: []workflow.Payload{{Line: 9, Encodings: []string{"base64"}, Text: "echo megalodon", Program: "bash"}, {Line: 10, Fetched: true, Host: "203.0.113.9"}},
			}}}},
		Destinations: []workflow.Destination{{Host: "collect.example.invalid", Line: 6, Hidden: true, Uploads: true, Program: "curl", Secrets: []string{"A", "GITHUB_TOKEN"},
			Posted: []string{"A", "GITHUB_TOKEN"}, Loot: []workflow.Loot{"environment"}, Encodings: []string{"base64"}}},
	}
}

func exit(way string, line int, target, secret, encoding string) workflow.Exit {
	x := workflow.Exit{Line: line, Target: target}
	x.Way, x.Secrets = script.Way(way), []string{secret}
	if encoding != "" {
		x.Encodings = []string{encoding}
	}
	return x
}

func TestConditions(t *testing.T) {
	for name, c := range map[string]struct {
		condition Condition
		lines     []int // nil: it does not hold
	}{
		"only event":             {Condition{OnlyEvent: "workflow_dispatch"}, []int{}},
		"not the only event":     {Condition{OnlyEvent: "push"}, nil},
		"label, whatever case":   {Condition{RunsOn: "sha1hulud"}, []int{3}},
		"another label":          {Condition{RunsOn: "ubuntu-latest"}, nil},
		"program":                {Condition{Program: "config.sh"}, []int{5}},
		"permission":             {Condition{Permission: "id-token:write"}, []int{3}},
		"a lesser one":           {Condition{Permission: "id-token:read"}, []int{3}},
		"another scope":          {Condition{Permission: "contents:write"}, nil},
		"action, any version":    {Condition{Uses: "octo-org/act"}, []int{5}},
		"action, its version":    {Condition{Uses: "octo-org/act@0123abc"}, []int{5}},
		"action, other version":  {Condition{Uses: "octo-org/act@v1"}, nil},
		"action of a like name":  {Condition{Uses: "octo-org/ac"}, nil},
		"reusable workflow":      {Condition{Uses: "octo-org/shared"}, []int{3}},
		"version of any action":  {Condition{ActionRef: "0123ABC"}, []int{5}},
		"runner":                 {Condition{RegistersRunner: true}, []int{5}},
		"hidden host":            {Condition{HiddenHost: true}, []int{6}},
		"text of a step":         {Condition{StepText: "--url"}, []int{5}},
		"secret encoded to log":  {Condition{SecretExits: &Exits{Way: "log", Encoded: true}}, []int{7}},
		"all secrets to log":     {Condition{SecretExits: &Exits{Way: "log", All: true}}, nil},
		"all in an artifact":     {Condition{SecretExits: &Exits{Way: "artifact", Secrets: 9, Target: "format*"}}, []int{8}},
		"of another name":        {Condition{SecretExits: &Exits{Way: "artifact", Target: "dist"}}, nil},
		"any way":                {Condition{SecretExits: &Exits{}}, []int{7, 8}},
		"loot gathered":          {Condition{Loot: &Spoils{Kinds: []string{"memory"}}}, []int{5}},
		"loot not seen to leave": {Condition{Loot: &Spoils{Kinds: []string{"memory"}, Leaves: "any"}}, nil},
		"loot to a host":         {Condition{Loot: &Spoils{Leaves: "network", Encoded: true, Hidden: true, To: "foreign"}}, []int{6}},
		"payload":                {Condition{Payload: &Hidden{Encoded: true, Contains: []string{"megalodon"}}}, []int{9}},
		"payload of other words": {Condition{Payload: &Hidden{Encoded: true, Contains: []string{"x"}}}, nil},
		"payload from a host":    {Condition{Payload: &Hidden{Fetched: true, To: "address"}}, []int{10}},
		"not from a drop":        {Condition{Payload: &Hidden{Fetched: true, To: "drop"}}, nil},
		"payload that can send":  {Condition{Payload: &Hidden{With: "network", Decoded: true}}, []int{9}},
		"two secrets":            {Condition{SecretToNetwork: &Flow{Secrets: 2}}, []int{6}},
		"the token is none":      {Condition{SecretToNetwork: &Flow{Secrets: 2, Token: "none"}}, nil},
		"the token alone":        {Condition{SecretToNetwork: &Flow{Secrets: 1, Token: "only"}}, []int{6}},
		"not all of them":        {Condition{SecretToNetwork: &Flow{Secrets: 1, All: true}}, nil},
		"encoded to a stranger":  {Condition{SecretToNetwork: &Flow{Secrets: 1, Encoded: true, Hidden: true, To: "foreign"}}, []int{6}},
		"to no drop":             {Condition{SecretToNetwork: &Flow{Secrets: 1, To: "drop"}}, nil},
	} {
		if m := c.condition.mistakes(); len(m) > 0 {
			t.Errorf("%s: %+v", name, m)
		}
		why, lines, ok := subject{file: leaving()}.holds(c.condition)
		slices.Sort(lines)
		if ok != (c.lines != nil) || ok && !slices.Equal(lines, c.lines) && len(c.lines) > 0 {
			t.Errorf("%s: %t on lines %v (%s), want %v", name, ok, lines, why, c.lines)
		}
		if strings.Contains(why, "example.invalid") || strings.Contains(why, "formatting") {
			t.Errorf("%s: the reason quotes the file: %s", name, why)
		}
	}
}

func TestConditionMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		condition Condition
		want      string
	}{
		"none":        {Condition{}, "exactly one field, this one has 0"},
		"two":         {Condition{Event: "push", Path: "x"}, "this one has 2"},
		"way":         {Condition{SecretExits: &Exits{Way: "pigeon"}}, `way "pigeon" is none of log, artifact`},
		"pattern":     {Condition{SecretExits: &Exits{Target: "["}}, "is no pattern"},
		"kind":        {Condition{Loot: &Spoils{Kinds: []string{"gold"}}}, `kind "gold"`},
		"to nowhere":  {Condition{Loot: &Spoils{To: "foreign"}}, "go with leaves: network"},
		"payload":     {Condition{Payload: &Hidden{To: "drop"}}, `goes with fetched`},
		"with":        {Condition{Payload: &Hidden{With: "love"}}, `with "love"`},
		"token":       {Condition{SecretToNetwork: &Flow{Token: "two"}}, `token "two"`},
		"uses":        {Condition{Uses: "checkout"}, "is not OWNER/REPO"},
		"permissions": {Condition{Permission: "everything"}, "is not SCOPE:LEVEL"},
	} {
		var told []string
		for _, m := range c.condition.mistakes() {
			told = append(told, m.text)
		}
		if !strings.Contains(strings.Join(told, "; "), c.want) {
			t.Errorf("%s: %v, want %s", name, told, c.want)
		}
	}
}

func TestContextHolds(t *testing.T) {
	so := func(words ...Circumstance) func(Circumstance) bool {
		return func(c Circumstance) bool { return slices.Contains(words, c) }
	}
	c := Context{All: []string{"new-host"}, Any: []string{"no-newline", "new-author"}, None: []string{"established"}}
	for _, x := range []struct {
		so   []Circumstance
		want string
		ok   bool
	}{
		{[]Circumstance{NewHost, NoNewline}, "new-host no-newline", true},
		{[]Circumstance{NewHost, NoNewline, NewAuthor, Replaced}, "new-host no-newline new-author", true},
		{[]Circumstance{NewHost}, "", false},
		{[]Circumstance{NoNewline}, "", false},
		{[]Circumstance{NewHost, NoNewline, Established}, "", false},
	} {
		which, ok := c.Holds(so(x.so...))
		var words []string
		for _, w := range which {
			words = append(words, string(w))
		}
		if ok != x.ok || strings.Join(words, " ") != x.want {
			t.Errorf("%v: %v %t", x.so, which, ok)
		}
	}
	if (Context{}).Asks() {
		t.Error("no context asks")
	}
}

func TestHostsLists(t *testing.T) {
	for host, want := range map[string]string{"api.github.com": "service", "notgithub.com": "", "x.oast.fun": "drop", "webhook.site": "drop", "hooks.slack.com": "service", "": ""} {
		got := ""
		switch {
		case Service(host):
			got = "service"
		case Drop(host):
			got = "drop"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
	for host := range drops {
		if Service(host) {
			t.Errorf("%s is in both lists", host)
		}
	}
	if len(services) < 50 || len(drops) < 20 {
		t.Errorf("%d services, %d drops", len(services), len(drops))
	}
	for host, want := range map[string]bool{"collect.example.invalid": true, "192.0.2.1": true, "10.0.0.1": false, "localhost": false, "vault": false, "x.svc.cluster.local": false,
		"": false, "::1": false} {
		if Outside(host) != want {
			t.Errorf("outside %q: %t", host, !want)
		}
	}
}
