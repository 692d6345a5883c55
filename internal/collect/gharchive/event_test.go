package gharchive

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

var eventTime = time.Date(2025, 9, 2, 3, 20, 38, 0, time.UTC)

func up(kind evidence.Kind, ref evidence.Ref, before, after string) evidence.RefUpdate {
	return evidence.RefUpdate{Repository: "Octo/Demo", Origin: evidence.OriginArchive, ExternalID: "1", Ref: ref, Before: evidence.OID(before),
		After: evidence.OID(after), Kind: kind, At: eventTime, Clock: when.Archive, Actor: "octo-dev"}
}

func TestEvents(t *testing.T) {
	tagSeen := up(evidence.TagCreation, "refs/tags/v1", "", "")
	tagSeen.By, tagSeen.Actor = true, ""
	for name, c := range map[string]struct {
		event  sample
		update *evidence.RefUpdate
		fork   *evidence.Fork
		access *evidence.AccessGrant
		gap    string // begin of kind and subject
	}{
		"push, old":         {event: sample{Payload: pushOld("refs/heads/main", shaA, shaB, "one", "two \"quoted\"")}, update: new(up(evidence.Push, "refs/heads/main", shaA, shaB))},
		"push, new":         {event: sample{Payload: pushNew("refs/heads/main", shaA, shaB)}, update: new(up(evidence.Push, "refs/heads/main", shaA, shaB))},
		"push, no commits":  {event: sample{Payload: pushOld("refs/heads/main", shaA, shaB)}, update: new(up(evidence.Push, "refs/heads/main", shaA, shaB))},
		"push, new branch":  {event: sample{Payload: pushNew("refs/heads/x/y", zero, shaB)}, update: new(up(evidence.Push, "refs/heads/x/y", zero, shaB))},
		"push, upper case":  {event: sample{Payload: pushNew("refs/heads/main", strings.ToUpper(shaA), shaB)}, update: new(up(evidence.Push, "refs/heads/main", shaA, shaB))},
		"push, no full ref": {event: sample{Payload: pushNew("main", shaA, shaB)}, gap: "refused archived events"},
		"push, bad head":    {event: sample{Payload: pushNew("refs/heads/main", shaA, "b2")}, gap: "refused archived events"},
		"push, ref is text": {event: sample{Payload: `{"ref":7,"head":"x"}`}, gap: "refused archived events"},
		"create branch": {event: sample{Type: "CreateEvent", Payload: `{"ref":"dev","ref_type":"branch","master_branch":"main","description":null,"pusher_type":"user"}`},
			update: new(up(evidence.BranchCreation, "refs/heads/dev", "", ""))},
		"create branch, full": {event: sample{Type: "CreateEvent", Payload: `{"ref":"dev","ref_type":"branch","full_ref":"refs/heads/dev"}`},
			update: new(up(evidence.BranchCreation, "refs/heads/dev", "", ""))},
		"create branch, odd name": {event: sample{Type: "CreateEvent", Payload: `{"ref":"refs/tags/v1","ref_type":"branch"}`},
			update: new(up(evidence.BranchCreation, "refs/heads/refs/tags/v1", "", ""))},
		"create tag":        {event: sample{Type: "CreateEvent", Payload: `{"ref":"v1","ref_type":"tag"}`}, update: new(up(evidence.TagCreation, "refs/tags/v1", "", ""))},
		"create repository": {event: sample{Type: "CreateEvent", Payload: `{"ref":null,"ref_type":"repository"}`}},
		"create, no name":   {event: sample{Type: "CreateEvent", Payload: `{"ref":null,"ref_type":"tag"}`}, gap: "refused archived events"},
		"delete branch":     {event: sample{Type: "DeleteEvent", Payload: `{"ref":"dev","ref_type":"branch","pusher_type":"user"}`}, update: new(up(evidence.BranchDeletion, "refs/heads/dev", "", ""))},
		"delete tag": {event: sample{Type: "DeleteEvent", Payload: `{"ref":"v1","full_ref":"refs/tags/v1","ref_type":"tag"}`},
			update: new(up(evidence.TagDeletion, "refs/tags/v1", "", ""))},
		"release":         {event: sample{Type: "ReleaseEvent", Payload: `{"action":"published","release":{"tag_name":"v1","target_commitish":"` + shaA + `"}}`}, update: &tagSeen},
		"release, no tag": {event: sample{Type: "ReleaseEvent", Payload: `{"action":"published","release":{}}`}, gap: "refused archived events"},
		"fork": {event: sample{Type: "ForkEvent", Payload: `{"forkee":{"id":88,"full_name":"other/demo","created_at":"2025-09-02T03:20:37Z","pushed_at":"2020-01-01T00:00:00Z"}}`},
			fork: &evidence.Fork{Repository: "Octo/Demo", FullName: "other/demo", GitHubID: 88, CreatedAt: eventTime.Add(-time.Second)}},
		"fork, trimmed": {event: sample{Type: "ForkEvent", Payload: `{"action":"forked","forkee":{"id":88,"full_name":"other/demo"}}`},
			fork: &evidence.Fork{Repository: "Octo/Demo", FullName: "other/demo", GitHubID: 88, CreatedAt: eventTime}},
		"fork, no name": {event: sample{Type: "ForkEvent", Payload: `{"forkee":{"id":88,"full_name":"../demo"}}`}, gap: "refused archived events"},
		"member": {event: sample{Type: "MemberEvent", Payload: `{"member":{"login":"newcomer","id":9},"action":"added"}`},
			access: &evidence.AccessGrant{Repository: "Octo/Demo", Origin: evidence.OriginArchive, ExternalID: "1", Kind: evidence.Collaborator, Name: "newcomer",
				CreatedAt: eventTime, AddedBy: "octo-dev"}},
		"member edited": {event: sample{Type: "MemberEvent", Payload: `{"member":{"login":"newcomer"},"action":"edited"}`}},
		"public":        {event: sample{Type: "PublicEvent", Payload: `{}`}, gap: "uncovered before 2025-09-02T03:20:38Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got := oneHour(t, Config{}, c.event.line())
			if len(got.obs) != 1 || len(got.hours) != 1 {
				t.Fatalf("%d observations, %d hours", len(got.obs), len(got.hours))
			}
			o := got.obs[0]

			check(t, "updates", o.Updates, c.update)
			check(t, "forks", o.Forks, c.fork)
			check(t, "access", o.Access, c.access)
			var gap string
			if len(o.Gaps) > 0 {
				gap = string(o.Gaps[0].Kind) + " " + o.Gaps[0].Subject
			}
			if gap != c.gap || len(o.Gaps) > 1 {
				t.Errorf("gaps %v, want %q", o.Gaps, c.gap)
			}
			if body := string(o.Sources[0].Body); body != c.event.line() {
				t.Errorf("the body is %q", body)
			}
			if h := got.hours[0]; h.State != evidence.HourPresent || h.Events != 1 || h.Bad != 0 || !h.First.Equal(eventTime) || !h.Last.Equal(eventTime) {
				t.Errorf("hour %+v", h)
			}
		})
	}
}

