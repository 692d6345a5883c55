package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/campaign"
	_ "pentimento/internal/seeded"
)

// taken gives the entries of a file as KIND=VALUE, and what was left as WHAT: WHY.
func taken(t *testing.T, text string, o Options) (entries, left []string, all Import) {
	t.Helper()
	all, err := Read([]byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all.Entries {
		entries = append(entries, e.Kind+"="+e.Value)
	}
	for _, l := range all.Left {
		left = append(left, l.What+": "+l.Why)
	}
	return entries, left, all
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s\ngot  %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

const sha1Text, sha256Text = "0123456789abcdef0123456789abcdef01234567", "00000000000000000000000000000000000000000000000000000000000000aa"

func TestList(t *testing.T) {
	entries, left, all := taken(t, "\ufeff# a comment\n; another\n// a third\n\nhxxps://Drop[.]example[.]invalid/x?y=1\r\none(dot)example{.}invalid  # why\n"+
		"203[.]0[.]113[.]7:8443\n2001:db8::7\n.example.invalid\nhxxps://webhook[.]site/abc-def\nwebhook[.]site\ngithub.com\n127.0.0.1\n203.0.113.0/24\n"+
		".github/workflows/x.yml\nocto/act/sub@v1\n"+strings.ToUpper(sha1Text)+"\n"+sha256Text+"\nbot[at]drop.example.invalid\n\"two.example.invalid\",\nwhat is this\none.example.invalid\n",
		Options{Name: "report.txt"})
	same(t, "entries", entries, []string{"url_parts=drop.example.invalid/x?y=1", "hosts=drop.example.invalid", "hosts=one.example.invalid", "hosts=203.0.113.7", "hosts=2001:db8::7",
		"hosts=*.example.invalid", "url_parts=webhook.site/abc-def", "paths=.github/workflows/x.yml", "uses=octo/act@v1", "commits=" + sha1Text, "file_hashes=" + sha1Text,
		"file_hashes=" + sha256Text, "authors=bot@drop.example.invalid", "hosts=two.example.invalid"})
	same(t, "left", left, []string{
		"webhook[.]site: the host serves anybody: only a whole URL tells anything",
		"github.com: the host is a service that workflows use in the ordinary course: only a whole URL tells anything",
		"127.0.0.1: the host is within everybody's own network",
		"203.0.113.0/24: a range of addresses: a pack lists addresses one by one",
		"what is this: it is no host, address, URL, workflow path, commit, hash, author or action",
	})
	if all.Format != List || all.Entries[0].Source != "report.txt:5" {
		t.Errorf("%+v", all)
	}
}

func TestCSV(t *testing.T) {
	for name, c := range map[string]struct{ text, column, want string }{
		"a known name":         {"date,Indicator,note\n2025-01-01,a.example[.]invalid,x\n2025-01-02,\"b.example.invalid\",\"y, z\"\n", "", "hosts=a.example.invalid hosts=b.example.invalid"},
		"the column asked for": {"domain,where\nno.example.invalid,c.example.invalid\n", "WHERE", "hosts=c.example.invalid"},
		"semicolons":           {"type;ioc\ndomain;d.example.invalid\n", "", "hosts=d.example.invalid"},
		"one column":           {"indicator\ne.example.invalid\n", "", "hosts=e.example.invalid"},
		"short rows":           {"n,ioc\n1\n2,f.example.invalid\n", "", "hosts=f.example.invalid"},
	} {
		entries, _, all := taken(t, c.text, Options{Name: "t.csv", Format: List, Column: c.column})
		if got := strings.Join(entries, " "); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
		if last := all.Entries[len(all.Entries)-1].Source; !strings.HasPrefix(last, "t.csv:") {
			t.Errorf("%s: source %q", name, last)
		}
	}
	if _, err := Read([]byte("a,b\n1,2\n"), Options{Name: "t.csv", Format: List, Column: "c"}); err == nil {
		t.Error("a column that is not there was read")
	}
}

// bundle is a STIX bundle of one indicator.
func bundle(pattern string) string {
	text, err := json.Marshal(pattern)
	if err != nil {
		panic(err)
	}
	return `{"type":"bundle","id":"bundle--1","objects":[{"type":"report","name":"A report"},{"type":"indicator","id":"indicator--1","name":"N","pattern_type":"stix","pattern":` +
		string(text) + `}]}`
}

func TestSTIXPatterns(t *testing.T) {
	for pattern, c := range map[string]struct{ want, left string }{
		"[domain-name:value = 'a.example.invalid']":                                                                 {"hosts=a.example.invalid", ""},
		"[ipv4-addr:value = '203.0.113.7' OR ipv6-addr:value='2001:db8::7']":                                        {"hosts=203.0.113.7 hosts=2001:db8::7", ""},
		"[url:value = 'https://a.example.invalid/p?q=1']":                                                           {"url_parts=a.example.invalid/p?q=1 hosts=a.example.invalid", ""},
		"[file:hashes.'SHA-256' = '" + sha256Text + "' AND file:name = 'x.yml']":                                    {"file_hashes=" + sha256Text + " paths=.github/workflows/x.yml", "joined by AND"},
		"[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']":                                                    {"file_hashes=d41d8cd98f00b204e9800998ecf8427e", ""},
		"[email-message:from_ref.value = 'b@a.example.invalid']":                                                    {"authors=b@a.example.invalid", ""},
		"[user-account:account_login = 'ci-bot[x]']":                                                                {`authors=ci-bot\[x]`, ""},
		"[domain-name:value IN ('a.example.invalid', 'b.example.invalid')]":                                         {"hosts=a.example.invalid hosts=b.example.invalid", ""},
		"([domain-name:value = 'a.example.invalid'] OR [domain-name:value = 'b.example.invalid']) WITHIN 5 SECONDS": {"hosts=a.example.invalid hosts=b.example.invalid", "terms of time"},
		"[domain-name:value LIKE '%.a.example.invalid']":                                                            {"hosts=*.a.example.invalid", ""},
		"[domain-name:value LIKE 'a%']":                                                                             {"", "all below a domain"},
		"[domain-name:value != 'a.example.invalid']":                                                                {"", "cannot say this comparison"},
		"[NOT domain-name:value = 'a.example.invalid']":                                                             {"", "cannot say this comparison"},
		"[domain-name:value MATCHES 'a.*']":                                                                         {"", "cannot say this comparison"},
		"[process:command_line = 'x']":                                                                              {"", "no indicators of that property"},
		"[network-traffic:dst_ref.value = 'x' AND (ipv4-addr:value = '203.0.113.7')]":                               {"hosts=203.0.113.7", "joined by AND"},
		"[ipv4-addr:value = '203.0.113.0/24']":                                                                      {"", "range of addresses"},
		"[file:name = 'it\\'s.exe']":                                                                                {"", "no workflow of GitHub Actions"},
		"[domain-name:value = 'a.example.invalid'":                                                                  {"", "cannot be read"},
		"[domain-name:value = 'a.example.invalid]":                                                                  {"", "a text has no end"},
		"domain-name:value = 'a.example.invalid'":                                                                   {"", "where a bracket belongs"},
		strings.Repeat("(", 100) + "[a:b = 'c']" + strings.Repeat(")", 100):                                         {"", "nested deeper"},
		"": {"", "cannot be read"},
	} {
		entries, left, _ := taken(t, bundle(pattern), Options{Name: "b.json"})
		if got := strings.Join(entries, " "); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", pattern, got, c.want)
		}
		told := strings.Join(left, "\n")
		if !strings.Contains(told, c.left) || !strings.Contains(told, "1 object(s) of the type report") || c.left == "" && len(left) != 1 {
			t.Errorf("%s: left %q, want %q", pattern, told, c.left)
		}
	}
}

func TestSTIXBundle(t *testing.T) {
	entries, left, all := taken(t, `{"type":"bundle","objects":[{"type":"campaign","name":"C"},{"type":"relationship"},{"type":"relationship"},
		{"type":"indicator","id":"indicator--r","revoked":true,"pattern":"[domain-name:value = 'r.example.invalid']"},
		{"type":"indicator","id":"indicator--y","pattern_type":"yara","pattern":"rule x {}"},
		{"type":"domain-name","value":"seen.example.invalid"}, 17,
		{"type":"indicator","id":"indicator--a","pattern":"[domain-name:value = 'a.example.invalid']"}]}`, Options{Name: "b.json", Format: Guess})
	same(t, "entries", entries, []string{"hosts=a.example.invalid"})
	if all.Format != STIX || all.Title != "C" || all.Entries[0].Source != "STIX indicator--a" {
		t.Errorf("%+v", all)
	}
	for i, want := range []string{"indicator--r: its maker has revoked it", "indicator--y: its pattern is of the type yara", "object 7 of the bundle: it is not written",
		"1 object(s) of the type campaign", "1 object(s) of the type domain-name", "2 object(s) of the type relationship"} {
		if i >= len(left) || !strings.HasPrefix(left[i], want) {
			t.Errorf("left %d: %q, want %q", i, left, want)
		}
	}
}

func TestMISP(t *testing.T) {
	event := `{"Event":{"uuid":"e1","info":"An event","Attribute":[
		{"uuid":"1","type":"domain","value":"a.example.invalid","to_ids":true},
		{"uuid":"2","type":"ip-dst|port","value":"203.0.113.7|443","to_ids":"1"},
		{"uuid":"3","type":"filename|sha256","value":"x.yml|` + sha256Text + `","to_ids":true},
		{"uuid":"4","type":"url","value":"https://b.example.invalid/p","to_ids":1},
		{"uuid":"5","type":"domain","value":"no.example.invalid","to_ids":false},
		{"uuid":"6","type":"domain","value":"gone.example.invalid","to_ids":true,"deleted":true},
		{"uuid":"7","type":"regkey","value":"HKLM","to_ids":true},
		{"uuid":"8","type":"git-commit-id","value":"` + sha1Text + `","to_ids":true},
		{"uuid":"9","type":"domain|ip","value":"c.example.invalid","to_ids":true},
		{"uuid":"10","type":"uri","value":"/?h=gather","to_ids":true}],
		"Object":[{"name":"github-user","Attribute":[{"uuid":"11","type":"github-username","value":"ci-bot","to_ids":true}]}],
		"ShadowAttribute":[{}]}}`
	for name, text := range map[string]string{"event": event, "search": `{"response":[` + event + `]}`, "array": "[" + event + "]"} {
		entries, left, all := taken(t, text, Options{Name: "m.json"})
		same(t, name, entries, []string{"hosts=a.example.invalid", "hosts=203.0.113.7", "paths=.github/workflows/x.yml", "file_hashes=" + sha256Text,
			"url_parts=b.example.invalid/p", "hosts=b.example.invalid", "commits=" + sha1Text, "url_parts=/?h=gather", "authors=ci-bot"})
		same(t, name+": left", left, []string{
			"domain no.example.invalid: the attribute is not meant for detection: to_ids is not set",
			"domain gone.example.invalid: the attribute was deleted",
			"regkey HKLM: a pack has no indicators of the type regkey",
			"domain|ip c.example.invalid: it has not as many values as its type says",
			"1 proposed attribute(s): a proposal is no attribute until somebody accepts it",
		})
		if all.Format != MISP || all.Title != "An event" || all.Entries[0].Source != "MISP event e1 attribute 1" {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

func TestNoneOfTheFormat(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		format Format
	}{"STIX that is none": {"{}", STIX}, "MISP that is none": {"{}", MISP}, "MISP that is a list": {"[]", MISP}, "no JSON": {"x", STIX}, "bytes": {"\x00\x01", List},
		"no such format": {"x", "xml"}} {
		if _, err := Read([]byte(c.text), Options{Name: "x", Format: c.format}); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if _, err := Read([]byte("{}"), Options{Name: "x", Format: MISP}); !errors.Is(err, errShape) {
		t.Error(err)
	}
	if _, err := Read(make([]byte, MaxFile+1), Options{Name: "x"}); err == nil {
		t.Error("a file over the bound was read")
	}
}

func TestBounds(t *testing.T) {
	var text strings.Builder
	for i := range MaxEntries + MaxLeft + 50 {
		fmt.Fprintf(&text, "h%d.example.invalid\n", i)
	}
	entries, left, all := taken(t, text.String(), Options{Name: "many.txt"})
	if len(entries) != MaxEntries || len(left) != MaxLeft || all.Further != 50 {
		t.Errorf("%d taken, %d left, %d further", len(entries), len(left), all.Further)
	}
	if _, err := hold(all); err != nil {
		t.Errorf("the fullest import makes no pack: %v", err)
	}
}

// hold makes a pack of an import and reads it back.
func hold(all Import) (campaign.Pack, error) {
	text, err := campaign.Draft("ours", "Ours", "A test.", all.Entries)
	if err != nil {
		return campaign.Pack{}, err
	}
	return campaign.Parse("ours.yaml", text)
}

// Whatever is listed in whatever spelling stands in the pack as it was before it was made harmless, and the pack holds.
func TestRoundTrip(t *testing.T) {
	label := rapid.StringMatching(`[a-z][a-z0-9]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		host := label.Draw(t, "label") + ".example.invalid"
		dot := rapid.SampledFrom([]string{".", "[.]", "(.)", "{.}", "[dot]", "(dot)", " [dot] "}).Draw(t, "dot")
		rest := rapid.StringMatching(`[a-z0-9]{1,6}(/[a-z0-9]{1,6}){0,2}(\?[a-z]=[0-9]{1,3})?`).Draw(t, "rest")
		file := label.Draw(t, "file") + rapid.SampledFrom([]string{".yml", ".yaml"}).Draw(t, "ext")
		hex := rapid.StringMatching(`[0-9a-f]{64}`).Draw(t, "hash")
		commit := rapid.StringMatching(`[0-9a-f]{40}`).Draw(t, "commit")
		ref := rapid.StringMatching(`v[0-9]{1,2}`).Draw(t, "ref")
		scheme := rapid.SampledFrom([]string{"http", "https", "hxxp", "hxxps", "hXXps"}).Draw(t, "scheme")
		harmless := strings.ReplaceAll(host, ".", dot)
		lines := []string{harmless, scheme + "://" + strings.ReplaceAll(host, ".", strings.TrimSpace(dot)) + "/" + rest, ".github/workflows/" + file, hex, commit, "octo/act@" + ref}
		all, err := Read([]byte(strings.Join(rapid.Permutation(lines).Draw(t, "order"), "\n")), Options{Name: "list"})
		if err != nil || len(all.Left) > 0 {
			t.Fatalf("%v, left %+v of %q", err, all.Left, lines)
		}
		pack, err := hold(all)
		if err != nil {
			t.Fatal(err)
		}
		in := pack.Indicators
		if !pack.KnowsHost(host) || !slices.Contains(in.URLParts, host+"/"+rest) || !pack.KnowsPath(".github/workflows/"+file) || !slices.Contains(in.FileHashes, hex) ||
			!pack.KnowsCommit(commit) || !pack.KnowsUses("octo/act@"+ref) {
			t.Fatalf("%+v", in)
		}
	})
}

func check(t *testing.T, text []byte, format Format) {
	all, err := Read(text, Options{Name: "fuzz", Format: format})
	if err != nil {
		return
	}
	if len(all.Entries) > MaxEntries || len(all.Left) > MaxLeft {
		t.Fatal("over the bounds")
	}
	for _, l := range all.Left {
		if strings.ContainsAny(l.What, "\n\r\x1b") {
			t.Errorf("what was left would move the terminal: %q", l.What)
		}
	}
	pack, err := hold(all)
	if err != nil && !strings.Contains(err.Error(), "a pack has at least one rule") {
		t.Errorf("the pack of %+v does not hold: %v", all.Entries, err)
	}
	if err == nil && len(pack.Indicators.Hosts) > 0 && len(pack.Rules) == 0 {
		t.Error("hosts without a rule")
	}
}

func FuzzSTIX(f *testing.F) {
	f.Add([]byte(bundle("[domain-name:value = 'a.example.invalid' AND (file:hashes.'SHA-256' = 'x' OR url:value IN ('http://b/c', h'00'))] FOLLOWEDBY [a:b NOT LIKE '%'] REPEATS 5 TIMES")))
	f.Add([]byte(bundle("[url:value = 'https://a.example.invalid/$(id)#x']")))
	f.Add([]byte(bundle("[file:name = '.github/workflows/a: b #.yml' OR user-account:user_id = 'web-flow']")))
	f.Fuzz(func(t *testing.T, text []byte) { check(t, text, STIX) })
}

func FuzzMISP(f *testing.F) {
	f.Add([]byte(`{"Event":{"uuid":"e","info":"i","Attribute":[{"type":"filename|sha256","value":"x|y","to_ids":"1"},{"type":"uri","value":"/VALUE LISTED","to_ids":true}]}}`))
	f.Add([]byte(`[{"Event":{"Object":[{"Attribute":[{"type":"github-username","value":"[*?\\","to_ids":true},{"type":"url","value":"http://[::1]/x","to_ids":true}]}]}}]`))
	f.Fuzz(func(t *testing.T, text []byte) { check(t, text, MISP) })
}

func FuzzList(f *testing.F) {
	f.Add([]byte("hxxp://a[.]example.invalid/x y\nocto/act@\"\n*.a.b\n@@\n::1\nindicator,b\n"))
	f.Add([]byte("az./?example.\nhttps://a.example.invalid/a;$(b)\n"))
	f.Add([]byte("indicator;b\n\"a\nb\";c\n"))
	f.Fuzz(func(t *testing.T, text []byte) { check(t, text, List) })
}
