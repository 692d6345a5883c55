package script

import (
	"regexp"
	"slices"
	"strings"
)

// wgetValued are options of wget and of what is like it that take the next argument.
var wgetValued = regexp.MustCompile(`^(?:-[OoPUeTtQwaDRABIXl]|--(?:output-document|header|user|password|http-user|http-password|user-agent|method|timeout|tries|input-file|directory-prefix|` +
	`referer|body-data|body-file|post-data|post-file|load-cookies|ca-certificate|certificate|private-key|out|dir)|(?i:-Uri|-Body|-Method|-Headers|-OutFile|-InFile|-ContentType|-UserAgent|-Credential))$`)

// wget reads wget's command line, and by the same rules that of other clients: a body by its options, hosts by the other arguments.
func (st *state) wget(c *call) {
	r := request{output: "-"}
	own := c.name == "wget" || c.name == "wget2"
	if own {
		r.output, r.remote = "", true
	}
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		name, value, glued := strings.Cut(a, "=")
		if !strings.HasPrefix(a, "-") {
			name, glued = a, false
		}
		if !glued && (wgetValued.MatchString(name) || name == "-i") && i+1 < len(c.args) {
			i++
			value = c.args[i]
		}
		switch strings.ToLower(name) {
		case "--post-data", "--body-data", "-body":
			st.addBody(c, &r, value, false, "")
		case "--post-file", "--body-file", "-infile":
			st.addBody(c, &r, "", true, "@"+value)
		case "--method", "-method":
			r.method = strings.ToUpper(value)
		case "--output-document", "-outfile":
			r.output, r.remote = value, false
		case "-uri":
			r.urls, r.lines = append(r.urls, value), append(r.lines, c.lines[i])
		case "-i", "--input-file":
			for _, u := range urls(st.inputOf(c, value)) {
				r.urls, r.lines = append(r.urls, u), append(r.lines, c.lines[i])
			}
		default:
			switch {
			case strings.HasPrefix(a, "-O") || strings.HasPrefix(a, "-qO"):
				if r.remote = false; i+1 < len(c.args) && value == "" && strings.HasSuffix(a, "O") {
					i++
					value = c.args[i]
				}
				r.output = value + strings.TrimLeft(strings.TrimPrefix(a, "-q"), "-O")
			case !strings.HasPrefix(a, "-") && a != "" && targetLike(a):
				r.urls, r.lines = append(r.urls, a), append(r.lines, c.lines[i])
			case !own && !strings.HasPrefix(a, "-"):
				st.addQuiet(&r, a)
			}
		}
	}
	if !own && !st.carried(r.body+c.in).empty() {
		r.body += c.in
		r.uploads = true
	}
	st.requested(c, r)
}

// addQuiet adds to the body what may be sent, and counts as an upload where it carries something.
func (st *state) addQuiet(r *request, text string) {
	r.body = st.limited(r.body + text + "\n")
	r.uploads = r.uploads || !st.carried(text).empty()
}

var (
	verbWord = regexp.MustCompile(`^[A-Z]{3,7}$`)
	httpItem = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]+(?::=@?|=@?|@)`)
)

// httpie reads the command line of HTTPie and of what is like it: [METHOD] URL [field=value, field:=json, field@file, Header:value ...].
func (st *state) httpie(c *call) {
	r := request{output: "-"}
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		switch {
		case strings.HasPrefix(a, "-"):
			if slices.Contains([]string{"-a", "--auth", "-A", "--auth-type", "-o", "--output", "--session", "--timeout", "--proxy", "--verify", "--cert", "-p", "--print", "--raw"}, a) && i+1 < len(c.args) {
				if i++; a == "--raw" {
					st.addBody(c, &r, c.args[i], false, "")
				} else if a == "-o" || a == "--output" {
					r.output = c.args[i]
				}
			}
		case len(r.urls) == 0 && verbWord.MatchString(a):
			r.method = a
		case len(r.urls) == 0:
			r.urls, r.lines = append(r.urls, a), append(r.lines, c.lines[i])
		case httpItem.MatchString(a):
			name, file, isFile := strings.Cut(a, "@")
			st.addBody(c, &r, a, isFile && !strings.Contains(name, "="+"\""), "@"+file)
		}
	}
	if c.read {
		st.addBody(c, &r, c.in, false, "")
	}
	st.requested(c, r)
}

// netcat connects to a host and a port, and sends what it reads.
func (st *state) netcat(c *call) {
	var o []string
	for i := 0; i < len(c.args); i++ {
		if a := c.args[i]; len(a) > 1 && a[0] == '-' {
			if strings.IndexByte("wpsqXxeciIOTgGo", a[len(a)-1]) >= 0 && !strings.HasPrefix(a, "--") || slices.Contains([]string{"--wait", "--proxy", "--exec", "--sh-exec", "--source-port", "--idle-timeout"}, a) {
				i++
			}
			continue
		}
		o = append(o, c.args[i])
	}
	if len(o) == 0 {
		return
	}
	st.connected(c, o[0], c.in)
}

// connected tells a connection by which a text is sent; an empty one may only be read from.
func (st *state) connected(c *call, host, body string) {
	st.destination(host, sending{program: c.name, body: body, all: strings.Join(c.args, "\n"), uploads: c.read && body != "", line: -1})
	a := st.atom("$("+c.name+" "+st.show(host)+")", Carried{})
	st.atoms[len(st.atoms)-1].fetched, st.atoms[len(st.atoms)-1].host = true, hostOf(host)
	if metadata(hostOf(host)) {
		a = st.gather("$("+c.name+")", Metadata)
	}
	c.print(a)
}

var socatPeer = regexp.MustCompile(`(?i)^(?:tcp[46]?(?:-connect)?|udp[46]?(?:-(?:connect|sendto|datagram))?|openssl(?:-connect)?|ssl|sctp(?:-connect)?|ws):(.+)$`)

func (st *state) socat(c *call) {
	body := c.in
	for _, a := range c.args {
		for _, prefix := range []string{"FILE:", "OPEN:", "GOPEN:", "file:", "open:"} {
			if path, ok := strings.CutPrefix(a, prefix); ok {
				path, _, _ = strings.Cut(path, ",")
				body += st.contents(path)
			}
		}
		for _, prefix := range []string{"EXEC:", "SYSTEM:", "exec:", "system:"} {
			if text, ok := strings.CutPrefix(a, prefix); ok {
				text, _, _ = strings.Cut(text, ",")
				body += strings.Join(st.captured(func() { st.runText(strings.Trim(text, `"'`), "socat", &call{}) }), "")
			}
		}
	}
	for _, a := range c.args {
		if m := socatPeer.FindStringSubmatch(a); m != nil {
			peer, _, _ := strings.Cut(m[1], ",")
			c.read = c.read || body != ""
			st.connected(c, peer, body)
		}
	}
}

