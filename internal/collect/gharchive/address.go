package gharchive

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
)

func web(place string) bool {
	scheme, _, ok := strings.Cut(place, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// base is a URL taken apart. Credentials in it are sent nowhere and stored nowhere.
type base struct {
	url, name, host string
	archive         string
}

func parseBase(place string) (base, error) {
	u, err := url.Parse(place)
	if err != nil || u.Host == "" {
		return base{}, errors.New("not a web address")
	}
	clean := url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: u.Path}
	dir, name := clean.Path, ""
	if i := strings.LastIndexByte(dir, '/'); i >= 0 {
		if _, ok := hourOf(dir[i+1:]); ok {
			dir, name = dir[:i+1], dir[i+1:]
		}
	}
	if !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	clean.Path = dir
	return base{url: clean.String(), name: name, host: strings.ToLower(u.Hostname()), archive: clean.String()}, nil
}

// Shown is a place as it may be printed and stored: an address without what stands before its host and behind its path, which may be
// secret. Of what cannot be taken apart the scheme is left.
func Shown(place string) string {
	scheme, _, ok := strings.Cut(place, "://")
	if !ok {
		return place
	}
	if b, err := parseBase(place); err == nil {
		return b.url + b.name
	}
	return scheme + "://..."
}

// Hosts plans the places, without reading an hour, and lists the hosts that downloads come from, for a client that goes nowhere else. An
// error says why the places make no sense.
func Hosts(ctx context.Context, cfg Config, places []string) ([]string, error) {
	p, err := cfg.plan(ctx, places)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, j := range p.jobs {
		if u, err := url.Parse(j.url); err == nil && u.Host != "" {
			found[u.Host] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
