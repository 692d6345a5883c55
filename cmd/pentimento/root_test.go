package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Several failures are a line each; line breaks within one are somebody else's text.
func TestMessages(t *testing.T) {
	joined := errors.Join(errors.New("one"), errors.Join(errors.New("two\nwith a break"), errors.New("three")))
	for _, test := range []struct {
		err  error
		want []string
	}{
		{errors.New("a\nb"), []string{"a\nb"}},
		{joined, []string{"one", "two\nwith a break", "three"}},
		{fmt.Errorf("both %w and %w", errors.New("x"), errors.New("y")), []string{"both x and y"}},
		{usageError{joined}, []string{"one", "two\nwith a break", "three"}},
		{hint(joined, "next"), []string{"one", "two\nwith a break", "three"}},
	} {
		if got := messages(test.err); strings.Join(got, "|") != strings.Join(test.want, "|") {
			t.Errorf("messages(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}

// Only a collection keeps what it had when it is interrupted, and goes on there.
func TestInterruptionSaysWhatIsKept(t *testing.T) {
	path := smallCase(t)
	for args, kept := range map[string]bool{"collect --host http://192.0.2.1": true, "repos": false, "analyze": false} {
		ctx, stop := context.WithCancel(context.Background())
		stop()
		var errs bytes.Buffer
		p := &program{stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: &errs, env: func(string) string { return "" }, clock: time.Now}
		code := p.run(ctx, append([]string{"--case", path}, strings.Fields(args)...))
		if code != exitInterrupted || strings.Contains(errs.String(), "what was collected is kept") != kept {
			t.Errorf("%s: exit %d: %s", args, code, &errs)
		}
	}
}
