package gharchive

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
)

// shapes are other ways to write the same event: none may hide it.
func shapes(line string) map[string]string {
	var indented, reordered bytes.Buffer
	if err := json.Indent(&indented, []byte(line), "", " "); err != nil {
		panic(err)
	}
	var m map[string]any
	dec := json.NewDecoder(strings.NewReader(line))
	dec.UseNumber()
	if err := dec.Decode(&m); err != nil {
		panic(err)
	}
	if err := json.NewEncoder(&reordered).Encode(m); err != nil {
		panic(err)
	}
	return map[string]string{
		"as archived": line,
		"with spaces": strings.ReplaceAll(indented.String(), "\n", " "),
		"by key":      strings.TrimSuffix(reordered.String(), "\n"),
		"CRLF":        line + "\r",
		"with org":    line[:len(line)-1] + `,"org":{"id":3,"login":"octo","gravatar_id":"","url":"https://api.example.invalid/orgs/{octo}"}}`,
		"no actor":    line[:strings.Index(line, `"actor":`)] + `"actor":null,` + line[strings.Index(line, `"repo":`):],
		"escaped":     strings.Replace(line, `"octo/demo"`, `"octo\/demo"`, 1),
		"repo first":  line[:strings.Index(line, `"actor":`)] + `"repo":{"id":77,"name":"octo/demo"},` + line[strings.Index(line, `"actor":`):strings.Index(line, `"repo":`)] + line[strings.Index(line, `"payload":`):],
	}
}

func TestShapes(t *testing.T) {
	for name, text := range shapes(sample{}.line()) {
		got := oneHour(t, Config{}, text)
		if n := len(got.updates()); n != 1 || got.hours[0].Events != 1 || got.hours[0].Pushes != 1 || got.hours[0].Bad != 0 {
			t.Errorf("%s: %d updates, %+v", name, n, got.hours[0])
		}
	}
}

// The words of an attacker (messages, refs, logins) must not stand for the event's own places.
func TestTextCannotPoseAsAnotherRepository(t *testing.T) {
	trap := `},"repo":{"id":77,"name":"octo/demo"`
	got := oneHour(t, Config{},
		sample{ID: "1", RepoID: 5, Repo: "evil/trap", Payload: pushOld("refs/heads/"+trap, shaA, shaB, trap, `"}`+trap)}.line(),
		sample{ID: "2", RepoID: 5, Repo: "evil/trap", Actor: trap}.line(),
		`{"id":"3","type":"PushEvent","actor":{"id":5,"login":"x","repo":{"id":77,"name":"octo/demo"}},"repo":{"id":5,"name":"evil/trap"},"payload":`+pushNew("refs/heads/main", shaA, shaB)+
			`,"public":true,"created_at":"2025-09-02T03:20:38Z"}`)
	if len(got.obs) != 0 || got.hours[0].Events != 3 || got.hours[0].Bad != 0 {
		t.Errorf("took %v of %+v", got.updates(), got.hours[0])
	}
}

func TestWhoseEventItIs(t *testing.T) {
	for name, c := range map[string]struct {
		target Target
		event  sample
		taken  bool
		gap    string
	}{
		"same":               {Target{Repository: "Octo/Demo", GitHubID: 77}, sample{}, true, ""},
		"other case":         {Target{Repository: "octo/demo", GitHubID: 77}, sample{Repo: "OCTO/Demo"}, true, ""},
		"id unknown":         {Target{Repository: "Octo/Demo"}, sample{}, true, ""},
		"renamed":            {Target{Repository: "Octo/Demo", GitHubID: 77}, sample{Repo: "octo/former"}, true, "renamed octo/former"},
		"renamed, alias":     {Target{Repository: "Octo/Demo", GitHubID: 77, Aliases: []evidence.Repository{"octo/Former"}}, sample{Repo: "octo/former"}, true, ""},
		"alias, id unknown":  {Target{Repository: "Octo/Demo", Aliases: []evidence.Repository{"octo/Former"}}, sample{Repo: "octo/former"}, true, ""},
		"name reused":        {Target{Repository: "Octo/Demo", GitHubID: 78}, sample{}, false, "identity 77"},
		"another":            {Target{Repository: "Octo/Demo", GitHubID: 78}, sample{Repo: "octo/demo2"}, false, ""},
		"no ASCII":           {Target{Repository: "Octo/KDemo"}, sample{Repo: "octo/\u212ademo"}, false, ""},
		"renamed to no name": {Target{Repository: "Octo/Demo", GitHubID: 77}, sample{Repo: "-\u202e"}, true, `renamed "-\u202e"`},
	} {
		for shape, text := range map[string]string{"archived": c.event.line(), "spaced": strings.Replace(c.event.line(), ":", ": ", 1)} {
			t.Run(name+" "+shape, func(t *testing.T) {
				got := oneHour(t, Config{Repositories: []Target{c.target}}, text)
				var gap string
				for _, g := range got.gaps() {
					gap = string(g.Kind) + " " + g.Subject
				}
				if (len(got.updates()) == 1) != c.taken || gap != c.gap || len(got.gaps()) > 1 {
					t.Errorf("updates %v, gaps %v", got.updates(), got.gaps())
				}
			})
		}
	}
}

