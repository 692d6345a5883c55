package main

import (
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// nullable is a text of a document: null where it is empty, for that means unknown.
func nullable[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

// present makes a list of a document that is never null.
func present[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// stampJSON is a single time of a document: null where it is not known.
func stampJSON(t time.Time) *string { return nullable(evidence.Stamp(t)) }

// knownJSON is an instant of a document: null where neither bound is known.
func knownJSON(i when.Instant) *when.Instant {
	if !i.Known() {
		return nil
	}
	return &i
}
