package tokenlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/tokens"
)

// Mapping says which column of a file holds what, for files of which no format is known. [ParseMapping] makes one; nothing changes it afterwards.
type Mapping struct {
	kind      string
	provider  tokens.Provider // genericProvider where the file names none
	log       string
	columns   [fields]column // by field; those without a name are not read
	fixed     [fields]string // what every row has, instead of a column
	clock     clock
	actions   placing // words of actions, to classes
	outcomes  placing // words of outcomes, to tokens.Succeeded and tokens.Failed
	separator string  // between the items of a column that holds a list
	records   string  // member of a JSON document that holds the rows; empty: the rows are the document
	holds     string  // what the column of credentials holds; empty: told by its name and its values
}

// Kind is what the mapping is for: usage, credentials or releases.
func (m *Mapping) Kind() string { return m.kind }

// Provider is whose credentials the file tells of.
func (m *Mapping) Provider() tokens.Provider { return m.provider }

// Log is the name of the log under which uses, releases and coverage of the file stand.
func (m *Mapping) Log() string { return m.log }

// genericProvider issues the credentials of a file whose mapping does not say who does.
const genericProvider tokens.Provider = "generic"

// column is where a field stands.
type column struct {
	name string
	path []string // name at its dots: of a JSON object
}

// field is what a column of a generic file can hold.
type field int

// Fields, by their names in fieldNames. A list is of items between separators, or of JSON.
const (
	fieldCredential field = iota
	fieldID
	fieldAccount
	fieldAction
	fieldProject
	fieldSubject
	fieldTime
	fieldAddress
	fieldCountry
	fieldUserAgent
	fieldOutcome
	fieldRunID
	fieldCommit
	fieldEventID
	fieldLabel
	fieldKind
	fieldProjects // list
	fieldScopes   // list
	fieldAccountWide
	fieldCreated
	fieldExpires
	fieldLastUsed
	fieldRevoked // a time, or true or false
	fieldActive
	fieldVersion
	fieldFile
	fieldUploader
	fieldPublisher
	fieldSHA256
	fieldYanked
	fieldRemoved

	fields = int(iota)
)

// fieldNames are the keys of columns in mapping files.
var fieldNames = [fields]string{
	fieldCredential: "credential", fieldID: "id", fieldAccount: "account", fieldAction: "action", fieldProject: "project", fieldSubject: "subject", fieldTime: "time",
	fieldAddress: "address", fieldCountry: "country", fieldUserAgent: "user_agent", fieldOutcome: "outcome", fieldRunID: "run_id", fieldCommit: "commit",
	fieldEventID: "event_id", fieldLabel: "label", fieldKind: "kind", fieldProjects: "projects", fieldScopes: "scopes", fieldAccountWide: "account_wide",
	fieldCreated: "created", fieldExpires: "expires", fieldLastUsed: "last_used", fieldRevoked: "revoked", fieldActive: "active", fieldVersion: "version",
	fieldFile: "file", fieldUploader: "uploader", fieldPublisher: "publisher", fieldSHA256: "sha256", fieldYanked: "yanked", fieldRemoved: "removed",
}

func (f field) String() string { return fieldNames[f] }

// shape is what a mapping of one kind may say, and what it must.
type shape struct {
	kind    string
	columns []field
	fixed   []field   // that may have one value for all rows
	needs   [][]field // one of each, as a column or fixed
}

