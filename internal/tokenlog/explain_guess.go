package tokenlog

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// timeFields are the fields that hold times.
var timeFields = map[field]bool{fieldTime: true, fieldCreated: true, fieldExpires: true, fieldLastUsed: true, fieldRevoked: true}

// hints are the names under which columns of each field are known, without case and signs, the likeliest first.
var hints = map[field][]string{
	fieldCredential: strings.Fields("tokenid credentialid accesskeyid apikeyid apitokenid keyid patid macaroonid hashedtoken tokenhash tokensha256 tokenuuid keyuuid credential " +
		"tokenidentifier authtokenid sessionkeyid"),
	fieldID: strings.Fields("tokenid credentialid accesskeyid apikeyid keyid patid macaroonid hashedtoken tokenhash id uuid identifier credential"),
	fieldAccount: strings.Fields("account actor user username userid login accountname accountid principal owner email actorlogin actorid actorname member identity who " +
		"createdby ownername"),
	fieldAction: strings.Fields("action event operation eventname eventtype activity verb method op eventaction httpmethod requestmethod type"),
	fieldProject: strings.Fields("project package projectname packagename repository repo repositoryname gem crate module image artifact bucket projectid packageid resource name " +
		"slug"),
	fieldSubject:     strings.Fields("subject version file filename object ref path uri url target"),
	fieldTime:        strings.Fields("time timestamp eventtime datetime occurredat createdat date at ts when uploadtime publishedat releasedat uploadedat logtime requesttime created"),
	fieldAddress:     strings.Fields("ip ipaddress clientip sourceip remoteip remoteaddr sourceipaddress srcip actorip address clientaddress remoteaddress xforwardedfor client source"),
	fieldCountry:     strings.Fields("country countrycode geocountry ipcountry"),
	fieldUserAgent:   strings.Fields("useragent agent ua httpuseragent clientuseragent"),
	fieldOutcome:     strings.Fields("outcome result status success statuscode responsecode httpstatus code allowed ok"),
	fieldRunID:       strings.Fields("runid workflowrunid githubrunid"),
	fieldCommit:      strings.Fields("commit commitsha sha headsha revision gitcommit commitid githead"),
	fieldEventID:     strings.Fields("eventid id uuid logid documentid recordid"),
	fieldLabel:       strings.Fields("label name description tokenname note title displayname comment"),
	fieldKind:        strings.Fields("kind type tokentype credentialtype"),
	fieldProjects:    strings.Fields("projects packages repositories project package repository repo resources repos"),
	fieldScopes:      strings.Fields("scopes permissions scope abilities permission roles"),
	fieldAccountWide: strings.Fields("accountwide allprojects userscoped"),
	fieldCreated:     strings.Fields("created createdat creationdate createdon createddate issuedat createdtime creationtime"),
	fieldExpires:     strings.Fields("expires expiresat expiry expirydate expirationdate expiration expireson validuntil notafter"),
	fieldLastUsed:    strings.Fields("lastused lastusedat lastuseddate lastuse lastusedon lastaccessed lastaccessedat lastaccess lastseen accessed"),
	fieldRevoked:     strings.Fields("revoked revokedat revokedon deletedat deleted revocationdate"),
	fieldActive:      strings.Fields("active isactive enabled status state"),
	fieldVersion:     strings.Fields("version versionname number releaseversion tag"),
	fieldFile:        strings.Fields("file filename artifact path"),
	fieldUploader:    strings.Fields("uploader uploadedby publishedby publisher user author username by"),
	fieldPublisher:   strings.Fields("trustedpublisher oidcpublisher"),
	fieldSHA256:      strings.Fields("sha256 sha256digest digest hash checksum"),
	fieldYanked:      strings.Fields("yanked isyanked"),
	fieldRemoved:     strings.Fields("removed deleted isdeleted"),
}

// bareName is a name without case and signs.
func bareName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// Certainties of a column. A name that is known comes before content alone.
const (
	sureByName = 1000
	sureByPart = 500 // the last part of a path alone
	sureByLook = 100
)

// named is how well the name of the column fits a field: less for names that come later in the list.
func (c *sampled) named(f field) int {
	parts := strings.Split(c.name, ".")
	whole, last := bareName(c.name), bareName(parts[len(parts)-1])
	if len(parts) > 1 { // as in actor.ip
		last = bareName(parts[len(parts)-1])
		if i := slices.Index(hints[f], bareName(strings.Join(parts[len(parts)-2:], ""))); i >= 0 {
			return sureByName - i
		}
	}
	if i := slices.Index(hints[f], whole); i >= 0 {
		return sureByName - i
	}
	if i := slices.Index(hints[f], last); i >= 0 && len(parts) > 1 {
		return sureByPart - i
	}
	return 0
}

// mostly is the share of values from which a column is one of something.
const mostly = 0.8

