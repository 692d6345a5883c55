package tokenlog

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"pentimento/internal/tokens"
)

// metaLists are those of GitHub's list of addresses in which machines are that run what users wrote (docs.github.com/rest/meta/meta, "Get GitHub meta
// information"). The others are of GitHub's own services, or of what fetches for users without running anything of theirs.
var metaLists = []struct{ key, runner string }{
	{"actions", "GitHub Actions"},
	{"actions_macos", "GitHub Actions"},
	{"codespaces", "GitHub Codespaces"},
	{"dependabot", "GitHub Dependabot"},
	{"copilot", "GitHub Copilot"},
}

// Bounds of the list: the real one has some 300 KB and 7,000 ranges.
const (
	maxMeta       = 16 << 20
	maxMetaRanges = 1_000_000
)

// guessMeta knows the document by lists that no other has together.
func guessMeta(s Sample) int {
	switch {
	case s.keys("hooks", "web", "api", "git") && s.keys("actions"):
		return 100
	case s.keys("verifiable_password_authentication"): // the sample may end before the lists do
		return 90
	}
	return 0
}

// readMeta reads a range as a row; rows are counted from 1 over the lists, in the order above.
func readMeta(ctx context.Context, in *Input, out *Sink) error {
	text, err := readAllOf(in.R, maxMeta)
	if err != nil {
		return err
	}
	var lists map[string]json.RawMessage
	if text == nil || json.Unmarshal(text, &lists) != nil {
		return rejectWhole(out, fmt.Sprintf("this is no list of GitHub's addresses, or one of more than %d MiB", maxMeta>>20))
	}
	row := int64(0)
	for _, l := range metaLists {
		if _, ok := lists[l.key]; !ok {
			continue
		}
		var ranges []json.RawMessage
		if err := json.Unmarshal(lists[l.key], &ranges); err != nil {
			out.Note("the list " + l.key + " is none: it was not read")
			continue
		}
		for _, r := range ranges {
			if row++; row > maxMetaRanges {
				out.Note(fmt.Sprintf("the lists have more than %d ranges: the rest was not read", maxMetaRanges))
				return nil
			}
			if row%contextEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := giveMeta(row, r, l.runner, out); err != nil {
				return err
			}
		}
	}
	if row == 0 {
		out.Note("the document lists no runners: an Enterprise Server has none of GitHub's; https://api.github.com/meta has")
	}
	return nil
}

func giveMeta(row int64, text json.RawMessage, runner string, out *Sink) error {
	if err := out.begin(row, text); err != nil {
		return err
	}
	var name string
	if err := json.Unmarshal(text, &name); err != nil {
		return out.Reject(reasonNoRange)
	}
	n := tokens.Network{Runner: runner, Source: "github-meta"}
	var reason string
	if n.Prefix, reason = parseRange(name); reason != "" {
		return out.Reject(reason)
	}
	return giveRange(&n, out)
}

// readAllOf reads a file that cannot be read in parts; nil where it has more than so many bytes. One that is cut off is read as far as it goes.
func readAllOf(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil && !isCut(err) {
		return nil, fmt.Errorf("read the whole file: %w", err)
	}
	if int64(len(text)) > most {
		return nil, nil
	}
	return text, nil
}

// rejectWhole keeps a file aside of which nothing can be read.
func rejectWhole(out *Sink, reason string) error {
	if err := out.begin(1, nil); err != nil {
		return err
	}
	return out.Reject(reason)
}
