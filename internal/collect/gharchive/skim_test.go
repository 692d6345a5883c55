package gharchive

import (
	"reflect"
	"strings"
	"testing"
)

// What is read without decoding must be what decoding gives, and the shape that archives write must be read so, or it is no gain.
func TestSkimmedPushes(t *testing.T) {
	for name, c := range map[string]struct {
		line    string
		skimmed bool
	}{
		"old":             {sample{Payload: pushOld("refs/heads/main", shaA, shaB, `a "quoted" \ {[`, "}]")}.line(), true},
		"new":             {sample{Payload: pushNew("refs/heads/main", shaA, shaB)}.line(), true},
		"with org":        {shapes(sample{}.line())["with org"], true},
		"ref last":        {sample{Payload: `{"commits":[{"a":{"b":[1,"\\\""]}}],"x":null,"y":-1.5e3,"head":"` + shaB + `","before":"` + shaA + `","ref":"refs/heads/x"}`}.line(), true},
		"twice":           {sample{Payload: `{"ref":"refs/heads/x","head":"` + shaB + `","before":"` + shaA + `","ref":"refs/heads/y"}`}.line(), true},
		"escaped ref":     {sample{Payload: `{"ref":"refs/heads/\u0078","head":"` + shaB + `","before":"` + shaA + `"}`}.line(), false},
		"ref not ASCII":   {sample{Payload: pushNew("refs/heads/\u00e9", shaA, shaB)}.line(), false},
		"null ref":        {sample{Payload: `{"ref":null,"head":"` + shaB + `","before":"` + shaA + `"}`}.line(), false},
		"cut short":       {strings.TrimSuffix(sample{}.line(), `"}`) + "}", false},
		"more at the end": {strings.TrimSuffix(sample{}.line(), "}") + `,"type":"ForkEvent"}`, false},
		"another time":    {sample{CreatedAt: "2025-09-02T03:20:38.5Z"}.line(), false},
		"a wrong time":    {sample{CreatedAt: "2025-09-32T03:20:38Z"}.line(), false},
		"year 1":          {sample{CreatedAt: "0001-09-02T03:20:38Z"}.line(), false},
	} {
		t.Run(name, func(t *testing.T) {
			seen, ok := glance([]byte(c.line))
			if !ok {
				t.Fatal("the line has not the shape to be looked at")
			}
			quick, ok := skimPush(seen)
			if ok != c.skimmed {
				t.Fatalf("skimmed: %t", ok)
			}
			if !ok {
				return
			}
			slow, err := decodeLine([]byte(c.line))
			if err != nil {
				t.Fatal(err)
			}
			var a, b = newGather(newIndex(demo())), newGather(newIndex(demo()))
			a.take(quick, nil)
			b.take(slow, nil)
			quick.read, slow.payload = nil, nil
			if !reflect.DeepEqual(quick, slow) || !reflect.DeepEqual(a.told[0].obs, b.told[0].obs) || len(a.told[0].obs.Updates) != 1 {
				t.Errorf("skimmed %+v %+v, decoded %+v %+v", quick, a.told[0].obs, slow, b.told[0].obs)
			}
		})
	}
}