// looksLike is how sure the column holds a field: 0 for not at all. What can be told by values must be in them; what cannot goes by the name.
func (c *sampled) looksLike(f field) int {
	name := c.named(f)
	byLook := func(fits bool) int {
		switch {
		case !fits:
			return 0
		case name > 0:
			return name
		}
		return sureByLook
	}
	onlyNamed := func(fits bool) int {
		if !fits {
			return 0
		}
		return name
	}
	if len(c.values) == 0 {
		return onlyNamed(optionalFields[f])
	}
	switch f {
	case fieldTime:
		return byLook(c.times.is())
	case fieldCreated, fieldExpires, fieldLastUsed:
		return onlyNamed(c.times.is())
	case fieldRevoked:
		return onlyNamed(c.times.is() || c.share(yesOrNo) == 1)
	case fieldAddress:
		return byLook(c.share(isPlace) >= mostly)
	case fieldUserAgent:
		return byLook(c.share(isAgent) >= mostly || name > 0 && !c.times.is())
	case fieldCredential, fieldID:
		return max(onlyNamed(!c.times.is() && c.share(isPlace) < mostly), byLook(c.share(isKeyID) >= mostly))
	case fieldAction:
		return onlyNamed(len(c.words()) <= maxDraftWords && c.share(plainWord) >= mostly)
	case fieldOutcome:
		return onlyNamed(len(c.words()) <= maxDraftWords && c.share(plainWord) >= mostly)
	case fieldCountry:
		return onlyNamed(c.share(func(v string) bool { return country(v) != "" }) >= mostly)
	case fieldRunID:
		return onlyNamed(c.share(isNumber) == 1)
	case fieldCommit:
		return onlyNamed(c.share(func(v string) bool { _, err := evidence.ParseOID(v); return err == nil }) == 1)
	case fieldEventID:
		return onlyNamed(len(c.words()) == len(c.values) && len(c.values) > 1)
	case fieldSHA256:
		return onlyNamed(c.share(func(v string) bool { return tokens.NormalHash(v) != "" }) == 1)
	case fieldActive, fieldYanked, fieldRemoved, fieldAccountWide:
		return onlyNamed(c.share(yesOrNo) == 1)
	default:
		return onlyNamed(!c.times.is())
	}
}

// optionalFields may be empty in a whole sample.
var optionalFields = map[field]bool{fieldLabel: true, fieldProjects: true, fieldScopes: true, fieldExpires: true, fieldLastUsed: true, fieldRevoked: true, fieldUserAgent: true}

// misfit is the comment on a column that was not chosen, among the fields of a kind.
func (c *sampled) misfit(among []field, chosen map[field]*sampled) string {
	for _, f := range among {
		switch {
		case c.named(f) == 0:
		case chosen[f] != nil:
			return fmt.Sprintf("its name is that of %s, for which there is a likelier column", f)
		default:
			return fmt.Sprintf("its name is that of %s, and its values do not look like it", f)
		}
	}
	return "nothing about it looks like what is read"
}

// because is the comment on a column that was chosen for a field: what of its values speaks for it, and whether its name does.
func (c *sampled) because(f field) string {
	name := ""
	if c.named(f) > 0 {
		name = ", and its name says so"
	}
	count := func(what string, has func(string) bool) string {
		return fmt.Sprintf("%.0f of %d values are %s%s", c.share(has)*float64(len(c.values)), len(c.values), what, name)
	}
	switch {
	case timeFields[f] && c.times.mixed:
		return "its values are counts since 1970" + name
	case timeFields[f] && c.times.is():
		return count("times", func(v string) bool { return fitsLayout(c.times.layouts[0], v) })
	case f == fieldAddress:
		return count("addresses", isPlace)
	case f == fieldUserAgent && c.share(isAgent) >= mostly:
		return count("programs with versions", isAgent)
	case f == fieldCredential || f == fieldID || f == fieldAction || f == fieldOutcome:
		return fmt.Sprintf("values: %d, of which differ: %d%s", len(c.values), len(c.words()), name)
	}
	return "by its name"
}

func isPlace(v string) bool { a, _ := place(v); return a.IsValid() }

func isNumber(v string) bool { _, err := strconv.ParseUint(v, 10, 63); return err == nil }

func yesOrNo(v string) bool { _, reason := truth(v); return reason == "" }

func isKeyID(v string) bool { i := tokens.Identify(v); return i.Provider == tokens.AWS }

// agentShape is a program and its version (RFC 9110, section 10.1.5).
var agentShape = regexp.MustCompile(`^[A-Za-z][\w.+-]*(?: [\w.+-]+){0,2}/v?\d`)

func isAgent(v string) bool { return agentShape.MatchString(v) }

// plainOutcome reports what needs no words in a mapping.
func plainOutcome(v string) bool {
	n, err := strconv.Atoi(v)
	v = strings.ToLower(v)
	return v == tokens.Succeeded || v == tokens.Failed || err == nil && n >= 100 && n < 600
}