func check[T any](t *testing.T, what string, got []T, want *T) {
	t.Helper()
	if want == nil && len(got) == 0 {
		return
	}
	if want == nil || len(got) != 1 || !reflect.DeepEqual(got[0], *want) {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

// The format decides over no fact: what is computed later from ancestry must not depend on the date of the archive.
func TestBothErasGiveTheSameFacts(t *testing.T) {
	var ids [2]string
	for i, payload := range []string{pushOld("refs/heads/main", shaA, shaB, "forced", "away"), pushNew("refs/heads/main", shaA, shaB)} {
		ids[i] = oneHour(t, Config{}, sample{Payload: payload}.line()).updates()[0].ID()
	}
	if ids[0] != ids[1] {
		t.Errorf("ids %v", ids)
	}
}

func TestRefusedLines(t *testing.T) {
	good := sample{}.line()
	for name, bad := range map[string]string{
		"no JSON":       `{"id":"7","type":"PushEvent","actor":{"login":"x"},"repo":{"id":77,"name":"octo/demo"},`,
		"no time":       strings.Replace(good, "2025-09-02T03:20:38Z", "yesterday", 1),
		"year 10000":    strings.Replace(good, "2025-09-02T03:20:38Z", "10000-09-02T03:20:38Z", 1),
		"year 1":        strings.Replace(good, "2025-", "0001-", 1),
		"no id":         strings.Replace(good, `"id":"1"`, `"id":""`, 1),
		"NUL in a text": strings.Replace(good, `"octo-dev"`, `"octo\u0000dev"`, 1),
		"not an object": `["PushEvent","octo/demo"]`,
		"no repo":       `{"id":"1","type":"PushEvent","created_at":"2025-09-02T03:20:38Z"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := oneHour(t, Config{}, bad, sample{ID: "2"}.line())
			if h := got.hours[0]; h.Bad != 1 || h.Events != 1 || h.Pushes != 1 || len(got.updates()) != 1 {
				t.Errorf("hour %+v, updates %v", h, got.updates())
			}
		})
	}
}

// Before 2015 the archive held another API's events: they must neither be misread nor pass for an hour without events.
func TestTimelineFormat(t *testing.T) {
	old := `{"created_at":"2014-11-02T03:20:38-07:00","payload":{"shas":[],"size":0,"ref":"refs/heads/main","head":"` + shaA + `"},"public":true,"type":"PushEvent",` +
		`"url":"https://example.invalid/octo/demo","actor":"octo-dev","actor_attributes":{"login":"octo-dev","type":"User"},"repository":{"id":77,"name":"demo","owner":"octo"}}`
	got := oneHour(t, Config{}, old, old)
	if h := got.hours[0]; h.State != evidence.HourRefused || h.Bad != 2 || h.Events != 0 || !strings.Contains(h.Detail, "before 2015") || len(got.obs) != 0 {
		t.Errorf("hour %+v, observations %v", h, got.obs)
	}
}
