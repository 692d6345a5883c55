package casefile

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestUsePack(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	text := func() (out []string) {
		err := c.Packs(ctx, func(name string, text []byte) error { out = append(out, name+"="+string(text)); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	mark := func() string {
		m, err := c.Mark(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	use := func(text string, after time.Duration) (PackChange, bool) {
		change, changed, err := c.UsePack(ctx, day.Add(after), Pack{Name: "ours", Text: []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		return change, changed
	}
	before := mark()
	first, changed := use("one", 0)
	if !changed || first.Before != "" || first.After != digest([]byte("one")) || mark() == before {
		t.Errorf("a pack that came: %+v %v", first, changed)
	}
	before = mark()
	if _, changed := use("one", time.Hour); changed || mark() != before {
		t.Error("the same text once more is a change")
	}
	second, changed := use("two", 2*time.Hour)
	if !changed || second.Before != first.After || mark() == before {
		t.Errorf("a pack replaced: %+v %v", second, changed)
	}
	if got := text(); !slices.Equal(got, []string{"ours=two"}) {
		t.Errorf("packs of the case: %v", got)
	}
	var told []PackChange
	if err := c.PackChanges(ctx, func(p PackChange) error { told = append(told, p); return nil }); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(told) != fmt.Sprint([]PackChange{first, second}) {
		t.Errorf("got  %v\nwant %v", told, []PackChange{first, second})
	}
	var kept []byte
	if err := c.db.QueryRowContext(ctx, "SELECT text FROM pack_change WHERE before IS NOT NULL").Scan(&kept); err != nil || string(kept) != "one" {
		t.Errorf("the replaced text: %q, %v", kept, err)
	}
}

func TestVerifyChecksReplacedPacks(t *testing.T) {
	ctx := context.Background()
	for name, damage := range map[string]string{
		"":                       "",
		"the text":               "UPDATE pack_change SET text = x'00' WHERE before IS NOT NULL",
		"the text is gone":       "UPDATE pack_change SET text = NULL WHERE before IS NOT NULL",
		"its digest is gone":     "UPDATE pack_change SET before = NULL WHERE before IS NOT NULL",
		"a change in between":    "UPDATE pack_change SET after = 'x' WHERE before IS NULL",
		"what the last one left": "UPDATE pack_change SET after = 'x' WHERE before IS NOT NULL",
		"the pack":               "DELETE FROM pack WHERE name = 'ours'",
	} {
		c := newCase(t)
		for i, text := range []string{"one", "two"} {
			if _, _, err := c.UsePack(ctx, day.Add(time.Duration(i)*time.Hour), Pack{Name: "ours", Text: []byte(text)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.db.ExecContext(ctx, damage); err != nil {
			t.Fatal(err)
		}
		v, err := c.Verify(ctx)
		found := slices.ContainsFunc(v.Faults, func(f Fault) bool { return f.What == "replaced pack" })
		if err != nil || found != (damage != "") || damage == "" && v.Replaced != 1 {
			t.Errorf("%s changed: %+v, %v", name, v, err)
		}
	}
}
