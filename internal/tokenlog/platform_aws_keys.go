package tokenlog

import (
	"context"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// lastUsedSpan is how far the last use of a key may be behind the truth: "When an access key is used more than once in a 15-minute span, only the first
// use is recorded." [IAM User Guide, "Generate credential reports for your AWS account"]
const lastUsedSpan = 15 * time.Minute

// readCredentialReport reads the report of an account. It has no ids of keys: its rows are told by user and place, and by when the key was made, which
// is to the second the time of CreateAccessKey in CloudTrail. A password's row is none of a stored credential and is not given on.
func readCredentialReport(ctx context.Context, in *Input, out *Sink) error {
	err := eachRecord(ctx, in, out, func(r *record) error {
		var keys []tokens.Credential
		for _, place := range []string{"access_key_1", "access_key_2"} {
			c, err := reportedKey(in, r, place)
			if err != nil {
				return out.Reject(place + ": " + err.Error())
			}
			if !c.CreatedAt.IsZero() || !c.Inactive { // else there is no such key
				keys = append(keys, c)
			}
		}
		if len(keys) == 0 {
			return out.Reject("the user has no access key")
		}
		for i := range keys {
			if err := out.Credential(&keys[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return listed(in, out, tokens.AWS)
}

func reportedKey(in *Input, r *record, place string) (tokens.Credential, error) {
	zone := in.zone(time.UTC)
	c := tokens.Credential{
		Provider: tokens.AWS, Kind: "access key", Account: firstText(r.get("arn"), r.get("user")), Label: place, AccountWide: true, LastUsedTold: r.has(place + "_last_used_date"),
		LastWithin: lastUsedSpan, Inactive: !strings.EqualFold(r.get(place+"_active"), "true"), ListedAt: in.ListedAt,
	}
	err := optionals(zone, whenTold{&c.CreatedAt, r.get(place + "_last_rotated")}, whenTold{&c.LastUsedAt, r.get(place + "_last_used_date")})
	if s := r.get(place + "_last_used_service"); s != "" && s != "N/A" && s != "no_information" {
		c.Scopes = []string{"last used for " + s}
	}
	return c, err
}

// readAccessKeys reads what iam answers of single keys. get-access-key-last-used does not repeat the key it was asked of: the responder adds AccessKeyId,
// or names the file after the key.
func readAccessKeys(ctx context.Context, in *Input, out *Sink) error {
	zone := in.zone(time.UTC)
	err := eachObject(ctx, in, out, []string{"AccessKeyMetadata"}, func(o object) error {
		c := tokens.Credential{
			Provider: tokens.AWS, ID: firstText(o.text("AccessKeyId"), keyInName(in.Name)), Kind: "access key", Account: firstText(o.text("UserName"), in.Account), AccountWide: true,
			Inactive: strings.EqualFold(o.text("Status"), "Inactive"), ListedAt: in.ListedAt,
		}
		if c.ID == "" {
			return out.Reject("nothing says of which key this is: add AccessKeyId, or name the file after it")
		}
		used := o.object("AccessKeyLastUsed")
		if c.LastUsedTold = used != nil; c.LastUsedTold {
			c.LastWithin = lastUsedSpan
		}
		if s := used.text("ServiceName"); s != "" && s != "N/A" {
			c.Scopes = []string{"last used for " + s}
		}
		if err := optionals(zone, whenTold{&c.CreatedAt, o.text("CreateDate")}, whenTold{&c.LastUsedAt, used.text("LastUsedDate")}); err != nil {
			return out.Reject(err.Error())
		}
		return out.Credential(&c)
	})
	if err != nil {
		return err
	}
	if in.Complete {
		return listed(in, out, tokens.AWS)
	}
	return nil
}

// keyIDLength is that of the id of an access key.
const keyIDLength = 20

// keyInName finds the id of an access key in the name of a file.
func keyInName(name string) string {
	for _, part := range strings.FieldsFunc(name, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < '0' || c > '9') }) {
		if len(part) == keyIDLength && (strings.HasPrefix(part, "AKIA") || strings.HasPrefix(part, "ASIA")) {
			return part
		}
	}
	return ""
}
