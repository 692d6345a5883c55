// Package tokenlog reads the files that registries, platforms and clouds export about credentials and their use, in the shapes of their own
// documents, schemas and code, and gives the facts of package tokens. Every file is hostile: sizes are bounded, a bad row is kept aside with its
// reason and the rest goes in, and what holds a secret is refused or reduced before anything leaves this package. It does not know the case.
package tokenlog

import (
	"context"
	"io"
	"time"

	"pentimento/internal/tokens"
)

// Kinds of what is imported, as the command names them.
const (
	KindCredentials = "credentials"
	KindUsage       = "usage"
	KindReleases    = "releases"
	KindContacts    = "contacts"
	KindMapping     = "mapping"
	KindStatements  = "statements"
	KindNetworks    = "networks"
)

// Format reads one shape of file.
type Format struct {
	Name  string   // "pypi-user-events", "cloudtrail"
	Kinds []string // under which kinds it can be imported; what else it tells comes along
	About string   // one line: what it is and how it is had
	Log   string   // which log a file without rows is of; empty where only rows tell
	// Guess says how sure a sample is of this format: 0 for not at all, 100 for a mark that no other has.
	Guess func(Sample) int
	// Read reads one file to its end. An error is of reading or of the sink alone: what is wrong with a row goes to Sink.Reject.
	Read func(ctx context.Context, in *Input, out *Sink) error
}

// Sample is the beginning of a file, decompressed and in UTF-8, and its name.
type Sample struct {
	Name string
	Text []byte // at most sampleSize
	// Header is the first record where the text is CSV, in lower case and trimmed; nil else.
	Header []string
	// Keys are the keys of the first JSON object (of the array, of the first line or of the whole), sorted; nil where it is no JSON.
	Keys []string
}

// Input is one file under way.
type Input struct {
	Name string
	R    io.Reader // decompressed, UTF-8, without byte order mark
	Options
}

// Options are what the responder says of a file.
type Options struct {
	Zone      *time.Location    // of times that name none; nil: the format's own, else such rows are rejected
	ListedAt  time.Time         // when an inventory was exported, where it does not say so itself
	Complete  bool              // the inventory was read to its end
	Account   string            // whose it is, where the file does not say
	Mapping   *Mapping          // of the generic formats
	Addresses *tokens.Addresses // of the case: what a database of networks is asked about
	Now       time.Time         // of the case: rows later than it by more than a day are rejected
}

// Sink takes what a file tells, row by row. The reader reuses what it passes by pointer: copy what is kept.
type Sink struct {
	// Row begins a row of the file, at a line from 1 (of a JSON document without lines: the count of the record). Every row that was begun is
	// counted as read, and is one of: given on by at least one of the following, or rejected.
	Row        func(line int64) error
	Use        func(*tokens.Use) error
	Credential func(*tokens.Credential) error
	Listing    func(*tokens.Listing) error // not of a row: of the file
	Event      func(*tokens.Event) error
	Release    func(*tokens.Release) error
	Coverage   func(*tokens.Coverage) error // not of a row
	Contact    func(*tokens.Contact) error
	Mapping    func(*tokens.Mapping) error
	Statement  func(*Statement) error
	Network    func(*tokens.Network) error
	// Reject keeps the present row aside. The reason is one clause; it does not repeat values.
	Reject func(reason string) error
	// Note tells of something that is wrong with the file as a whole and is no row: it was cut off, it came through a mirror.
	Note func(text string)

	present []byte // see [Sink.Present]
}

// Statement is one row of what people know, as declare takes it one by one. The texts are as the file has them: who takes them judges them.
type Statement struct {
	Repository, Secret, Credential, Fact, At, By, Because string
}
