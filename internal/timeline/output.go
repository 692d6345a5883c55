package timeline

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"pentimento/internal/when"
)

const (
	// maxOutputLines bounds what is read of a step's output: programs tell what became of a request in a few lines.
	maxOutputLines = 20_000
	// maxOutputLine is how much of one line is looked at, in bytes.
	maxOutputLine = 2000
	// stepSlack widens the time of a step, which is stamped to the second, over the stamps of its lines.
	stepSlack = time.Second
)

// saying is what a program prints when a request fails or is answered, and what that says. The words are ours: the printed line may be the
// attacker's, and names hosts.
type saying struct {
	form *regexp.Regexp
	says string
}

// sayings are looked for in this order within a line. curl's exits: https://curl.se/libcurl/c/libcurl-errors.html.
var sayings = []saying{
	{regexp.MustCompile(`(?i)could not resolve host|couldn't resolve host|unable to resolve host|name or service not known|temporary failure in name resolution|getaddrinfo (?:enotfound|eai_again)|no such host|nodename nor servname|remote name could not be resolved|server can't find`),
		"the host could not be resolved"},
	{regexp.MustCompile(`(?i)connection refused|econnrefused|actively refused`), "the host refused the connection"},
	{regexp.MustCompile(`(?i)curl: \(7\)|failed to connect|no route to host|network is unreachable|enetunreach|ehostunreach`), "no connection to the host was made"},
	{regexp.MustCompile(`(?i)curl: \((?:35|51|58|60|77|83)\)|ssl certificate problem|certificate verify failed|ssl_error|tls handshake`), "the TLS handshake failed"},
	{regexp.MustCompile(`(?i)curl: \(28\)|timed out|etimedout`), "it timed out: whether anything was sent before is not told"},
	{regexp.MustCompile(`(?i)curl: \((?:52|55|56)\)|empty reply from server|connection reset|econnreset|socket hang up`), "the connection broke after it was made"},
	{regexp.MustCompile(`(?i)curl: \(22\)|requested url returned error`), "the host answered, with an error"},
	{regexp.MustCompile(`(?i)\bHTTP/[0-9.]+ [1-5][0-9][0-9]\b|awaiting response\.\.\. [1-5][0-9][0-9]`), "the host answered"},
}

var exitCode = regexp.MustCompile(`^##\[error\]Process completed with exit code ([0-9]{1,10})\.`)

// readOutput adds what the output of the leaking step says of what it sent. It lowers nothing: the output is of the attacker's script, which
// can print what it likes, and a request that failed may have been tried again by other means.
func (r *reader) readOutput(e *Execution) {
	for _, job := range e.Jobs {
		l := r.logOf(e.Run, job)
		if l.JobID == 0 || !slices.Contains(e.Leaked.Evidence, job.ID()) || r.Log == nil {
			continue
		}
		text, err := r.Log(l)
		if err != nil {
			r.err = fmt.Errorf("read the output of a step: %w", err)
			return
		}
		if says := outputSays(text, e.Leaked); len(says) > 0 {
			e.Reason += "; the step's output says: " + strings.Join(says, ", ")
		} else {
			e.Reason += "; the step's output says nothing of what it sent"
		}
		e.Leaked.Evidence = slices.Sorted(slices.Values(append(slices.Clone(e.Leaked.Evidence), l.ID())))
	}
}

// outputSays reads the lines of a job's log that were written while a step ran, each of which begins with the runner's time. The script, which
// the runner prints before it runs it, is not output.
func outputSays(log []byte, step when.Instant) []string {
	var out []string
	told, script := map[string]bool{}, false
	lines := 0
	for line := range bytes.Lines(bytes.TrimPrefix(log, []byte("\ufeff"))) {
		stamp, rest, ok := bytes.Cut(line, []byte(" "))
		at, err := time.Parse(time.RFC3339Nano, string(stamp[:min(len(stamp), 64)]))
		if !ok || err != nil || at.Before(step.NotBefore.At) || step.NotAfter.Known() && !at.Before(step.NotAfter.At.Add(stepSlack)) {
			continue
		}
		if lines++; lines > maxOutputLines {
			break
		}
		words := strings.TrimSpace(string(rest[:min(len(rest), maxOutputLine)]))
		switch {
		case strings.HasPrefix(words, "##[group]Run "):
			script = true
		case strings.HasPrefix(words, "##[endgroup]"):
			script = false
		case script:
		default:
			if says := readLine(words); says != "" && !told[says] {
				told[says] = true
				out = append(out, says)
			}
		}
	}
	return out
}

func readLine(words string) string {
	if m := exitCode.FindStringSubmatch(words); m != nil {
		return "exit code " + m[1]
	}
	for _, s := range sayings {
		if s.form.MatchString(words) {
			return s.says
		}
	}
	return ""
}