// lookupHost asks for a name: what stands in the name goes to whoever serves its domain.
func (st *state) lookupHost(c *call) {
	for _, a := range c.operands() {
		server := strings.HasPrefix(a, "@")
		a = strings.TrimPrefix(a, "@")
		if !hostLikeWord(a) && strings.IndexByte(a, atomOpen) < 0 || strings.HasPrefix(a, "+") || a == "hosts" || a == "ahosts" {
			continue
		}
		body := ""
		if server {
			body = strings.Join(c.args, " ")
		}
		carries := !st.carried(a + body).empty()
		st.destination(a, sending{program: c.name, body: body, all: strings.Join(c.args, "\n"), uploads: carries, line: -1})
	}
	if p, ok := c.option("-p"); ok && c.name == "ping" { // the pattern that fills a packet
		for _, a := range c.operands() {
			if hostLikeWord(a) {
				st.destination(a, sending{program: c.name, body: p, all: p, uploads: true, line: -1})
			}
		}
	}
	if c.has("TXT", "txt", "-t") || c.has("+short") {
		a := st.atom(st.commandText(c), Carried{})
		st.atoms[len(st.atoms)-1].fetched = true
		c.print(a)
		return
	}
	c.print(st.unknown(st.commandText(c)))
}

// remote are the programs of ssh, and those that copy files to and from a host.
func (st *state) remote(c *call) {
	const withValue = "bcDEeFIiJLlmOopQRSWwBPT"
	var o []string
	host := ""
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		if len(a) > 1 && a[0] == '-' && (c.name != "ssh" || host == "") {
			switch {
			case c.name == "rsync" && (a == "-e" || a == "--rsh") && i+1 < len(c.args):
				i++
			case c.name == "lftp" && (a == "-e" || a == "-c") && i+1 < len(c.args):
				i++
				o = append(o, c.args[i])
			case c.name != "rsync" && len(a) == 2 && strings.Contains(withValue, a[1:]) && i+1 < len(c.args):
				i++
			}
			continue
		}
		o = append(o, a)
		if host == "" {
			host = a
		}
	}
	switch c.name {
	case "ssh", "sftp", "ftp", "lftp", "tftp", "ncftpput":
		st.session(c, o)
	default:
		st.copied(c, o)
	}
}

// session is a connection by which commands and standard input are sent.
func (st *state) session(c *call, o []string) {
	host := ""
	for _, a := range o {
		for _, u := range urls(a) {
			host = u
		}
		if host == "" && (hostLikeWord(afterUser(a)) || a != "" && a[0] == atomOpen || c.name == "ssh") {
			host = a
		}
	}
	if host == "" {
		return
	}
	body := c.in
	for _, a := range o {
		if a != host {
			body += a + "\n"
			for _, w := range strings.Fields(a) {
				if text, ok := st.files[st.path(strings.Trim(w, `;'"`))]; ok {
					body += text
				}
			}
		}
	}
	st.destination(host, sending{program: c.name, body: st.limited(body), all: strings.Join(c.args, "\n"), uploads: strings.TrimSpace(body) != "", line: -1})
	if c.name == "ssh" {
		c.print(st.unknown(st.commandText(c)))
	}
}

func afterUser(s string) string { return s[strings.LastIndexByte(s, '@')+1:] }

// copied is a copy of files to or from host:path.
func (st *state) copied(c *call, o []string) {
	if len(o) < 2 {
		return
	}
	remoteHost := func(a string) string {
		if strings.Contains(a, "://") {
			return a
		}
		host, _, ok := strings.Cut(a, ":")
		if !ok || strings.Contains(host, "/") {
			return ""
		}
		return host
	}
	if to := remoteHost(o[len(o)-1]); to != "" {
		body := ""
		for _, f := range o[:len(o)-1] {
			body += st.contents(f)
		}
		st.destination(to, sending{program: c.name, body: st.limited(body), all: strings.Join(c.args, "\n"), uploads: true, line: -1})
		return
	}
	for _, a := range o[:len(o)-1] {
		if from := remoteHost(a); from != "" {
			st.destination(from, sending{program: c.name, all: strings.Join(c.args, "\n"), line: -1})
		}
	}
}