// Where the case knows no id, the ids of all events are told with their hours, from files and from a warehouse.
func TestIDsUnderOneName(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "2025-04-02-3.json.gz", packed(t, sample{ID: "1", RepoID: 78}.line(), sample{ID: "2", RepoID: 77}.line()))
	write(t, dir, "2025-04-02-4.json.gz", packed(t, sample{ID: "3", RepoID: 79}.line()))
	rows := write(t, t.TempDir(), "x.json", []byte(results(t, resultRows)["lines"]))
	var told []string
	cfg := Config{Repositories: []Target{{Repository: "octo/demo"}, {Repository: "other/one", GitHubID: 5}}, Named: func(repo evidence.Repository, ids []int64) error {
		told = append(told, fmt.Sprint(repo, ids))
		return nil
	}}
	if got := collect(t, cfg, dir, rows); len(got.updates()) < 3 || fmt.Sprint(told) != "[octo/demo[77 78] octo/demo[79] octo/demo[77] octo/demo[77]]" {
		t.Errorf("updates %v, told %v", got.updates(), told)
	}
}

// Duplicates in one hour, and the same event filed again hours later, are one fact.
func TestDuplicates(t *testing.T) {
	dir, event := t.TempDir(), sample{ID: "42"}.line()
	write(t, dir, "2025-09-02-3.json.gz", packed(t, event, event))
	write(t, dir, "2025-09-02-8.json.gz", packed(t, event, sample{ID: "43", CreatedAt: "2025-09-02T08:00:00Z"}.line()))
	got := collect(t, Config{Since: eventTime, Until: eventTime.Add(5 * 3600e9)}, dir)
	ids := map[string]int{}
	for _, u := range got.updates() {
		ids[u.ID()]++
	}
	if len(got.updates()) != 3 || len(ids) != 2 {
		t.Errorf("facts %v", ids)
	}
	if got.hours[0].Events != 2 || string(got.obs[0].Sources[0].Body) != event {
		t.Errorf("hour %+v, body %q", got.hours[0], got.obs[0].Sources[0].Body)
	}
}

