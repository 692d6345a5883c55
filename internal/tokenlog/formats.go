package tokenlog

// Formats lists every format, in the order in which help shows them. Registries, and files that only a mapping explains, are not read yet.
func Formats() []Format { return platformFormats() }
