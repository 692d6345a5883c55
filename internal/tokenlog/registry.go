package tokenlog

import (
	"context"
	"slices"
)

// registry makes one of these formats.
func registry(name string, kinds []string, about string, guess func(Sample) int, read func(context.Context, *Input, *Sink) error) Format {
	return Format{Name: name, Kinds: kinds, About: about, Guess: guess, Read: read}
}

// of says which log a file without rows is of.
func (f Format) of(log string) Format {
	f.Log = log
	return f
}

// registryFormats are those of package registries: PyPI, npm, crates.io, RubyGems.
func registryFormats() []Format {
	return slices.Concat(pypiFormats(), npmFormats(), cratesFormats(), rubyGemsFormats())
}