func TestDamage(t *testing.T) {
	var text []string
	for i := range 5000 { // text that does not compress, so that a cut hits the middle
		text = append(text, sample{ID: fmt.Sprint(i + 1), Payload: pushOld("refs/heads/main", shaA, shaB, fmt.Sprint(rand.Uint64(), rand.Uint64()))}.line())
	}
	whole := packed(t, text...)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // the checksum
	members := append(packed(t, text[:2000]...), packed(t, text[2000:]...)...)
	for name, c := range map[string]struct {
		file   []byte
		state  evidence.HourState
		events func(n int64) bool
	}{
		"whole":          {whole, evidence.HourPresent, func(n int64) bool { return n == 5000 }},
		"plain":          {[]byte(strings.Join(text, "\n")), evidence.HourPresent, func(n int64) bool { return n == 5000 }},
		"two members":    {members, evidence.HourPresent, func(n int64) bool { return n == 5000 }},
		"cut":            {whole[:len(whole)/2], evidence.HourTruncated, func(n int64) bool { return n > 1000 && n < 4000 }},
		"second cut":     {members[:len(members)*3/4], evidence.HourTruncated, func(n int64) bool { return n > 2000 && n < 5000 }},
		"no trailer":     {whole[:len(whole)-8], evidence.HourTruncated, func(n int64) bool { return n == 5000 }},
		"wrong checksum": {flipped, evidence.HourTruncated, func(n int64) bool { return n == 5000 }},
		"rubbish after":  {append(bytes.Clone(whole), "rubbish, and more of it"...), evidence.HourTruncated, func(n int64) bool { return n == 5000 }},
		"header alone":   {whole[:5], evidence.HourTruncated, func(n int64) bool { return n == 0 }},
		"nothing":        {nil, evidence.HourTruncated, func(n int64) bool { return n == 0 }},
		"empty, packed":  {packed(t, ""), evidence.HourTruncated, func(n int64) bool { return n == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			got := collect(t, Config{}, write(t, t.TempDir(), "2025-04-02-3.json.gz", c.file))
			h, sum := got.hours[0], sha256.Sum256(c.file)
			if h.State != c.state || !c.events(h.Events) || h.Bad != 0 || int64(len(got.updates())) != h.Events {
				t.Errorf("hour %+v, %d updates", h, len(got.updates()))
			}
			if h.Digest != hex.EncodeToString(sum[:]) || h.Bytes != int64(len(c.file)) || (h.State != evidence.HourPresent) != (h.Detail != "") {
				t.Errorf("hour %+v", h)
			}
		})
	}
}

func TestLongLines(t *testing.T) {
	long := sample{ID: "2", Payload: pushOld("refs/heads/main", shaA, shaB, strings.Repeat("x", 10<<20))}.line()
	most := sample{ID: "4", Payload: pushOld("refs/heads/main", shaA, shaB, strings.Repeat("x", 3<<20))}.line()
	got := oneHour(t, Config{}, sample{ID: "1"}.line(), long, sample{ID: "3"}.line(), most, sample{ID: "5"}.line())
	if h := got.hours[0]; h.Bad != 1 || h.Events != 4 || len(got.updates()) != 4 {
		t.Errorf("hour %+v", h)
	}
}

// A line of any length, cut into reads of any size, comes whole or is skipped.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.IntRange(1, 40).Draw(t, "buffer")
		most := first + rapid.IntRange(0, 100).Draw(t, "growth")
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 9), rapid.IntRange(0, 3*most), rapid.IntRange(most-1, most+1)), 0, 12).Draw(t, "sizes")
		var text bytes.Buffer
		var want []int
		long := 0
		for i, n := range sizes {
			text.WriteString(strings.Repeat(string(rune('a'+i)), n))
			if text.WriteByte('\n'); n >= most {
				long++
			} else if n > 0 {
				want = append(want, n)
			}
		}
		step := rapid.IntRange(1, 60).Draw(t, "step")
		var got []int
		skipped := 0
		err := lines(context.Background(), stepped{&text, step}, make([]byte, first), most, func(b []byte) {
			if len(bytes.Trim(b, string(b[:1]))) != 0 {
				t.Fatal("lines run into each other")
			}
			got = append(got, len(b))
		}, func() { skipped++ })
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || skipped != long {
			t.Fatalf("%v: got %v and %d skipped, want %v and %d", err, got, skipped, want, long)
		}
	})
}

type stepped struct {
	in   io.Reader
	step int
}

func (s stepped) Read(p []byte) (int, error) { return s.in.Read(p[:min(len(p), s.step)]) }

// A bomb is refused whole: nothing of it becomes a fact.
func TestBomb(t *testing.T) {
	s := newSieve(newIndex(demo()), Watch{})
	s.line([]byte(sample{}.line()))
	err := lines(context.Background(), &inflated{in: strings.NewReader("\n"), n: maxInflated}, make([]byte, 10), 10, s.line, func() {})
	hour := evidence.ArchiveHour{Archive: "a", Hour: eventTime}
	s.settle(err, &hour)
	if hour.State != evidence.HourRefused || hour.Events != 0 || len(s.gather.observations(hour, "FILE", "", now)) != 0 {
		t.Errorf("%v: %+v", err, hour)
	}
}

