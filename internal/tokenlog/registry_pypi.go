package tokenlog

import (
	"context"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// Logs of PyPI. Coverage is told by these names.
const (
	logPyPIUser     = "pypi/user_events"
	logPyPIProject  = "pypi/project_events"
	logPyPIFile     = "pypi/file_events"
	logPyPIJournals = "pypi/journals"
)

// pypiFormats are those of PyPI, and of whatever else runs warehouse.
func pypiFormats() []Format {
	usage := []string{KindUsage}
	releases := []string{KindReleases}
	return []Format{
		registry("pypi-macaroons", []string{KindCredentials}, "PyPI's table macaroons, of API tokens (CSV or JSON lines, without the column key)",
			guessTable(95, "id", "description", "last_used", "caveats"), readMacaroons),
		registry("pypi-macaroon-warnings", []string{KindCredentials}, "PyPI's table project_macaroon_warning_association: tokens that uploaded beside a trusted publisher",
			guessTable(95, "macaroon_id", "project_id"), readMacaroonWarnings),
		registry("pypi-user-events", usage, "PyPI's table user_events (CSV or JSON lines)", guessEvents("user", "account:"), readPyPIEvents(logPyPIUser)).of(logPyPIUser),
		registry("pypi-project-events", usage, "PyPI's table project_events", guessEvents("project", "project:"), readPyPIEvents(logPyPIProject)).of(logPyPIProject),
		registry("pypi-file-events", usage, "PyPI's table file_events", guessEvents("file", "file:"), readPyPIEvents(logPyPIFile)).of(logPyPIFile),
		registry("pypi-organization-events", usage, "PyPI's table organization_events", guessEvents("organization", "organization:"), readPyPIEvents("pypi/organization_events")).of("pypi/organization_events"),
		registry("pypi-team-events", usage, "PyPI's table team_events", guessEvents("team", "team:"), readPyPIEvents("pypi/team_events")).of("pypi/team_events"),
		registry("pypi-activity", usage, "the CSV of account activity on PyPI's admin page of a user (--account says whose)",
			guessTable(95, "event", "time", "hashed ip address", "additional information"), readPyPIActivity).of(logPyPIUser),
		registry("pypi-journals", []string{KindUsage, KindReleases}, "PyPI's table journals, or the JSON of its admin page", guessJournals, readJournals).of(logPyPIJournals),
		registry("pypi-release-files", releases, "PyPI's table release_files, with the project's name joined", guessTable(90, "filename", "upload_time", "uploaded_via", "packagetype", "release_id"),
			readFileTable("pypi/release_files")),
		registry("pypi-bigquery", releases, "bigquery-public-data.pypi.distribution_metadata: every upload, also of what was deleted",
			guessTable(92, "metadata_version", "filename", "upload_time", "uploaded_via"), readFileTable("pypi/bigquery")),
		registry("pypi-json", releases, "the JSON of a project or version, /pypi/NAME/json", guessKeys(95, "info", "urls"), readPyPIJSON),
		registry("pypi-simple", releases, "the JSON index of a project, /simple/NAME/", guessKeys(92, "files", "meta", "name"), readSimple),
		registry("pypi-integrity", releases, "the provenance of a file, /integrity/NAME/VERSION/FILE/provenance", guessKeys(95, "attestation_bundles"), readProvenance),
	}
}

// guessKeys is sure where the first object has the keys.
func guessKeys(sure int, names ...string) func(Sample) int {
	return func(s Sample) int {
		if s.keys(names...) {
			return sure
		}
		return 0
	}
}

func guessJournals(s Sample) int {
	if s.has("name", "version", "action", "submitted_date") || s.isJSON() && s.mentions("submitted_date", "submitted_by_link", "action") {
		return 95
	}
	return 0
}

// readJournals reads what PyPI keeps of every change of a project, also after files and events were deleted (warehouse/packaging/models.py). The submitter is
// empty where a trusted publisher uploaded.
func readJournals(ctx context.Context, in *Input, out *Sink) error {
	return eachTableRow(ctx, in, out, []string{"data", "journals", "entries"}, func(r tableRow) error {
		u := publishing(logPyPIJournals, tokens.PyPI)
		u.Project, u.Subject, u.Action, u.Account, u.External = pypiName(r.get("name")), r.get("version"), r.get("action"), r.get("submitted_by"), r.get("id")
		if u.Action == "" || u.Project == "" {
			return out.Reject("the row has no project or no action")
		}
		var err error
		if u.At, u.Within, err = instant(r.get("submitted_date"), in.tableZone()); err != nil {
			return out.Reject(err.Error())
		}
		version := u.Subject
		verb, file := journalAction(u.Action)
		if file != "" {
			u.Action = strings.TrimSpace(strings.TrimSuffix(u.Action, file)) // what is done is the same for every file
		}
		u.Class = tokens.Write
		switch {
		case verb == "add file", verb == "new release":
			u.Class = tokens.Publish
			if u.Account == "" && r.has("submitted_by") {
				u.Via = tokens.ViaTrustedPublisher
			}
		case verb == "role":
			u.Class = tokens.Access
		}
		if u.Subject = firstText(file, version); u.Account == openIDUploader {
			u.Account = ""
		}
		if err := out.Use(&u); err != nil {
			return err
		}
		release := tokens.Release{Provider: tokens.PyPI, Project: u.Project, Version: version, File: file, Document: logPyPIJournals}
		switch verb {
		case "add file":
			release.At, release.Uploader = u.At, u.Account
		case "remove file", "remove release":
			release.Removed = true
		case "yank release":
			release.Yanked = true
		default:
			return nil
		}
		return out.Release(&release)
	})
}

// journalAction takes apart "add py3 file NAME", "remove file NAME", "new release" and the like.
func journalAction(action string) (verb, file string) {
	words := strings.Fields(action)
	switch {
	case len(words) >= 3 && words[0] == "add" && words[len(words)-2] == "file":
		return "add file", words[len(words)-1]
	case len(words) == 3 && words[0] == "remove" && words[1] == "file":
		return "remove file", words[2]
	case len(words) >= 2 && (words[0] == "add" || words[0] == "remove" || words[0] == "change" || words[0] == "accepted" || words[0] == "invite") && action != "remove release" &&
		action != "remove project":
		return "role", ""
	case strings.HasPrefix(action, "remove release"):
		return "remove release", ""
	}
	return action, ""
}

// readFileTable makes the reader of tables that have one row a file: release_files, and what goes to BigQuery with each upload. The latter keeps what was
// deleted. Both have the user agent of the upload whole, and neither says by whom it was.
func readFileTable(document string) func(context.Context, *Input, *Sink) error {
	return func(ctx context.Context, in *Input, out *Sink) error {
		return eachTableRow(ctx, in, out, nil, func(r tableRow) error {
			file := r.get("filename")
			x := tokens.Release{Provider: tokens.PyPI, Project: firstText(pypiName(r.get("name", "project", "project_name", "normalized_name")), fileProject(file)),
				Version: firstText(r.get("version"), fileVersion(file)), File: file, Document: document, UserAgent: r.get("uploaded_via"), SHA256: lowered(r.get("sha256_digest"))}
			if file == "" || x.Project == "" {
				return out.Reject("the row names no file")
			}
			var err error
			if x.At, _, err = instant(r.get("upload_time"), time.UTC); err != nil {
				return out.Reject(err.Error())
			}
			return out.Release(&x)
		})
	}
}

// nameAndVersion takes a file name of PyPI apart: wheels and source archives have both, with "-" between them.
// [packaging.python.org, "Binary distribution format", "Source distribution format"]
func nameAndVersion(file string) (name, version string) {
	if wheel, ok := strings.CutSuffix(file, ".whl"); ok {
		parts := strings.Split(wheel, "-")
		if len(parts) >= 5 {
			return pypiName(parts[0]), parts[1]
		}
		return "", ""
	}
	if egg, ok := strings.CutSuffix(file, ".egg"); ok {
		parts := strings.Split(egg, "-")
		if len(parts) >= 2 {
			return pypiName(parts[0]), parts[1]
		}
		return "", ""
	}
	for _, end := range []string{".tar.gz", ".zip", ".tar.bz2", ".tgz"} {
		if stem, ok := strings.CutSuffix(file, end); ok {
			if i := strings.LastIndexByte(stem, '-'); i > 0 {
				return pypiName(stem[:i]), stem[i+1:]
			}
		}
	}
	return "", ""
}

func fileProject(file string) string { name, _ := nameAndVersion(file); return name }

func fileVersion(file string) string { _, version := nameAndVersion(file); return version }
