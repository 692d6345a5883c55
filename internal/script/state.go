package script

import (
	"slices"
	"strconv"
	"strings"
)

// Bounds of one reading. Scripts of public workflows have a few hundred commands; a hostile one of a mebibyte is read within a second.
const (
	maxText         = 64 << 10 // bytes of one text: assignments can double a text with every line
	maxAtoms        = 2000     // units in one text that are not known: more secrets than GitHub allows a repository
	maxWork         = 8 << 20  // bytes that all words and results of one reading come to, for the same reason
	maxSteps        = 50_000   // commands run, those of loops and functions each time
	maxNesting      = 60       // functions, substitutions, evaluations and compound commands in one another
	maxAlternatives = 12       // texts that one variable or word may have: branches of conditions
	maxTurns        = 128      // of one loop over words that are known, and of one that counts
	maxPayloadDepth = 4        // texts that a text runs that a text runs ...
	maxFiles        = 512      // files whose contents are remembered
	maxKept         = 500      // destinations, exits and payloads of one reading, each
	maxProblems     = 8
)

// atom is what a text holds that is not known as text: an expression, a variable of unknown value, the output of a program. Show is how it
// stands in the script.
type atom struct {
	show    string
	self    []string // secrets that stood in the text behind a field of their own name
	fetched bool     // it comes from a host
	host    string   // from which it was fetched, empty where that is known at run time only
	undone  []string // encodings of a text that was decoded and is not known
	raw     string   // what it is, where that is known and no text
	Carried
}

// Texts of a state are strings in which each atom is one unit "\x00" number "\x01". These bytes do not occur otherwise: see [clean].
const (
	atomOpen   = '\x00'
	atomClose  = '\x01'
	fieldBreak = '\x02' // between the fields of a word while it is expanded
	braceOpen  = '\x03' // unquoted {, comma and } of a word while it is expanded
	braceComma = '\x04'
	braceEnd   = '\x05'
)

// state is one reading under way: what the script has so far assigned, written and told.
type state struct {
	in       Input
	out      Reading
	atoms    []atom
	byShow   map[string]string // atoms of expressions and of unknown variables, by how they stand in the script
	parsers  *parsers
	frame    *frame            // variables
	files    map[string]string // texts of files that the script or the job wrote, by path
	wrote    map[string]bool   // those that this script wrote, of files
	funcs    map[string]function
	aliases  map[string][]string
	programs map[string]bool
	loot     map[Loot]bool
	staged   Carried             // of files given to git
	image    Carried             // of what images were built with
	remotes  map[string]string   // URLs of git's remotes
	decoded  map[string][]string // texts that were decoded, with their encodings, outermost first
	seen     map[string]int
	stands   map[string]bool // hosts that were looked for in lower
	lower    string          // Input.Text and the environment, lower-cased, once a host was looked for in it

	unit     *unit             // the text that is being read
	line     int               // offset of the present command from the script's first line
	stdins   []string          // what the present command reads, alternatives; none where it reads nothing known
	sink     *sink             // where the present command's output goes, nil for the log
	fds      map[string]string // files that descriptors stand for
	pipes    map[string]pipe   // commands behind >( ), by the path that stands for them
	params   []string          // positional parameters
	steps    int
	work     int
	reads    int // by programs of other languages
	looked   int
	nesting  int
	payloads int  // depth of texts that run
	hidden   bool // the text that is being read was encoded
	braced   bool // the present word has unquoted braces
	trace    bool // set -x
	loops    int  // depth of loops
	called   int  // depth of functions
}

// atom makes a unit that stands for what is not known as text.
func (st *state) atom(show string, c Carried) string {
	if len(show) > maxShown {
		show = show[:maxShown]
	}
	st.atoms = append(st.atoms, atom{show: show, Carried: c})
	return string(atomOpen) + strconv.Itoa(len(st.atoms)-1) + string(atomClose)
}

// maxShown bounds how much of a script is shown for what is not known, in bytes.
const maxShown = 1 << 10

// unknown is the atom of what carries nothing; the same text gives the same atom, so that a path made of it is one path.
func (st *state) unknown(show string) string {
	if a, ok := st.byShow[show]; ok {
		return a
	}
	a := st.atom(show, Carried{})
	st.byShow[show] = a
	return a
}

// nextAtom finds the first atom of a text: text[from:to] is its unit.
func (st *state) nextAtom(text string) (from, to int, a *atom) {
	from = strings.IndexByte(text, atomOpen)
	if from < 0 {
		return -1, -1, nil
	}
	n := strings.IndexByte(text[from:], atomClose)
	if n < 0 {
		return -1, -1, nil
	}
	i, err := strconv.Atoi(text[from+1 : from+n])
	if err != nil || i < 0 || i >= len(st.atoms) {
		return -1, -1, nil
	}
	return from, from + n + 1, &st.atoms[i]
}

// plain reports that all of a text is known.
func plain(text string) bool { return strings.IndexByte(text, atomOpen) < 0 }

