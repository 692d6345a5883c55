package tokenlog

import (
	"slices"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// minted is the credential that an event made: a session by sts, a key by iam. Of what AWS answered, the id, the owner and the times are read; the
// session token beside them, which CloudTrail keeps in clear, and the secret are not.
func minted(r trailRecord, u *tokens.Use) tokens.Credential {
	if u.Outcome == tokens.Failed {
		return tokens.Credential{}
	}
	answer := r.child("responseElements")
	if key := answer.child("accessKey"); key.field("accessKeyId") != "" {
		c := tokens.Credential{Provider: tokens.AWS, ID: key.field("accessKeyId"), Kind: "access key", Account: owner(r, key.field("userName")), AccountWide: true,
			CreatedAt: u.At, Parent: u.Credential, Inactive: key.field("status") == "Inactive"}
		return c
	}
	session := answer.child("credentials")
	c := tokens.Credential{Provider: tokens.AWS, ID: session.field("accessKeyId"), Kind: "session key", AccountWide: true, CreatedAt: u.At, ExpiresAt: awsTime(session.field("expiration")),
		Parent: u.Credential}
	if c.ID == "" {
		return tokens.Credential{}
	}
	c.Account = firstText(answer.field("assumedRoleUser", "arn"), answer.field("federatedUser", "arn"), u.Account)
	return c
}

// owner is the user by the name under which events show him: a user that acts for himself by his ARN, another by his name, whose path is not told.
func owner(r trailRecord, name string) string {
	id := r.child("userIdentity")
	if name == "" || name == id.field("userName") {
		return firstText(id.field("arn"), name)
	}
	return name
}

// awsTime reads a time as answers of sts and iam have it: "Jul 10, 2023, 12:55:24 PM" in UTC, or RFC 3339. Zero where it cannot be read.
func awsTime(text string) time.Time {
	if t, _, err := instant(text, time.UTC); err == nil {
		return t
	}
	// Newer versions of Java write a narrow no-break space before AM and PM.
	text = strings.ReplaceAll(text, "\u202f", " ")
	for _, layout := range []string{"Jan 2, 2006, 3:04:05 PM", "Jan 2, 2006 3:04:05 PM"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return time.Time{}
}

// refusals are errors by which AWS turns a credential away, not an action.
var refusals = []string{"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "ExpiredToken", "ExpiredTokenException"}

// lifecycle gives on what the record tells of the life of a credential: of the one it made, deleted, switched, or turned away.
func (t *trailReader) lifecycle(r trailRecord, u *tokens.Use, made tokens.Credential) error {
	e := tokens.Event{Provider: tokens.AWS, At: u.At, By: u.Account, Log: u.Log, External: u.External, Detail: u.Action}
	p := r.child("requestParameters")
	switch code := r.field("errorCode"); {
	case made.ID != "":
		if err := t.out.Credential(&made); err != nil {
			return err
		}
		e.ID, e.Account, e.What = made.ID, made.Account, tokens.Created
		if made.Parent != "" {
			e.Detail += " with " + made.Parent
		}
	case slices.Contains(refusals, code) && u.Credential != "":
		e.ID, e.Account, e.What, e.By, e.Detail = u.Credential, u.Account, tokens.Refused, "", u.Action+": "+code
	case code != "":
		return nil
	case u.Action == "iam:DeleteAccessKey":
		e.ID, e.Account, e.What = p.field("accessKeyId"), owner(r, p.field("userName")), tokens.Removed
	case u.Action == "iam:UpdateAccessKey":
		e.ID, e.Account, e.What = p.field("accessKeyId"), owner(r, p.field("userName")), tokens.Enabled
		if strings.EqualFold(p.field("status"), "Inactive") {
			e.What = tokens.Disabled
		}
	}
	if e.ID == "" {
		return nil
	}
	return t.out.Event(&e)
}
