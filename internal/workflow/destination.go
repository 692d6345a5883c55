package workflow

import (
	"regexp"
	"strings"
)

// Programs that carry data out. Those of the first group have a command line that is understood (body, headers); of the others everything in
// the command counts as sent.
var (
	network = regexp.MustCompile(`(?i)(?:^|[\s|;&(!"'` + "`" + `/])(curl|wget|nc|ncat|netcat|socat|telnet|http|https|xh|aria2c|lftp|ftp|scp|sftp|rsync|ssh|` +
		`dig|nslookup|invoke-webrequest|invoke-restmethod|iwr|irm)(?:\.exe)?\s+`)
	inCode = regexp.MustCompile(`\b(requests\.\w+|urllib[\w.]*|http\.client|httpx|aiohttp|fetch\(|axios|https?\.request|Net::HTTP|LWP|openssl\s+s_client)`)
	devTCP = regexp.MustCompile(`/dev/(?:tcp|udp)/([^/\s"']+)/`)
	// Words that only name a program.
	onlyNamed = regexp.MustCompile(`^\s*(?:sudo\s+)?(?:echo|printf|apt|apt-get|yum|dnf|apk|brew|choco|which|type|pip|pip3|npm|grep|sed|command)\s[^|]*$`)
)

var (
	urlText  = regexp.MustCompile(`(?i)\b(?:https?|ftps?|wss?|tcp|udp)://(?:\$\{\{[^}]*\}\}|\$\([^)]*\)|[^\s'"` + "`" + `<>|;)\\])+`)
	ipWord   = regexp.MustCompile(`^(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?:[/?#].*)?$`)
	hostWord = regexp.MustCompile(`(?i)^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*(?::\d{1,5})?(?:[/?#].*)?$`)
	// What stands after these is no destination: bodies, headers, credentials, output files, proxies.
	// Short ones are curl's (wget's mean other things), alone or at the end of a group; a group with X is a method (-XPOST).
	bodyFlag   = regexp.MustCompile(`(?:^|\s)(?:-[a-zA-WYZ#]*[dFT]|--data(?:-[a-z]+)?|--json|--form(?:-string)?|--post-data|--post-file|--body-data|--body-file|--upload-file)(?:\s*=\s*|\s+|["'$@A-Z])`)
	headerFlag = regexp.MustCompile(`(?:^|\s)(?:-[a-zA-WYZ#]*[HuAeboxKcw]|--header|--user|--user-agent|--referer|--cookie|--output|--proxy|--oauth2-bearer|--write-out)(?:\s*=\s*|\s+|["'$])`)
	method     = regexp.MustCompile(`(?i)(?:-X\s*|--request[\s=]+|--method[\s=]+|-Method\s+)["']?(?:POST|PUT|PATCH)`)
	selfNamed  = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)["']?\s*[=:]\s*["']?\$\{\{\s*secrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*'([^']+)'\s*\])\s*(?:\|\|[^}]*)?\}\}`)
	formatted  = regexp.MustCompile(`\$\{\{\s*format\(\s*'((?:[^']|'')*)'\s*,([^}]*)\)\s*\}\}`)
)

// destinations lists where one command sends something. Full is the command with its variables put in, secrets what it handles.
func destinations(full string, secrets []string, st shellState) []Destination {
	if !strings.ContainsAny(full, ".:/") {
		return nil // no host can stand in it
	}
	program, at := programOf(full)
	if program == "" {
		return nil
	}
	call := request{rest: full, body: full, whole: true}
	if program == "curl" || program == "wget" {
		call = readRequest(program, full, at, st)
	}
	base := Destination{Program: program, Secrets: secrets, Uploads: call.body != "" && !call.whole || method.MatchString(full) || call.whole && len(secrets) > 0}
	body := names(call.body)
	if call.indirect {
		body = secrets
	}
	var out []Destination
	for _, u := range targets(program, call.rest, at) {
		d := to(base, u)
		if d.Computed && !d.Uploads {
			continue
		}
		d.Posted = union(body, names(u))
		if call.whole {
			d.Posted = secrets
		}
		d.SelfNamed = union(pairs(call.body), pairs(u))
		out = append(out, d)
	}
	return out
}

// to is a destination with its URL or host.
func to(d Destination, u string) Destination {
	d.URL, d.Host = u, hostOf(u)
	d.Computed = d.Host == ""
	if !d.Computed {
		d.Bare, d.Depth = bare(u), depth(u)
	}
	return d
}

// programOf gives the network program that a command runs and where its arguments begin.
func programOf(s string) (string, int) {
	for _, m := range network.FindAllStringSubmatchIndex(s, -1) {
		before := s[:m[2]]
		if i := strings.LastIndexAny(before, "|(`"); i >= 0 {
			before = before[i+1:]
		}
		if !onlyNamed.MatchString(before + " ") {
			return strings.ToLower(s[m[2]:m[3]]), m[3]
		}
	}
	if m := devTCP.FindStringIndex(s); m != nil {
		return "/dev/tcp", m[0]
	}
	if m := inCode.FindStringSubmatchIndex(s); m != nil {
		return strings.TrimSuffix(s[m[2]:m[3]], "("), m[0]
	}
	return "", 0
}

// request is a call of curl or wget taken apart: body is what it sends, rest the command line without bodies, headers and output files.
// Indirect says that the body comes from a file or the standard input, so that all secrets of the command are in it; whole that the
// program's command line is not understood.
type request struct {
	body, rest string
	indirect   bool
	whole      bool
}