// Members that hold nothing are the cheapest way to keep a reader busy.
func TestManyEmptyMembers(t *testing.T) {
	var one bytes.Buffer
	if err := gzip.NewWriter(&one).Close(); err != nil {
		t.Fatal(err)
	}
	many := bytes.Repeat(one.Bytes(), 100_000)
	got := collect(t, Config{}, write(t, t.TempDir(), "2025-04-02-3.json.gz", append(many, packed(t, sample{}.line())...)))
	if h := got.hours[0]; h.State != evidence.HourPresent || h.Events != 1 {
		t.Errorf("hour %+v", h)
	}
}

func TestWatch(t *testing.T) {
	var found []Elsewhere
	cfg := Config{Watch: Watch{Actors: []string{"Mallory"}, Messages: []string{`add "security" workflow`, "ZZZ"}, Branches: []string{"stale-*", "[ab]-evil", "x?"}, Found: func(e []Elsewhere) error { found = append(found, e...); return nil }}}
	got := oneHour(t, cfg,
		sample{ID: "1", RepoID: 5, Repo: "other/one", Actor: "mallory", Payload: pushNew("refs/heads/x", shaA, shaB)}.line(),
		sample{ID: "2", RepoID: 6, Repo: "other/two", Payload: pushOld("refs/heads/x", shaA, shaB, "first", `ci: add "security" workflow now`)}.line(),
		sample{ID: "3", RepoID: 6, Repo: "other/two", Payload: pushOld("refs/heads/x", shaA, shaB, "security")}.line(),
		sample{ID: "4", RepoID: 6, Repo: "other/two", Actor: "mallory", Type: "WatchEvent", Payload: `{"action":"started"}`}.line(),
		strings.Replace(sample{ID: "5", RepoID: 7, Repo: "other/three", Actor: "MALLORY"}.line(), ":", ": ", 1),
		sample{ID: "6", Actor: "mallory"}.line(),
		sample{ID: "7", RepoID: 8, Repo: "other/four", Payload: pushNew("refs/heads/stale-17", shaA, shaB)}.line(),
		sample{ID: "8", RepoID: 8, Repo: "other/four", Type: "CreateEvent", Payload: `{"ref":"a-evil","ref_type":"branch","full_ref":"refs/heads/a-evil"}`}.line(),
		sample{ID: "9", RepoID: 8, Repo: "other/four", Type: "CreateEvent", Payload: `{"ref":"stale-17","ref_type":"tag"}`}.line(),
		sample{ID: "10", RepoID: 8, Repo: "other/four", Type: "CreateEvent", Payload: `{"ref":null,"ref_type":"repository"}`, Actor: "mallory"}.line(),
		sample{ID: "11", RepoID: 8, Repo: "other/four", Payload: pushNew("refs/heads/not-stale-17", shaA, shaB)}.line(),
		sample{ID: "12", RepoID: 8, Repo: "other/four", Payload: pushNew("refs/tags/stale-17", shaA, shaB)}.line(),
		sample{ID: "13", RepoID: 8, Repo: "other/four", Type: "CreateEvent", Payload: `{"ref":"side","ref_type":"branch"}`, Actor: "mallory"}.line(),
		sample{ID: "14", RepoID: 8, Repo: "other/four", Type: "DeleteEvent", Payload: `{"ref":"stale-17","ref_type":"branch"}`, Actor: "mallory"}.line())
	var ids []string
	for _, e := range found {
		ids = append(ids, fmt.Sprint(e.EventID, " ", e.Repo, " ", e.RepoID, " ", e.ByActor, " ", e.Messages, " ", e.Branches))
	}
	if want := `[1 other/one 5 true [] [] 2 other/two 6 false [add "security" workflow] [] 5 other/three 7 true [] [] 7 other/four 8 false [] [stale-*]` +
		` 8 other/four 8 false [] [[ab]-evil] 13 other/four 8 true [] []]`; fmt.Sprint(ids) != want {
		t.Errorf("found %v", ids)
	}
	if len(got.updates()) != 1 || found[0].Archive != "2025-04-02-3.json.gz" || found[0].Ref != "refs/heads/x" || string(found[0].Head) != shaB || !found[0].At.Equal(eventTime) {
		t.Errorf("first %+v, updates %v", found[0], got.updates())
	}
}

