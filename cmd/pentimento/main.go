// Command pentimento reconstructs, for every repository hit by a GitHub Actions secret-exfiltration campaign, when the malicious workflow
// was there, whether it ran, what it could read, and how long each stolen credential stayed usable.
//
// It collects facts into a case file and infers the rest from them; see "pentimento help" and the README. Data go to stdout, everything
// else to stderr. Exit codes: 0 done, 1 failed, 2 usage, 3 exposure found, 4 done but evidence incomplete, 130 interrupted; 3 and 4 only
// with --exit-code.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	// The groups of commands stand in the order of the work. This is a variable of cobra's package: it is set once, before anything runs.
	cobra.EnableCommandSorting = false
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv, clock: time.Now}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
