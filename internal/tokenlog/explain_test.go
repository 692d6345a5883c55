package tokenlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/tokens"
)

func drafted(t testing.TB, name, text, kind string) string {
	t.Helper()
	d, err := Explain(sampleOf(name, []byte(text)), kind)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The draft of each fixture is the text beside it.
func TestExplainFixtures(t *testing.T) {
	for path, kind := range ownFixtures(t) {
		if _, ok := shapeOf(kind); !ok {
			continue
		}
		t.Run(kind+"/"+filepath.Base(path), func(t *testing.T) {
			golden(t, path+".draft", drafted(t, path, readText(t, path), kind))
		})
	}
}

const plainUsage = `when,token_id,client_ip,user_agent,action,project,result,api_token
2025-09-05T12:00:00Z,k-1,192.0.2.7,twine/6.1.0,file.upload,alpha,ok,
2025-09-05T12:00:01Z,k-2,192.0.2.8,pip/25.0,file.download,alpha,denied,
2025-09-05T12:00:02+02:00,k-1,2001:db8::7,pip/25.0,token.create,beta,ok,
`

// What leaves nothing to fill in is a mapping that reads the file that it was drafted from.
func TestExplainReads(t *testing.T) {
	for _, tt := range []struct {
		kind, text string
		rows       int
		want       string
	}{
		{KindUsage, plainUsage, 3, `Class="publish"`},
		{KindUsage, strings.ReplaceAll(plainUsage, ",", "\t"), 3, `Outcome="failure"`},
		{KindUsage, `{"meta":{"page":1},"items":[{"ts":1757073600123,"actor":{"ip":"192.0.2.7","login":"octo-bot"},"event":"push"},` +
			`{"ts":1757073601123,"actor":{"ip":"192.0.2.7","login":"octo-bot"},"event":"pull"}]}`, 2, `At="2025-09-05T12:00:00.123Z"`},
		{KindCredentials, `{"id":"k-1","name":"ci","created_at":"2025-01-02T00:00:00Z","last_used_at":null,"revoked":false,"projects":["a","b"]}` + "\n" +
			`{"id":"k-2","name":"ci","created_at":"2025-01-02T00:00:00Z","last_used_at":"2025-09-05T12:00:00Z","revoked":true,"projects":[]}` + "\n", 2, `Projects=["a","b"]`},
		{KindReleases, "package,version,published_at,token_id\nalpha,1.0,2025-09-05T12:00:00Z,k-1\n", 1, `Token="k-1"`},
		{KindCredentials, "token_hash,owner\n" + strings.Repeat("0a", 32) + ",octo-bot\n", 1, `ID="sha256:0a`},
	} {
		draft := drafted(t, "x", tt.text, tt.kind)
		m, err := ParseMapping(strings.NewReader(draft))
		if err != nil {
			t.Errorf("%v\n%s", err, draft)
			continue
		}
		f := ownFacts(t, found(t, tt.kind, "generic"), "x", tt.text, Options{Mapping: m})
		all := strings.Join(f.lines, "\n")
		if f.rejected > 0 || f.begun != tt.rows || !strings.Contains(all, tt.want) {
			t.Errorf("%d rows, want %d and %s:\n%s\n%s", f.begun, tt.rows, tt.want, all, draft)
		}
	}
}

// What a sample does not tell is left to be filled in, and ParseMapping says so.
func TestExplainLeavesOpen(t *testing.T) {
	row := func(times ...string) string {
		return "time,token_id\n" + strings.Join(times, ",k-1\n") + ",k-1\n"
	}
	for name, tt := range map[string]struct {
		text       string
		draft, err string
	}{
		"naive":           {row("2025-09-05 12:00:00"), "no value names a zone", "zone is left to be filled in"},
		"mixed zones":     {row("2025-09-05 12:00:00", "2025-09-05T12:00:00Z"), "some values name no zone", "zone is left to be filled in"},
		"order of dates":  {row("05/09/2025 12:00:00Z"[:19], "06/09/2025 12:00:00"), "differ in the order of day and month", "layout is left to be filled in"},
		"day first":       {row("05/09/2025 12:00:00", "13/09/2025 12:00:00"), `layout: "%d/%m/%Y %H:%M:%S"`, "zone is left to be filled in"},
		"month first":     {row("05/09/2025 12:00:00", "09/13/2025 12:00:00"), `layout: "%m/%d/%Y %H:%M:%S"`, "zone is left to be filled in"},
		"counts":          {row("1757073600", "1757073600123"), "counts of several lengths", "layout is left to be filled in"},
		"no time":         {"token_id,ip\nk-1,192.0.2.7\n", "no column looks like time", "time is left to be filled in"},
		"no credential":   {"time,ip\n2025-09-05T12:00:00Z,192.0.2.7\n", "no column looks like credential or account", "credential is left to be filled in"},
		"secrets alone":   {"time,api_key\n2025-09-05T12:00:00Z,abcdefgh\n", `"api_key": secret by its name`, "credential is left to be filled in"},
		"two of one name": {"time,token_id,token_id\n2025-09-05T12:00:00Z,a,b\n", `"token_id": two columns have this name`, "credential is left to be filled in"},
	} {
		draft := drafted(t, "x", tt.text, KindUsage)
		if !strings.Contains(draft, tt.draft) {
			t.Errorf("%s: the draft does not say %q:\n%s", name, tt.draft, draft)
		}
		if _, err := ParseMapping(strings.NewReader(draft)); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", name, err, tt.err)
		}
	}
}

