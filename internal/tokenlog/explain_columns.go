package tokenlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Bounds of samples.
const (
	// sampledRows is how many rows are looked at.
	sampledRows = 500
	// sampledDepth is how deep objects within objects are looked into for columns.
	sampledDepth = 5
	// sampledColumns is how many columns of JSON are told apart.
	sampledColumns = 300
)

// sampled is one column of a sample.
type sampled struct {
	name   string // as a mapping names it
	number int    // from 1
	values []string
	rows   int // that have it, also empty
	twice  bool
	secret string // why it is left out, in the words of a comment
	times  sampledTime
}

// shown is the name of a column as a draft may print it: a header that is none may be anything.
func (c *sampled) shown() string {
	if plainName(c.name) {
		return strconv.Quote(c.name)
	}
	return "column " + strconv.Itoa(c.number)
}

// share is how many of the values have a property, of 1. A column without values has none.
func (c *sampled) share(has func(string) bool) float64 {
	if len(c.values) == 0 {
		return 0
	}
	n := 0
	for _, v := range c.values {
		if has(v) {
			n++
		}
	}
	return float64(n) / float64(len(c.values))
}

// words are the different values without case, in the order in which they came first.
func (c *sampled) words() []string {
	seen := map[string]bool{}
	var all []string
	for _, v := range c.values {
		if lower := strings.ToLower(v); !seen[lower] {
			seen[lower] = true
			all = append(all, v)
		}
	}
	return all
}

var (
	plainShape = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N} _./:()#-]{0,79}$`)
	wordShape  = regexp.MustCompile(`^[\p{L}0-9][\p{L}0-9 _.:/-]{0,60}$`)
	randomRun  = regexp.MustCompile(`[A-Za-z0-9_-]{20,}`)
)

// plainName reports a name that can be printed: short, of letters, and without anything that looks like a value.
func plainName(s string) bool {
	return plainShape.MatchString(s) && strings.TrimSpace(s) == s && !random(s)
}

// plainWord reports the same of a word of an action.
func plainWord(s string) bool { return wordShape.MatchString(s) && !random(s) }

// random reports what may be a secret, or has one in it.
func random(s string) bool {
	if _, n := tokens.Scrub(s); n > 0 || tokens.Identify(s).Provider != "" || evidence.Printable(s) != s {
		return true
	}
	return slices.ContainsFunc(randomRun.FindAllString(s, -1), func(run string) bool { return strings.ContainsAny(run, "0123456789") })
}

// errEnough ends the reading of a sample.
var errEnough = errors.New("enough rows")

// sampleColumns reads the rows of a sample. records is the member of a document in which they stand.
func sampleColumns(s Sample) (columns []*sampled, records string, err error) {
	text := s.Text
	if i := bytes.LastIndexByte(text, '\n'); len(text) >= sampleSize && i > 0 {
		text = text[:i+1] // the last line may be cut within a value
	}
	t := &sampleTable{index: map[string]*sampled{}}
	in := &Input{Name: s.Name, R: bytes.NewReader(text)}
	out := &Sink{Row: func(int64) error { return nil }, Reject: func(string) error { return nil }, Note: func(string) {}}
	if s.isJSON() {
		var members []string
		if records = envelope(text); records != "" {
			members = []string{records}
		}
		err = eachObject(context.Background(), in, out, members, t.object)
	} else {
		err = eachRecord(context.Background(), in, out, t.record)
	}
	if err != nil && !errors.Is(err, errEnough) {
		return nil, "", fmt.Errorf("read the sample: %w", err)
	}
	if !s.isJSON() && t.headless() {
		return nil, "", errors.New("the first line of the sample looks like a row: a CSV file needs a header line that names its columns")
	}
	for _, c := range t.columns {
		c.secret = c.secretWhy()
		c.times = timesOf(c)
	}
	return t.columns, records, nil
}

// sampleTable collects columns.
type sampleTable struct {
	columns []*sampled
	index   map[string]*sampled
	rows    int
}

