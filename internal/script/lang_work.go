package script

import (
	"slices"
	"strings"
)

// Bounds of the work on all programs of one reading. Programs in workflows do a thousandth of it; what is spent is told, and the text is
// searched then.
const (
	maxReads    = 400_000   // operands read, those of functions and repeated parts each time: half a microsecond each
	maxLooked   = 128 << 20 // bytes looked at, or what takes as long: about a nanosecond each
	costOfEntry = 32        // of a key or an element that is looked at
	costOfPut   = 256       // of a variable that a command sees
	costOfSplit = 32        // of a character that becomes an element
	costOfMatch = 64        // of a byte in which URLs are looked for
	costOfHost  = 4 << 10   // of a request that is told
	maxUndone   = 8         // encodings of one value: more than [maxDecodeDepth] and what packs them
)

// spend counts one read, and reports whether there may be more.
func (r *source) spend() bool {
	r.st.reads++
	if r.st.reads < maxReads && r.st.looked < maxLooked && r.st.work <= maxWork {
		return true
	}
	r.st.problem("the programs of the script do more than is followed")
	return false
}

// look counts bytes, tokens or entries that are looked at beyond those that a read stands for.
func (r *source) look(n int) { r.st.looked += max(n, 0) }

// carried is what a text carries, with the work to find it counted.
func (r *source) carried(text string) Carried {
	if plain(text) {
		r.look(len(text) / 16)
		return Carried{}
	}
	c := r.st.carried(text)
	r.look(len(text) + 4*costOfEntry*len(c.Secrets))
	return c
}

// opaque is [state.opaque] with its work counted.
func (r *source) opaque(show, text string, encodings ...string) string {
	r.carried(text)
	return r.st.opaque(show, text, encodings...)
}

// urls lists the URLs in a text, with the work counted.
func (r *source) urls(text string) []string {
	if strings.Contains(text, "://") {
		r.look(len(text) * costOfMatch)
	}
	return urls(text)
}

// gathered appends a text to others. What grows longer than a text may be becomes one unit that carries the same.
func (r *source) gathered(b *strings.Builder, text, behind string) {
	r.look(len(text) / 4)
	if b.Len()+len(text) <= maxText {
		b.WriteString(text)
		b.WriteString(behind)
		return
	}
	if !r.spend() {
		return
	}
	r.look(len(text))
	whole := r.limit(b.String() + text)
	b.Reset()
	b.WriteString(whole)
	b.WriteString(behind)
}

// chained is encodings with further ones, bounded; the same once more is the same.
func chained(undone []string, more ...string) []string {
	if len(more) == 0 || slices.Equal(undone, more) && len(more) > 1 {
		return undone
	}
	return slices.Concat(undone, more[:min(len(more), max(0, maxUndone-len(undone)))])
}

// nested is [nested] with the work counted where nothing is closed.
func (r *source) nested(s string) int { return r.after(s, nested) }

// closed is [closed] with the work counted where nothing is closed.
func (r *source) closed(s string) int { return r.after(s, closed) }

func (r *source) after(s string, find func(string) int) int {
	if r.st.looked > maxLooked {
		return 0
	}
	n := find(s)
	if n == 0 {
		r.look(4 * min(len(s), maxInside))
	}
	return n
}
