package campaign

import (
	"fmt"
	"net/netip"
	"slices"

	"pentimento/internal/workflow"
)

// Flow narrows what goes where. The zero Flow is any secret in any command to any host.
type Flow struct {
	Secrets   int  `yaml:"secrets"`    // at least so many different secrets in the body or URL; "every secret" is enough for any number
	SelfNamed bool `yaml:"self_named"` // so many body fields bear the name of the secret they carry
	All       bool `yaml:"all"`        // every secret that the repository has, at once
	Encoded   bool `yaml:"encoded"`    // what is sent went through an encoding first
	Hidden    bool `yaml:"hidden"`     // the host stands in the script in pieces or encoded
	// Token is "none" where the job's own token does not count as a secret, "only" where nothing else does.
	Token string `yaml:"token"`
	// To is "bare": a URL without path; "address": an IP address; "bare-or-address"; "listed": a host of the pack; "nondescript": a
	// host known at run time only, or a URL with a query or a path of one segment and no more: what is set up for the occasion, and few APIs;
	// "outside": beyond the runner and its private network; "foreign": outside and no service that workflows are known to hand secrets to;
	// "drop": where anybody collects what is sent, without a name: request catchers, tunnels, paste sites; "disguised": an address written
	// otherwise than as four decimal numbers, outside the runner's network.
	To string `yaml:"to"`
}

func (s subject) secretFlow(f Flow) (why string, lines []int, ok bool) {
	count := 0
	for _, d := range s.file.Destinations {
		n, all := flows(d, f)
		if (n >= max(f.Secrets, 1) && !f.All || all) && s.reaches(d, f) {
			lines = append(lines, d.Line)
			count = max(count, n)
			if all {
				why = "every secret is sent to a host"
			}
		}
	}
	switch {
	case why == "" && f.Token == "only":
		why = "the job's own token is sent to a host"
	case why == "":
		why = fmt.Sprintf("%d of the secrets sent to a host by one command", count)
	}
	return why + f.manner(), lines, len(lines) > 0
}

// flows counts what a command sends; the zero Flow counts headers and credentials too.
func flows(d workflow.Destination, f Flow) (n int, all bool) {
	sent := d.Posted
	switch {
	case f.SelfNamed:
		sent = d.SelfNamed
	case f.Secrets == 0:
		sent = d.Secrets
	}
	for _, name := range sent {
		if own := name == jobToken; f.Token == "" || (f.Token == "only") == own {
			n++
		}
	}
	if f.Token == "only" {
		return n, false
	}
	return n, slices.Contains(sent, everySecret) || f.SelfNamed && slices.Contains(d.Posted, everySecret)
}

// everySecret stands for all that the repository had: see [workflow.SecretRef].
const everySecret = "*"

func (s subject) bodyFlow(f Flow) (why string, lines []int, ok bool) {
	for _, d := range s.file.Destinations {
		if d.Uploads && s.reaches(d, f) {
			lines = append(lines, d.Line)
		}
	}
	return "a body is sent to a host" + f.manner(), lines, len(lines) > 0
}

func (s subject) historyFlow(f Flow) (why string, lines []int, ok bool) {
	for _, j := range append(slices.Clip(s.file.Jobs), workflow.Job{Steps: s.file.Loose}) {
		reads := false
		for _, step := range j.Steps {
			if reads = reads || step.ReadsHistory; !reads {
				continue
			}
			for _, d := range step.Destinations {
				if d.Uploads && s.reaches(d, f) {
					lines = append(lines, d.Line)
				}
			}
		}
	}
	return "contents of past commits are read and a body is sent to a host" + f.manner(), lines, len(lines) > 0
}

// manner says how and where, in words of the rule.
func (f Flow) manner() string {
	out := ""
	if f.Encoded {
		out += ", encoded"
	}
	if f.Hidden {
		out += ", whose name stands in pieces or encoded"
	}
	return out + map[string]string{"bare": ", to a URL without path", "address": ", to an address", "bare-or-address": ", to a URL without path or an address",
		"nondescript": ", to a URL with hardly a path or known at run time only", "listed": ", to a listed host", "outside": ", outside the runner's network",
		"foreign": ", that is no service which workflows are known to use", "drop": ", where anybody can collect what is sent",
		"disguised": ", to an address that is not written as one"}[f.To]
}

// reaches tests where a command sends and how.
func (s subject) reaches(d workflow.Destination, f Flow) bool {
	if f.Encoded && len(d.Encodings) == 0 || f.Hidden && !d.Hidden {
		return false
	}
	_, err := netip.ParseAddr(d.Host)
	number, disguised := disguised(d.Host)
	switch f.To {
	case "bare":
		return d.Bare
	case "address":
		return err == nil || disguised
	case "bare-or-address":
		return d.Bare || err == nil || disguised
	case "disguised":
		return disguised && outside(number)
	case "nondescript":
		return d.Computed || d.Depth <= 1 && !d.Bare
	case "listed":
		return s.pack.KnowsHost(d.Host)
	case "outside":
		return Outside(d.Host)
	case "foreign":
		return Outside(d.Host) && !Service(d.Host)
	case "drop":
		return Drop(d.Host)
	}
	return true
}

var flowTargets = []string{"", "bare", "address", "bare-or-address", "nondescript", "listed", "outside", "foreign", "drop", "disguised"}
