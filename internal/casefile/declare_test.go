package casefile

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestDeclarationsAreKeptAndRetractable(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	d := Declaration{Repository: "orchard/press", Secret: "PYPI_TOKEN", Fact: Revoked, At: day, By: "registry", Because: "mail of 3 September"}
	id, err := c.Declare(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Declare(ctx, d); err != nil || again != id {
		t.Errorf("the same statement again: %s, %v", again, err)
	}
	statements := func() int {
		t.Helper()
		f, err := c.Facts(ctx, "orchard/press")
		if err != nil {
			t.Fatal(err)
		}
		return len(f.Statements)
	}
	if statements() != 1 {
		t.Error("the statement is not in force")
	}
	if _, err := c.Declare(ctx, Declaration{Repository: "orchard/press", Fact: Retracted, At: day, By: "registry", Retracts: "dec-none"}); err == nil {
		t.Error("a retraction of nothing was stored")
	}
	if _, err := c.Declare(ctx, Declaration{Repository: "orchard/press", Fact: Retracted, At: day, By: "registry", Retracts: id}); err != nil {
		t.Fatal(err)
	}
	if statements() != 0 {
		t.Error("a retracted statement is still in force")
	}
	if all, err := c.Declarations(ctx, "orchard/press"); err != nil || len(all) != 2 {
		t.Errorf("history of statements: %v, %v", all, err)
	}
	again, err := c.Declare(ctx, d)
	if err != nil || again == id || statements() != 1 {
		t.Errorf("made again after its retraction: %s, %v; %d in force", again, err, statements())
	}
	if twice, err := c.Declare(ctx, d); err != nil || twice != again || statements() != 1 {
		t.Errorf("and again while in force: %s, %v", twice, err)
	}
	taken, err := c.Declare(ctx, Declaration{Repository: "orchard/press", Fact: Retracted, At: day, By: "registry", Retracts: again})
	if err != nil || statements() != 0 {
		t.Errorf("taken back a second time: %v", err)
	}
	if _, err := c.Declare(ctx, Declaration{Repository: "orchard/press", Fact: Retracted, At: day, By: "registry", Retracts: taken}); !errors.Is(err, ErrRetraction) {
		t.Errorf("a retraction of a retraction: %v", err)
	}
	if _, err := c.Declare(ctx, Declaration{Repository: "orchard/none", Fact: Revoked, At: day}); !errors.Is(err, ErrUnknownRepository) {
		t.Errorf("unknown repository: %v", err)
	}
}

func TestNoCredentialIsDeclared(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	for name, set := range map[string]func(*Declaration){
		"secret": func(d *Declaration) { d.Secret = tokenShaped }, "credential": func(d *Declaration) { d.Credential = "x " + tokenShaped },
		"by": func(d *Declaration) { d.By = jwtShaped }, "because": func(d *Declaration) { d.Because = "it was " + tokenShaped },
	} {
		d := Declaration{Repository: "orchard/press", Fact: Revoked, At: day, By: "registry", Because: "mail"}
		set(&d)
		_, err := c.Declare(ctx, d)
		if !errors.Is(err, ErrCredential) || strings.Contains(err.Error(), tokenShaped) || strings.Contains(err.Error(), jwtShaped) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, err := c.Declarations(ctx, "orchard/press"); err != nil || len(all) != 0 {
		t.Errorf("stored: %v, %v", all, err)
	}
}
