package tokenlog

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/tokens"
)

var updateGeneric = flag.Bool("update-generic", false, "write the goldens of generic files, of drafts and of what people write down anew")

func mapped(t testing.TB, text string) *Mapping {
	t.Helper()
	m, err := ParseMapping(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func found(t testing.TB, kind, name string) Format {
	t.Helper()
	f, ok := Find(kind, name)
	if !ok {
		t.Fatalf("no format %s of %s", name, kind)
	}
	return f
}

// ownFixtures are the fixtures of formats that are explained by a mapping, or are ours: path to kind.
func ownFixtures(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for folder, kind := range map[string]string{"generic-usage": KindUsage, "generic-credentials": KindCredentials, "generic-releases": KindReleases,
		"contacts": KindContacts, "mapping": KindMapping, "statements": KindStatements} {
		paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "tokens", folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range paths {
			if ext := filepath.Ext(p); ext != ".golden" && ext != ".mapping" && ext != ".draft" {
				all[p] = kind
				n++
			}
		}
		if n == 0 {
			t.Errorf("%s has no fixture", folder)
		}
	}
	return all
}

func readText(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fillShapes(string(text))
}

// ownFacts is readFacts for formats that give contacts, mappings and statements too.
func ownFacts(t testing.TB, f Format, name, text string, o Options) *facts {
	t.Helper()
	var got facts
	sink := got.sink()
	sink.Contact = func(c *tokens.Contact) error { return got.add("contact", c) }
	sink.Mapping = func(m *tokens.Mapping) error { return got.add("mapping", m) }
	sink.Statement = func(s *Statement) error { return got.add("statement", s) }
	if err := f.Read(t.Context(), &Input{Name: name, R: strings.NewReader(text), Options: o}, sink); err != nil {
		t.Fatal(err)
	}
	if got.open || got.begun != got.settled || slices.ContainsFunc(got.lines, func(l string) bool { return strings.Contains(l, "NOTHING") || strings.Contains(l, "REJECTED AFTER") }) {
		t.Errorf("%s: %d rows begun, %d given on or rejected:\n%s", name, got.begun, got.settled, strings.Join(got.lines, "\n"))
	}
	return &got
}

// golden compares a text with the file of that name, or writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	for shape, value := range shaped {
		if !mayPass[shape] && strings.Contains(got, value) {
			t.Errorf("%s came out", shape)
		}
	}
	got = hideShapes(got)
	if *updateGeneric {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// Every fixture is read to the facts beside it, and no value in the shape of a secret comes out.
func TestOwnFixtures(t *testing.T) {
	for path, kind := range ownFixtures(t) {
		t.Run(kind+"/"+filepath.Base(path), func(t *testing.T) {
			o := Options{ListedAt: listedAt, Complete: true, Account: "octo-org"}
			name := kind
			if kind == KindUsage || kind == KindCredentials || kind == KindReleases {
				name, o.Mapping = "generic", mapped(t, readText(t, path+".mapping"))
			}
			f := ownFacts(t, found(t, kind, name), path, readText(t, path), o)
			golden(t, path+".golden", strings.Join(f.lines, "\n")+"\n")
		})
	}
}

// What people write down is told by its columns; a file that needs a mapping is never guessed.
func TestOwnGuess(t *testing.T) {
	for path, kind := range ownFixtures(t) {
		s := sampleOf(path, []byte(readText(t, path)))
		f, err := Guess(kind, s)
		if people := kind == KindContacts || kind == KindMapping || kind == KindStatements; people && (err != nil || f.Name != kind) {
			t.Errorf("%s is guessed to be %q (%v)", path, f.Name, err)
		} else if !people && err == nil && f.Name == "generic" {
			t.Errorf("%s is guessed to be generic", path)
		}
	}
	for _, f := range people {
		s := sampleOf("x.csv", []byte(strings.Join(f.columns, ",")+"\n"))
		for _, other := range Formats() {
			if sure := other.Guess(s); (sure > leastGuess) != (other.Name == f.kind) {
				t.Errorf("a file with the columns of %s is %s by %d", f.kind, other.Name, sure)
			}
		}
	}
}

// A mapping that is missing, or is for something else, is the caller's mistake: nothing is read.
func TestGenericNeedsItsMapping(t *testing.T) {
	for kind, m := range map[string]*Mapping{KindUsage: nil, KindCredentials: mapped(t, "columns: {time: a, credential: b}")} {
		var got facts
		err := found(t, kind, "generic").Read(t.Context(), &Input{Name: "x", R: strings.NewReader("a,b\n1,2\n"), Options: Options{Mapping: m}}, got.sink())
		if err == nil || got.begun > 0 {
			t.Errorf("%s: %d rows were read, %v", kind, got.begun, err)
		}
	}
}

// A column that the file lacks, or has twice, keeps every row aside: half of a log would look like all of it.
func TestGenericColumnsMissing(t *testing.T) {
	m := mapped(t, "columns: {time: time, credential: id, address: ip}")
	for text, want := range map[string]string{
		"time,id\n2025-09-05T12:00:00Z,a\n":                   "no column for address",
		"time,id,ip,IP\n2025-09-05T12:00:00Z,a,192.0.2.1,x\n": "two columns",
	} {
		f := ownFacts(t, found(t, KindUsage, "generic"), "x", text, Options{Mapping: m})
		if f.rejected != 1 || !strings.Contains(strings.Join(f.lines, "\n"), want) {
			t.Errorf("%q: %s", text, f.lines)
		}
	}
	f := ownFacts(t, found(t, KindUsage, "generic"), "x", `{"time":"2025-09-05T12:00:00Z","id":"a"}`+"\n", Options{Mapping: m})
	if f.rejected != 0 || !strings.Contains(strings.Join(f.lines, "\n"), "no row has the key that the mapping gives for address") {
		t.Errorf("JSON: %s", f.lines)
	}
}

// The zone of the command counts before that of the mapping.
func TestGenericZone(t *testing.T) {
	m := mapped(t, "columns: {time: time, credential: id}\ntime: {zone: Europe/Berlin}")
	for want, zone := range map[string]*time.Location{"2025-09-05T10:00:00Z": nil, "2025-09-05T12:00:00Z": time.UTC} {
		f := ownFacts(t, found(t, KindUsage, "generic"), "x", "time,id\n2025-09-05 12:00:00,a\n", Options{Mapping: m, Zone: zone})
		if len(f.uses) != 1 || f.uses[0].At.Format(time.RFC3339) != want {
			t.Errorf("%v: %s, want %s", zone, f.lines, want)
		}
	}
}

func TestLayouts(t *testing.T) {
	berlin, err := parseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		layout, text string
		zone         *time.Location
		want         string // RFC 3339 and how coarse, or the error
	}{
		{"rfc3339", "2025-09-05T12:00:00Z", nil, "2025-09-05T12:00:00Z 1s"},
		{"rfc3339", "2025-09-05 12:00:00,5+02:00", nil, "2025-09-05T10:00:00.5Z 0s"},
		{"rfc3339", "2025-09-05 12:00:00", nil, errNoZone.Error()},
		{"rfc3339", "2025-09-05", time.UTC, "2025-09-05T00:00:00Z 24h0m0s"},
		{"rfc3339", "1757073600", time.UTC, errLayout.Error()},
		{"rfc3339", "05/09/2025 12:00:00", time.UTC, errLayout.Error()},
		{"rfc3339", "2025-10-26 02:30:00", berlin, "2025-10-26T00:30:00Z 1h0m1s"}, // shown twice
		{"rfc3339", "2025-03-30 02:30:00", berlin, errNever.Error()},
		{"epoch_s", "1757073600", nil, "2025-09-05T12:00:00Z 1s"},
		{"epoch s", "1757073600.25", nil, "2025-09-05T12:00:00.25Z 0s"},
		{"epoch_s", "1757073600123", nil, errUnit.Error()},
		{"epoch_ms", "1757073600123", nil, "2025-09-05T12:00:00.123Z 0s"},
		{"epoch_ms", "1757073600", nil, errUnit.Error()},
		{"epoch_us", "1757073600123456", nil, "2025-09-05T12:00:00.123456Z 0s"},
		{"epoch_us", "1757073600123", nil, errUnit.Error()},
		{"epoch_ns", "1757073600123456789", nil, "2025-09-05T12:00:00.123456789Z 0s"},
		{"epoch_ns", "1757073600123456", nil, errUnit.Error()},
		{"epoch_s", "1.757e9", nil, errLayout.Error()},
		{"epoch_s", "-1757073600", nil, errLayout.Error()},
		{"%d/%m/%Y %H:%M:%S", "05/09/2025 12:00:00", time.UTC, "2025-09-05T12:00:00Z 1s"},
		{"%m/%d/%Y %H:%M:%S", "05/09/2025 12:00:00", time.UTC, "2025-05-09T12:00:00Z 1s"},
		{"%d/%m/%Y %H:%M:%S", "05/13/2025 12:00:00", time.UTC, errLayout.Error()},
		{"%Y-%m-%dT%H:%M:%S.%fZ", "2025-09-05T12:00:00.123456Z", nil, "2025-09-05T12:00:00.123456Z 0s"},
		{"%a %b %e %H:%M:%S %Z %Y", "Fri Sep  5 12:00:00 UTC 2025", nil, "2025-09-05T12:00:00Z 1s"},
		{"%a %b %e %H:%M:%S %Z %Y", "Fri Sep  5 12:00:00 CEST 2025", berlin, "2025-09-05T10:00:00Z 1s"},
		{"%a %b %e %H:%M:%S %Z %Y", "Fri Sep  5 12:00:00 PDT 2025", berlin, errLayout.Error()}, // no zone of Berlin
		{"02.01.2006 15:04", "05.09.2025 12:00", time.UTC, "2025-09-05T12:00:00Z 1m0s"},
		{"2 January 2006", "5 September 2025", time.UTC, "2025-09-05T00:00:00Z 24h0m0s"},
		{"clf", "05/Sep/2025:12:00:00 +0200", nil, "2025-09-05T10:00:00Z 1s"},
		{"rfc1123", "Fri, 05 Sep 2025 12:00:00 GMT", nil, "2025-09-05T12:00:00Z 1s"},
	} {
		read, err := parseLayout(tt.layout)
		if err != nil {
			t.Errorf("%s: %v", tt.layout, err)
			continue
		}
		at, within, err := read(tt.text, tt.zone)
		got := fmt.Sprintf("%s %s", at.Format(time.RFC3339Nano), within)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s, %q: got %s, want %s", tt.layout, tt.text, got, tt.want)
		}
	}
	for _, layout := range []string{"time", "15:04:05", "2006-01", "01/02/2006 03:04:05", "%d/%m/%Y %q", "%d/%m/%Y %", "%H:%M"} {
		if _, err := parseLayout(layout); err == nil {
			t.Errorf("%s is taken for a layout", layout)
		}
	}
}

func TestParseMappingMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":          "empty",
		"a":         "no list of keys",
		"- a":       "no list of keys",
		"a: [":      "no YAML",
		"a: 1\n---": "more than one",
		"kind: usage\ncolumns: {time: a, credential: b}\nkolumns: {}": `line 3: a mapping has no "kolumns"`,
		"kind: logs\ncolumns: {time: a, credential: b}":               "line 1: kind is usage, credentials or releases",
		"kind: usage": "line 1: the mapping has no columns",
		"columns:\n  time: a\n  credential: b\n  colour: c":  `line 4: usage has no column "colour"`,
		"columns:\n  time: a\n  credential: b\n  time: c":    `line 4: "time" stands here a second time`,
		"columns:\n  time: a\n  credential: b\n  project: B": `line 4: the column "B" is read as credential already`,
		"columns: {time: a}":                                                                          "line 1: usage needs a column for credential or account",
		"columns: {credential: a}":                                                                    "line 1: usage needs a column for time",
		"kind: releases\ncolumns: {project: a, time: b}":                                              "line 2: releases needs a column for version",
		"columns:\n  time: a\n  credential: \"?\"":                                                    "line 3: credential is left to be filled in",
		"columns: {time: a, credential: [b]}":                                                         "credential is one text",
		"columns: {time: a, credential: }":                                                            "credential is empty",
		"columns: {time: a, credential: b, project: api_key}":                                         "has the name of a secret",
		"columns: {time: a, credential: password}":                                                    "has the name of a password",
		"columns: {time: a, credential: b}\nfixed: {colour: c}":                                       `line 2: "colour" is not fixed`,
		"columns: {time: a, credential: b, project: c}\nfixed: {project: d}":                          "line 2: project is both",
		"columns: {time: a, credential: b}\ntime: {layout: sometimes}":                                `line 2: time: layout "sometimes" does not tell`,
		"columns: {time: a, credential: b}\ntime: {layout: \"01/02/2006 03:04\"}":                     "does not tell morning from evening",
		"columns: {time: a, credential: b}\ntime:\n  zone: Mars":                                      `line 3: time: zone "Mars" is none`,
		"columns: {time: a, credential: b}\ntime: {zone: Local}":                                      "is none",
		"columns: {time: a, credential: b}\ntime: {zone: ../../etc/passwd}":                           "is none",
		"columns: {time: a, credential: b}\ntime: {clock: x}":                                         `time has no "clock"`,
		"columns: {time: a, credential: b}\nactions: {publish: [x]}":                                  "no column holds them (columns: action)",
		"columns: {time: a, credential: b, action: c}\nactions:\n  steal: [x]":                        `line 3: actions has no "steal"`,
		"columns: {time: a, credential: b, action: c}\nactions:\n  publish: [x]\n  read: [X]":         "stands in actions twice",
		"columns: {time: a, credential: b, outcome: c}\noutcomes: {maybe: [x]}":                       `outcomes has no "maybe"`,
		"columns: {time: a, credential: b}\nprovider: Some Registry":                                  "line 2: provider is a name",
		"columns: {time: a, credential: b}\nlog: \"a b\"":                                             "line 2: log is a name",
		"columns: {time: a, credential: b}\nseparator: abcde":                                         "separator is one to four",
		"columns: {time: a, credential: b}\ncredential_holds: gold":                                   "credential_holds is one of",
		"columns: &x {time: a, credential: b}\nfixed: *x":                                             "no YAML aliases",
		"columns: {time: a, credential: b}\nprovider: " + strings.Repeat("x", maxMappingText+1):       "has more than",
		"columns: {time: a, credential: b}\nx" + fillShapes("@VALUE@") + ": 1":                        "REDACTED",
		strings.Repeat("#", maxMapping+1):                                                             "more than 64 KiB",
		"columns: {time: a, credential: b}\nrecords: [x]":                                             "records is one text",
		"columns: {time: a, credential: b, action: c}\nfixed: {account: " + shaped["@VALUE@"] + "}\n": "has the shape of a credential",
	} {
		_, err := ParseMapping(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		} else if strings.Contains(err.Error(), shaped["@VALUE@"]) {
			t.Errorf("%.80q: the error repeats a secret", text)
		}
	}
	if _, err := ParseMapping(errReader{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("an error of reading is %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A mapping says what it is for; without a kind its columns do.
func TestMappingSays(t *testing.T) {
	for text, want := range map[string]string{
		"columns: {time: a, credential: b}":                                 "usage generic generic/generic",
		"columns: {id: a}\nprovider: gitlab":                                "credentials gitlab gitlab/generic",
		"columns: {project: a, version: b, time: c}\nlog: internal/files":   "releases generic internal/files",
		"kind: usage\ncolumns: {time: a, account: b}\nprovider: 0registry1": "usage 0registry1 0registry1/generic",
	} {
		m := mapped(t, text)
		if got := fmt.Sprintf("%s %s %s", m.Kind(), m.Provider(), m.Log()); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// No column keeps a value that authenticates, whatever the mapping says that it holds.
func TestCredentialNamer(t *testing.T) {
	value, docker, opaqueValue := shaped["@VALUE@"], shaped["@DOCKERPAT@"], "aB3"+strings.Repeat("dE5f", 9)+"g"
	hash := tokens.Identify(value).ID
	for _, tt := range []struct {
		holds, column, value string
		want                 namedCredential
	}{
		{"", "token_id", "17", namedCredential{id: "17", provider: "x"}},
		{"", "token_id", "-", namedCredential{provider: "x"}},
		{"", "token_id", value, namedCredential{id: hash, provider: tokens.GitHub, note: noteReduced}},
		{holdsIdentifier, "token_id", "Bearer " + value, namedCredential{id: hash, provider: tokens.GitHub, note: noteReduced}},
		{holdsIdentifier, "token_id", docker, namedCredential{reason: reasonNoID}},
		{holdsIdentifier, "token_id", "prefix " + value, namedCredential{reason: reasonNoID}},
		{"", "authorization", "Basic b2N0bzpvY3Rv", namedCredential{reason: reasonPassword}},
		{"", "token_id", opaqueValue, namedCredential{id: "sha256:" + tokens.Identify(opaqueValue).SHA256, provider: "x", note: noteDigest}},
		{"", "token", "17", namedCredential{reason: reasonShort}},
		{holdsIdentifier, "token", "17", namedCredential{id: "17", provider: "x"}},
		{"", "token", "npm_ab...cdef", namedCredential{id: "npm_ab...cdef", provider: "x"}},
		{holdsValue, "whatever", "0123456789abcdef0123", namedCredential{id: "sha256:" + tokens.Identify("0123456789abcdef0123").SHA256, provider: "x", note: noteDigest}},
		{holdsHash, "token", "SHA256:" + strings.ToUpper(strings.TrimPrefix(hash, "sha256:")), namedCredential{id: hash, provider: "x"}},
		{holdsHash, "token", "17", namedCredential{reason: reasonNoHash}},
		{"", "key", shaped["@AKIA1@"], namedCredential{id: shaped["@AKIA1@"], provider: "x"}},
	} {
		n := newCredentialNamer(tt.holds, tt.column, "x")
		for range 2 { // the second comes from memory
			if got := n.of(tt.value); got != tt.want {
				t.Errorf("%q %q %q: %+v, want %+v", tt.holds, tt.column, tt.value, got, tt.want)
			}
		}
	}
}
