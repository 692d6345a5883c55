package script

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sink takes the output of commands that does not go into the log. Texts are alternatives.
type sink struct{ texts []string }

// print is the output of a program at the present line: it goes where the command's output goes, by default into the run's log.
func (st *state) print(text, program string) { st.printAny([]string{text}, program) }

// printAny prints one of several texts.
func (st *state) printAny(texts []string, program string) {
	if st.sink != nil {
		st.sink.add(st, texts)
		return
	}
	for _, text := range texts {
		if c := st.carried(text); !c.empty() {
			st.exit(Exit{Way: Log, Program: program, Carried: c})
		}
	}
}

// add puts a text, or one of several, behind what was printed before.
func (s *sink) add(st *state, texts []string) {
	if len(s.texts) == 0 {
		s.texts = texts
		return
	}
	s.texts = st.product(s.texts, texts)
}

// product puts each text of one list before each of another, at most [maxAlternatives]: where there would be more, each text of both lists is
// in at least one of the results.
func (st *state) product(a, b []string) []string {
	if len(a) == 1 && a[0] == "" {
		return b
	}
	if len(b) == 1 && b[0] == "" {
		return a
	}
	n := len(a) * len(b)
	if n > maxAlternatives {
		n = max(len(a), len(b))
	}
	out := make([]string, 0, n)
	for i := range n {
		x, y := a[i%len(a)], b[i%len(b)]
		if len(a)*len(b) <= maxAlternatives {
			x, y = a[i/len(b)], b[i%len(b)]
		}
		if !st.spend(len(x) + len(y)) {
			return []string{a[0]}
		}
		if t := st.limited(x + y); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// exit tells a way out that is no host; its line is the present one.
func (st *state) exit(e Exit) {
	e.Line = st.line
	for i := range st.out.Exits {
		if o := &st.out.Exits[i]; o.Way == e.Way && o.Line == e.Line && o.Program == e.Program && o.Target == e.Target {
			o.Carried = joinCarried(o.Carried, e.Carried)
			return
		}
	}
	if len(st.out.Exits) >= maxKept {
		st.problem("the script has more ways out than this program keeps")
		return
	}
	st.out.Exits = append(st.out.Exits, e)
}

// payload tells a text that runs and does not stand in the script as it is; its line is the present one.
func (st *state) payload(p Payload) {
	p.Line = st.line
	for _, o := range st.out.Payloads {
		if o.Line == p.Line && o.Program == p.Program && o.Text == p.Text && o.Host == p.Host {
			return
		}
	}
	if len(st.out.Payloads) >= maxKept {
		st.problem("the script runs more texts than this program keeps")
		return
	}
	st.out.Payloads = append(st.out.Payloads, p)
}

// sending is what a command sends to a host, as texts: what goes in its body, and all that the command handles, headers included.
type sending struct {
	program string
	body    string
	all     string
	uploads bool
	line    int // of the host; negative for the command's
}

// destination tells a host, by a URL or by host[:port], and what goes there.
func (st *state) destination(url string, s sending) { st.destinationAs(url, url, s) }

// destinationAs is destination for what does not name its host as a URL does.
func (st *state) destinationAs(url, host string, s sending) {
	if len(st.out.Destinations) >= maxKept {
		st.problem("the script has more destinations than this program keeps")
		return
	}
	d := Destination{URL: st.show(url), Host: hostOf(host), Line: s.line, Program: s.program, Uploads: s.uploads, Hidden: st.hidden}
	if d.Line < 0 {
		d.Line = st.line
	}
	posted := joinCarried(st.carried(s.body), st.carried(withoutUser(url)))
	if handled := st.carried(s.all); slices.Contains(handled.Loot, Environment) || slices.Contains(handled.Secrets, "*") {
		posted = joinCarried(posted, handled) // in a header: no host's log-in is all that there is
	}
	if d.Computed = d.Host == ""; d.Computed && !d.Uploads && posted.empty() {
		return
	}
	if !d.Computed {
		d.Bare, d.Depth = bare(url), pathDepth(url)
		d.Hidden = d.Hidden || host == url && !st.written(d.Host)
	}
	d.Posted, d.Loot, d.Encodings = posted.Secrets, posted.Loot, posted.Encodings
	d.Secrets = union(union(posted.Secrets, st.carried(s.all).Secrets), st.carried(url).Secrets)
	d.SelfNamed = union(st.pairs(s.body), st.pairs(url))
	st.keep(d)
}

// keep adds a destination; the same host by the same command is one.
func (st *state) keep(d Destination) {
	key := d.Program + "\x00" + d.URL
	if !strings.HasPrefix(d.Program, "/dev/") { // one of these is opened in one place and written to in others
		key += "\x00" + strconv.Itoa(d.Line)
	}
	if i, ok := st.seen[key]; ok {
		o := &st.out.Destinations[i]
		if len(d.Posted) > len(o.Posted) || len(d.Loot) > len(o.Loot) {
			o.Line = d.Line
		}
		o.Secrets, o.Posted, o.SelfNamed, o.Loot = union(o.Secrets, d.Secrets), union(o.Posted, d.Posted), union(o.SelfNamed, d.SelfNamed), union(o.Loot, d.Loot)
		o.Uploads = o.Uploads || d.Uploads
		for _, e := range d.Encodings {
			if !slices.Contains(o.Encodings, e) {
				o.Encodings = append(slices.Clip(o.Encodings), e)
			}
		}
		return
	}
	st.seen[key] = len(st.out.Destinations)
	st.out.Destinations = append(st.out.Destinations, d)
}

// written reports that a host stands in the script or its environment as it is.
func (st *state) written(host string) bool {
	if st.lower == "" {
		var b strings.Builder
		b.WriteString(st.in.Text)
		for _, v := range st.in.Env {
			b.WriteString("\n" + v.Value)
		}
		if st.in.Job != nil {
			for _, v := range st.in.Job.Env {
				b.WriteString("\n" + v.Value)
			}
		}
		st.lower = strings.ToLower(b.String())
	}
	stands, known := st.stands[host]
	if !known {
		stands = strings.Contains(st.lower, host)
		st.stands[host] = stands
	}
	return stands
}

// named finds a field and the atom that is its value, as in NAME=x, "NAME": "x" and NAME: x.
var named = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)(?:"|')?\s*[=:]\s*(?:"|')?\x00([0-9]+)\x01`)

// pairs lists the secrets of a text whose field bears their own name.
func (st *state) pairs(text string) []string {
	if plain(text) || !st.spend(len(text)) {
		return nil
	}
	var out []string
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		_, _, a := st.nextAtom(string(atomOpen) + m[2] + string(atomClose))
		if name := strings.ToUpper(m[1]); a != nil && slices.Contains(a.Secrets, name) {
			out = append(out, name)
		}
	}
	for {
		_, to, a := st.nextAtom(text)
		if a == nil {
			break
		}
		out = append(out, a.self...)
		text = text[to:]
	}
	slices.Sort(out)
	return slices.Compact(out)
}
