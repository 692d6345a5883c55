package wire

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is enough for a rename of a rename.
const maxRedirects = 5

// RedirectError says that a server pointed where we do not go: to a host outside the configured ones, from https to http, in a circle,
// or with a change of method. From and To name scheme and host alone.
type RedirectError struct{ From, To, Why string }

func (e *RedirectError) Error() string {
	return fmt.Sprintf("refused redirect from %s to %s: %s", e.From, e.To, e.Why)
}

// hostSet holds "host:port" in lower case; entries without a port are held as "host".
type hostSet map[string]bool

func newHostSet(hosts []string) hostSet {
	s := hostSet{}
	for _, h := range hosts {
		s[strings.ToLower(h)] = true
	}
	return s
}

// has compares host and port. An entry without a port stands for the port of the scheme; so does a URL without one.
func (s hostSet) has(u *url.URL) bool {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	own := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	if port == "" {
		port = own
	}
	return s[net.JoinHostPort(host, port)] || (port == own && s[bracketed(host)])
}

// bracketed writes a host as it stands in a URL.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// private reports a connection on which a token may travel: TLS, or one that does not leave the machine.
func private(u *url.URL) bool {
	return u.Scheme == "https" || (u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// checkRedirect lets net/http follow redirects among the configured hosts alone. The token never rides along: every hop is prepared
// afresh by its own host.
func (t *transport) checkRedirect(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	refuse := func(why string) error {
		return &RedirectError{From: site(last.URL), To: site(req.URL), Why: why}
	}
	switch {
	case len(via) > maxRedirects:
		return refuse(fmt.Sprintf("more than %d in a row", maxRedirects))
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return refuse("not a web address")
	case !t.hosts.has(req.URL):
		return refuse("the host is not one of those asked for")
	case private(last.URL) && !private(req.URL):
		return refuse("it leaves the encrypted connection")
	case req.Method != last.Method:
		return refuse("it would turn a " + last.Method + " into a " + req.Method)
	}
	return nil
}

func site(u *url.URL) string { return u.Scheme + "://" + u.Host }
