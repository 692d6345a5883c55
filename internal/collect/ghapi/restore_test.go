package ghapi

import (
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// TestRestore takes from a commit what the API takes, and wants it back.
func TestRestore(t *testing.T) {
	at := time.Date(2025, 9, 6, 23, 38, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		author, committer, message string
	}{
		"contents API":       {"+0000", "+0000", "Add Github Actions Security workflow"},
		"local git":          {"-0330", "-0330", "fix: a thing\n"},
		"rebased by another": {"+0545", "-0800", "fix\n\nbody\n"},
		"zone unknown":       {"-0000", "-0000", "x\n"},
	} {
		whole := evidence.Commit{Tree: evidence.OID(hexID(1)), Parents: []evidence.OID{evidence.OID(hexID(2))}, Message: c.message,
			Author:    evidence.Signature{Name: "Dev", Email: "dev@example.invalid", Date: at, Zone: c.author},
			Committer: evidence.Signature{Name: "Other", Email: "o@example.invalid", Date: at, Zone: c.committer}}
		whole.OID = evidence.OID(nameOf(text(whole)))
		cut := whole
		cut.Message = strings.TrimSuffix(cut.Message, "\n")
		cut.Author.Zone, cut.Committer.Zone = "", ""
		got, ok := restore(cut, verification{})
		if !ok || got.Message != c.message || got.Author.Zone != c.author || got.Committer.Zone != c.committer {
			t.Errorf("%s: %v, %+v", name, ok, got)
		}
		cut.Author.Name = "Somebody else"
		if got, ok := restore(cut, verification{}); ok || got.Author.Zone != "" {
			t.Errorf("%s: a forged author passed: %+v", name, got)
		}
	}
}

func TestRestoreSigned(t *testing.T) {
	payload := "tree " + hexID(1) + "\nauthor Dev <dev@example.invalid> 1757201880 +0200\ncommitter GitHub <noreply@example.invalid> 1757201880 +0000\n\nmerge\n"
	signature := "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"
	head, message, _ := strings.Cut(payload, "\n\n")
	for _, end := range []string{"", "\n "} {
		id := nameOf(head + "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----" + end + "\n\n" + message)
		got, ok := restore(evidence.Commit{OID: evidence.OID(id), Message: "merge"}, verification{signature, payload})
		if !ok || got.Message != "merge\n" || got.Author.Zone != "+0200" || got.Committer.Zone != "+0000" {
			t.Errorf("end %q: %v, %+v", end, ok, got)
		}
	}
	if _, ok := restore(evidence.Commit{OID: evidence.OID(hexID(3)), Message: "merge"}, verification{signature, payload}); ok {
		t.Error("a payload of another commit passed")
	}
}
