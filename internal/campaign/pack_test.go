package campaign

import "testing"

func TestBuiltin(t *testing.T) {
	packs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if len(packs) != 1 || packs[0].Name != "ghostaction" || len(packs[0].Waves) != 7 {
		t.Fatalf("built-in packs: %+v", packs)
	}
}
