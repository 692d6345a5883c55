package localgit

import (
	"net/url"
	"slices"
	"strings"

	"pentimento/internal/evidence"
)

// remote is a remote of the clone and how its refs are kept.
type remote struct {
	name   string
	urls   []string
	push   []string // where it pushes to, if elsewhere
	fetch  []refspec
	counts bool // its address names the repository
	pushes bool // and so does every address that it pushes to
}

// refspec maps a ref of the server to one of the clone; both may hold one star.
type refspec struct{ src, dst string }

func defaultSpec(name string) refspec {
	return refspec{src: "refs/heads/*", dst: "refs/remotes/" + name + "/*"}
}

func parseRefspec(s string) (refspec, bool) {
	src, dst, ok := strings.Cut(strings.TrimPrefix(s, "+"), ":")
	spec := refspec{src, dst}
	return spec, ok && src != "" && dst != "" && strings.Count(src, "*") == strings.Count(dst, "*") && strings.Count(src, "*") <= 1
}

// server gives the server's ref behind one of the clone's.
func (s refspec) server(local string) (string, bool) {
	before, after, star := strings.Cut(s.dst, "*")
	if !star {
		return s.src, local == s.dst
	}
	if len(local) < len(before)+len(after) || !strings.HasPrefix(local, before) || !strings.HasSuffix(local, after) {
		return "", false
	}
	return strings.Replace(s.src, "*", local[len(before):len(local)-len(after)], 1), true
}

// server gives the server's ref behind one of the clone's. Where several refspecs lead to it the one that says most counts: it is what a
// clone uses that keeps pull requests below its branches.
func (m remote) server(local string) (evidence.Ref, bool) {
	best, found := "", -1
	for _, s := range m.fetch {
		if ref, ok := s.server(local); ok && len(s.dst) > found {
			best, found = ref, len(s.dst)
		}
	}
	return evidence.Ref(best), found >= 0 && strings.HasPrefix(best, "refs/")
}

// readRemotes gathers the remotes of a configuration in its order, with url.*.insteadOf and pushInsteadOf applied to their addresses.
func readRemotes(settings []setting) []remote {
	var out []remote
	at := map[string]int{}
	for _, s := range settings {
		if s.section != "remote" || s.sub == "" {
			continue
		}
		i, ok := at[s.sub]
		if !ok {
			i = len(out)
			at[s.sub] = i
			out = append(out, remote{name: s.sub})
		}
		m := &out[i]
		switch s.key {
		case "url":
			m.urls = append(m.urls, rewrite(settings, "insteadof", s.value))
		case "pushurl":
			m.push = append(m.push, rewrite(settings, "insteadof", s.value))
		case "fetch":
			if spec, ok := parseRefspec(s.value); ok {
				m.fetch = append(m.fetch, spec)
			}
		}
	}
	for i := range out {
		if m := &out[i]; m.push == nil {
			for _, u := range m.urls {
				m.push = append(m.push, rewrite(settings, "pushinsteadof", u))
			}
		}
	}
	return out
}

// rewrite puts the base of the longest matching prefix in its place, see git-config(1), url.<base>.insteadOf.
func rewrite(settings []setting, key, address string) string {
	base, longest := "", ""
	for _, s := range settings {
		if s.section == "url" && s.key == key && strings.HasPrefix(address, s.value) && len(s.value) > len(longest) {
			base, longest = s.sub, s.value
		}
	}
	return base + address[len(longest):]
}

// judgeRemotes marks the remotes that are the repository.
func (r *reading) judgeRemotes() {
	found := false
	for i := range r.remotes {
		m := &r.remotes[i]
		if len(m.urls) == 0 {
			continue
		}
		yes, alias := r.names(m.urls[0]) // git fetches from the first alone
		m.counts = yes
		m.pushes = yes && !slices.ContainsFunc(m.push, func(u string) bool { same, _ := r.names(u); return !same })
		found = found || yes
		if yes && alias != "" {
			r.gap(evidence.Gap{Kind: evidence.GapNotCollected, Subject: "remote " + evidence.Printable(m.name),
				Detail: "its address names the host " + evidence.Printable(alias) + ", which only the SSH configuration of that machine explains; it was taken for the server",
				Hint:   "check what that alias stands for there"})
		}
	}
	if !found {
		r.gap(evidence.Gap{Kind: evidence.GapNotCollected, Subject: "remotes",
			Detail: "no remote of the clone has an address that names " + string(r.repo) + ": its reflogs say nothing of what the server held",
			Hint:   "add the clone to the repository from which it was made"})
	}
}

// names reports an address that names the repository on the case's host. alias is its host where only an SSH configuration tells what that is.
// A rewriting of addresses in the machine's own configuration cannot be seen from the clone.
func (r *reading) names(address string) (yes bool, alias string) {
	host, full, ssh := splitAddress(address)
	if !strings.EqualFold(full, r.repo.Key()) {
		return false, ""
	}
	want := "github.com"
	if r.cfg.Host != nil {
		want = r.cfg.Host.Hostname()
	}
	switch {
	case strings.EqualFold(host, want):
		return true, ""
	case strings.EqualFold(want, "github.com") && (strings.EqualFold(host, "www.github.com") || strings.EqualFold(host, "ssh.github.com")):
		return true, ""
	case ssh && aliased(host, want):
		return true, host
	}
	return false, ""
}

// aliased reports a host that is most likely a name in somebody's SSH configuration: one without a dot, or the server's with more to it
// ("github.com-work"), as people do who have two accounts.
func aliased(host, server string) bool {
	host, server = strings.ToLower(host), strings.ToLower(server)
	return host != "" && host != "localhost" && (!strings.Contains(host, ".") || strings.HasPrefix(host, server+"-") || strings.HasSuffix(host, "-"+server))
}

// splitAddress takes host and "owner/name" out of an address: https://host/owner/name.git, ssh://git@host:port/owner/name,
// git@host:owner/name.git. Credentials in it are not looked at.
func splitAddress(address string) (host, full string, ssh bool) {
	address = strings.TrimSpace(address)
	var path string
	if scheme, _, ok := strings.Cut(address, "://"); ok {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return "", "", false
		}
		switch strings.ToLower(scheme) {
		case "ssh", "git+ssh", "ssh+git":
			ssh = true
		case "https", "http", "git":
		default:
			return "", "", false
		}
		host, path = u.Hostname(), u.Path
	} else {
		before, after, ok := strings.Cut(address, ":")
		if !ok || strings.ContainsAny(before, "/\\") || len(before) < 2 { // a path, or a drive of Windows
			return "", "", false
		}
		host, path, ssh = before[strings.LastIndexByte(before, '@')+1:], after, true
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if strings.Count(path, "/") != 1 {
		return "", "", false
	}
	return host, path, ssh
}
