package tokenlog

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"pentimento/internal/tokens"
)

// documentRows begins rows of one document that is read whole: they are counted.
type documentRows struct {
	out  *Sink
	rows int64
}

func (d *documentRows) next() error {
	d.rows++
	return d.out.begin(d.rows, nil)
}

// readPyPIJSON reads the JSON of a project or of one version. [warehouse, docs/user/api/json.md]
func readPyPIJSON(ctx context.Context, in *Input, out *Sink) error {
	doc, err := readDocument(in, out)
	if doc == nil {
		return err
	}
	rows := documentRows{out: out}
	name := pypiName(doc.text("info", "name"))
	releases := doc.object("releases")
	for _, version := range slices.Sorted(maps.Keys(releases)) {
		for _, v := range releases.list(version) {
			if err := rows.file(ctx, name, version, v); err != nil {
				return err
			}
		}
	}
	if releases != nil {
		return nil
	}
	for _, v := range doc.list("urls") {
		if err := rows.file(ctx, name, doc.text("info", "version"), v); err != nil {
			return err
		}
	}
	return nil
}

// file gives on one file of a version.
func (d *documentRows) file(ctx context.Context, project, version string, v any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.next(); err != nil {
		return err
	}
	m, _ := v.(map[string]any)
	o := object(m)
	at, _, err := instant(firstText(o.text("upload_time_iso_8601"), o.text("upload_time")), time.UTC)
	if err != nil || o.text("filename") == "" || project == "" {
		return d.out.Reject("the file has no name or no time of upload")
	}
	yanked, _ := o.flag("yanked")
	return d.out.Release(&tokens.Release{Provider: tokens.PyPI, Project: project, Version: version, File: o.text("filename"), At: at, Document: "pypi/json", SHA256: o.text("digests", "sha256"),
		Yanked: yanked})
}

// readSimple reads the index of a project as JSON. Files have a link to their provenance, or null where there is none.
// [packaging.python.org, "Simple repository API"; warehouse, docs/user/api/index-api.md]
func readSimple(ctx context.Context, in *Input, out *Sink) error {
	doc, err := readDocument(in, out)
	if doc == nil {
		return err
	}
	rows := documentRows{out: out}
	name := pypiName(doc.text("name"))
	for _, v := range doc.list("files") {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := rows.next(); err != nil {
			return err
		}
		m, _ := v.(map[string]any)
		o := object(m)
		x := tokens.Release{Provider: tokens.PyPI, Project: name, File: o.text("filename"), Version: fileVersion(o.text("filename")), Document: "pypi/simple", SHA256: o.text("hashes", "sha256")}
		if x.File == "" || name == "" {
			err = out.Reject("the file has no name")
		} else if x.At, _, err = instant(o.text("upload-time"), time.UTC); err != nil {
			err = out.Reject(err.Error())
		} else {
			if link, told := o["provenance"]; told {
				x.Attested = yesNo(link != nil)
			}
			switch why := o["yanked"].(type) { // a reason or true
			case string:
				x.Yanked = true
			case bool:
				x.Yanked = why
			}
			err = out.Release(&x)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readProvenance reads the provenance of a file: who published it, and the attestations with the file's name and digest inside. What a certificate says
// of commit and run is taken from it as it stands: PyPI verified it at upload, nobody does here. [warehouse, docs/user/api/integrity.md; PEP 740]
func readProvenance(ctx context.Context, in *Input, out *Sink) error {
	doc, err := readDocument(in, out)
	if doc == nil {
		return err
	}
	rows := documentRows{out: out}
	for _, b := range doc.list("attestation_bundles") {
		bundle, _ := b.(map[string]any)
		for _, a := range object(bundle).list("attestations") {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := rows.next(); err != nil {
				return err
			}
			m, _ := a.(map[string]any)
			x, reason := attestation(object(bundle).object("publisher"), m)
			if reason != "" {
				err = out.Reject(reason)
			} else {
				err = out.Release(x)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func attestation(publisher, a object) (x *tokens.Release, reason string) {
	raw, err := base64.StdEncoding.DecodeString(a.text("envelope", "statement"))
	if err != nil {
		return nil, "the statement is no base64"
	}
	statement, err := parseObject(raw)
	if err != nil {
		return nil, "the statement is no JSON object"
	}
	x = &tokens.Release{Provider: tokens.PyPI, Document: "pypi/integrity", Attested: "yes", Trusted: "yes", Publisher: attestedPublisher(publisher)}
	for _, s := range statement.list("subject") {
		m, _ := s.(map[string]any)
		x.File, x.SHA256 = object(m).text("name"), object(m).text("digest", "sha256")
	}
	if x.Project, x.Version = nameAndVersion(x.File); x.Project == "" || len(statement.list("subject")) != 1 {
		return nil, "the statement names no file of PyPI, or several"
	}
	for _, e := range a.list("verification_material", "transparency_entries") {
		m, _ := e.(map[string]any)
		if t, _, err := instant(object(m).text("integratedTime"), nil); err == nil {
			x.At = t
		}
	}
	certified(x, a.text("verification_material", "certificate"))
	return x, ""
}

// attestedPublisher is the trusted publisher as a release names it.
func attestedPublisher(p object) string {
	kind := lowered(p.text("kind"))
	switch kind {
	case "github":
		return "github:" + p.text("repository") + "/.github/workflows/" + p.text("workflow")
	case "gitlab":
		return "gitlab:" + p.text("repository") + "/" + p.text("workflow_filepath")
	}
	text, err := json.Marshal(p)
	if err != nil || kind == "" {
		return kind
	}
	return kind + ":" + string(text[:min(len(text), 200)])
}

// Extensions of the certificates that Fulcio gives to workflows. [sigstore/fulcio, docs/oid-info.md]
var (
	sourceDigest = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 13}
	invocation   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 21}
	runURL       = regexp.MustCompile(`^https://github\.com/[^/]+/[^/]+/actions/runs/([0-9]{1,18})(?:/|$)`)
)

// certified takes commit and run from the certificate, base64 of DER.
func certified(x *tokens.Release, text string) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(der) == 0 {
		return
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return // the release stands without it
	}
	for _, e := range cert.Extensions {
		var value string
		if rest, err := asn1.Unmarshal(e.Value, &value); err != nil || len(rest) > 0 {
			continue
		}
		switch {
		case e.Id.Equal(sourceDigest):
			x.Commit = commitID(value)
		case e.Id.Equal(invocation):
			if m := runURL.FindStringSubmatch(value); m != nil {
				x.RunID, _ = strconv.ParseInt(m[1], 10, 64) // eighteen digits fit
			}
		}
	}
}
