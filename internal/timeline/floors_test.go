package timeline_test

import "testing"

func TestWhoseSignatureDates(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  string
	}{
		{"made by GitHub", func(*world) {}, "50000s..50000g"},
		{"signed by GitHub for a user, whose clock it is", func(w *world) {
			w.commits[1].Committer.Name, w.commits[1].Committer.Email = "Mira Sorrel", "mira@example.invalid"
		}, "50000g"},
		{"by the name alone", func(w *world) { w.commits[1].Committer.Email = "mira@example.invalid" }, "50000g"},
		{"signed for others", func(w *world) {
			k := w.facts.Checks[oid("plant")]
			k.ByGitHub = false
			w.facts.Checks[oid("plant")] = k
		}, "50000g"},
		{"later than the listing that shows it", func(w *world) { w.facts.Listing.At = at(40000) }, "?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.trunk("main")
			w.commit("base", 5, "")
			w.commit("plant", 50000, "a.yml=bad1", "base")
			w.signed("plant")
			w.list(100000, "main=plant")
			c.facts(w)
			if got := span(w.read().Presence[0].Added); got != c.want {
				t.Errorf("added %s, want %s", got, c.want)
			}
		})
	}
}
