package tokenlog

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Explain drafts a mapping file of a kind (usage, credentials or releases) from the beginning of a file: which column is the time and in which layout,
// which hold addresses, user agents, names of credentials and so on, each with a comment that says why. What the sample does not tell, such as the zone of
// times that name none or the order of day and month, is left as "?", which [ParseMapping] refuses by its line. No value is repeated but the words of
// actions and outcomes; columns that look like secrets are named and left out.
func Explain(s Sample, kind string) (string, error) {
	sh, ok := shapeOf(kind)
	if !ok {
		return "", fmt.Errorf("%s need no mapping file: their columns have fixed names", kind)
	}
	columns, records, err := sampleColumns(s)
	if err != nil {
		return "", err
	}
	if len(columns) == 0 {
		return "", errors.New("the sample has no rows with columns")
	}
	d := &draft{shape: sh, columns: columns, records: records, chosen: map[field]*sampled{}, why: map[*sampled]string{}}
	d.choose()
	return d.text(s.Name), nil
}

// draft is a mapping under way.
type draft struct {
	shape   shape
	columns []*sampled
	records string
	chosen  map[field]*sampled
	why     map[*sampled]string // why a column is what it is, or is nothing
	layout  sampledTime         // of the chosen times
}

// choose gives each field the column that looks most like it. A column is read as one thing.
func (d *draft) choose() {
	for _, c := range d.columns {
		switch {
		case c.secret != "":
			d.why[c] = c.secret
		case c.twice:
			d.why[c] = "two columns have this name"
		}
	}
	for _, f := range d.shape.columns {
		var best *sampled
		most := 0
		for _, c := range d.columns {
			if d.why[c] != "" || d.taken(c) {
				continue
			}
			if sure := c.looksLike(f); sure > most {
				best, most = c, sure
			}
		}
		if best != nil {
			d.chosen[f] = best
			d.why[best] = best.because(f)
		}
	}
	d.chooseLayout()
}

// taken reports a column that differs from one that is read in its case alone.
func (d *draft) taken(c *sampled) bool {
	for _, other := range d.chosen {
		if columnName(other.name) == columnName(c.name) {
			return true
		}
	}
	return false
}

// chooseLayout takes the layout of the first column of times; those in another one are left out, because a mapping has one.
func (d *draft) chooseLayout() {
	first := true
	for _, f := range d.shape.columns {
		c := d.chosen[f]
		if c == nil || !timeFields[f] || len(c.times.layouts) == 0 && !c.times.mixed {
			continue
		}
		switch {
		case first:
			d.layout, first = c.times, false
		case !slices.Equal(c.times.layouts, d.layout.layouts):
			common := slices.DeleteFunc(slices.Clone(c.times.layouts), func(l string) bool { return !slices.Contains(d.layout.layouts, l) })
			if len(common) == 0 {
				delete(d.chosen, f)
				d.why[c] = "its times are in another layout than those of the columns above, and a mapping has one"
				continue
			}
			d.layout.layouts = common
			fallthrough
		default:
			d.layout.naive = d.layout.naive || c.times.naive
			d.layout.zoned = d.layout.zoned || c.times.zoned
		}
	}
}

// text writes the draft.
func (d *draft) text(name string) string {
	var b strings.Builder
	rows := 0
	for _, c := range d.columns {
		rows = max(rows, c.rows)
	}
	name, _ = tokens.Scrub(evidence.Printable(name))
	fmt.Fprintf(&b, "# Drafted from %s, of which the sample has rows: %d. Check every line; a value of \"?\" is for you to fill in.\n", name, rows)
	fmt.Fprintf(&b, "kind: %s\n", d.shape.kind)
	b.WriteString("# Whose credentials these are, as in provider: internal-registry. Without it they are named generic:ID.\n# provider:\n")
	if d.records != "" {
		fmt.Fprintf(&b, "# the rows are the list in this member of the document\nrecords: %s\n", strconv.Quote(d.records))
	}
	b.WriteString("columns:\n")
	for _, f := range d.shape.columns {
		if c := d.chosen[f]; c != nil {
			fmt.Fprintf(&b, "  # %s\n  %s: %s\n", d.why[c], f, strconv.Quote(c.name))
		}
	}
	for _, group := range d.shape.needs {
		if !slices.ContainsFunc(group, func(f field) bool { return d.chosen[f] != nil }) {
			fmt.Fprintf(&b, "  # no column looks like %s\n  %s: \"?\"\n", strings.ReplaceAll(fieldList(group), ", ", " or "), group[0])
		}
	}
	d.leftOut(&b)
	d.clock(&b)
	d.words(&b)
	if c := d.credential(); c != nil && c.share(func(v string) bool { return tokens.NormalHash(v) != "" }) == 1 {
		b.WriteString("# every value has the length of a SHA-256\ncredential_holds: hash\n")
	}
	return b.String()
}

