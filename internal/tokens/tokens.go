// Package tokens holds the facts about credentials: what inventories list, what usage logs and registries tell, and what people know of which
// secret is which credential. Readers of files make them, the case file stores them, linkage and verdicts read them. It also derives, from a token
// in memory, the identifiers that may be kept. Nothing here is a conclusion, and no value here is a secret: a credential is named by what its
// provider calls it, which authenticates nothing.
//
// All times are UTC. Ids are derived from what a fact says, never from the file or the order in which it came: the same rows from one export, from
// pieces of it or from two that overlap are the same facts.
package tokens

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// Provider is who issues a credential and can refuse it.
type Provider string

// Providers whose formats or identifiers are known. Others may come from mappings, in lower case.
const (
	PyPI       Provider = "pypi"
	NPM        Provider = "npm"
	GitHub     Provider = "github"
	AWS        Provider = "aws"
	DockerHub  Provider = "dockerhub"
	Cloudflare Provider = "cloudflare"
	Crates     Provider = "crates"
	RubyGems   Provider = "rubygems"
	GitLab     Provider = "gitlab"
)

// Ref names a credential: "pypi:UUID", "aws:AKIA...", "npm:KEY". This is the text that windows, statements and mappings use.
type Ref string

// NewRef joins provider and identifier; empty where there is no identifier.
func NewRef(p Provider, id string) Ref {
	if id == "" {
		return ""
	}
	return Ref(string(p) + ":" + id)
}

// Provider is the part before the first colon.
func (r Ref) Provider() Provider {
	p, _, _ := strings.Cut(string(r), ":")
	return Provider(p)
}

// ID is the part behind the first colon.
func (r Ref) ID() string {
	_, id, _ := strings.Cut(string(r), ":")
	return id
}

// Class is what kind of act a use is, whatever its provider calls it.
type Class string

// Classes of acts. Other is what no reader of a format could place.
const (
	Publish Class = "publish" // puts something where others take it from: a release, a file, a tag, an image
	Write   Class = "write"   // changes something else: a push, a setting, an object
	Read    Class = "read"
	Auth    Class = "auth"   // a login, a check of a token
	Access  Class = "access" // changes who may do what: a token, a key, a member, a role
	Run     Class = "run"    // a workflow run or job that a platform began
	Other   Class = "other"
)

// Outcomes of a use.
const (
	Succeeded = "success"
	Failed    = "failure" // refused or in error: an attempt all the same
)

// How a use was authenticated, where the log tells.
const (
	ViaToken            = "token"
	ViaTrustedPublisher = "trusted-publisher" // an exchange of an OIDC token: no stored credential took part
	ViaWeb              = "web"
)

// Use is one event of a log that shows a credential, or an account, at work. Empty texts are what the log does not tell.
type Use struct {
	Log        string // which log: "pypi/user_events", "aws/cloudtrail"; coverage is told by the same name
	Provider   Provider
	Credential string // identifier at the provider, without its name
	Account    string // who acted, as the log names it
	Action     string // in the provider's word
	Class      Class
	Project    string // as the registry compares names; owner/name, bucket, zone for others
	Subject    string // version, file, ref: what of the project
	At         time.Time
	Within     time.Duration // how coarse the time is written: 0 for less than a second
	Address    netip.Addr
	Origin     string // where no address is told but something: "cloudtrail.amazonaws.com", a hashed address
	Country    string // ISO 3166-1 alpha-2, as the log tells
	UserAgent  string
	Outcome    string
	Via        string
	RunID      int64        // of a run of GitHub Actions
	Commit     evidence.OID // that the event names
	Minted     string       // identifier of a credential that the event made, of the same provider
	External   string       // the log's own id of the event; rows with the same one are the same event
}

