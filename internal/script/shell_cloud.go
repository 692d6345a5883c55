package script

import (
	"slices"
	"strings"
)

// cloud are the clients of clouds' storage.
func (st *state) cloud(c *call) {
	o := c.operands()
	if c.name == "gcloud" && len(o) > 0 && (o[0] == "auth" && slices.Contains(o, "print-access-token") || slices.Contains(o, "print-identity-token")) {
		c.print(st.gather(st.commandText(c), Identity))
		return
	}
	if (c.name == "aws" || c.name == "gcloud" || c.name == "az") && slices.ContainsFunc(o, func(a string) bool { return a == "get-secret-value" || a == "get-parameter" || a == "get-parameters" }) {
		c.print(st.gather(st.commandText(c), Files))
		return
	}
	endpoint, _ := c.option("--endpoint-url", "--endpoint")
	for i, a := range o {
		scheme, rest, ok := strings.Cut(a, "://")
		bucket, _, _ := strings.Cut(rest, "/")
		suffix := map[string]string{"s3": ".s3.amazonaws.com", "gs": ".storage.googleapis.com", "b2": ".backblazeb2.com", "https": ""}[scheme]
		remoteName, _, colon := strings.Cut(a, ":")
		switch {
		case ok && (suffix != "" || scheme == "https"):
		case c.name == "rclone" && colon && !strings.Contains(remoteName, "/"), c.name == "mc" && i > 1 && strings.Contains(a, "/"):
			bucket, suffix = "", ""
		default:
			continue
		}
		body, last := c.in, i == len(o)-1
		if last {
			for _, f := range o[:i] {
				if text := st.contents(f); !st.carried(text).empty() {
					body += text
				}
			}
		}
		host := ""
		if bucket != "" && suffix != "" {
			host = bucket + suffix
		}
		if endpoint != "" {
			host = endpoint
		}
		st.destinationAs(a, host, sending{program: c.name, body: st.limited(body), all: strings.Join(c.args, "\n"), uploads: last && i > 0, line: -1})
	}
	if account, ok := c.option("--account-name"); ok && c.name == "az" && c.has("upload", "upload-batch") {
		file, _ := c.option("--file", "-f", "--source", "-s")
		st.destinationAs("https://"+account+".blob.core.windows.net/", account+".blob.core.windows.net", sending{program: c.name, body: st.contents(file) + strings.Join(c.args, " "), all: strings.Join(c.args, "\n"), uploads: true, line: -1})
	}
	c.print(st.unknown(st.commandText(c)))
}

// mail sends what it reads to an address.
func (st *state) mail(c *call) {
	body := c.in
	for i, a := range c.args {
		if (a == "-a" || a == "-A" || a == "--attach" || a == "--attach-file" || a == "--body" || a == "-s") && i+1 < len(c.args) {
			body += c.args[i+1] + st.contents(strings.TrimPrefix(c.args[i+1], "@"))
		}
	}
	for _, a := range append(c.operands(), strings.Fields(st.headers(c.in))...) {
		if user, host, ok := strings.Cut(strings.Trim(a, "<>,"), "@"); ok && user != "" && hostLikeWord(host) {
			st.destinationAs("mailto:"+a, host, sending{program: c.name, body: body, all: strings.Join(c.args, "\n"), uploads: true, line: -1})
		}
	}
	if server, ok := c.option("--server", "-s"); ok && c.name == "swaks" {
		st.destination(server, sending{program: c.name, body: body, all: strings.Join(c.args, "\n"), uploads: true, line: -1})
	}
}

// headers are the lines of a mail that name who gets it.
func (st *state) headers(text string) string {
	out := ""
	for l := range strings.Lines(text) {
		if name, value, ok := strings.Cut(l, ":"); ok && slices.Contains([]string{"To", "Cc", "Bcc"}, name) {
			out += " " + value
		}
	}
	return out
}