func readRequest(program, full string, at int, st shellState) request {
	wget := program == "wget"
	var r request
	rest := []byte(full)
	blank := func(flag *regexp.Regexp, keep func(string)) {
		for _, m := range flag.FindAllStringIndex(full[at:], -1) {
			from := at + m[1]
			if wget && full[at+m[0]+1] == '-' && full[at+m[0]+2] != '-' {
				continue
			}
			if c := full[from-1]; c != ' ' && c != '=' && c != '\t' && c != '\n' {
				from-- // the value is glued to its flag
			}
			value, end := word(full, from)
			for i := at + m[0]; i < end; i++ {
				rest[i] = ' '
			}
			keep(value)
		}
	}
	blank(headerFlag, func(string) {})
	blank(bodyFlag, func(v string) {
		r.body += v + "\n"
		if strings.HasPrefix(v, "@") || strings.Contains(v, "=@") || strings.Contains(v, "=<") || v == "-" || st.files[v] != nil {
			r.indirect = true
		}
	})
	r.rest = string(rest)
	return r
}

// named lists the URLs in a text, or the host that is all of it.
func named(text string) []string {
	if w := strings.TrimSpace(text); ipWord.MatchString(w) || hostWord.MatchString(w) && !fileName.MatchString(w) {
		return []string{w}
	}
	var out []string
	for _, u := range urlText.FindAllString(text, MaxDestinations) {
		out = append(out, trimURL(u))
	}
	return dedup(out)
}

// targets lists the URLs and hosts that a command line names, in order.
func targets(program, rest string, at int) []string {
	var out []string
	if program == "/dev/tcp" {
		for _, m := range devTCP.FindAllStringSubmatch(rest, -1) {
			out = append(out, m[1])
		}
		return out
	}
	for _, m := range urlText.FindAllStringIndex(rest, -1) {
		if m[0] >= at || at == 0 {
			out = append(out, trimURL(rest[m[0]:m[1]]))
		}
	}
	if len(out) > 0 || at == 0 {
		return dedup(out)
	}
	previous := ""
	for i := at; i < len(rest); {
		w, end := word(rest, i)
		w = w[strings.LastIndexByte(w, '@')+1:] // user@host of ssh
		valued := len(previous) > 1 && previous[0] == '-' && strings.Trim(previous, "-sSfkLvigGIOqnczuwlN#") != ""
		if !valued && (computed.MatchString(w) || ipWord.MatchString(w) || hostWord.MatchString(w) && !fileName.MatchString(w)) {
			out = append(out, w)
		}
		if w != "" {
			previous = w
		}
		i = max(end, i+1)
	}
	return dedup(out)
}

// trimURL takes off what ends the sentence or the object around a URL, not the end of an expression.
func trimURL(u string) string {
	if strings.HasSuffix(u, "}}") && strings.Contains(u, "${{") {
		return u
	}
	return strings.TrimRight(u, ".,}")
}

// computed begins a word that is known at run time only.
var computed = regexp.MustCompile("^(?:\\$[({A-Za-z_]|`)")

var fileName = regexp.MustCompile(`(?i)^[^/]*\.(?:json|txt|sh|ya?ml|zip|t?gz|tar|log|xml|md|py|js|html?|pem|key|crt|env|csv|out|bin|deb|rpm)$`)

// hostOf is the host of a URL or host[:port], lower-cased; empty where it is computed at run time.
func hostOf(u string) string {
	if i := strings.Index(u, "://"); i >= 0 {
		u = u[i+3:]
	}
	if i := strings.IndexAny(u, "/?#"); i >= 0 {
		u = u[:i]
	}
	u = u[strings.LastIndexByte(u, '@')+1:]
	if strings.HasPrefix(u, "[") {
		u, _, _ = strings.Cut(u[1:], "]")
	} else {
		u, _, _ = strings.Cut(u, ":")
	}
	u = strings.TrimSuffix(strings.ToLower(u), ".")
	if strings.ContainsAny(u, "${}()*\\ ") {
		return ""
	}
	return u
}

func bare(u string) bool {
	if i := strings.Index(u, "://"); i >= 0 {
		u = u[i+3:]
	}
	i := strings.IndexAny(u, "/?#")
	return i < 0 || u[i:] == "/"
}

// depth counts the segments of a URL's path.
func depth(u string) int {
	if i := strings.Index(u, "://"); i >= 0 {
		u = u[i+3:]
	}
	if i := strings.IndexAny(u, "?#"); i >= 0 {
		u = u[:i]
	}
	_, path, _ := strings.Cut(u, "/")
	return len(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }))
}

// pairs lists the secrets whose field bears their own name.
func pairs(body string) []string {
	var out []string
	body = formatted.ReplaceAllStringFunc(body, unformat)
	for _, m := range selfNamed.FindAllStringSubmatch(body, MaxRefs) {
		if strings.EqualFold(m[1], m[2]+m[3]) {
			out = append(out, strings.ToUpper(m[1]))
		}
	}
	return union(out)
}

// unformat writes ${{ format('A={0}', secrets.A) }} as what it stands for: A=${{ secrets.A }}.
func unformat(call string) string {
	m := formatted.FindStringSubmatch(call)
	text := m[1]
	for i, arg := range strings.Split(m[2], ",") {
		place, what := "{"+itoa(i)+"}", "${{ "+strings.TrimSpace(arg)+" }}"
		if len(text)+strings.Count(text, place)*len(what) > MaxCommand || i == maxFormat {
			return call
		}
		text = strings.ReplaceAll(text, place, what)
	}
	return text
}

// dedup keeps the first of each, at most [MaxDestinations].
func dedup(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] && len(out) < MaxDestinations {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
