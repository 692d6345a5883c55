package script

import (
	"regexp"
	"slices"
	"strings"
)

// client gives what a program does that talks to a host.
func client(name string) func(*state, *call) {
	switch name {
	case "curl":
		return (*state).curl
	case "wget", "wget2", "aria2c", "axel", "lynx", "w3m", "iwr", "irm", "invoke-webrequest", "invoke-restmethod":
		return (*state).wget
	case "http", "https", "xh", "xhs", "httpie", "curlie":
		return (*state).httpie
	case "nc", "ncat", "netcat", "telnet", "nc.openbsd", "nc.traditional":
		return (*state).netcat
	case "socat":
		return (*state).socat
	case "dig", "nslookup", "host", "ping", "ping6", "drill", "delv", "kdig", "dog", "getent", "resolvectl", "traceroute", "tracepath", "mtr":
		return (*state).lookupHost
	case "ssh", "scp", "sftp", "rsync", "ftp", "lftp", "ncftpput", "tftp":
		return (*state).remote
	case "aws", "gsutil", "gcloud", "az", "azcopy", "rclone", "mc", "s3cmd", "s5cmd", "b2":
		return (*state).cloud
	case "mail", "mailx", "sendmail", "mutt", "swaks", "msmtp", "s-nail":
		return (*state).mail
	case "websocat", "wscat", "grpcurl", "mosquitto_pub", "redis-cli", "mysql", "psql":
		return (*state).wget
	}
	return nil
}

// Options of curl that take a value (https://curl.se/docs/manpage.html).
const curlShort = "AbcCdDeEFhHKmoPQrtTuUwxXyYz"

var curlLong = regexp.MustCompile(`^--(?:request|header|data(?:-[a-z]+)?|json|form(?:-string)?|url(?:-query)?|user(?:-agent)?|output(?:-dir)?|proxy(?:-[a-z0-9-]+)?|max-[a-z]+|connect-t(?:imeout|o)|` +
	`retry(?:-delay|-max-time)?|upload-file|cookie(?:-jar)?|cert(?:-type)?|key(?:-type)?|ca(?:cert|path)|referer|write-out|config|resolve|interface|oauth2-bearer|aws-sigv4|range|limit-rate|` +
	`unix-socket|abstract-unix-socket|dns-[a-z0-9-]+|doh-url|socks[a-z0-9-]+|preproxy|noproxy|ciphers|tls[a-z0-9.-]+|dump-header|trace|trace-ascii|stderr|hostpub[a-z0-9]+|proto[a-z-]*|` +
	`continue-at|mail-[a-z]+|engine|netrc-file|pass|pinnedpubkey|keepalive-time|local-port|speed-[a-z]+|time-cond|variable|expand-[a-z-]+|rate|ftp-[a-z-]+|happy-[a-z-]+|expect100-timeout|quote|postquote)$`)

// request is a call of a client for HTTP taken apart.
type request struct {
	urls    []string
	lines   []int
	body    string
	query   string
	output  string
	remote  bool // the output goes to a file named by the URL
	method  string
	uploads bool
	also    []string // other hosts that it connects to
}

func (st *state) curl(c *call) {
	r := request{output: "-"}
	st.curlArgs(c, &r, c.args, c.lines, 0)
	st.requested(c, r)
}

// curlArgs reads curl's arguments, those of a configuration file included.
func (st *state) curlArgs(c *call, r *request, args []string, lines []int, depth int) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
		case strings.HasPrefix(a, "--"):
			name, value, glued := strings.Cut(a, "=")
			if !glued && curlLong.MatchString(a) && i+1 < len(args) {
				i++
				value = args[i]
			}
			st.curlOption(c, r, strings.TrimPrefix(name, "--expand-"), value, lines[min(i, len(lines)-1)], depth)
		case strings.HasPrefix(a, "-") && len(a) > 1 && a[1] != atomOpen:
			for j := 1; j < len(a); j++ {
				if strings.IndexByte(curlShort, a[j]) < 0 {
					st.curlFlag(r, a[j])
					continue
				}
				value := a[j+1:]
				if value == "" && i+1 < len(args) {
					i++
					value = args[i]
				}
				st.curlOption(c, r, a[j:j+1], value, lines[min(i, len(lines)-1)], depth)
				break
			}
		case a != "" && targetLike(a):
			r.urls, r.lines = append(r.urls, a), append(r.lines, lines[min(i, len(lines)-1)])
		}
	}
}

// targetLike reports that an operand can name a host.
func targetLike(a string) bool {
	return strings.Contains(a, "://") || a[0] == atomOpen || hostLikeWord(a) || strings.HasPrefix(a, "localhost") || strings.HasPrefix(a, "[") || numeric.MatchString(a) ||
		strings.IndexByte(a, atomOpen) >= 0 && !strings.HasPrefix(a, "/")
}

// numeric is an address written as one number.
var numeric = regexp.MustCompile(`^(?:\d{8,10}|0x[0-9a-fA-F]{7,8})(?:[:/].*)?$`)

func (st *state) curlFlag(r *request, flag byte) {
	switch flag {
	case 'O':
		r.remote = true
	case 'J', 'G':
	}
}

