package tokens

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Identity is what a credential says of itself without anybody being asked. It holds nothing that authenticates.
type Identity struct {
	Provider Provider // empty: no known shape
	Kind     string
	ID       string   // under which inventories and logs name it; empty where its value does not tell
	Others   []string // other identifiers under which documents of the provider may name it
	Account  string   // of AWS: the number; of PyPI: the UUID of the user, where the token is bound to one
	Location string   // of PyPI: which registry it is for
	Redacted string   // as npm shows it in lists
	Grant    *Grant   // of PyPI: what its caveats leave
	Remarks  []string // what is wrong or special with it
	// Digests of the value. They are empty for a value so short that trying all would find it.
	SHA256      string // hex
	HashedToken string // base64, as GitHub's audit log has it
	// HashedLine is HashedToken of the value and a line break: what "echo TOKEN | sha256sum" hashes, by mistake.
	HashedLine string
	LastFour   string
	LastEight  string
}

// Ref of the credential; empty where its value does not tell.
func (i *Identity) Ref() Ref { return NewRef(i.Provider, i.ID) }

// Refs are all names under which the case may know it.
func (i *Identity) Refs() []Ref {
	var out []Ref
	for _, id := range append([]string{i.ID}, i.Others...) {
		if ref := NewRef(i.Provider, id); ref != "" && i.Provider != "" && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out
}

// leastDigest is the length from which a value has a digest: shorter ones may be passwords, whose digest gives them away.
const leastDigest = 20

// maxToken bounds what is taken for one token.
const maxToken = 64 << 10

// kinds are the shapes of whole values, as their issuers document them. The first that matches counts.
var kinds = []struct {
	shape    *regexp.Regexp
	provider Provider
	kind     string
	fill     func(i *Identity, value string)
}{
	{regexp.MustCompile(`^pypi-[A-Za-z0-9_-]+={0,2}$`), PyPI, "API token", fillPyPI},
	{regexp.MustCompile(`^npm_[A-Za-z0-9]{36}$`), NPM, "access token", fillNPM},
	{regexp.MustCompile(`^ghp_[0-9A-Za-z]{36,251}$`), GitHub, "personal access token (classic)", fillHash},
	{regexp.MustCompile(`^github_pat_\w{60,251}$`), GitHub, "fine-grained personal access token", fillHash},
	{regexp.MustCompile(`^gho_[0-9A-Za-z]{36,251}$`), GitHub, "OAuth access token", fillHash},
	{regexp.MustCompile(`^ghu_[0-9A-Za-z]{36,251}$`), GitHub, "GitHub App user-to-server token", fillHash},
	{regexp.MustCompile(`^ghs_[0-9A-Za-z]{36,251}$`), GitHub, "GitHub App server-to-server token", fillHash},
	{regexp.MustCompile(`^ghr_[0-9A-Za-z]{36,251}$`), GitHub, "GitHub App refresh token", fillHash},
	{regexp.MustCompile(`^(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}$`), AWS, "access key id", fillAWS},
	{regexp.MustCompile(`^dckr_pat_[\w-]{20,}$`), DockerHub, "personal access token", nil},
	{regexp.MustCompile(`^dckr_oat_[\w-]{20,}$`), DockerHub, "organization access token", nil},
	{regexp.MustCompile(`^v1\.0-[a-f0-9]{24}-[a-f0-9]{146}$`), Cloudflare, "origin CA key", nil},
	{regexp.MustCompile(`^cio_tp_[A-Za-z0-9]{32}$`), Crates, "trusted publishing token", fillHash},
	{regexp.MustCompile(`^cio[A-Za-z0-9]{32}$`), Crates, "API token", fillHash},
	{regexp.MustCompile(`^rubygems_[a-f0-9]{48}$`), RubyGems, "API key", fillHash},
	{regexp.MustCompile(`^glpat-[\w-]{20,300}(?:\.[0-9a-z]{2}[0-9a-z]{7})?$`), GitLab, "personal access token", nil},
}

// Identify tells of one value, without white space around it, what can be told without asking anybody. It keeps nothing.
func Identify(value string) Identity {
	var i Identity
	value = strings.TrimSpace(value)
	if len(value) > maxToken {
		return Identity{Remarks: []string{"longer than 64 KiB: no token"}}
	}
	for _, k := range kinds {
		if k.shape.MatchString(value) {
			i.Provider, i.Kind = k.provider, k.kind
			if k.fill != nil {
				k.fill(&i, value)
			}
			break
		}
	}
	if i.Provider == "" {
		i.Remarks = append(i.Remarks, guesses(value)...)
	}
	if i.Provider == AWS {
		return i // no secret: its digests name nothing
	}
	if len(value) < leastDigest {
		i.Remarks = append(i.Remarks, "too short for digests: they would give it away")
		return i
	}
	sum, line := sha256.Sum256([]byte(value)), sha256.Sum256([]byte(value+"\n"))
	i.SHA256 = hex.EncodeToString(sum[:])
	i.HashedToken, i.HashedLine = base64.StdEncoding.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(line[:])
	i.LastFour, i.LastEight = value[len(value)-4:], value[len(value)-8:]
	return i
}

// ambiguous are shapes of values that several kinds have, and what is to be said of each. The first that matches counts.
var ambiguous = []struct {
	shape  *regexp.Regexp
	remark string
}{
	{regexp.MustCompile(`^[0-9a-f]{40}$`), "40 hex digits: GitHub's tokens were so before April 2021, and so is the name of a commit"},
	{regexp.MustCompile(`^[0-9a-f]{37}$`), "37 hex digits: Cloudflare's global API key has this shape; its audit log names none"},
	{regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`),
		"a UUID: old tokens of npm and Docker Hub had this shape, and so have many identifiers that are no secret"},
	{regexp.MustCompile(`^[A-Za-z0-9_/+-]{40}$`),
		"40 characters: API tokens of Cloudflare and secret keys of AWS have this shape; logs name them by their id, which the value does not tell"},
}

// guesses are remarks on a value of no kind.
func guesses(value string) []string {
	for _, a := range ambiguous {
		if a.shape.MatchString(value) {
			return []string{a.remark}
		}
	}
	return []string{"of no known shape"}
}

func fillHash(i *Identity, value string) {
	i.ID = hashOf(value)
	if i.Provider == GitHub {
		i.Others = []string{hashOf(value + "\n")}
	}
}

func fillNPM(i *Identity, value string) {
	i.Redacted = value[:8] + "..." + value[len(value)-4:]
	i.ID = i.Redacted
	i.Others = []string{value[:6] + "..." + value[len(value)-4:]} // as old versions of the CLI show it
	i.Remarks = append(i.Remarks, "npm names it by a key that its value does not tell: npm token list shows both")
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func fillPyPI(i *Identity, value string) {
	m, err := readMacaroon(strings.TrimPrefix(value, "pypi-"))
	if err != nil {
		i.Remarks = append(i.Remarks, "not as PyPI writes it: "+err.Error())
		return
	}
	if i.Location = m.location; !uuid.MatchString(m.id) {
		i.Remarks = append(i.Remarks, "its identifier is none of PyPI's")
		return
	}
	i.ID, i.Grant = m.id, &Grant{}
	for _, c := range m.caveats {
		i.Grant.Add([]byte(c))
	}
	i.Account = i.Grant.User
	if i.Grant.Publisher != "" {
		i.Kind = "trusted publisher's token"
	}
	if m.location != "pypi.org" {
		i.Remarks = append(i.Remarks, fmt.Sprintf("for %q, not for pypi.org", m.location))
	}
	i.Remarks = append(i.Remarks, "PyPI revokes on this identifier alone: hand it on with care")
}

func fillAWS(i *Identity, value string) {
	i.ID = value
	if i.Account = awsAccount(value); i.Account == "" {
		i.Remarks = append(i.Remarks, "no key id that AWS gives out: somebody made it unreadable, and its account with it")
	}
	if strings.HasPrefix(value, "ASIA") {
		i.Kind = "temporary access key id"
	}
}

// awsAccount is the number of the account that an access key id names: bits 1 to 40 of its base32 part. Measured, not documented by AWS
// (https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489).
func awsAccount(key string) string {
	raw, err := base32.StdEncoding.DecodeString(key[4:])
	if err != nil || len(raw) < 6 {
		return ""
	}
	z := binary.BigEndian.Uint64(append([]byte{0, 0}, raw[:6]...))
	return fmt.Sprintf("%012d", z&0x7fffffffff80>>7)
}

// ExpiresAt is when its caveats end it; zero where none does or the value does not tell.
func (i *Identity) ExpiresAt() time.Time {
	if i.Grant == nil {
		return time.Time{}
	}
	return i.Grant.Expires
}
