package verdict_test

import (
	"testing"

	"pentimento/internal/tokens"
	"pentimento/internal/verdict"
)

// A file that somebody adds to a version is as old and as trusted as itself.
func TestLateFile(t *testing.T) {
	const project, version = "pypi/project_events", "1.0"
	for name, c := range map[string]struct {
		version, file float64
		uploader      string
		trusted       string
		want          string
	}{
		"added days later with a token":          {-100, 10, "mira", "no", verdict.NotExplained},
		"added days later, the journal alone":    {-100, 10, "mira", "", verdict.NotExplained},
		"added a minute later with a token":      {10, 10 + 1.0/60, "mira", "no", verdict.NotExplained},
		"added a minute later, the journal only": {10, 10 + 1.0/60, "mira", "", verdict.NotExplained},
		"uploaded with its version":              {10, 10 + 1.0/60, "", "", verdict.Explained},
	} {
		w := newWorld()
		w.pypi("press")
		w.closed(50)
		w.Releases = []tokens.Release{
			{Provider: tokens.PyPI, Project: "press", Version: "0.9", At: at(-200), Document: project, Trusted: "yes", Publisher: "github:larkmere/tidepool"},
			{Provider: tokens.PyPI, Project: "press", Version: version, At: at(c.version), Document: project, Trusted: "yes", Publisher: "github:larkmere/tidepool"},
			{Provider: tokens.PyPI, Project: "press", Version: version, File: "press-1.0.tar.gz", At: at(c.file), Document: "pypi/file_events", Uploader: c.uploader, Trusted: c.trusted},
		}
		var got *verdict.Release
		for _, v := range w.judge(t) {
			for i := range v.Releases {
				if v.Releases[i].Name == "pypi:press 1.0 press-1.0.tar.gz" {
					got = &v.Releases[i]
				}
			}
		}
		if got == nil || got.State != c.want || !got.At.Equal(at(c.file)) {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}

// A version that is removed is removed with the files that came before and after it.
func TestRemovedVersion(t *testing.T) {
	w := newWorld()
	w.pypi("press")
	w.closed(50)
	w.Releases = []tokens.Release{
		{Provider: tokens.PyPI, Project: "press", Version: "1.0", Document: "pypi/journals", Removed: true},
		{Provider: tokens.PyPI, Project: "press", Version: "1.0", File: "press-1.0.tar.gz", At: at(10), Document: "pypi/journals", Uploader: "mira"},
		{Provider: tokens.PyPI, Project: "press", Version: "1.0", File: "press-1.0.zip", At: at(20), Document: "pypi/journals", Uploader: "mira"},
	}
	got := w.judge(t)[0].Releases
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, r := range got {
		if len(r.Against) != 1 || r.Against[0] != "the registry has it no longer" {
			t.Errorf("%+v", r)
		}
	}
}

// Only tables that name the token tell by their silence that it was not used.
func TestSilenceOfRegistries(t *testing.T) {
	for log, want := range map[string]string{
		"crates/version_owner_actions": verdict.NoneSeen, "crates/audit_actions": verdict.Unknown,
		"rubygems/versions": verdict.NoneSeen, "rubygems/rubygem_events": verdict.Unknown, "rubygems/user_events": verdict.Unknown, "rubygems/organization_events": verdict.Unknown,
	} {
		w := newWorld()
		w.windows = nil
		ref := tokens.Ref("rubygems:21")
		if log[0] == 'c' {
			ref = "crates:21"
		}
		w.window(ref, string(ref.Provider())+":press", 0, 1)
		w.closed(50)
		w.covered(log, -200, 100)
		if got := w.judge(t)[0]; got.Word != want {
			t.Errorf("%s: %s (%s), want %s", log, got.Word, got.Reason, want)
		}
	}
}
