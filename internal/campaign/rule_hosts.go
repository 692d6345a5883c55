package campaign

import (
	_ "embed"
	"strings"
)

//go:embed hosts.txt
var hostLists string

// services and drops are domains: each stands for itself and all below it.
var services, drops = readHosts(hostLists)

// Service reports that a host belongs to a service that public workflows are known to hand secrets to: registries, coverage and code quality,
// clouds, chat, GitHub itself. It is no clearance: an attacker can have an account there. It only says that the host is no news by itself.
func Service(host string) bool { return within(host, services) }

// Drop reports that a host is one where anybody collects what is sent to it without a name.
func Drop(host string) bool { return within(host, drops) }

func within(host string, domains map[string]bool) bool {
	for {
		if domains[host] {
			return true
		}
		_, rest, found := strings.Cut(host, ".")
		if !found {
			return false
		}
		host = rest
	}
}

// readHosts reads the two lists: "[services]" and "[drops]" begin them, one domain a line, "#" begins a comment.
func readHosts(text string) (services, drops map[string]bool) {
	lists := map[string]map[string]bool{"[services]": {}, "[drops]": {}}
	var into map[string]bool
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		switch {
		case lists[line] != nil:
			into = lists[line]
		case line != "" && into != nil:
			into[line] = true
		}
	}
	return lists["[services]"], lists["[drops]"]
}
