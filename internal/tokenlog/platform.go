package tokenlog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// platformFormats are those of GitHub, clouds and web servers.
func platformFormats() []Format {
	return slices.Concat(gitHubFormats(), awsFormats(), dockerFormats(), cloudflareFormats(), accessFormats())
}

// Bounds of what is kept of one row.
const (
	// maxNames is how many names of secrets or projects are kept of one row: GitHub allows 100 secrets a repository and as many of an environment.
	maxNames = 400
	// maxAliases bounds the pairs of names that a reader remembers in order to tell each once: a large organization has some ten thousand tokens.
	maxAliases = 100_000
)

// zone is what the responder said of times without one, else the format's own.
func (o *Options) zone(own *time.Location) *time.Location {
	if o.Zone != nil {
		return o.Zone
	}
	return own
}

// firstLook is how much of a file is looked at to tell CSV from JSON.
const firstLook = 4 << 10

// isCSV reports that the text begins with neither bracket: of formats that come as JSON and as CSV. What was looked at is read again.
func (in *Input) isCSV() (bool, error) {
	r := bufio.NewReaderSize(in.R, firstLook)
	in.R = r
	text, err := r.Peek(firstLook)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, fmt.Errorf("read the beginning: %w", err)
	}
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && text[0] != '{' && text[0] != '[', nil
}

// place is where a use came from: an address, or what a log has in its place.
func place(text string) (address netip.Addr, origin string) {
	text = strings.TrimSpace(text)
	if text == "" || text == "-" {
		return netip.Addr{}, ""
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if a, err := netip.ParseAddr(bare); err == nil {
		return a.Unmap().WithZone(""), ""
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Addr().Unmap().WithZone(""), ""
	}
	return netip.Addr{}, text
}

// country is an ISO 3166-1 alpha-2 code; empty for what is none.
func country(text string) string {
	if len(text) != 2 {
		return ""
	}
	text = strings.ToUpper(text)
	for _, c := range []byte(text) {
		if c < 'A' || c > 'Z' {
			return ""
		}
	}
	return text
}

// lowered is a name in lower case. What has the shape of a credential goes before the case does that it has its shape by.
func lowered(name string) string { return strings.ToLower(tokens.Redacted(name)) }

// firstText is the first text that is not empty.
func firstText(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// texts are the strings of a JSON array.
func texts(list []any) []string {
	var all []string
	for _, v := range list[:min(len(list), maxNames)] {
		if s, ok := v.(string); ok && s != "" {
			all = append(all, s)
		}
	}
	return all
}

// optional reads a time that may be missing; written and unreadable is an error.
func optional(text string, zone *time.Location) (time.Time, error) {
	switch strings.ToLower(text) {
	case "", "null", "n/a", "no_information", "not_supported", "never":
		return time.Time{}, nil
	}
	t, _, err := instant(text, zone)
	return t, err
}

// whenTold is one optional time and where it goes.
type whenTold struct {
	to   *time.Time
	text string
}

// optionals reads several optional times; the first that cannot be read is the error.
func optionals(zone *time.Location, all ...whenTold) error {
	for _, w := range all {
		t, err := optional(w.text, zone)
		if err != nil {
			return err
		}
		*w.to = t
	}
	return nil
}

// listed gives on that an inventory was read to its end, if the responder said so.
func listed(in *Input, out *Sink, p tokens.Provider) error {
	return out.Listing(&tokens.Listing{Provider: p, Account: in.Account, At: in.ListedAt, Complete: in.Complete})
}

// mentions reports that the text has each of the JSON keys somewhere: the objects of an envelope are not the first object.
func (s Sample) mentions(keys ...string) bool {
	for _, k := range keys {
		if !bytes.Contains(s.Text, []byte(`"`+k+`"`)) {
			return false
		}
	}
	return true
}

// isJSON reports that the text begins as an object or an array.
func (s Sample) isJSON() bool {
	text := bytes.TrimLeft(s.Text, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}