// Key tells uses apart within a log, credential and time: of the log's own id where it has one, else of everything told. Two rows without an id that
// say the same of the same time are one use.
func (u *Use) Key() int64 {
	text := make([]byte, 0, 512) // of most uses, without a trip to the heap
	put := func(s string) {
		text = binary.LittleEndian.AppendUint32(text, uint32(len(s)))
		text = append(text, s...)
	}
	put(u.Log)
	put(string(u.Provider))
	if put(u.External); u.External == "" {
		for _, s := range [...]string{u.Credential, u.Account, u.Action, string(u.Class), u.Project, u.Subject, u.Origin, u.Country, u.UserAgent, u.Outcome, u.Via,
			string(u.Commit), u.Minted} {
			put(s)
		}
		text = binary.LittleEndian.AppendUint64(text, uint64(u.At.UnixMicro()))
		text = binary.LittleEndian.AppendUint64(text, uint64(u.RunID))
		address := u.Address.As16()
		text = append(text, address[:]...)
	}
	sum := sha256.Sum256(text)
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// UseID is how a use is cited.
func UseID(key int64) string { return fmt.Sprintf("use-%016x", uint64(key)) }

// Ref of the credential; empty where the log names none.
func (u *Use) Ref() Ref { return NewRef(u.Provider, u.Credential) }

// Credential is one row of an inventory: what a provider said of a credential at ListedAt. Zero times are "never" or "not told".
type Credential struct {
	Provider    Provider
	ID          string // non-secret identifier
	Kind        string // in the provider's word: "api token", "access key", "fine-grained personal access token"
	Account     string // who owns it
	Label       string // name or description that its owner gave
	AccountWide bool   // it can act on all that its owner has
	Projects    []string
	Scopes      []string // in the provider's words
	CreatedAt   time.Time
	ExpiresAt   time.Time
	LastUsedAt  time.Time
	// LastUsedTold reports that the inventory has a column for it: a zero LastUsedAt is then "never, as far as it records".
	LastUsedTold bool
	LastWithin   time.Duration // how coarse LastUsedAt is: AWS records the first use of 15 minutes
	RevokedAt    time.Time
	Inactive     bool // listed as revoked, inactive or expired, whenever that came
	Address      netip.Addr
	UserAgent    string // of whoever made it
	Parent       string // identifier of the credential that made it
	// Alias is another identifier under which the same provider's documents name it: what is told of either is told of both.
	Alias    string
	ListedAt time.Time // zero: no inventory said so, but a log that names it
}

// Ref names it.
func (c *Credential) Ref() Ref { return NewRef(c.Provider, c.ID) }

// FactID of the row.
func (c *Credential) FactID() string {
	return evidence.ID("crd", string(c.Provider), c.ID, c.Kind, c.Account, c.Label, strconv.FormatBool(c.AccountWide), strings.Join(c.Projects, "\n"), strings.Join(c.Scopes, "\n"),
		evidence.Stamp(c.CreatedAt), evidence.Stamp(c.ExpiresAt), evidence.Stamp(c.LastUsedAt), strconv.FormatBool(c.LastUsedTold), evidence.Stamp(c.RevokedAt),
		strconv.FormatBool(c.Inactive), c.Parent, c.Alias, evidence.Stamp(c.ListedAt))
}

// Listing says that an inventory was read to its end: a credential of the account that it lacks was not listed at that time.
type Listing struct {
	Provider Provider
	Account  string // empty: all that the provider has, or all that was asked for
	At       time.Time
	Complete bool
}

// FactID of the listing.
func (l *Listing) FactID() string {
	return evidence.ID("lst", string(l.Provider), l.Account, evidence.Stamp(l.At), strconv.FormatBool(l.Complete))
}

// What happened to a credential.
const (
	Created  = "created"
	Removed  = "removed"      // by its owner or an administrator: refused from then on
	Leaked   = "removed-leak" // by the provider's scanning of public places
	Expired  = "expired"
	Disabled = "disabled" // refused until it is enabled again
	Enabled  = "enabled"
	Refused  = "refused" // the provider was seen to turn it away
	Rotated  = "rotated" // another value under the same identifier: the old one is refused
)

// Event is one step in the life of a credential, as a log tells it. A log that names it by its label alone leaves ID empty.
type Event struct {
	Provider Provider
	ID       string
	Account  string
	Label    string
	What     string
	At       time.Time
	By       string
	Detail   string // what else the log tells: scope, where it leaked
	Log      string
	External string
}

// FactID of the event.
func (e *Event) FactID() string {
	if e.External != "" {
		return evidence.ID("cev", string(e.Provider), e.Log, e.External)
	}
	return evidence.ID("cev", string(e.Provider), e.Log, e.ID, e.Account, e.Label, e.What, evidence.Stamp(e.At), e.By, e.Detail)
}

// Release is one file or version that a registry tells of. Documents tell different parts: they are joined by provider, project, version and file.
type Release struct {
	Provider  Provider
	Project   string
	Version   string
	File      string // empty where the registry has one artefact a version
	At        time.Time
	Document  string // which document told it: "pypi/json", "pypi/integrity", "npm/packument"
	Uploader  string
	UserAgent string
	Publisher string // the trusted publisher, as "github:owner/name/.github/workflows/release.yml"
	// Attested: "yes", "no" (the registry says there is none) or empty: not told.
	Attested string
	Trusted  string // uploaded through a trusted publisher: "yes", "no" or empty
	Commit   evidence.OID
	RunID    int64
	Token    string // identifier of the credential that published, where the registry tells
	SHA256   string
	Yanked   bool
	Removed  bool // the registry knows the version and has it no longer
	Mirrored bool // the document came through a mirror that rewrites: times are its own
}

// FactID of what one document told.
func (r *Release) FactID() string {
	return evidence.ID("rel", string(r.Provider), r.Project, r.Version, r.File, evidence.Stamp(r.At), r.Document, r.Uploader, r.UserAgent, r.Publisher, r.Attested, r.Trusted,
		string(r.Commit), strconv.FormatInt(r.RunID, 10), r.Token, r.SHA256, strconv.FormatBool(r.Yanked), strconv.FormatBool(r.Removed), strconv.FormatBool(r.Mirrored))
}

// Bases of a coverage.
const (
	CoverageDeclared = "declared" // --covers
	CoverageProven   = "proven"   // by the format: CloudTrail digests, a listing's own bounds
)

// Coverage says over which time a log was had whole: From inclusive, To exclusive. Account and Project bound what of the log; empty: all.
type Coverage struct {
	Log      string
	Provider Provider
	Account  string
	Project  string
	From, To time.Time
	Basis    string
	Detail   string
}

// FactID of the coverage.
func (c *Coverage) FactID() string {
	return evidence.ID("cov", c.Log, string(c.Provider), c.Account, c.Project, evidence.Stamp(c.From), evidence.Stamp(c.To), c.Basis, c.Detail)
}

// Contact is how a person or team can be told.
type Contact struct {
	Kind    string // owner, repository, project
	Name    string // of what: "octo-org", "octo-org/octo-repo", "pypi:sampleproject"
	Person  string
	Address string // mail address or URL
	Why     string
}

// FactID of the contact.
func (c *Contact) FactID() string {
	return evidence.ID("cto", c.Kind, c.Name, c.Person, c.Address, c.Why)
}

// Mapping is what the responder knows of a secret: which credential it is, or at least whose. Empty fields are not said.
type Mapping struct {
	Repository evidence.Repository // empty: in all repositories
	Secret     string              // empty: of the repository as a whole, for its projects
	Provider   Provider
	Credential string
	Account    string
	Project    string
	Because    string
}

// FactID of the mapping.
func (m *Mapping) FactID() string {
	return evidence.ID("map", m.Repository.Key(), m.Secret, string(m.Provider), m.Credential, m.Account, m.Project, m.Because)
}
