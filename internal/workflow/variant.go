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
	used = union(used)
	var out []string
	seen := map[string]bool{}
	put := func(values map[string][]string) {
		key := ""
		for _, k := range used {
			key += strings.Join(values[k], ",") + "\x00"
		}
		if seen[key] || len(out) == maxVariants {
			return
		}
		seen[key] = true
		with := *s
		with.matrix = values
		out = append(out, with.resolve(text).text)
	}
	if *run.reader.work -= len(run.matrix.single) * len(used); *run.reader.work < 0 {
		return nil
	}
	for _, values := range run.matrix.single {
		put(values)
	}
	if len(run.matrix.single) == 0 { // some of it is known at run time only
		for _, key := range used {
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
