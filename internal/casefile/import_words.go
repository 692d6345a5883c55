package casefile

import (
	"context"
	"fmt"
	"strings"

	"pentimento/internal/tokens"
)

// words gives texts of uses their ids. Each text is looked at once for what has the shape of a credential, which keeps that off the path of most rows.
type words struct {
	ctx   context.Context
	c     *Case
	known map[string]word
	size  int
	next  int64
	some  bool // the case has words that are not in known
	fresh []freshWord
}

// word is a text as it is stored.
type word struct {
	id   uint32
	text string
}

// freshWord is one that the batch brings.
type freshWord struct {
	id   int64
	text string
}

// Bounds of the dictionary in memory.
const (
	maxWords     = 400_000
	maxWordBytes = 48 << 20
	// maxWord is the most that one text of a use may have: longer ones are cut. The longest known user agents have some hundred bytes.
	maxWord = 2000
)

func newWords(ctx context.Context, c *Case) (*words, error) {
	w := &words{ctx: ctx, c: c, known: map[string]word{}}
	err := c.each(ctx, "SELECT coalesce(max(id), 0) FROM word", nil, func(scan func(...any) error) error { return scan(&w.next) })
	w.some = w.next > 0
	return w, err
}

// of gives the id of a text, 0 for the empty one. The text becomes what is stored: cut, and without what has the shape of a credential.
func (w *words) of(text *string) (uint32, error) {
	if *text == "" {
		return 0, nil
	}
	if known, ok := w.known[*text]; ok {
		*text = known.text
		return known.id, nil
	}
	raw := strings.Clone(*text)
	clean := cutText(raw)
	clean = tokens.Redacted(clean)
	known, ok := w.known[clean]
	if !ok {
		id, err := w.stored(clean)
		if err != nil {
			return 0, err
		}
		if id == 0 {
			w.next++
			if w.next > maxWordID {
				return 0, fmt.Errorf("the logs have more than %d different texts", maxWordID)
			}
			id = w.next
			w.fresh = append(w.fresh, freshWord{id, clean})
		}
		known = word{uint32(id), clean}
		w.keep(clean, known)
	}
	if clean != raw {
		w.keep(raw, known)
	}
	*text = known.text
	return known.id, nil
}

// maxWordID is what fits where batches hold ids.
const maxWordID = 1<<32 - 1

func (w *words) keep(key string, known word) {
	w.known[key] = known
	w.size += len(key)
}

// stored asks the case for a text that is not in memory.
func (w *words) stored(text string) (int64, error) {
	if !w.some {
		return 0, nil
	}
	return w.c.wordID(w.ctx, text)
}

func (w *words) crowded() bool { return len(w.known) > maxWords || w.size > maxWordBytes }

// forget drops what is in memory; everything in it must have been written.
func (w *words) forget() {
	clear(w.known)
	w.size, w.some = 0, true
}

// cutText is the beginning of a text that is too long, whole characters and valid UTF-8.
func cutText(s string) string {
	if len(s) > maxWord {
		s = s[:maxWord]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