// FuzzLine feeds any bytes as a line. Whatever the quick look says of a line, the decoder must say too where the line is as archives write it.
func FuzzLine(f *testing.F) {
	for _, text := range shapes(sample{}.line()) {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"id":"1","type":"WatchEvent","actor":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newSieve(newIndex(demo()), Watch{Actors: []string{"octo-dev"}, Messages: []string{"x"}, Branches: []string{"m*n"}, Found: func([]Elsewhere) error { return nil }})
		s.line(b)
		if s.events+s.bad != 1 || s.pushes > s.events {
			t.Fatalf("%d events, %d pushes, %d bad", s.events, s.pushes, s.bad)
		}
		hour := evidence.ArchiveHour{Archive: "a", Hour: eventTime}
		for _, o := range s.gather.observations(hour, "FILE", "", now) {
			for _, u := range o.Updates {
				if !strings.HasPrefix(string(u.Ref), "refs/") || u.At.IsZero() || u.ExternalID == "" {
					t.Fatalf("update %+v", u)
				}
			}
		}
	})
}

// FuzzEvent makes lines as archives write them from any texts: the quick look must place them as the decoder does.
func FuzzEvent(f *testing.F) {
	f.Add("PushEvent", "octo-dev", int64(77), "octo/demo", "refs/heads/main", "message")
	f.Add("CreateEvent", `},"repo":{"id":77`, int64(5), "octo/DEMO", `"repo":{"id":`, "\u2028")
	f.Fuzz(func(t *testing.T, typ, login string, id int64, repo, ref, message string) {
		quote := func(s string) string {
			b, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		text := fmt.Sprintf(`{"id":"1","type":%s,"actor":{"id":5,"login":%s},"repo":{"id":%d,"name":%s,"url":""},"payload":{"ref":%s,"head":%q,"before":%q,"commits":[{"message":%s}]},"public":true,"created_at":"2025-09-02T03:20:38Z"}`,
			quote(typ), quote(login), id, quote(repo), quote(ref), shaA, shaB, quote(message))
		fast, slow := newSieve(newIndex(demo()), Watch{}), newSieve(newIndex(demo()), Watch{})
		fast.line([]byte(text))
		slow.decode([]byte(text))
		if typ == "" || strings.ContainsRune(typ+login+repo, 0) || max(len(typ), len(login), len(repo)) > maxText {
			return // the decoder refuses what the quick look has no need to read
		}
		if fast.events != slow.events || fast.pushes != slow.pushes || len(fast.gather.told) != len(slow.gather.told) {
			t.Fatalf("%s: quick %d/%d/%d, decoded %d/%d/%d", text, fast.events, fast.pushes, len(fast.gather.told), slow.events, slow.pushes, len(slow.gather.told))
		}
		hour := evidence.ArchiveHour{Archive: "a", Hour: eventTime}
		if quick, decoded := fast.gather.observations(hour, "FILE", "", now), slow.gather.observations(hour, "FILE", "", now); !reflect.DeepEqual(quick, decoded) {
			t.Fatalf("%s: quick %+v, decoded %+v", text, quick, decoded)
		}
	})
}

// A scan that is cancelled ends although no line ever comes.
func TestCancelledScan(t *testing.T) {
	var one bytes.Buffer
	if err := gzip.NewWriter(&one).Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	reads := 0
	endless := readerFunc(func(p []byte) (int, error) {
		if reads++; reads == 3 {
			cancel()
		}
		n := 0
		for n+one.Len() <= len(p) {
			n += copy(p[n:], one.Bytes())
		}
		return n, nil
	})
	s := newSieve(newIndex(demo()), Watch{})
	if err := s.stream(ctx, &summed{in: endless, hash: sha256.New(), alive: ctx.Err}); err != context.Canceled || reads > 4 {
		t.Errorf("%v after %d reads", err, reads)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