func (st *state) curlOption(c *call, r *request, name, value string, line, depth int) {
	switch strings.TrimPrefix(name, "--") {
	case "d", "data", "data-ascii", "data-binary", "json":
		st.addBody(c, r, value, strings.HasPrefix(value, "@"), value)
	case "data-raw", "form-string":
		st.addBody(c, r, value, false, "")
	case "data-urlencode":
		name, file, ok := strings.Cut(value, "@")
		st.addBody(c, r, value, ok && !strings.Contains(name, "="), "@"+file)
	case "F", "form":
		_, file, ok := strings.Cut(value, "=@")
		if !ok {
			_, file, ok = strings.Cut(value, "=<")
		}
		file, _, _ = strings.Cut(file, ";")
		st.addBody(c, r, value, ok, "@"+file)
	case "T", "upload-file":
		st.addBody(c, r, "", true, "@"+value)
	case "url-query", "Q", "quote":
		r.query += value + "\n"
	case "url":
		r.urls, r.lines = append(r.urls, value), append(r.lines, line)
	case "o", "output":
		r.output = value
	case "remote-name":
		r.remote = true
	case "X", "request":
		r.method = strings.ToUpper(value)
	case "connect-to":
		if p := strings.Split(value, ":"); len(p) >= 3 && p[2] != "" {
			r.also = append(r.also, p[2])
		}
	case "resolve":
		if p := strings.SplitN(value, ":", 3); len(p) == 3 {
			r.also = append(r.also, p[2])
		}
	case "doh-url":
		r.also = append(r.also, value)
	case "mail-rcpt":
		r.also = append(r.also, value)
	case "K", "config":
		if depth < maxNames {
			st.curlConfig(c, r, st.inputOf(c, value), line, depth+1)
		}
	}
}

// curlConfig reads a configuration file: an option a line, with or without its dashes, its value behind blanks, "=" or ":".
func (st *state) curlConfig(c *call, r *request, text string, line, depth int) {
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' || l[0] == atomOpen {
			continue
		}
		name, value, _ := strings.Cut(l, " ")
		if n, v, ok := strings.Cut(l, "="); ok && len(strings.TrimSpace(n)) <= len(name) {
			name, value = strings.TrimSpace(n), v
		}
		value = strings.Trim(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(value), "=")), `"`)
		name = "--" + strings.TrimLeft(name, "-")
		if len(name) == 3 {
			name = name[1:]
		}
		st.curlArgs(c, r, []string{name, value}, []int{line, line}, depth)
	}
}

// addBody adds to what is sent; where it is a file's content, the file stands behind @.
func (st *state) addBody(c *call, r *request, value string, isFile bool, file string) {
	r.uploads = true
	r.body += value + "\n"
	if isFile {
		file = strings.TrimPrefix(file, "@")
		if file == "." {
			file = "-"
		}
		r.body += st.inputOf(c, file) + "\n"
	}
	r.body = st.limited(r.body)
}

// requested tells what a request sends and prints what comes back.
func (st *state) requested(c *call, r request) {
	uploads := r.uploads || r.method == "POST" || r.method == "PUT" || r.method == "PATCH"
	all := strings.Join(c.args, "\n") + r.body
	if len(r.urls) > maxKept {
		st.problem("the script has more destinations than this program keeps")
		r.urls = r.urls[:maxKept]
	}
	for i, u := range slices.Concat(r.urls, r.also) {
		line := st.line
		if i < len(r.lines) {
			line = r.lines[i]
		}
		st.destination(u, sending{program: c.name, body: r.body + r.query, all: all, uploads: uploads, line: line})
		st.ownAPI(c, r, u)
		if asksRunner(u) {
			st.out.Registers = true
		}
	}
	for _, u := range r.urls {
		answer := st.answer(c, u)
		file := r.output
		if r.remote {
			path, _, _ := strings.Cut(u, "?")
			file = path[strings.LastIndexByte(path, '/')+1:]
		}
		if file == "-" || file == "" || file == "/dev/stdout" {
			c.print(answer)
		} else {
			st.writeAny(file, []string{answer}, false, false)
		}
	}
}

// answer is what comes back from a URL: loot from the services that give an identity, else what is not seen.
func (st *state) answer(c *call, u string) string {
	show := "$(" + c.name + " " + st.show(u) + ")"
	host := hostOf(u)
	switch {
	case metadata(host):
		return st.gather(show, Metadata)
	case strings.Contains(st.show(u), "ACTIONS_ID_TOKEN_REQUEST_URL"):
		return st.gather(show, Identity)
	}
	a := st.atom(show, Carried{})
	st.atoms[len(st.atoms)-1].fetched, st.atoms[len(st.atoms)-1].host = true, host
	return a
}

// metadata reports a host where a cloud tells a machine its identity.
func metadata(host string) bool {
	switch host {
	case "169.254.169.254", "169.254.170.2", "metadata.google.internal", "metadata", "100.100.100.200", "fd00:ec2::254", "metadata.azure.internal":
		return true
	}
	return false
}

// ownAPI sees comments, issues, gists and commits made through GitHub's own API.
func (st *state) ownAPI(c *call, r request, u string) {
	shown := st.show(u)
	if hostOf(u) != "api.github.com" && !strings.Contains(shown, "GITHUB_API_URL") && !strings.Contains(shown, "github.api_url") || !r.uploads {
		return
	}
	way := apiWay(shown)
	if carried := st.carried(r.body); way != "" {
		st.exit(Exit{Way: way, Program: c.name, Target: shown, Carried: carried})
	}
}

// apiWay is the way out that a path of GitHub's API is, empty for none.
func apiWay(path string) Way {
	switch {
	case strings.Contains(path, "/contents/"), strings.Contains(path, "/git/"), strings.Contains(path, "/user/repos"):
		return Repository
	case strings.Contains(path, "gists"), strings.Contains(path, "issues"), strings.Contains(path, "pulls"), strings.Contains(path, "comments"), strings.Contains(path, "releases"),
		strings.Contains(path, "statuses"), strings.Contains(path, "check-runs"), strings.Contains(path, "discussions"), strings.Contains(path, "graphql"), strings.Contains(path, "dispatches"):
		return Comment
	}
	return ""
}
