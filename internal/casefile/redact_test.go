package casefile

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// Shapes are put together here, so that no scanner takes this file for a leak.
var (
	tokenShaped = "gh" + "p_" + strings.Repeat("a", 36)
	jwtShaped   = "ey" + "Jaaaaaaaaa.ey" + "Jbbbbbbbbb.cccccccccc"
)

func TestNoTokenShapeIsStored(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	obs := observation()
	token := "ghp" + "_" + strings.Repeat("Ab3", 12)
	obs.Sources[0].Body = []byte("header " + token + " end")
	obs.Blobs[0].Text = []byte("run: push " + token)
	obs.Commits[0].Message = "oops " + token
	if err := c.Append(ctx, obs); err != nil {
		t.Fatal(err)
	}
	item, err := c.Evidence(ctx, obs.Sources[0].ID())
	if err != nil {
		t.Fatal(err)
	}
	if got := string(item.Answer.Body); got != "header [REDACTED] end" || item.Answer.Redactions != 1 {
		t.Errorf("body %q, %d redactions", got, item.Answer.Redactions)
	}
	if item.Answer.Digest != obs.Sources[0].Digest() || item.Answer.StoredDigest != digest([]byte("header [REDACTED] end")) {
		t.Error("the digests are not those of the received and of the stored body")
	}
	err = c.Blobs(ctx, func(_ evidence.OID, _ []string, text []byte) error {
		if strings.Contains(string(text), token) {
			t.Error("a workflow text kept the token")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Facts(ctx, "orchard/press")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Redacted, []evidence.OID{obs.Blobs[0].OID}) {
		t.Errorf("facts do not say of which workflow texts a part is missing: %v", f.Redacted)
	}
	if msg := f.History.Commit(obs.Commits[0].OID).Message; strings.Contains(msg, token) {
		t.Errorf("message %q", msg)
	}
}
