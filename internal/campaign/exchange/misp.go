package exchange

import (
	"encoding/json"
	"fmt"
	"strings"
)

// mispEvent is an event in MISP's JSON, as far as it is read (https://www.misp-project.org/misp-rfc/misp-core-format.html).
type mispEvent struct {
	UUID      string          `json:"uuid"`
	Info      string          `json:"info"`
	Attribute []mispAttribute `json:"Attribute"`
	Object    []struct {
		Name      string          `json:"name"`
		Deleted   mispBool        `json:"deleted"`
		Attribute []mispAttribute `json:"Attribute"`
	} `json:"Object"`
	ShadowAttribute []json.RawMessage `json:"ShadowAttribute"`
}

type mispAttribute struct {
	UUID    string   `json:"uuid"`
	Type    string   `json:"type"`
	Value   string   `json:"value"`
	ToIDs   mispBool `json:"to_ids"`
	Deleted mispBool `json:"deleted"`
}

// mispBool is true, false, 0, 1 or one of these as a text: servers differ.
type mispBool bool

// UnmarshalJSON reads it.
func (b *mispBool) UnmarshalJSON(text []byte) error {
	switch strings.Trim(string(text), `"`) {
	case "true", "1":
		*b = true
	case "false", "0", "null", "":
		*b = false
	default:
		return fmt.Errorf("%.20q is neither true nor false", text)
	}
	return nil
}

// misp reads an event, the answer of a search, or an array of events.
func (r *reader) misp(text []byte) error {
	events, err := mispEvents(text)
	if err != nil {
		return err
	}
	for _, e := range events {
		if r.out.Title == "" {
			r.out.Title = oneLine(e.Info)
		}
		for _, a := range e.Attribute {
			r.attribute(a, e.UUID)
		}
		for _, o := range e.Object {
			for _, a := range o.Attribute {
				a.Deleted = a.Deleted || o.Deleted
				r.attribute(a, e.UUID)
			}
		}
		if n := len(e.ShadowAttribute); n > 0 {
			r.leave(fmt.Sprintf("%d proposed attribute(s)", n), "a proposal is no attribute until somebody accepts it")
		}
	}
	return nil
}

func mispEvents(text []byte) ([]mispEvent, error) {
	type wrapped struct {
		Event *mispEvent `json:"Event"`
	}
	var one struct {
		wrapped
		Response  []wrapped       `json:"response"`
		Attribute []mispAttribute `json:"Attribute"`
	}
	var many []wrapped
	err := json.Unmarshal(text, &one)
	if err != nil {
		if json.Unmarshal(text, &many) != nil {
			return nil, fmt.Errorf("an event of MISP: %w", err)
		}
	}
	var out []mispEvent
	for _, w := range append(append([]wrapped{one.wrapped}, one.Response...), many...) {
		if w.Event != nil {
			out = append(out, *w.Event)
		}
	}
	if len(one.Attribute) > 0 {
		out = append(out, mispEvent{Attribute: one.Attribute})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no event of MISP: %w", errShape)
	}
	return out, nil
}

// attribute takes an attribute by its type. Composite types ("filename|sha256") hold a value for each part.
func (r *reader) attribute(a mispAttribute, event string) {
	what := fmt.Sprintf("%s %s", a.Type, a.Value)
	switch {
	case bool(a.Deleted):
		r.leave(what, "the attribute was deleted")
		return
	case !bool(a.ToIDs):
		r.leave(what, "the attribute is not meant for detection: to_ids is not set")
		return
	}
	source := oneLine(fmt.Sprintf("MISP event %s attribute %s", event, a.UUID))
	types, values := strings.Split(a.Type, "|"), strings.SplitN(a.Value, "|", 2)
	if len(types) != len(values) {
		r.leave(what, "it has not as many values as its type says")
		return
	}
	for i, kind := range types {
		r.typed(kind, strings.TrimSpace(values[i]), source)
	}
}

func (r *reader) typed(kind, value, source string) {
	switch kind {
	case "domain", "hostname", "ip-src", "ip-dst":
		r.host(value, Refang(value), source)
	case "url", "link":
		r.url(Refang(value), source)
	case "uri":
		r.part(value, source)
	case "md5", "sha1", "sha256":
		r.hash(value, source)
	case "filename":
		r.file(value, source)
	case "git-commit-id":
		r.commit(value, source)
	case "email", "email-src", "email-src-display-name", "github-username", "whois-registrant-name":
		r.author(Refang(value), source)
	case "port":
		// of a composite: a host is listed without one
	default:
		r.leave(kind+" "+value, fmt.Sprintf("a pack has no indicators of the type %s", oneLine(kind)))
	}
}

// part takes what stands behind a host in a URL.
func (r *reader) part(value, source string) {
	if len(value) < 5 || !inURL.MatchString(value) {
		r.leave(value, "it is too short for a part of a URL, or holds letters that a pack does not take")
		return
	}
	r.take("url_parts", value, source)
}

func (r *reader) hash(value, source string) {
	if value = strings.ToLower(value); !hash.MatchString(value) {
		r.leave(value, "it is no MD5, SHA-1 or SHA-256 in hexadecimal digits")
		return
	}
	r.take("file_hashes", value, source)
}

func (r *reader) commit(value, source string) {
	if value = strings.ToLower(value); !hash.MatchString(value) || len(value) == 32 {
		r.leave(value, "it is no whole commit id")
		return
	}
	r.take("commits", value, source)
}
