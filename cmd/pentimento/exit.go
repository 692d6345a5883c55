package main

import (
	"context"
	"errors"
	"fmt"

	"pentimento/internal/casefile"
)

// Exit codes. An unknown code is to be read as a failure.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitExposure    = 3 // only with --exit-code
	exitIncomplete  = 4 // only with --exit-code; exposure outranks it
	exitInterrupted = 130
)

// usageError is a call that makes no sense as it stands.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// resultError carries an answer that a script asked for with --exit-code; nothing failed and nothing is printed.
type resultError int

func (e resultError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// hintError adds a next step to an error.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

func hint(err error, format string, args ...any) error {
	return hintError{err, fmt.Sprintf(format, args...)}
}

// exitCode is the one place where errors become codes.
func exitCode(ctx context.Context, err error) int {
	var result resultError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &result):
		return int(result)
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, new(usageError)):
		return exitUsage
	}
	return exitFailed
}

// hints are the next steps for an error: its own, or those that belong to a well-known cause.
func hints(err error) []string {
	var own hintError
	switch {
	case errors.As(err, &own):
		return []string{own.hint}
	case errors.Is(err, casefile.ErrMissing):
		return []string{"make one with: pentimento init --campaign ghostaction", "or name one with --case FILE or PENTIMENTO_CASE"}
	case errors.Is(err, casefile.ErrForeign):
		return []string{"--case names the file that pentimento init made"}
	case errors.Is(err, casefile.ErrNewer):
		return []string{"use the version of pentimento that wrote it, or a later one"}
	case errors.Is(err, casefile.ErrDamaged):
		return []string{"restore a copy of the case; nothing was changed"}
	case errors.Is(err, casefile.ErrBusy):
		return []string{"wait for it to end; end it, and the same command goes on where it stopped"}
	case errors.Is(err, casefile.ErrCredential):
		return []string{"name it by what is no secret: its name, or its id at the provider"}
	case errors.Is(err, casefile.ErrRetraction):
		return []string{"declare the first statement again, in the same words or in better ones"}
	case errors.Is(err, casefile.ErrUnknownRepository):
		return []string{"pentimento repos lists the repositories of the case; pentimento add adds one"}
	}
	return nil
}
