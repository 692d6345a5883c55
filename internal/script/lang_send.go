package script

import (
	"slices"
	"strings"
)

// clients begin the names of what talks to a network, lower-cased.
var clients = []string{"requests", "httpx", "urllib", "http", "aiohttp", "net", "socket", "tls", "dgram", "dns", "axios", "fetch", "got", "needle", "superagent", "ky", "request", "undici", "uri",
	"httparty", "faraday", "restclient", "typhoeus", "excon", "tcpsocket", "udpsocket", "lwp", "io.socket", "guzzle", "system.net", "webclient", "httpclient", "smtplib", "ftplib", "paramiko",
	"telnetlib", "pycurl", "websocket", "xmlhttprequest", "curl_", "fsockopen", "stream_socket_client", "file_get_contents", "urlopen", "urlretrieve", "ws", "nodemailer", "tcpclient", "ssl",
	"boto3", "grpc", "mechanize", "open-uri", "soapclient", "asyncio.open_connection", "jquery", "$", "wget", "bun.connect", "deno.connect", "mail", "gethostbyname", "session", "navigator.sendbeacon", "eventsource"}

// verbs are the last parts of names of functions that open a connection or send.
var verbs = []string{"post", "put", "patch", "get", "delete", "head", "request", "options", "urlopen", "urlretrieve", "fetch", "send", "sendall", "sendto", "sendmail", "write", "connect", "createconnection",
	"create_connection", "post_form", "postform", "postasync", "getasync", "putasync", "sendasync", "uploadstring", "uploaddata", "uploadvalues", "uploadfile", "downloadstring", "downloaddata", "downloadfile",
	"uploadstringtaskasync", "file_get_contents", "fsockopen", "curl_init", "curl_setopt", "curl_exec", "axios", "got", "ky", "gethostbyname", "getaddrinfo", "resolve", "lookup", "resolve4", "resolvetxt",
	"end", "create", "open", "put_object", "upload_file", "publish", "send_message", "get_response", "start", "stream", "exec_command", "storbinary", "post_data", "getresponse", "perform",
	"stream_socket_client", "superagent", "postforms", "open_connection", "sendbeacon", "getstringasync", "resolvehost", "gethostentry", "gethostaddresses", "getstring", "new",
	"pool", "poolmanager", "upload_fileobj", "print", "puts", "mirror", "simple_request", "http_get", "needle", "copyfrom", "mail"}

// notBody are names under which arguments of a request are no part of what is sent to be read: headers, credentials, settings.
var notBody = []string{"headers", "header", "auth", "cookies", "timeout", "verify", "cert", "method", "type", "proxies", "url", "uri", "host", "hostname", "port", "path", "allow_redirects", "stream", "base_url", "baseurl",
	"context", "outfile", "contenttype", "useragent", "protocol", "rejectunauthorized", "agent", "token", "usebasicparsing"}

// sends tells what a call sends; false where it sends nothing.
func (r *source) sends(name string, recv value, args arguments) (value, bool) {
	lower := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, "..", "."), "."))
	last := lower[strings.LastIndexByte(lower, '.')+1:]
	known := slices.ContainsFunc(clients, func(c string) bool { return strings.HasPrefix(lower, c) }) || recv.target != ""
	if r.github(lower, recv, args) {
		return value{kind: "octokit", text: r.st.unknown(name)}, true
	}
	if strings.HasSuffix(name, "Request") || recv.target == "" && slices.Contains([]string{"print", "puts", "write", "end"}, last) {
		return r.prepares(name, lower, last, recv, args)
	}
	if !slices.Contains(verbs, last) || strings.HasPrefix(lower, "os.") || strings.HasPrefix(lower, "fs.") {
		return r.prepares(name, lower, last, recv, args)
	}
	url, rest, found := r.url(recv, args, known)
	if !found && (!known || recv.kind == "" && (last == "write" || last == "end" || last == "open" || last == "create" || last == "start" || last == "new" || last == "get" && !strings.Contains(lower, "."))) {
		return value{}, false
	}
	if !found {
		for _, a := range args.list {
			if t := r.as(a); t != "" && a.fn == nil {
				url, rest, found = t, args.list[1:], true
				break
			}
		}
	}
	if !found || url == "" {
		return value{}, false
	}
	body, all := r.body(recv, rest, args)
	if url == recv.target && len(args.list) > 0 && (last == "request" || last == "get" || last == "post" || last == "put") {
		for _, a := range args.list[:min(2, len(args.list))] {
			if t := r.as(a); strings.HasPrefix(t, "/") {
				url = strings.TrimSuffix(url, "/") + t // conn.request("POST", "/path", body)
			}
		}
	}
	r.tell(url, sending{program: programOf(name), body: body, all: all + recv.text, uploads: r.uploads(last, body, args), line: -1})
	r.connected(recv, args, url)
	for _, a := range args.list {
		if a.fn != nil {
			r.applyTo(a.fn, textOf(r.response(url)))
		}
	}
	return value{text: r.response(url), kind: name, target: url}, true
}

// connected notes in the variable of a connection where it goes.
func (r *source) connected(recv value, args arguments, url string) {
	from := recv.from
	if from == "" && len(args.list) > 0 && args.list[0].kind != "" {
		from = args.list[0].from
	}
	if v, ok := r.vars[from]; ok && v.target == "" && v.kind != "" {
		v.target = url
		r.vars[from] = v
	}
}

