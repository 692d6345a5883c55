package campaign

import (
	_ "embed"
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

//go:embed hosts.txt
var hostLists string

// services and drops are domains: each stands for itself and all below it.
var services, drops = readHosts(hostLists)

// Service reports that a host belongs to a service that public workflows are known to hand secrets to: registries, coverage and code quality,
// clouds, chat, GitHub itself, or that its makers tell to fetch a tool's installer from. It is no clearance: an attacker can have an account there. It only says that the host is no news by itself.
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

// Outside tells hosts beyond the runner and its private network from those within, which are no thieves. A host known at run time only is
// neither.
func Outside(host string) bool {
	if a, is := disguised(host); is {
		return outside(a)
	}
	if host == "" || host == "localhost" || !strings.Contains(host, ".") && !strings.Contains(host, ":") {
		return false
	}
	for _, suffix := range []string{".local", ".localhost", ".internal", ".svc", ".lan"} {
		if strings.HasSuffix(host, suffix) {
			return false
		}
	}
	a, err := netip.ParseAddr(host)
	return err != nil || outside(a)
}

// outside: a machine beyond the runner's network; 0.0.0.0/8 is none anywhere (RFC 1122, section 3.2.1.3).
func outside(a netip.Addr) bool {
	return !a.IsLoopback() && !a.IsPrivate() && !a.IsLinkLocalUnicast() && !a.IsUnspecified() && (!a.Is4() || a.As4()[0] != 0)
}

// disguised reads an address that programs take and hardly anybody writes: of one to four numbers, each decimal, octal (0300) or hexadecimal (0xc0),
// of which the last fills what is left (inet_aton of POSIX). Four plain decimal numbers are no disguise.
func disguised(host string) (a netip.Addr, ok bool) {
	parts := strings.Split(host, ".")
	if _, err := netip.ParseAddr(host); err == nil || len(parts) > 4 || slices.Contains(parts, "") {
		return a, false
	}
	var whole uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if part[0] < '0' || part[0] > '9' || strings.Contains(part, "_") {
			return a, false
		}
		n, err := strconv.ParseUint(part, 0, bits)
		if err != nil {
			return a, false
		}
		whole = whole<<bits | n
	}
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], uint32(whole))
	return netip.AddrFrom4(bytes), true
}