// clean takes out of foreign text the bytes that have a meaning in texts of a state.
func clean(text string) string {
	if !strings.ContainsAny(text, "\x00\x01\x02\x03\x04\x05") {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r >= 0 && r <= braceEnd {
			return ' '
		}
		return r
	}, text)
}

// show writes a text as it stands in the script: expressions as ${{ }}, what is not known as the variable or the substitution.
func (st *state) show(text string) string {
	if plain(text) {
		return text
	}
	var b strings.Builder
	for {
		from, to, a := st.nextAtom(text)
		if a == nil {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:from])
		b.WriteString(clean(a.show)) // a substitution shows its source, in which others may stand
		text = text[to:]
	}
}

// carried is what a text holds that is worth stealing.
func (st *state) carried(text string) Carried {
	var c Carried
	var last *atom
	for {
		_, to, a := st.nextAtom(text)
		if a == nil {
			break
		}
		text = text[to:]
		if a == last || a.Carried.empty() {
			continue
		}
		if last = a; c.empty() && len(c.Encodings) == 0 {
			c = Carried{Secrets: slices.Clone(a.Secrets), Loot: slices.Clone(a.Loot), Encodings: slices.Clone(a.Encodings)}
			continue
		}
		c.Secrets, c.Loot = append(c.Secrets, a.Secrets...), append(c.Loot, a.Loot...)
		for _, e := range a.Encodings {
			if !slices.Contains(c.Encodings, e) {
				c.Encodings = append(c.Encodings, e)
			}
		}
	}
	slices.Sort(c.Secrets)
	slices.Sort(c.Loot)
	c.Secrets, c.Loot = slices.Compact(c.Secrets), slices.Compact(c.Loot)
	return c
}

// empty reports that nothing is carried.
func (c Carried) empty() bool { return len(c.Secrets) == 0 && len(c.Loot) == 0 }

// joinCarried is what two texts carry together.
func joinCarried(a, b Carried) Carried {
	if b.empty() {
		return a
	}
	if a.empty() {
		return b
	}
	a.Secrets, a.Loot = union(a.Secrets, b.Secrets), union(a.Loot, b.Loot)
	for _, e := range b.Encodings {
		if !slices.Contains(a.Encodings, e) {
			a.Encodings = append(slices.Clip(a.Encodings), e)
		}
	}
	return a
}

// encoded is what is carried after one more encoding; nothing stays nothing.
func (c Carried) encoded(by ...string) Carried {
	if c.empty() {
		return Carried{}
	}
	for _, e := range by {
		if !slices.Contains(c.Encodings, e) {
			c.Encodings = append(slices.Clip(c.Encodings), e)
		}
	}
	return c
}

func union[T ~string](a, b []T) []T {
	if len(b) == 0 || slices.Equal(a, b) {
		return a
	}
	if len(a) == 0 {
		return b
	}
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// gather notes loot that the script lays hands on, and gives a text that carries it.
func (st *state) gather(show string, l Loot, secrets ...string) string {
	st.loot[l] = true
	slices.Sort(secrets)
	return st.atom(show, Carried{Secrets: slices.Compact(secrets), Loot: []Loot{l}})
}

// environment is all that the process's environment carries, as a text.
func (st *state) environment() string {
	var secrets []string
	for _, v := range st.exported() {
		secrets = append(secrets, st.carried(v).Secrets...)
	}
	return st.gather("$(env)", Environment, secrets...)
}

// problem says why not all was read; the same is said once.
func (st *state) problem(what string) {
	if len(st.out.Problems) < maxProblems && !slices.Contains(st.out.Problems, what) {
		st.out.Problems = append(st.out.Problems, what)
	}
}

// spend counts work done, in bytes of text made, and reports whether there is any left.
func (st *state) spend(bytes int) bool {
	st.work += bytes
	if st.work <= maxWork {
		return true
	}
	st.problem("the script makes more text than this program follows")
	return false
}

// total is the size of texts, in bytes.
func total(texts []string) int {
	n := 0
	for _, t := range texts {
		n += len(t)
	}
	return n
}

// enter goes one level deeper; where it gives false the caller must neither go on nor call leave.
func (st *state) enter() bool {
	if st.nesting >= maxNesting {
		st.problem("the script is nested deeper than this program follows")
		return false
	}
	st.nesting++
	return true
}

func (st *state) leave() { st.nesting-- }

// limited is a text within [maxText] and with at most [maxAtoms]: a longer one becomes an atom that carries the same.
func (st *state) limited(text string) string {
	if len(text) <= maxText && (len(text) < maxAtoms || strings.Count(text, string(rune(atomOpen))) <= maxAtoms) {
		return text
	}
	st.problem("a text grew longer than this program follows")
	a := st.atom("$(...)", st.carried(text))
	st.atoms[len(st.atoms)-1].self = st.pairs(text)
	return a
}

// opaque is what a program makes of a text where the result is not known: it carries what the text carried, by the program's encoding.
func (st *state) opaque(show, text string, encodings ...string) string {
	c := st.carried(text)
	if c.empty() {
		return st.unknown(show)
	}
	a := st.atom(show, c.encoded(encodings...))
	st.atoms[len(st.atoms)-1].self = st.pairs(text)
	return a
}
