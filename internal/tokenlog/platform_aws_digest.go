package tokenlog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// readCloudTrailDigest reads a digest: AWS's word that between two times a trail wrote these files of one region and account, and no others. The coverage
// is bound to the region, as its project: a key works in all of them. A hole between two digests stays a hole, because nothing covers it. Whether the
// files that a digest names were read as well is for whoever reads the coverage; the digest's signature is not checked, which needs AWS's public key.
func readCloudTrailDigest(ctx context.Context, in *Input, out *Sink) error {
	zone := in.zone(time.UTC)
	return eachObject(ctx, in, out, nil, func(o object) error {
		c := tokens.Coverage{Log: logCloudTrail, Provider: tokens.AWS, Account: o.text("awsAccountId"), Basis: tokens.CoverageProven}
		from, _, err := instant(o.text("digestStartTime"), zone)
		if err != nil {
			return out.Reject("digestStartTime: " + err.Error())
		}
		to, _, err := instant(o.text("digestEndTime"), zone)
		if err != nil {
			return out.Reject("digestEndTime: " + err.Error())
		}
		c.From, c.To, c.Project = from, to, digestRegion(o)
		if !from.Before(to) || c.Project == "" {
			return out.Reject("the digest has no region, or no time between its start and its end")
		}
		files := o.list("logFiles")
		c.Detail = fmt.Sprintf("digest of %s: %d log files were delivered, which have to be read as well", c.Project, len(files))
		if len(files) == 0 {
			c.Detail = fmt.Sprintf("digest of %s: no log file was delivered", c.Project)
		}
		if o.text("previousDigestS3Object") == "" {
			out.Note("the chain of digests begins with this one: nothing proves what was logged before it")
		}
		if o.text("digestSignatureAlgorithm") == "" {
			out.Note("the digest names no signature: anyone may have written it")
		}
		return out.Coverage(&c)
	})
}

// digestRegion is the folder behind "CloudTrail-Digest" of the digest's own name, or that of the files it names.
func digestRegion(o object) string {
	for _, path := range []string{o.text("digestS3Object"), firstObject(o)} {
		parts := strings.Split(path, "/")
		for i, p := range parts[:max(len(parts)-1, 0)] {
			if p == "CloudTrail-Digest" || p == "CloudTrail" {
				return parts[i+1]
			}
		}
	}
	return ""
}

// firstObject is the name of the first log file.
func firstObject(o object) string {
	for _, v := range o.list("logFiles") {
		if m, ok := v.(map[string]any); ok {
			return object(m).text("s3Object")
		}
	}
	return ""
}
