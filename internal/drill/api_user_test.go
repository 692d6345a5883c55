package drill

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestUserEvents: of an account, whatever its case, what it did in all repositories that anybody may see.
func TestUserEvents(t *testing.T) {
	const text = `now 2025-09-12T12:00:00Z
actor ada id=1 name="Ada" email=ada@mail.example.invalid
actor bob id=2 name="Bob" email=bob@mail.example.invalid
repository one/seen id=101 default=main created=2024-01-01T00:00:00Z
at 2025-09-01T10:00:00Z
commit a on main by ada "first"
push main by ada
at +1m
commit b on main by bob "second"
push main by bob
at +2h
commit c on main by ada "third"
push main by ada
ends main c
repository two/seen id=102 default=main created=2024-01-01T00:00:00Z
at 2025-09-01T11:00:00Z
commit a on main by ada "first"
push main by ada
at +1m
commit b on main by ada "second"
push main by ada
lose event main#2
ends main b
repository three/hidden id=103 default=main created=2024-01-01T00:00:00Z
private
at 2025-09-01T10:30:00Z
commit a on main by ada "first"
push main by ada
ends main a
`
	r, err := Parse("users", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	resp, body := get(t, s, "/api/v3/users/ADA/events/public")
	var rows []eventRow
	if err := json.Unmarshal([]byte(body), &rows); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp.Status, err)
	}
	var got []string
	for _, row := range rows {
		got = append(got, row.Type+" "+row.Actor.Login+" "+row.Repo.Name)
	}
	if want := []string{"PushEvent ada one/seen", "CreateEvent ada two/seen", "CreateEvent ada one/seen"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if resp, _ := get(t, s, "/api/v3/users/nobody/events/public"); resp.StatusCode != 404 {
		t.Errorf("somebody that nobody knows: %s", resp.Status)
	}
}
