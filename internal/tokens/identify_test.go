package tokens

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// Vectors of pymacaroons for one key and identifier, without the prefix: put together here, so that no scanner takes this file for a leak.
const vectorID = "b3b0d2b4-0d54-4f5f-9a8a-3f1b6c9d2e77"

var vectors = map[string]string{
	"A": "AgEIcHlwaS5vcmcCJGIzYjBkMmI0LTBkNTQtNGY1Zi05YThhLTNmMWI2YzlkMmU3NwACKlszLCIwZjFlMmQzYy00YjVhLTY5NzgtODc5Ni1hNWI0YzNkMmUxZjAiXQAABiCF73Dyq6s9PiQ4MrnlzphC47ZjnnHE3uNYUGCWusRHuQ",
	"B": "AgEIcHlwaS5vcmcCJGIzYjBkMmI0LTBkNTQtNGY1Zi05YThhLTNmMWI2YzlkMmU3NwACFVsxLFsic2FtcGxlcHJvamVjdCJdXQACLFsyLFsiOGE5YjBjMWQtMmUzZi00YTViLThjN2QtNmU1ZjRhM2IyYzFkIl1dAAAGIPqvUENbR1hestAHnTsqbwyAnp_nWGSUR8U1lEfdlyCY",
	"C": "AgENdGVzdC5weXBpLm9yZwIkYjNiMGQyYjQtMGQ1NC00ZjVmLTlhOGEtM2YxYjZjOWQyZTc3AAIleyJ2ZXJzaW9uIjogMSwgInBlcm1pc3Npb25zIjogInVzZXIifQAABiDDSCcnQB5ZDEdrjEwE6EE6PEo_4l_yAj70MEV9_BQENw",
	"D": "AgEIcHlwaS5vcmcCJGIzYjBkMmI0LTBkNTQtNGY1Zi05YThhLTNmMWI2YzlkMmU3NwACKls0LCIxMTExMTExMS0yMjIyLTQzMzMtODQ0NC01NTU1NTU1NTU1NTUiXQACLFsyLFsiOGE5YjBjMWQtMmUzZi00YTViLThjN2QtNmU1ZjRhM2IyYzFkIl1dAAIZWzAsMTc1NzAzNDAwMCwxNzU3MDMzMTAwXQAABiCwT-GjJ3ZLMZvCRMM7hbkno7SJZUdbKgyQT4QpSYkIeA",
}

func pypiToken(name string) string { return "py" + "pi-" + vectors[name] }

func TestIdentifyPyPI(t *testing.T) {
	const project = "8a9b0c1d-2e3f-4a5b-8c7d-6e5f4a3b2c1d"
	for name, want := range map[string]struct{ location, account, kind, caveats, expires string }{
		"A": {"pypi.org", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "API token", "only for the user 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", ""},
		"B": {"pypi.org", "", "API token", "only the projects named sampleproject; only the projects with id " + project, ""},
		"C": {"test.pypi.org", "", "API token", "all projects of its owner", ""},
		"D": {"pypi.org", "", "trusted publisher's token",
			"made for the trusted publisher 11111111-2222-4333-8444-555555555555; only the projects with id " + project +
				"; valid from 2025-09-05T00:45:00Z until 2025-09-05T01:00:00Z", "2025-09-05 01:00:00 +0000 UTC"},
	} {
		i := Identify(" " + pypiToken(name) + "\n")
		if i.Ref() != "pypi:"+vectorID || i.Location != want.location || i.Account != want.account || i.Kind != want.kind || strings.Join(i.Grant.Words, "; ") != want.caveats {
			t.Errorf("%s: %+v, %q", name, i, i.Grant.Words)
		}
		if got := i.ExpiresAt(); want.expires != "" && got.String() != want.expires || want.expires == "" && !got.IsZero() {
			t.Errorf("%s: expires %s", name, got)
		}
		if bounded := name == "B" || name == "D"; i.Grant.Bounded != bounded {
			t.Errorf("%s: bounded %v", name, i.Grant.Bounded)
		}
	}
}

