package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxVariants bounds the readings of one script with different values of a matrix.
const maxVariants = 8

var (
	matrixUse = regexp.MustCompile(`\$\{\{[^}]*\bmatrix\.([A-Za-z_][A-Za-z0-9_.-]*)`)
	// leads finds a value that can lead somewhere or be run: a name with a dot, an address, a URL, an encoded text. Versions and systems are none.
	leads = regexp.MustCompile(`[A-Za-z0-9-]\.[A-Za-z]{2}|(?:\d+\.){3}\d|://|[A-Za-z0-9+/]{16}`)
)

// variants are the texts of a script for the values of the job's matrix, where these can say where something goes and there is more than one of
// them; none else. One value stands in the text already.
func (run *jobRun) variants(text string, s *scope) []string {
	if len(run.matrix.values) == 0 || !strings.Contains(text, "matrix.") {
		return nil
	}
	var used []string
	matters := false
	for _, m := range matrixUse.FindAllStringSubmatch(text, maxCombinations) {
		key := strings.ToLower(m[1])
		used = append(used, key)
		matters = matters || slices.ContainsFunc(run.matrix.values[key], leads.MatchString)
	}
	if !matters {
		return nil
	}
	var out []string
	put := func(values map[string][]string) {
		with := *s
		with.matrix = values
		if t := with.resolve(text).text; len(out) < maxVariants && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, c := range run.matrix.combinations {
		values := map[string][]string{}
		for k, v := range c.values {
			values[k] = []string{v}
		}
		put(values)
	}
	if len(run.matrix.combinations) == 0 { // some of it is known at run time only
		for _, key := range union(used) {
			for _, v := range run.matrix.values[key] {
				put(map[string][]string{key: {v}})
			}
		}
	}
	return out
}

// once drops what several readings of one script told alike.
func (s *Step) once() {
	seen := map[string]bool{}
	again := func(what any) bool {
		key := fmt.Sprint(what)
		was := seen[key]
		seen[key] = true
		return was
	}
	s.Destinations = slices.DeleteFunc(s.Destinations, func(d Destination) bool { return again(d) })
	s.Exits = slices.DeleteFunc(s.Exits, func(x Exit) bool { return again(x) })
	s.Payloads = slices.DeleteFunc(s.Payloads, func(p Payload) bool { return again(p) })
}
