package timeline_test

import (
	"fmt"
	"testing"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
)

// large is a repository of n commits, 200 refs and 20 campaign commits; the file stays for half of its life. moves says whether updates
// tell of them.
func large(n int, moves bool) *world {
	w := newWorld()
	w.trunk("main")
	const refs, campaign = 200, 20
	prev, refList := "", ""
	for i := range n {
		name, files := fmt.Sprint("c", i), ""
		if i > n/2 && i < n-n/10 {
			files = fmt.Sprint("a.yml=bad", (i-n/2)*campaign/n)
		}
		switch {
		case prev == "":
			w.commit(name, i, files)
		case i%50 == 49: // a merge of a short side line
			w.commit(name+"s", i, files, prev)
			w.commit(name, i, files, prev, name+"s")
		default:
			w.commit(name, i, files, prev)
		}
		if moves {
			before := prev
			if before == "" {
				before = "0"
			}
			w.push("main", i, before, name)
		}
		if i%(n/refs) == n/refs-1 {
			short := fmt.Sprint("side", i)
			if i%3 == 0 {
				short = fmt.Sprint("tag/v", i)
			}
			refList += " " + short + "=" + name
			if moves {
				w.push(short, i, "0", name)
			}
		}
		prev = name
	}
	w.list(n+1, "main="+prev+refList)
	var brought []string
	w.campaign = w.campaign[:0]
	for i := range campaign {
		brought = append(brought, fmt.Sprint("c", n/2+1+i*n/campaign/3))
	}
	for _, b := range brought {
		w.campaign = append(w.campaign, oid(b))
	}
	for i := range n / 10 {
		w.run(int64(i+1), "main", fmt.Sprint("c", n/2+1+i), n/2+2+i)
	}
	return w
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{12_500, 25_000, 50_000} {
		for _, moves := range []bool{false, true} {
			b.Run(fmt.Sprintf("commits=%d/updates=%t", n, moves), func(b *testing.B) {
				in := large(n, moves).input()
				b.ResetTimer()
				for b.Loop() {
					timeline.Read(in)
				}
			})
		}
	}
}

// BenchmarkOneSecond reads thousands of moves that bear one stamp, half of which say neither what they left nor what they brought: the worst
// that a script can make of a ref.
func BenchmarkOneSecond(b *testing.B) {
	for _, n := range []int{500, 2000, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld()
			w.trunk("main")
			prev := "0"
			for i := range n {
				name := fmt.Sprint("c", i)
				if prev == "0" {
					w.commit(name, 5, "")
				} else {
					w.commit(name, 5, "", prev)
				}
				w.push("main", 10, prev, name)
				u := w.update(evidence.OriginEvents, "main", 10, evidence.Push, prev, name)
				u.Before, u.After = "", ""
				prev = name
			}
			w.list(100, "main="+prev)
			in := w.input()
			b.ResetTimer()
			for b.Loop() {
				timeline.Read(in)
			}
		})
	}
}