func (t *sampleTable) record(r *record) error {
	if t.rows++; t.rows > sampledRows {
		return errEnough
	}
	if len(t.columns) == 0 {
		for i, name := range r.names {
			c := &sampled{name: name, number: i + 1}
			if other := t.index[name]; other != nil {
				c.twice, other.twice = true, true
			}
			t.index[name] = c
			t.columns = append(t.columns, c)
		}
	}
	for i, c := range t.columns {
		c.add(strings.TrimSpace(r.fields[i]))
	}
	return nil
}

func (c *sampled) add(value string) {
	if c.rows++; !never(value) {
		c.values = append(c.values, value)
	}
}

// headless reports a first line that is no header: one of its names is an address, a time or a token.
func (t *sampleTable) headless() bool {
	return slices.ContainsFunc(t.columns, func(c *sampled) bool {
		_, _, err := instant(c.name, nil)
		return err == nil || errors.Is(err, errNaive) || isAddress(c.name) || tokens.Identify(c.name).Provider != ""
	})
}

func (t *sampleTable) object(o object) error {
	if t.rows++; t.rows > sampledRows {
		return errEnough
	}
	t.flatten("", o, 0)
	return nil
}

// flatten takes the members of an object, and of those within it by their path. What a path cannot name is passed over.
func (t *sampleTable) flatten(path string, o map[string]any, depth int) {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		name := path + key
		if key == "" || path != "" && strings.Contains(key, ".") {
			continue
		}
		switch v := o[key].(type) {
		case map[string]any:
			if depth < sampledDepth && !strings.Contains(key, ".") {
				t.flatten(name+".", v, depth+1)
			}
		case string:
			t.add(name, strings.TrimSpace(v))
		case json.Number:
			t.add(name, v.String())
		case bool:
			t.add(name, strconv.FormatBool(v))
		case []any:
			for _, item := range texts(v) {
				t.add(name, item)
			}
		}
	}
}

func (t *sampleTable) add(name, value string) {
	c := t.index[name]
	if c == nil {
		if len(t.columns) == sampledColumns {
			return
		}
		c = &sampled{name: name, number: len(t.columns) + 1}
		t.index[name] = c
		t.columns = append(t.columns, c)
	}
	c.add(value)
}

// envelope finds the member of a document that is a list of objects. Of objects one behind the other none has the rows.
func envelope(text []byte) string {
	d := json.NewDecoder(bytes.NewReader(text))
	var whole json.RawMessage
	if err := d.Decode(&whole); err == nil && d.More() || !shallow(text) {
		return ""
	}
	d = json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return ""
	}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return ""
		}
		first, err := d.Token()
		if err != nil {
			return ""
		}
		if first == json.Delim('[') {
			if next, err := d.Token(); err == nil && next == json.Delim('{') && plainName(key) {
				return key
			} else if err != nil || !skipTokens(d, depthOf(first)+depthOf(next)) {
				return ""
			}
		} else if !skipTokens(d, depthOf(first)) {
			return ""
		}
	}
	return ""
}

// depthOf is how much deeper one stands behind a token.
func depthOf(t json.Token) int {
	switch t {
	case json.Delim('{'), json.Delim('['):
		return 1
	case json.Delim('}'), json.Delim(']'):
		return -1
	}
	return 0
}

func skipTokens(d *json.Decoder, depth int) bool {
	for depth > 0 {
		t, err := d.Token()
		if err != nil {
			return false
		}
		depth += depthOf(t)
	}
	return true
}

// secretWhy says why a column is taken for one of secrets; empty where it is none.
func (c *sampled) secretWhy() string {
	carries := func(v string) bool { _, _, reduced := tokens.Reduce(v); return reduced }
	tells := func(v string) bool {
		id, p, reduced := tokens.Reduce(v)
		return reduced && p != "" && id != tokens.RedactedMark
	}
	switch {
	case c.share(tells) > 0:
		return "secret: it has whole tokens; as the credential, the identifiers that they carry would be kept and nothing else"
	case c.share(carries) > 0 || c.share(opaque) >= 0.5:
		return "secret: its values have the shape of credentials"
	case tokens.SecretColumn(c.name):
		return "secret by its name; if it holds identifiers, it can be the credential, with credential_holds: identifier"
	case !plainName(c.name):
		return "its name may be a value: it is not printed, and it cannot be read"
	}
	return ""
}
