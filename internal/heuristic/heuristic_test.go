package heuristic

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/campaign"
	"pentimento/internal/workflow"
)

func TestAllLoad(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range all {
		if h.Confidence == "high" && h.Context.Asks() {
			t.Errorf("%s: a rule that needs a context is not sure without it", h.ID)
		}
	}
}

func sample(t *testing.T, script string) (workflow.File, []byte) {
	t.Helper()
	text := "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          " + strings.ReplaceAll(script, "\n", "\n          ") + "\n"
	return workflow.Parse([]byte(text)), []byte(text)
}

// A heuristic that is not what its file says does not load.
func TestUnproved(t *testing.T) {
	const good = `id: x
description: x
severity: high
confidence: high
all: [{event: push}]
positives: [{name: a, path: p, text: "on: push"}]
near_misses: [{name: b, path: p, text: "on: pull_request"}]
`
	if _, err := read("x.yaml", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"positive missed":  {`text: "on: push"`, `text: "on: fork"`, `does not hit its positive "a"`},
		"near-miss hit":    {`"on: pull_request"`, `"on: push"`, `hits its near-miss "b"`},
		"no near-miss":     {`near_misses: [{name: b, path: p, text: "on: pull_request"}]`, "", "no near-miss"},
		"unknown field":    {"event: push", "evnt: push", "field evnt not found"},
		"unknown severity": {"severity: high", "severity: dire", `severity "dire"`},
		"unknown context":  {"all: [{event: push}]", "all: [{event: push}]\ncontext: {all: [full-moon]}", `"full-moon"`},
		"another's file":   {"id: x", "id: y", `its id is "y"`},
		"needs a context":  {"all: [{event: push}]", "all: [{event: push}]\ncontext: {all: [new-host]}", `does not hit its positive "a"`},
	} {
		if _, err := read("x.yaml", []byte(strings.Replace(good, c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// Everyday scripts hit nothing where everything is new, as long as it is not somebody unlike those before who brings it to a release.
func TestEveryday(t *testing.T) {
	p, err := Pack()
	if err != nil {
		t.Fatal(err)
	}
	unlike := []campaign.Circumstance{campaign.NoNewline, campaign.UsuallySigned, campaign.NewAuthor, campaign.WasRelease}
	for _, script := range []string{
		"bash <(curl -s https://codecov.io/bash) -t ${{ secrets.CODECOV_TOKEN }}",
		"echo ${{ secrets.DOCKER_PASSWORD }} | docker login -u ${{ secrets.DOCKER_USER }} --password-stdin",
		"curl -X POST -H 'Content-type: application/json' --data '{\"text\":\"done\"}' ${{ secrets.SLACK_WEBHOOK }}",
		"twine upload -u __token__ -p ${{ secrets.PYPI_API_TOKEN }} dist/*",
		"mvn sonar:sonar -Dsonar.token=${{ secrets.SONAR_TOKEN }} -Dsonar.host.url=https://sonarcloud.io",
		"npm config set //registry.npmjs.org/:_authToken ${{ secrets.NPM_TOKEN }}\nnpm publish",
		"curl -X POST -d \"branches=main&token=${{ secrets.RTD_TOKEN }}\" https://readthedocs.org/api/v2/webhook/x/1/",
		"ssh -i key ${{ secrets.USER }}@deploy.example.invalid 'systemctl restart x'",
		"curl -sSf https://sh.rustup.rs | sh -s -- -y",
		"env | sort",
		"git log --oneline | head",
		"curl -H 'Authorization: token ${{ secrets.GITHUB_TOKEN }}' https://api.github.com/repos/o/r/releases",
	} {
		f, text := sample(t, script)
		for _, m := range p.Match([]string{".github/workflows/ci.yml"}, f, text) {
			if _, ok := m.Rule.Context.Holds(func(c campaign.Circumstance) bool { return !slices.Contains(unlike, c) }); ok {
				t.Errorf("%s hits %q", m.Rule.ID, script)
			}
		}
	}
}
