package timeline_test

import (
	"slices"
	"testing"

	"pentimento/internal/evidence"
)

// A text that was not had is not a clean one.
func TestTextNotHad(t *testing.T) {
	w := newWorld()
	w.trunk("main")
	w.commit("base", 10, "")
	w.commit("plant", 20, "a.yml=bad1", "base")
	w.commit("change", 30, "a.yml=huge", "plant")
	w.commit("other", 40, "b.yml=huge", "base")
	w.facts.Textless = map[evidence.OID]bool{oid("huge"): true}
	w.list(100, "main=change side=other tag/v1=base")
	res := w.read()
	same(t, "presence", w.rows(res), []string{`main a.yml [bad1/plant] proven armed added 20g by "plant"`})
	same(t, "gaps", w.gaps(res), []string{"unreadable huge", "unconfirmed-end main"})
	if want := []evidence.Ref{"refs/heads/main", "refs/heads/side"}; !slices.Equal(res.Unread, want) {
		t.Errorf("unread %v, want %v", res.Unread, want)
	}
}

func TestTextNotHadWidens(t *testing.T) {
	teach(t, []lesson{{
		name: "a file that could not be read before it was taken away",
		facts: func(w *world) {
			w.trunk("main")
			w.commit("base", 10, "")
			w.commit("plant", 20, "a.yml=bad1", "base")
			w.commit("change", 30, "a.yml=huge", "plant")
			w.commit("fix", 40, "", "change")
			w.facts.Textless = map[evidence.OID]bool{oid("huge"): true}
			w.list(100, "main=fix")
		},
		rows: []string{`main a.yml [bad1/plant] proven no added 20g by "plant" removed 30g..40g by "fix" delete`},
		gaps: []string{"unreadable huge"},
	}})
}

// A tag of a public key is no ref that could not be read; a tag of a commit that was not had is.
func TestTagOfNoCommit(t *testing.T) {
	gap := func(unit string, kind evidence.GapKind, subject string) evidence.Gap {
		return evidence.Gap{Repository: repository, Unit: unit, Kind: kind, Subject: subject}
	}
	for _, c := range []struct {
		name string
		gaps []evidence.Gap
		want []evidence.Ref
	}{
		{"a tag of a blob", []evidence.Gap{gap("git/history", evidence.GapObjectMissing, string(oid("else"))), gap("git/refs", evidence.GapRefused, "refs/pull")}, nil},
		{"its object was not had", []evidence.Gap{gap("git/history", evidence.GapObjectMissing, string(oid("key")))}, []evidence.Ref{"refs/tags/key"}},
		{"the history was refused", []evidence.Gap{gap("git/history", evidence.GapRefused, "history")}, []evidence.Ref{"refs/tags/key"}},
	} {
		w := newWorld()
		w.trunk("main")
		w.commit("base", 10, "")
		w.list(100, "main=base tag/key=key")
		w.facts.Gaps = c.gaps
		if got := w.read().Unread; !slices.Equal(got, c.want) {
			t.Errorf("%s: unread %v, want %v", c.name, got, c.want)
		}
	}
	w := newWorld()
	w.list(100, "main=lost tag/key=key pull/1=lost")
	if got := w.read().Unread; len(got) != 3 {
		t.Errorf("nothing was had: unread %v", got)
	}
}
