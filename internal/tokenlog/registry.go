package tokenlog

// registryFormats are those of package registries: PyPI, npm, crates.io, RubyGems.
func registryFormats() []Format { return nil }
