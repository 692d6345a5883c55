package campaign

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Each mistake is made in the small pack by one replacement; want is all that is said of it.
func TestPackMistakes(t *testing.T) {
	if _, err := Parse("small.yaml", []byte(small)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key, a letter off": {"title: Small", "titel: Small", `3:1: unknown key "titel": did you mean "title"?`},
		"unknown key, far from all": {"title: Small", "title: Small\nseverity: high",
			`4:1: unknown key "severity"; here belong schema, name, title, description, references, waves, indicators, rules, positives, near_misses, warnings, advice`},
		"unknown key of a wave": {"precision: day", "precison: day", `5:69: unknown key "precison": did you mean "precision"?`},
		"unknown indicators":    {"  hosts: [", "  host: [", `10:3: unknown key "host": did you mean "hosts"?`},
		"unknown condition":     {"- indicator: host", "- indicater: host", `17:9: unknown key "indicater": did you mean "indicator"?`},
		"key twice":             {"title: Small", "title: Small\ntitle: Large", `4:1: key "title" stands twice, first on line 3: its entries belong under one`},
		"not YAML":              {"title: Small", "title: [", "4:1: did not find expected node content"},
		"tab":                   {"  paths:", "\tpaths:", "7:2: found character that cannot start any token: YAML is indented with spaces, this line with tabs"},
		"not UTF-8":             {"title: Small", "title: Sm\xe4ll", "3:10: this is no text in UTF-8"},
		"alias":                 {"title: Small", "title: &a Small\ndescription: *a", "4:14: packs have no YAML aliases: write it out"},
		"second document":       {"near_misses:\n", "---\nnear_misses:\n", "25:1: a second document begins here: a pack is one YAML document"},
		"text for a section":    {"    all:\n      - indicator: host\n", "    all: host\n", `16:10: a list belongs here, this is a text: write each entry after a hyphen, or all in [brackets]`},
		"section for a list":    {"paths: [.github/workflows/x.yml]", "paths: {a: b}", `7:10: a list belongs here, this is a section with keys: write each entry after a hyphen, or all in [brackets]`},
		"list for a text":       {"title: Small", "title: [Small]", "3:8: a text belongs here, this is a list"},
		"text for a number":     {"indicator: host", "secret_to_network: {secrets: many}", `17:38: "many" is no whole number`},
		"text for true":         {"indicator: host", "reads_secrets: perhaps", `17:24: "perhaps" is neither true nor false`},
		"schema":                {"campaign/v1", "campaign/v9", `1:9: schema is "pentimento/campaign/v9", this program reads "pentimento/campaign/v1"`},
		"name":                  {"name: small", "name: Small!", `2:7: name "Small!" is not of lower-case letters, digits and hyphens`},
		"no title":              {"title: Small\n", "", `1:1: title is missing: the campaign's name as people write it`},
		"reference":             {"title: Small", "title: Small\nreferences: [{title: Post, url: example.invalid/post}]", `4:33: a reference has an https URL, not "example.invalid/post"`},
		"precision":             {"precision: day", "precision: dya", `5:80: precision "dya" is none of second, minute, hour, day, month: did you mean "day"?`},
		"wave backwards":        {"to: 2025-01-02", "to: 2024-01-02", "5:47: the wave ends before it begins, at 2025-01-01T00:00:00Z"},
		"wave without end":      {"to: 2025-01-02T00:00:00Z, ", "", `5:5: a wave says from when to when it was seen: "to" is missing`},
		"wave without source":   {", source: a test", "", "5:5: a wave says its source: who claims that the campaign was seen then"},
		"zone other than UTC":   {"from: 2025-01-01T00:00:00Z", "from: 2025-01-01T00:00:00+02:00", "5:21: times are in UTC: write 2024-12-31T22:00:00Z"},
		"no zone":               {"from: 2025-01-01T00:00:00Z", "from: 2025-01-01T00:00:00", `5:21: time "2025-01-01T00:00:00" says no zone: in UTC it would be 2025-01-01T00:00:00Z`},
		"a day alone":           {"from: 2025-01-01T00:00:00Z", "from: 2025-01-01", `5:21: time "2025-01-01" says no zone: in UTC it would be 2025-01-01T00:00:00Z`},
		"no time":               {"from: 2025-01-01T00:00:00Z", "from: January", `5:21: "January" is no time: write one such as 2025-09-01T21:41:00Z`},
		"wave twice":            {"indicators:\n", "  - {id: one, from: 2025-01-01T00:00:00Z, to: 2025-01-02T00:00:00Z, precision: day, source: b}\nindicators:\n", `6:10: wave id "one" stands twice`},
		"path":                  {"[.github/workflows/x.yml]", "[x.yml]", `7:11: path "x.yml" is not that of a workflow: write .github/workflows/NAME.yml`},
		"message role":          {"role: plant", "role: planted", `9:27: role "planted" is none of plant, rearm, repush, trigger: did you mean "plant"?`},
		"host with scheme":      {"[drop.", "[https://drop.", "10:11: this host has a scheme: write the name or address alone, without what stands before and behind it"},
		"host defanged":         {"[drop.example.invalid]", `["hxxps://drop[.]example[.]invalid/x"]`, "10:11: this host is defanged: a pack holds indicators as they are (a plain dot), and the program defangs them when it prints"},
		"host with path":        {"[drop.example.invalid]", "[drop.example.invalid/x]", "10:11: this host has a path: write the name or address alone, and the path under url_parts"},
		"host with port":        {"[drop.example.invalid]", `["drop.example.invalid:8443"]`, "10:11: this host has a port: write the name or address alone"},
		"host in capitals":      {"[drop.", "[Drop.", "10:11: this host is not in lower case, as hosts are compared"},
		"host with a star":      {"[drop.", `[drop*.`, "10:11: in a host a star stands for what is below a domain, as in *.example.invalid, and nowhere else"},
		"host twice":            {"[drop.example.invalid]", "[drop.example.invalid, drop.example.invalid]", "10:33: this stands twice in the list, first as entry 1"},
		"branch of any name":    {"  hosts:", `  branches: ["*"]` + "\n  hosts:", `10:14: the pattern "*" matches any branch`},
		"branch as a ref":       {"  hosts:", "  branches: [refs/heads/x]\n  hosts:", `10:14: a branch stands here without refs/heads/: write "x"`},
		"pattern":               {"  hosts:", `  authors: ["build[bot"]` + "\n  hosts:", `10:13: "build[bot" is no pattern: syntax error in pattern (a bracket that stands for itself is written \[)`},
		"author GitHub":         {"  hosts:", "  authors: [web-flow]\n  hosts:", `10:13: "web-flow" is what GitHub writes into everybody's commits`},
		"short commit":          {"  hosts:", "  commits: [0e58ed8]\n  hosts:", `10:13: "0e58ed8" is no whole commit id: it has 40 hexadecimal digits, or 64`},
		"action, no version":    {"  hosts:", "  uses: [octo/act]\n  hosts:", `10:10: "octo/act" says no version: write "octo/act@*" for any tag or branch`},
		"runner of everybody":   {"  hosts:", "  runner_labels: [ubuntu-latest]\n  hosts:", `10:19: "ubuntu-latest" is a label of everybody's runners`},
		"hash":                  {"  hosts:", "  file_hashes: [abc]\n  hosts:", `10:17: "abc" is no MD5, SHA-1 or SHA-256 in hexadecimal digits`},
		"empty marker":          {"  hosts:", `  body_markers: [""]` + "\n  hosts:", `10:18: an indicator is empty: it would be everywhere`},
		"everyday unlisted":     {"indicators:\n", "indicators:\n  everyday: [.github/workflows/y.yml]\n", `7:14: everyday ".github/workflows/y.yml" is none of the pack's paths, workflow names and job ids: did you mean ".github/workflows/x.yml"?`},
		"warning's step":        {"rules:\n", "warnings: [{text: a, source: b, before: revok}]\nrules:\n", `11:41: step "revok" is none of preserve, remove, revoke, rotate, notify: did you mean "revoke"?`},
		"severity":              {"severity: high", "severity: huge", `14:15: severity "huge" is none of low, medium, high, critical`},
		"confidence":            {"confidence: high", "confidence: sure", `15:17: confidence "sure" is none of low, medium, high`},
		"no conditions":         {"    all:\n      - indicator: host\n", "", `12:5: rule "host" has no conditions`},
		"two in a condition":    {"- indicator: host", "- {indicator: host, text: x}", "17:9: a condition has exactly one field, this one has 2"},
		"never: nothing listed": {"- indicator: host", "- indicator: url_part", `17:9: the condition can never hold: the pack has no indicator of the kind "url_part"`},
		"never: event":          {"- indicator: host", "- event: pull-request", `17:9: the condition can never hold: event "pull-request" is none of ` + strings.Join(events, ", ") + `: did you mean "pull_request"?`},
		"never: two names":      {"- indicator: host", "- indicator: host\n      - workflow_name: A\n      - workflow_name: B", `19:9: rule "host" can never hold: a file has one name, as condition 2 of its list asks`},
		"never: all and none":   {"- indicator: host\n", "- indicator: host\n    none: [{indicator: host}]\n", `17:9: rule "host" can never hold: the same condition stands under none`},
		"rule twice":            {"positives:\n", "  - {id: host, description: a, severity: low, confidence: low, all: [text: x]}\npositives:\n", `18:10: rule id "host" stands twice`},
		"no such rule":          {"rules: [host]", "rules: [hots]", `12:9: no positive names rule "host": what is it to hit? | 21:13: the pack has no rule "hots": did you mean "host"?`},
		"positive is missed":    {"curl https://listed-host.", "curl https://", `21:13: positive "yes" is not hit by rule "host"`},
		"near-miss is hit":      {"curl https://example.invalid", "curl https://drop.example.invalid", `26:5: near-miss "no" is hit by rule "host"`},
		"rule uncovered":        {"rules: [host]\n", "\n", `12:9: no positive names rule "host": what is it to hit? | 19:5: positive "yes" names no rule: rules lists the ids of those that must hit it`},
		"no near-miss":          {small[strings.Index(small, "near_misses"):], "", "1:1: a pack has at least one near-miss: a harmless file that looks like the campaign's"},
		"sample's path":         {"  - name: no\n    path: .github/workflows/x.yml", "  - name: no\n    path: x.yml", `27:11: path "x.yml" is not that of a workflow: write .github/workflows/NAME.yml`},
		"sample without text":   {small[strings.LastIndex(small, "    text:"):], "", `26:5: a sample has a text: the workflow file`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(small, c.old, c.new, 1)
			if text == small {
				t.Fatal("the change changes nothing")
			}
			_, err := Parse("small.yaml", []byte(text))
			if got := told(t, err); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// told gives the mistakes of a pack as LINE:COLUMN: TEXT, joined by bars.
func told(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "nothing is wrong"
	}
	var out []string
	for _, line := range strings.Split(err.Error(), "\n") {
		rest, ok := strings.CutPrefix(line, "small.yaml:")
		if !ok {
			t.Errorf("%q does not begin with the file's name", line)
		}
		out = append(out, rest)
	}
	return strings.Join(out, " | ")
}

func TestAllMistakesAtOnce(t *testing.T) {
	text := small
	for _, c := range [][2]string{{"title: Small", "titel: Small"}, {"from: 2025-01-01T", "from: 2026-01-01T"}, {"precision: day", "precision: week"},
		{"[drop.", "[https://drop."}, {"severity: high", "severity: huge"}, {"indicator: host", "indicator: hots"}, {"path: .github/workflows/x.yml", "path: x.yml"}} {
		text = strings.Replace(text, c[0], c[1], 1)
	}
	_, err := Parse("small.yaml", []byte(text))
	var places []string
	for _, m := range strings.Split(told(t, err), " | ") {
		places = append(places, strings.Join(strings.SplitN(m, ":", 3)[:2], ":"))
	}
	want := []string{"3:1", "5:47", "5:80", "10:11", "14:15", "17:20", "20:11"}
	if !slices.Equal(places, want) {
		t.Errorf("got %v, want %v:\n%v", places, want, err)
	}
	var m Mistake
	if !errors.As(err, &m) || m.File != "small.yaml" || m.Line != 3 || m.Column != 1 {
		t.Errorf("the first mistake: %+v", m)
	}
}

func TestMistakesAreBounded(t *testing.T) {
	var text strings.Builder
	for i := range 3 * MaxMistakes {
		fmt.Fprintf(&text, "key%d: x\n", i)
	}
	_, err := Parse("small.yaml", []byte(text.String()))
	if n := strings.Count(err.Error(), "\n") + 1; n != MaxMistakes+1 {
		t.Errorf("%d lines", n)
	}
}

func TestNearest(t *testing.T) {
	list := []string{"hosts", "paths", "body_markers", "url_parts"}
	for word, want := range map[string]string{"host": "hosts", "hsots": "hosts", "HOSTS": "hosts", "body-markers": "body_markers", "urlparts": "url_parts",
		"x": "", "": "", "description": ""} {
		if got := nearest(word, list); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func FuzzParsePack(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("schema: x\nrules: [{id: a, all: [{text: b}]}]\npositives: [{rules: [a]}]"))
	f.Add([]byte("\r\r\u0085x"))
	f.Add([]byte("---"))
	f.Add([]byte("waves: [{from: 2025-01-01, to: {}}]\nindicators: {hosts: ['hxxp://a[.]b:1/c'], tag_moves: [{}]}\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse("fuzz.yaml", text)
		if err == nil && (p.Name == "" || len(p.Rules) == 0 || len(p.NearMisses) == 0) {
			t.Errorf("an unusable pack was loaded: %+v", p)
		}
		lines := 1 // as YAML counts them
		for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
			lines += strings.Count(string(text), end)
		}
		for e := range mistakesOf(err) {
			if e.Line < 1 || e.Line > lines || e.Column < 1 || strings.Contains(e.Text, "\n") {
				t.Errorf("a mistake is nowhere: %+v", e)
			}
		}
	})
}

func mistakesOf(err error) map[Mistake]bool {
	out := map[Mistake]bool{}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return out
	}
	for _, e := range joined.Unwrap() {
		var m Mistake
		if errors.As(e, &m) {
			out[m] = true
		}
	}
	return out
}
