package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/intake"
)

type declareOptions struct {
	secret, credential, fact, at, by, because, retract string
}

var declarable = []string{casefile.Revoked, casefile.Replaced, casefile.NotUsed, casefile.FalsePositive, casefile.Confirmed}

func (p *program) declareCommand() *cobra.Command {
	var o declareOptions
	cmd := &cobra.Command{
		Use:   "declare REPO --fact FACT --at T --by WHO --because TEXT",
		Short: "Record what a person knows",
		Long: `Records a statement that no source here can show. It is kept for ever with clock "declared", is shown wherever it decides, and can be taken
back with --retract ID. Without --secret or --credential it speaks of the whole repository.

  revoked         the provider refuses the credential since --at: this closes a window
  replaced        the secret has another value since --at: this closes nothing, the old value may still work
  not-used        the provider says that it was not used
  false-positive  the finding is not malicious
  confirmed       somebody saw the stolen value in foreign hands`,
		Example: `  pentimento declare octo-org/octo-repo --secret PYPI_API_TOKEN --fact revoked --at 2025-09-15T10:00:00Z \
    --by "registry security" --because "bulk revocation, ticket 4711"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.declare(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.secret, "secret", "", "name of the secret")
	f.StringVar(&o.credential, "credential", "", "identifier of the credential, as windows shows it")
	f.StringVar(&o.fact, "fact", "", strings.Join(declarable, "|"))
	f.StringVar(&o.at, "at", "", "since when (RFC 3339 or YYYY-MM-DD)")
	f.StringVar(&o.by, "by", "", "who says so")
	f.StringVar(&o.because, "because", "", "on what ground")
	f.StringVar(&o.retract, "retract", "", "id of a declaration to take back")
	return cmd
}

func (p *program) declare(ctx context.Context, name string, o declareOptions) error {
	repo, err := intake.ParseName(name)
	if err != nil {
		return usageError{fmt.Errorf("declare: %w", err)}
	}
	d := casefile.Declaration{Repository: repo, Secret: o.secret, Credential: o.credential, Fact: o.fact, By: o.by, Because: o.because, Retracts: o.retract}
	switch {
	case o.retract != "" && (o.fact != "" || o.secret != "" || o.credential != ""):
		return usagef("--retract takes back a whole declaration: no --fact, --secret or --credential with it")
	case o.retract != "":
		d.Fact = casefile.Retracted
	case !slices.Contains(declarable, o.fact):
		return usagef("--fact is one of %s", strings.Join(declarable, ", "))
	case o.secret != "" && o.credential != "":
		return usagef("--secret or --credential, not both")
	}
	if o.by == "" || o.because == "" || o.at == "" {
		return usagef("a declaration needs --at, --by and --because")
	}
	if d.At, err = intake.ParseTime(o.at); err != nil {
		return usageError{fmt.Errorf("--at: %w", err)}
	}
	return p.withCase(ctx, func(c *casefile.Case) error {
		info, err := c.Info(ctx)
		if err != nil {
			return err
		}
		if now := p.caseClock(info)(); d.At.After(now) {
			return hint(fmt.Errorf("declare: %s is later than the case's now, %s", evidence.Stamp(d.At), evidence.Stamp(now)),
				"declare what has happened; a case of a later date is made with init --now")
		}
		id, err := c.Declare(ctx, d)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, id)
		p.say("declared; next: pentimento analyze")
		return errors.Join(err)
	})
}
