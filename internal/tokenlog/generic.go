package tokenlog

// Mapping says which column of a generic file holds what.
type Mapping struct{}

// genericFormats are read by a mapping that the responder gives, and pentimento's own for contacts, mappings and statements.
func genericFormats() []Format { return nil }