// uploads reports that a request has a body.
func (r *source) uploads(last, body string, args arguments) bool {
	switch strings.ToUpper(r.optional(args, "method")) {
	case "POST", "PUT", "PATCH":
		return true
	}
	if len(args.list) > 0 {
		switch r.as(args.list[0]) {
		case "POST", "PUT", "PATCH":
			return true
		}
	}
	if last == "get" || last == "connect" || last == "open" || last == "create" || last == "new" || last == "start" || last == "urlretrieve" || strings.HasPrefix(last, "download") {
		return !r.carried(body).empty()
	}
	return strings.TrimSpace(body) != ""
}

// optional is the text of an option, by name or in an object.
func (r *source) optional(args arguments, name string) string {
	for k, v := range args.named {
		if strings.EqualFold(k, name) {
			return r.as(v)
		}
	}
	for _, a := range args.list {
		if f, ok := a.field(name); ok {
			return r.as(f)
		}
	}
	return ""
}

// response is what a host answers: what is fetched from there.
func (r *source) response(url string) string {
	t := r.st.atom("$(fetch "+r.st.show(url)+")", Carried{})
	a := &r.st.atoms[len(r.st.atoms)-1]
	a.host, a.fetched = hostOf(url), true
	return t
}

// url finds where a request goes: the URL, the arguments that are not it, and whether there is one. Known says that the function is known
// to talk to a network, so that a bare host will do.
func (r *source) url(recv value, args arguments, known bool) (string, []value, bool) {
	for _, k := range sortedKeys(args.named) {
		if slices.Contains([]string{"url", "uri", "host", "hostname", "baseurl", "base_url", "peeraddr", "address", "fullurl"}, strings.ToLower(k)) {
			if t := r.as(args.named[k]); t != "" {
				return t, args.list, true
			}
		}
	}
	for i, a := range args.list {
		rest := func() []value { return slices.Concat(args.list[:i], args.list[i+1:]) }
		t := r.as(a)
		switch {
		case a.target != "" && a.kind != "":
			return a.target, rest(), true
		case a.fields != nil && i < 2:
			if u, ok := r.urlOf(a); ok {
				return u, args.list, true
			}
		case a.isList && len(a.list) == 2 && known && (hostLikeWord(a.list[0]) || !plain(a.list[0])):
			return a.list[0], rest(), true
		case a.fn == nil && !a.isList && (strings.Contains(t[:min(len(t), 12)], "://") || known && len(t) <= maxShown && hostLikeWord(strings.TrimSpace(t))):
			return strings.TrimSpace(t), rest(), true
		}
	}
	if recv.target != "" {
		return recv.target, args.list, true
	}
	return "", args.list, false
}

// urlOf is the URL that the fields of an object make.
func (r *source) urlOf(v value) (string, bool) {
	if u, ok := v.field("url", "uri", "href", "baseURL"); ok {
		return r.as(u), true
	}
	h, ok := v.field("hostname", "host")
	if !ok {
		return "", false
	}
	url := r.as(h)
	if p, ok := v.field("path"); ok {
		url += r.as(p)
	}
	return url, true
}

// body is what a request sends, and all that it was given.
func (r *source) body(recv value, rest []value, args arguments) (body, all string) {
	var b, a strings.Builder
	add := func(v value) {
		if v.fn == nil && (v.name == "" || environments[v.name]) {
			t := r.as(v)
			r.gathered(&b, t, " ")
			r.gathered(&a, t, " ")
		}
	}
	object := func(m map[string]value) {
		r.look(len(m) * costOfPut)
		for _, k := range sortedKeys(m) {
			v := m[k]
			if slices.Contains(notBody, strings.ToLower(k)) {
				r.gathered(&a, r.as(v), " ")
				continue
			}
			if v.fn == nil && (v.name == "" || environments[v.name]) {
				r.gathered(&b, k+"="+r.as(v), " ")
			}
		}
	}
	for _, v := range rest {
		if _, ok := v.field("headers", "method", "hostname", "host", "url", "body", "auth", "Authorization"); ok {
			object(v.fields)
			continue
		}
		add(v)
	}
	object(args.named)
	if t := recv.text; recv.target != "" && !plain(t) && recv.body != "" {
		b.WriteString(recv.body)
	}
	for _, v := range args.list {
		if v.kind != "" && v.body != "" {
			b.WriteString(v.body)
		}
	}
	return r.limit(b.String()), r.limit(a.String() + b.String())
}

// prepares is a call that makes a request or opens a connection, for a later one to send.
func (r *source) prepares(name, lower, last string, recv value, args arguments) (value, bool) {
	if !slices.Contains([]string{"request", "httpsconnection", "httpconnection", "clientsession", "session", "client", "smtp", "smtp_ssl", "ftp", "ftp_ssl", "telnet", "tcpclient", "socket", "create", "websocket",
		"createtransport", "post", "instance", "set_debuglevel", "bot", "createclient", "webclient", "urlobj", "url", "uri", "bind"}, last) {
		return value{}, false
	}
	url, rest, found := r.url(recv, args, true)
	if !found {
		return value{}, false
	}
	body, all := r.body(recv, rest, args)
	if last == "url" || last == "uri" {
		return value{}, false
	}
	if strings.HasSuffix(lower, "connection") || strings.HasPrefix(last, "smtp") || strings.HasPrefix(last, "ftp") || last == "telnet" || last == "websocket" || last == "tcpclient" {
		r.tell(url, sending{program: programOf(name), line: -1})
		body = ""
	}
	return value{text: r.opaque(name, all), kind: name, target: url, body: body}, true
}