// TestDamagedMacaroons: what pymacaroons refuses names no credential.
func TestDamagedMacaroons(t *testing.T) {
	whole, err := base64.RawURLEncoding.DecodeString(vectors["B"])
	if err != nil {
		t.Fatal(err)
	}
	head := string(whole[:3+8+2+36]) // version, location, identifier
	signature := "\x06\x20" + strings.Repeat("s", 32)
	good := head + "\x00" + "\x02\x02[]\x00" + "\x00" + signature
	for name, c := range map[string]struct{ text, want string }{
		"as it is":             {good, ""},
		"no location":          {"\x02" + head[11:] + "\x00\x00" + signature, ""},
		"cut":                  {good[:len(good)-1], "a field is longer"},
		"cut in the head":      {head, "cut off"},
		"more behind":          {good + "x", "something follows"},
		"version 1":            {"\x01" + good[1:], "version 2"},
		"empty":                {"", "version 2"},
		"identifier twice":     {head + "\x02\x01x\x00\x00" + signature, "out of order"},
		"location behind":      {head + "\x01\x01x\x00\x00" + signature, "out of order"},
		"no identifier":        {"\x02\x01\x01x\x00\x00" + signature, "first section"},
		"location in a caveat": {head + "\x00\x01\x01x\x02\x01y\x00\x00" + signature, "has a location"},
		"caveat without id":    {head + "\x00\x01\x01x\x00\x00" + signature, "no identifier"},
		"third party":          {head + "\x00\x01\x01x\x02\x01y\x04\x01z\x00\x00" + signature, "another macaroon"},
		"odd field":            {head + "\x00\x02\x01y\x05\x01z\x00\x00" + signature, "none has"},
		"short signature":      {head + "\x00\x00\x06\x01s", "no signature"},
		"no signature":         {head + "\x00\x00\x02\x01s", "no signature"},
		"endless number":       {head + "\x00" + strings.Repeat("\xff", 20), "no end"},
		"huge length":          {head + "\x00\x02\xff\xff\xff\xff\xff\xff\xff\x7fx", "longer than"},
		"identifier no text":   {"\x02\x02\x01\xff\x00\x00" + signature, "no text"},
	} {
		_, err := readMacaroon(base64.RawURLEncoding.EncodeToString([]byte(c.text)))
		if err == nil != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readMacaroon("AgE!"); err == nil {
		t.Error("what is no base64 was read")
	}
	if _, err := readMacaroon(base64.URLEncoding.EncodeToString([]byte(good))); err != nil {
		t.Errorf("with padding: %v", err)
	}
}

func TestCaveats(t *testing.T) {
	for caveat, want := range map[string]string{
		`{"version": 1, "permissions": {"projects": ["a", "b"]}}`: "only the projects named a, b",
		`{"nbf": 1757033100, "exp": 1757034000}`:                  "valid from 2025-09-05T00:45:00Z until 2025-09-05T01:00:00Z",
		`{"project_ids": []}`:                                     "only the projects with id (none)",
		`[0]`:                                                     "a condition of an unknown kind",
		`[9,"x"]`:                                                 "a condition of an unknown kind",
		`[0,1e400,-1]`:                                            "valid",
		`[4,"p",{"sub":"x"}]`:                                     "made for the trusted publisher p",
		`"x"`:                                                     "a condition that cannot be read",
		`{`:                                                       "a condition that cannot be read",
	} {
		var g Grant
		if g.Add([]byte(caveat)); !slices.Equal(g.Words, []string{want}) {
			t.Errorf("%s: %q", caveat, g.Words)
		}
	}
	var g Grant
	for _, c := range []string{`[1,["a","b"]]`, `[1,["b","c"]]`, `[0,1757034000,0]`, `[0,1757033999,0]`} {
		g.Add([]byte(c))
	}
	if !slices.Equal(g.Projects, []string{"b"}) || g.Expires.Unix() != 1757033999 {
		t.Errorf("two caveats do not narrow each other: %q, %s", g.Projects, g.Expires)
	}
}

// shaped is one value of every shape, and the provider that it shows.
func shaped() map[string]Provider {
	upper, hex := strings.Repeat("aB3", 20), strings.Repeat("0123456789abcdef", 12)
	all := map[string]Provider{
		pypiToken("A"): PyPI, pypiToken("D"): PyPI, "np" + "m_" + upper[:36]: NPM, "github" + "_pat_" + upper[:22] + "_" + (upper + upper)[:59]: GitHub,
		"dckr" + "_pat_" + upper[:27]: DockerHub, "dckr" + "_oat_" + upper[:32]: DockerHub, "v1" + ".0-" + hex[:24] + "-" + hex[:146]: Cloudflare,
		"ci" + "o" + upper[:32]: Crates, "cio" + "_tp_" + upper[:32]: Crates, "ruby" + "gems_" + hex[:48]: RubyGems,
		"gl" + "pat-" + upper[:20]: GitLab, "gl" + "pat-" + upper[:27] + ".0" + "1abcdefg": GitLab,
	}
	for _, p := range []string{"p", "o", "u", "s", "r"} {
		all["gh"+p+"_"+upper[:36]] = GitHub
	}
	return all
}

func TestIdentifyShapes(t *testing.T) {
	for value, provider := range shaped() {
		i := Identify(value)
		if i.Provider != provider || i.Kind == "" || len(i.SHA256) != 64 || i.LastFour != value[len(value)-4:] {
			t.Errorf("%.8s...: %+v", value, i)
		}
		if strings.Contains(i.ID+strings.Join(i.Others, " ")+i.Redacted, value) {
			t.Errorf("%.8s... stands in what may be kept: %+v", value, i)
		}
	}
	golden := Identify("gh" + "p_" + strings.Repeat("0", 36))
	if golden.HashedToken != "kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu/1bnNfyFc=" || golden.ID != NormalHash(golden.HashedToken) {
		t.Errorf("GitHub's hash: %+v", golden)
	}
	if refs := golden.Refs(); len(refs) != 2 || refs[1] != NewRef(GitHub, NormalHash(golden.HashedLine)) {
		t.Errorf("names: %q", refs)
	}
	if npm := Identify("np" + "m_aBcD" + strings.Repeat("x", 28) + "7890"); npm.ID != "npm_aBcD...7890" || npm.Others[0] != "npm_aB...7890" {
		t.Errorf("npm: %+v", npm)
	}
	for key, account := range map[string]string{
		"ASIAY34FZKBOKMUTVV7A": "609629065308", "ASIAQNZGKIQY56JQ7WML": "029608264753", "AKIAIOSFODNN7EXAMPLE": "581039954779", "ASIATFQR7NSCS5BLNV76": "218007301253",
	} {
		if i := Identify(key); i.Account != account || i.ID != key || i.SHA256 != "" {
			t.Errorf("%s: %+v", key, i)
		}
	}
	if i := Identify("AKIATFQR7NSC8Q4X20BJ"); i.Ref() != "aws:AKIATFQR7NSC8Q4X20BJ" || i.Account != "" || len(i.Remarks) != 1 {
		t.Errorf("an anonymised key: %+v", i)
	}
	for _, unknown := range []string{"hunter2", "AKIA", strings.Repeat("x", maxToken+1), "pypi", strings.Repeat("ab12", 10), strings.Repeat("aB1/", 10)} {
		if i := Identify(unknown); i.Provider != "" || i.ID != "" || len(i.Remarks) == 0 || len(unknown) < leastDigest && i.LastFour+i.SHA256 != "" {
			t.Errorf("%.40q: %+v", unknown, i)
		}
	}
}

func TestNormalHash(t *testing.T) {
	const want = "sha256:91303c1d649e836acdc4565dca58c6c493255"
	for _, text := range []string{
		"kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu/1bnNfyFc=", "kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu/1bnNfyFc", "kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu_1bnNfyFc", "kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu_1bnNfyFc=",
		"kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu%2F1bnNfyFc", "kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu%2f1bnNfyFc%3D", "SHA256:kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu/1bnNfyFc=",
	} {
		got := NormalHash(text)
		if !strings.HasPrefix(got, want) || got != NormalHash(strings.ToUpper(got[len(HashPrefix):])) || got != NormalHash(`\x`+got[len(HashPrefix):]) || got != NormalHash(got) {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, text := range []string{"", "abc", "%zz", strings.Repeat("0", 63), strings.Repeat("!", 43), strings.Repeat("a", 45)} {
		if got := NormalHash(text); got != "" {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func FuzzIdentify(f *testing.F) {
	for value := range shaped() {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		i := Identify(value)
		for _, kept := range append(append([]string{i.ID, i.Redacted}, i.Others...), i.Remarks...) {
			if clean, n := Scrub(kept); n > 0 && i.Provider != AWS {
				t.Errorf("%q is kept as %q: %q", value, kept, clean)
			}
		}
	})
}

// FuzzNormalHash: what is read as a hash is written one way, and read again as the same.
func FuzzNormalHash(f *testing.F) {
	f.Add("kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu/1bnNfyFc=")
	f.Add("%2B")
	f.Add(strings.Repeat("A", 64))
	f.Fuzz(func(t *testing.T, text string) {
		id := NormalHash(text)
		if id == "" {
			return
		}
		if len(id) != len("sha256:")+64 || NormalHash(id) != id {
			t.Errorf("%q is read as %q, and that as %q", text, id, NormalHash(id))
		}
	})
}