// shapes are in the order in which the kind of a mapping that does not name it is looked for: usage first.
var shapes = []shape{
	{
		kind: KindUsage,
		columns: []field{fieldCredential, fieldAccount, fieldAction, fieldProject, fieldSubject, fieldTime, fieldAddress, fieldCountry, fieldUserAgent, fieldOutcome,
			fieldRunID, fieldCommit, fieldEventID},
		fixed: []field{fieldAccount, fieldAction, fieldProject, fieldOutcome},
		needs: [][]field{{fieldTime}, {fieldCredential, fieldAccount}},
	},
	{
		kind: KindCredentials,
		columns: []field{fieldID, fieldLabel, fieldKind, fieldAccount, fieldProjects, fieldScopes, fieldAccountWide, fieldCreated, fieldExpires, fieldLastUsed,
			fieldRevoked, fieldActive, fieldAddress, fieldUserAgent},
		fixed: []field{fieldAccount, fieldKind},
		needs: [][]field{{fieldID}},
	},
	{
		kind: KindReleases,
		columns: []field{fieldProject, fieldVersion, fieldFile, fieldTime, fieldUploader, fieldUserAgent, fieldPublisher, fieldCommit, fieldRunID, fieldCredential,
			fieldSHA256, fieldYanked, fieldRemoved},
		fixed: []field{fieldProject, fieldUploader},
		needs: [][]field{{fieldProject}, {fieldVersion}, {fieldTime}},
	},
}

func shapeOf(kind string) (shape, bool) {
	i := slices.IndexFunc(shapes, func(s shape) bool { return s.kind == kind })
	if i < 0 {
		return shape{}, false
	}
	return shapes[i], true
}

// GenericName is the name of the formats that need a mapping.
const GenericName = "generic"

// genericFormats are those whose columns a mapping explains: one for each kind, under the same name. None is ever guessed, because the columns of such a
// file say nothing to us.
func genericFormats() []Format {
	var all []Format
	for _, s := range shapes {
		all = append(all, Format{
			Name: GenericName, Kinds: []string{s.kind}, About: "CSV, JSON Lines or JSON with a mapping file that says which column holds what (--mapping FILE)",
			Guess: func(Sample) int { return 0 },
			Read:  func(ctx context.Context, in *Input, out *Sink) error { return readGeneric(ctx, in, out, s.kind) },
		})
	}
	return all
}

// errNoMapping is of a caller that did not ask for one.
var errNoMapping = errors.New("a generic file needs a mapping (--mapping FILE; import --explain drafts one)")

// readGeneric reads CSV or JSON as the mapping says.
func readGeneric(ctx context.Context, in *Input, out *Sink, kind string) error {
	switch m := in.Mapping; {
	case m == nil:
		return fmt.Errorf("read %s: %w", in.Name, errNoMapping)
	case m.kind != kind:
		return fmt.Errorf("read %s: the mapping is for %s, not for %s", in.Name, m.kind, kind)
	}
	g := newGenericReader(in, out)
	defer g.countRejects()()
	csv, err := in.isCSV()
	if err != nil {
		return err
	}
	if csv {
		err = eachRecord(ctx, in, out, g.record)
	} else {
		err = eachObject(ctx, in, out, g.members(), g.object)
	}
	if err != nil {
		return err
	}
	return g.finish()
}

// placing puts words of a log in places of ours. Words are compared without case; one that ends in * is for all that begin so, of which the longest
// counts.
type placing struct {
	exact  map[string]string
	prefix []placedPrefix // longest first
}

type placedPrefix struct{ begin, place string }

// add puts a word in its place; false where it is in one already.
func (p *placing) add(word, place string) bool {
	word = strings.ToLower(strings.TrimSpace(word))
	if begin, ok := strings.CutSuffix(word, "*"); ok {
		if slices.ContainsFunc(p.prefix, func(x placedPrefix) bool { return x.begin == begin }) {
			return false
		}
		p.prefix = append(p.prefix, placedPrefix{begin, place})
		slices.SortStableFunc(p.prefix, func(a, b placedPrefix) int { return len(b.begin) - len(a.begin) })
		return true
	}
	if _, ok := p.exact[word]; ok {
		return false
	}
	if p.exact == nil {
		p.exact = map[string]string{}
	}
	p.exact[word] = place
	return true
}

// of is the place of a word; empty where it has none.
func (p *placing) of(word string) string {
	if place, ok := p.exact[word]; ok {
		return place
	}
	word = strings.ToLower(word)
	if place, ok := p.exact[word]; ok {
		return place
	}
	for _, x := range p.prefix {
		if strings.HasPrefix(word, x.begin) {
			return x.place
		}
	}
	return ""
}

func (p *placing) empty() bool { return len(p.exact) == 0 && len(p.prefix) == 0 }
