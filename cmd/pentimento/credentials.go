package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/collect/wire"
)

// maxKeyFile bounds the file of an app's private key: a PEM of RSA 4096 has 3 KB.
const maxKeyFile = 64 << 10

// credentials authenticate at the host and its API. They are read from the environment alone.
func (p *program) credentials(api *url.URL) ([]*wire.Credential, error) {
	tokens, err := p.tokens()
	if err != nil {
		return nil, err
	}
	var out []*wire.Credential
	for _, t := range tokens {
		out = append(out, wire.Token(t))
	}
	app, err := p.app(api)
	if app != nil {
		out = append(out, app)
	}
	return out, err
}

// tokens are that of GITHUB_TOKEN, else of GH_TOKEN, and those of GITHUB_TOKENS, each once, without the white space that files and pasting
// add. They go into a header: anything but visible ASCII would make every request fail, with the token in the error.
func (p *program) tokens() ([]string, error) {
	var out []string
	for _, name := range []string{"GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKENS"} {
		list := []string{strings.TrimSpace(p.env(name))}
		if name == "GITHUB_TOKENS" {
			list = strings.FieldsFunc(p.env(name), func(r rune) bool { return r == ',' || strings.ContainsRune(" \t\r\n", r) })
		} else if len(out) > 0 {
			continue
		}
		for _, t := range list {
			if strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return nil, hint(usagef("%s holds characters that no token has", name), "set it to the token alone, without quotes or a second line")
			}
			if t != "" && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out, nil
}

// app is the installation of a GitHub App that GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PRIVATE_KEY_FILE name; nil for none.
func (p *program) app(api *url.URL) (*wire.Credential, error) {
	id, installation, file := strings.TrimSpace(p.env("GITHUB_APP_ID")), strings.TrimSpace(p.env("GITHUB_APP_INSTALLATION_ID")), p.env("GITHUB_APP_PRIVATE_KEY_FILE")
	if id == "" && installation == "" && file == "" {
		return nil, nil
	}
	number, err := strconv.ParseInt(installation, 10, 64)
	if id == "" || err != nil || number <= 0 || file == "" {
		return nil, usagef("an app needs all of GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID (a number) and GITHUB_APP_PRIVATE_KEY_FILE")
	}
	if api == nil {
		return nil, usagef("an app authenticates at the API, which --api none leaves out")
	}
	key, err := readKey(file)
	if err != nil {
		return nil, hint(usageError{fmt.Errorf("GITHUB_APP_PRIVATE_KEY_FILE: %w", err)}, "download the key (.pem) on the page of the app")
	}
	app, err := wire.App(wire.AppConfig{API: api, ID: id, Installation: number, Key: key, Now: p.clock})
	if err != nil {
		return nil, usageError{err}
	}
	return app, nil
}

func readKey(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxKeyFile))
}
