package exchange

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// stixObject is an object of a bundle, as far as it is read
// (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html, section 4.7).
type stixObject struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	Name        string `json:"name"`
	Pattern     string `json:"pattern"`
	PatternType string `json:"pattern_type"`
	Revoked     bool   `json:"revoked"`
}

// stix reads a bundle, or a single indicator.
func (r *reader) stix(text []byte) error {
	var bundle struct {
		stixObject
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(text, &bundle); err != nil {
		return fmt.Errorf("a bundle of STIX: %w", err)
	}
	if bundle.Type == "indicator" {
		r.indicator(bundle.stixObject)
		return nil
	}
	if bundle.Type != "bundle" {
		return fmt.Errorf("no bundle of STIX, its type is %q: %w", oneLine(bundle.Type), errShape)
	}
	others := map[string]int{}
	for i, raw := range bundle.Objects {
		var o stixObject
		if err := json.Unmarshal(raw, &o); err != nil {
			r.leave(fmt.Sprintf("object %d of the bundle", i+1), "it is not written as STIX has it: "+oneLine(err.Error()))
			continue
		}
		switch o.Type {
		case "indicator":
			r.indicator(o)
		case "campaign", "report", "grouping", "incident":
			if r.out.Title == "" {
				r.out.Title = oneLine(o.Name)
			}
			others[o.Type]++
		default:
			others[oneLine(o.Type)]++
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(others)) {
		r.leave(fmt.Sprintf("%d object(s) of the type %s", others[kind], kind), "only indicators say what to look for")
	}
	return nil
}

func (r *reader) indicator(o stixObject) {
	source := oneLine("STIX " + o.ID)
	if o.Name != "" {
		source = oneLine(source + " " + o.Name)
	}
	switch {
	case o.Revoked:
		r.leave(o.ID, "its maker has revoked it")
		return
	case o.PatternType != "" && o.PatternType != "stix":
		r.leave(o.ID, fmt.Sprintf("its pattern is of the type %s", oneLine(o.PatternType)))
		return
	}
	found, err := parsePattern(o.Pattern)
	if err != nil {
		r.leave(o.ID, "its pattern cannot be read: "+err.Error())
		return
	}
	for _, note := range found.notes {
		r.leave(o.ID, note)
	}
	for _, c := range found.comparisons {
		r.comparison(c, o.ID, source)
	}
}

// comparison takes what one comparison of a pattern asks for.
func (r *reader) comparison(c comparison, id, source string) {
	what := fmt.Sprintf("%s: %s %s", id, c.path, c.op)
	if c.negated || c.op != "=" && c.op != "IN" && !(c.op == "LIKE" && c.path == "domain-name:value") {
		r.leave(what, "a pack lists what is there, word for word: it cannot say this comparison")
		return
	}
	for _, v := range c.values {
		if below, ok := strings.CutPrefix(v, "%."); ok && c.op == "LIKE" && !strings.ContainsAny(below, "%_") {
			v = "*." + below
		} else if c.op == "LIKE" {
			r.leave(what, "of patterns of hosts only those for all below a domain can be listed")
			continue
		}
		r.object(c.path, v, id, source)
	}
}

// object takes a value by the path of the property that it is compared with.
func (r *reader) object(path, v, id, source string) {
	kind, property, _ := strings.Cut(path, ":")
	switch {
	case path == "domain-name:value" || path == "ipv4-addr:value" || path == "ipv6-addr:value":
		if strings.Contains(v, "/") {
			r.leave(id+": "+v, "a range of addresses: a pack lists addresses one by one")
			return
		}
		r.host(v, Refang(v), source)
	case path == "url:value":
		r.url(Refang(v), source)
	case kind == "file" && strings.HasPrefix(property, "hashes."):
		r.hash(v, source)
	case path == "file:name":
		r.file(v, source)
	case path == "email-addr:value", path == "email-message:from_ref.value", path == "email-message:sender_ref.value",
		kind == "user-account" && (property == "account_login" || property == "user_id" || property == "display_name"):
		r.author(Refang(v), source)
	default:
		r.leave(id+": "+path, "a pack has no indicators of that property")
	}
}