func (d *draft) credential() *sampled {
	if c := d.chosen[fieldCredential]; c != nil {
		return c
	}
	return d.chosen[fieldID]
}

// leftOut names the columns that are not read, and why.
func (d *draft) leftOut(b *strings.Builder) {
	read := map[*sampled]bool{}
	for _, c := range d.chosen {
		read[c] = true
	}
	begun := false
	for _, c := range d.columns {
		if read[c] {
			continue
		}
		if !begun {
			b.WriteString("# Left out:\n")
			begun = true
		}
		why := d.why[c]
		if why == "" {
			why = c.misfit(d.shape.columns, d.chosen)
		}
		fmt.Fprintf(b, "#   %s: %s\n", c.shown(), why)
	}
}

// clock writes how times are written, as far as the sample tells.
func (d *draft) clock(b *strings.Builder) {
	t := d.layout
	if len(t.layouts) == 0 && !t.mixed {
		return
	}
	b.WriteString("time:\n")
	switch {
	case t.mixed:
		b.WriteString("  # counts of several lengths: seconds, milliseconds or more in one column\n  layout: \"?\"\n")
	case len(t.layouts) > 1:
		fmt.Fprintf(b, "  # the values of the sample fit each of these, which differ in the order of day and month: %s\n  layout: \"?\"\n", strings.Join(quoted(t.layouts), " or "))
	default:
		fmt.Fprintf(b, "  layout: %s\n", strconv.Quote(t.layouts[0]))
	}
	switch {
	case t.naive && t.zoned:
		b.WriteString("  # some values name no zone: write the one of those: UTC, an offset such as +02:00, or a name such as Europe/Berlin\n  zone: \"?\"\n")
	case t.naive:
		b.WriteString("  # no value names a zone: write UTC, an offset such as +02:00, or a name such as Europe/Berlin\n  zone: \"?\"\n")
	}
}

func quoted(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = strconv.Quote(s)
	}
	return out
}

// words writes the places of actions and outcomes.
func (d *draft) words(b *strings.Builder) {
	if c := d.chosen[fieldAction]; c != nil {
		writePlaces(b, "actions", "class", c, actionClass, classes)
	}
	c := d.chosen[fieldOutcome]
	if c == nil || c.share(plainOutcome) == 1 {
		return // statuses of HTTP, success and failure need no words
	}
	writePlaces(b, "outcomes", "outcome", c, outcomeOf, []string{tokens.Succeeded, tokens.Failed})
}

// maxDraftWords is how many words of a column a draft lists.
const maxDraftWords = 40

// writePlaces lists the words of a column under the places that they are guessed to have. Those that may be more than words are not written down.
func writePlaces(b *strings.Builder, section, what string, c *sampled, guess func(string) string, places []string) {
	placed := map[string][]string{}
	strange, hidden := []string(nil), 0
	for i, w := range c.words() {
		place := guess(w)
		switch {
		case i >= maxDraftWords || !plainWord(w):
			hidden++
		case place == "":
			strange = append(strange, w)
		default:
			placed[place] = append(placed[place], w)
		}
	}
	if len(placed) > 0 {
		fmt.Fprintf(b, "# guessed from the words\n%s:\n", section)
		for _, place := range places {
			if len(placed[place]) > 0 {
				fmt.Fprintf(b, "  %s: [%s]\n", place, strings.Join(quoted(placed[place]), ", "))
			}
		}
	}
	if len(strange) > 0 {
		fmt.Fprintf(b, "# of no %s yet (%s): %s\n", what, section, strings.Join(quoted(strange), ", "))
	}
	if hidden > 0 {
		fmt.Fprintf(b, "# words of %s that are not shown: %d (%s)\n", c.shown(), hidden, section)
	}
}
