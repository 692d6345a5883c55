package tokenlog

import (
	"slices"
	"strings"

	"pentimento/internal/tokens"
)

// trailAccount is who acted, as far as the record names anybody.
func trailAccount(r trailRecord) string {
	id := r.child("userIdentity")
	return firstText(id.field("arn"), id.field("userName"), id.field("principalId"), id.field("invokedBy"), id.field("accountId"))
}

// Actions of AWS that are no reading and no writing of anybody's things, or that put something where others take it from.
var (
	awsAuth    = []string{"GetCallerIdentity", "ConsoleLogin", "GetSigninToken", "GetAccessKeyInfo", "CheckMfa", "SwitchRole"}
	awsAccess  = []string{"iam", "sso", "sso-admin", "identitystore", "sts", "rolesanywhere"}
	awsPublish = []string{"ecr:PutImage", "ecr-public:PutImage", "codeartifact:PublishPackageVersion", "serverlessrepo:CreateApplicationVersion"}
	awsReading = []string{"Get", "List", "Describe", "Head", "Lookup", "Search", "Query", "Scan", "Select", "BatchGet", "View", "Download", "Filter"}
)

// trailClass places an action. readOnly is AWS's own word; sts marks the making of session keys as reading, which it is not.
func trailClass(r trailRecord, service, name string) tokens.Class {
	switch {
	case slices.Contains(awsAuth, name) || service == "signin":
		return tokens.Auth
	case slices.Contains(awsPublish, service+":"+name):
		return tokens.Publish
	case service == "sts" && !strings.HasPrefix(name, "Decode"):
		return tokens.Access
	}
	reads := r.field("readOnly") == "true"
	if r.field("readOnly") == "" {
		reads = slices.ContainsFunc(awsReading, func(verb string) bool { return strings.HasPrefix(name, verb) })
	}
	switch {
	case reads:
		return tokens.Read
	case slices.Contains(awsAccess, service):
		return tokens.Access
	default:
		return tokens.Write
	}
}

// trailVia is how the request was authenticated: with a key; in a session of the console, whose keys nobody stores; or by an exchange of an OIDC token.
func trailVia(r trailRecord, u *tokens.Use) string {
	switch {
	case strings.HasSuffix(u.Action, ":AssumeRoleWithWebIdentity") || r.field("userIdentity", "type") == "WebIdentityUser":
		return tokens.ViaTrustedPublisher
	case r.field("sessionCredentialFromConsole") == "true", strings.HasPrefix(r.field("eventType"), "AwsConsole"):
		return tokens.ViaWeb
	case u.Credential != "":
		return tokens.ViaToken
	default:
		return ""
	}
}

// trailProject is the bucket, repository or package that others take from.
func trailProject(r trailRecord, service string) string {
	p := r.child("requestParameters")
	switch service {
	case "s3", "s3-outposts":
		return p.field("bucketName")
	case "ecr", "ecr-public":
		return p.field("repositoryName")
	case "codeartifact":
		return strings.Trim(p.field("repository")+"/"+p.field("package"), "/")
	case "lambda":
		return p.field("functionName")
	default:
		return ""
	}
}

// subjects are parameters that name what a request is about. Others are never looked at: they may hold values.
var subjects = []string{"key", "imageTag", "packageVersion", "secretId", "roleArn", "userName", "roleName", "policyArn", "functionName", "keyId", "instanceId"}

// trailSubject is what of the project the request is about, or the first resource that the record names.
func trailSubject(r trailRecord) string {
	p := r.child("requestParameters")
	for _, name := range subjects {
		if s := p.field(name); s != "" {
			return s
		}
	}
	if r.field("eventSource") == "ssm.amazonaws.com" {
		if s := p.field("name"); s != "" {
			return s
		}
	}
	for _, v := range r.list("resources") {
		if m, ok := v.(map[string]any); ok {
			return trailRecord{m}.field("ARN")
		}
	}
	return ""
}
