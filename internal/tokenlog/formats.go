package tokenlog

import "slices"

// Formats lists every format, in the order in which help shows them.
func Formats() []Format {
	return slices.Concat(registryFormats(), platformFormats(), peopleFormats(), genericFormats(), networkFormats())
}