// No value of any shape comes into a draft, wherever it stands: as a value, in the header, as a key, in a word of an action, in the name of the file.
func TestExplainRepeatsNoSecret(t *testing.T) {
	random := "Zx8Kq0Wm3Vt7Rb5Yn1Lc9Pd"
	for shape, value := range map[string]string{"a token": shaped["@VALUE@"], "a key": shaped["@SECRETKEY@"], "a session": shaped["@SESSION@"],
		"a token of Docker": shaped["@DOCKERPAT@"], "random": random} {
		key, err := json.Marshal(map[string]any{"time": "2025-09-05T12:00:00Z", value: "x", "token_id": value, "user": map[string]string{value: "y"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			"time,token_id,note,action\n2025-09-05T12:00:00Z," + value + ",x,y\n",
			"time,token_id,note,action\n2025-09-05T12:00:00Z,k-1," + value + ",y\n",
			"time,token_id,note,action\n2025-09-05T12:00:00Z,k-1,x," + value + "\n",
			"time,token_id,status\n2025-09-05T12:00:00Z,k-1,file/" + value + "\n",
			"time,token_id," + value + "\n2025-09-05T12:00:00Z,k-1,x\n",
			string(key) + "\n", `{"` + value + `":[` + string(key) + `]}`,
		} {
			for _, kind := range []string{KindUsage, KindCredentials, KindReleases} {
				draft, err := Explain(sampleOf("x-"+value, []byte(text)), kind)
				// Of a header in lower case, and of a name of a file, the rest is held as strictly.
				body := draft[strings.IndexByte(draft, '\n')+1:]
				if strings.Contains(strings.ToLower(body+fmt.Sprint(err)), strings.ToLower(value)) || shape != "random" && shape != "a key" && strings.Contains(draft, value) {
					t.Errorf("%s came out of %q:\n%s%v", shape, text, draft, err)
				}
			}
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"": "no rows",
		"2025-09-05T12:00:00Z,192.0.2.7,upload\n2025-09-05T12:00:00Z,192.0.2.7,upload\n": "needs a header line",
		"time,token_id\n": "no rows",
		"{\n":             "no rows",
	} {
		if draft, err := Explain(sampleOf("x", []byte(text)), KindUsage); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q\n%s", text, err, want, draft)
		}
	}
	for _, kind := range []string{KindContacts, KindMapping, KindStatements, ""} {
		if _, err := Explain(sampleOf("x", []byte(plainUsage)), kind); err == nil {
			t.Errorf("a draft of %q", kind)
		}
	}
}

// A sample that is cut off within a row tells nothing of that row.
func TestExplainCutSample(t *testing.T) {
	line := "2025-09-05T12:00:00Z,k-1,upload\n"
	text := []byte("time,token_id,action\n" + strings.Repeat(line, sampleSize/len(line)+1))[:sampleSize-len(line)/2]
	text = append(text, bytes.Repeat([]byte("x"), sampleSize-len(text))...)
	if draft := drafted(t, "x", string(text), KindUsage); strings.Contains(draft, "xxx") || !strings.Contains(draft, "rows: 500") {
		t.Error(draft)
	}
}

// Whatever a mapping file holds, parsing ends, tells a mistake by its line or gives a mapping with which any file can be read.
func FuzzParseMapping(f *testing.F) {
	for path, kind := range ownFixtures(f) {
		if _, ok := shapeOf(kind); ok {
			f.Add(readText(f, path+".mapping"), readText(f, path))
		}
	}
	f.Add("columns: {time: a, credential: b, address: c.d, commit: e}\ntime: {layout: \"%s\", zone: \"-12:00\"}", `{"a":1,"b":"x","c":{"d":"::1"}}`)
	f.Fuzz(func(t *testing.T, mapping, text string) {
		m, err := ParseMapping(strings.NewReader(mapping))
		if err != nil {
			if _, n := tokens.Redact([]byte(err.Error())); n > 0 {
				t.Errorf("the error has a secret: %v", err)
			}
			return
		}
		got := ownFacts(t, found(t, m.Kind(), "generic"), "x", text, Options{Mapping: m, ListedAt: listedAt, Complete: true})
		for _, u := range got.uses {
			if u.Log == "" || u.Provider == "" || u.Class == "" || u.At.IsZero() || u.At.Location() != time.UTC || u.At.Year() > lastYear || u.Credential == "" && u.Account == "" {
				t.Errorf("a use that is not whole: %+v", u)
			}
			if _, n := tokens.Scrub(u.Credential); n > 0 {
				t.Errorf("a credential is kept: %q", u.Credential)
			}
		}
	})
}

// Whatever a sample holds, its draft has no secret, and is either a mapping or says what is to be filled in.
func FuzzExplain(f *testing.F) {
	for path := range ownFixtures(f) {
		f.Add(readText(f, path), 0)
	}
	f.Add(plainUsage, 0)
	kinds := []string{KindUsage, KindCredentials, KindReleases}
	f.Fuzz(func(t *testing.T, text string, which int) {
		kind := kinds[uint(which)%3]
		draft, err := Explain(sampleOf("x", []byte(text)), kind)
		if err != nil {
			draft = err.Error()
		}
		if _, n := tokens.Redact([]byte(draft)); n > 0 {
			t.Errorf("a secret came out:\n%s", draft)
		}
		if err != nil {
			return
		}
		m, err := ParseMapping(strings.NewReader(draft))
		if strings.Contains(draft, `"?"`+"\n") != (err != nil) || err != nil && strings.Count(err.Error(), "left to be filled in") != strings.Count(err.Error(), "\n")+1 {
			t.Fatalf("%v\n%s", err, draft)
		}
		if err == nil {
			ownFacts(t, found(t, kind, "generic"), "x", text, Options{Mapping: m, Zone: time.UTC})
		}
	})
}

// What people write down is hostile too.
func FuzzPeople(f *testing.F) {
	for path, kind := range ownFixtures(f) {
		for i, p := range people {
			if p.kind == kind {
				f.Add(i, readText(f, path))
			}
		}
	}
	f.Fuzz(func(t *testing.T, which int, text string) {
		p := people[uint(which)%uint(len(people))]
		got := ownFacts(t, found(t, p.kind, p.kind), "x", text, Options{})
		for _, line := range got.lines {
			if _, n := tokens.Scrub(line); n > 0 && !strings.Contains(line, "note") && p.kind != KindStatements {
				t.Errorf("a secret came out: %s", line)
			}
		}
	})
}
