package tokenlog

// Mapping says which column of a generic file holds what.
type Mapping struct{}
