package script

import (
	"slices"
	"strings"
)

// dialect is what tells one language's text from another's.
type dialect struct {
	name     string
	comments []string
	concat   string // the sign that joins texts, besides "+" where that does not add
	fills    string // quotes between which values are put in
	prefixes bool   // r"", b"", f"" and triple quotes
	sigils   bool   // names of variables begin with a sign
	ticks    bool   // PowerShell: the backtick escapes, names have dashes, commands have words
	shells   bool   // text between backticks is run by a shell
	percents bool   // q(), %w()
	heredocs bool
	patterns bool // /regular expressions/
	layout   bool // blocks are told by indentation
}

// dialects by name.
var dialects = map[string]*dialect{
	"python": {name: "python", comments: []string{"#"}, concat: "+", prefixes: true, layout: true},
	"node":   {name: "node", comments: []string{"//", "/*"}, concat: "+", fills: "`", patterns: true},
	"perl":   {name: "perl", comments: []string{"#"}, concat: ".", fills: "\"`", sigils: true, shells: true, percents: true, heredocs: true, patterns: true},
	"php":    {name: "php", comments: []string{"#", "//", "/*"}, concat: ".", fills: "\"`", sigils: true, shells: true, heredocs: true},
	"ruby":   {name: "ruby", comments: []string{"#"}, concat: "+", fills: "\"`", shells: true, percents: true, heredocs: true, patterns: true},
	"pwsh":   {name: "pwsh", comments: []string{"#", "<#"}, concat: "+", fills: "\"", sigils: true, ticks: true},
}

// dialectOf is the dialect of a program or of a step's shell, nil for none that is read.
func dialectOf(lang string) *dialect {
	lang, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(lang)), " ")
	lang = lang[strings.LastIndexAny(lang, `/\`)+1:]
	lang = strings.TrimRight(strings.TrimSuffix(lang, ".exe"), "0123456789.")
	switch lang {
	case "python", "pypy", "py":
		lang = "python"
	case "node", "nodejs", "js", "javascript", "deno", "bun", "tsx", "ts-node":
		lang = "node"
	case "powershell", "pwsh", "pwsh-preview":
		lang = "pwsh"
	}
	return dialects[lang]
}

// Bounds of one program.
const (
	maxDeep      = 60     // brackets, calls and functions in one another
	maxRepeated  = 4096   // turns of one part that is repeated over a list
	maxElements  = 20_000 // of one list
	maxFunctions = 500
)

// source is one program being read. Statements are read in the order in which they stand, conditions and loops as if all of it ran once.
type source struct {
	st      *state
	d       *dialect
	lang    string
	toks    []token
	i       int
	line    int // of the text's first line, as offset from the script's
	fixed   bool
	vars    map[string]value
	funcs   map[string]*lambda
	deep    int
	seen    map[string]bool // texts that ran
	env     map[string]string
	whole   string         // the atom of the whole environment, once it was needed
	back    []value        // what the function under way gave back
	counts  map[string]int // how often each name stands in the program
	taken   bool           // values go somewhere else than into the log
	ran     int            // commands run
	commas  bool           // a comma makes a list, here
	bound   string         // the last name that a block bound
	columns []int          // indentation of lines
}

// lambda is a function that the program makes: the tokens from to end are its body.
type lambda struct {
	params    []string
	from, end int
	toks      []token
	single    bool // an expression
	busy      bool
}

// language reads a text of another language ("python", "node", "perl", "ruby", "php", "pwsh", "cmd", ...) that the script runs at the present
// state: what it sends, prints and runs is told as of shell. Text has atoms where the script put something in; st.stdins is what it reads.
func (st *state) language(lang, text string, line int) {
	if !st.enter() {
		return
	}
	defer st.leave()
	outer := st.line
	defer func() { st.line = outer }()
	text = st.expressions(text)
	if lang == "php" {
		text = strings.NewReplacer("<?php", "     ", "<?=", "   ", "?>", "; ").Replace(text)
	}
	if lang == "cmd" || strings.HasPrefix(lang, "cmd.") || lang == "bat" {
		st.batch(text, line)
		return
	}
	d := dialectOf(lang)
	if d == nil {
		st.line = line
		st.problem("no reader for " + st.show(lang) + ": its text was searched")
		st.searched(lang, text)
		return
	}
	st.looked += 8*len(text) + len(st.in.Text)/16
	if st.looked > maxLooked {
		st.line = line
		st.problem("the programs of the script do more than is followed")
		if st.looked += costOfMatch * len(text); st.looked <= 2*maxLooked {
			st.searched(d.name, text)
		}
		return
	}
	toks, whole := scan(d, text)
	line, found := st.lineOf(text, line)
	r := &source{st: st, d: d, lang: d.name, toks: toks, line: line, fixed: st.hidden || !found, vars: map[string]value{}, funcs: map[string]*lambda{}, seen: map[string]bool{}}
	r.env = st.exported()
	r.indentation(text)
	before := len(st.out.Destinations)
	r.declare()
	r.statements(len(toks))
	if spent := !r.spend(); !whole || spent {
		st.line = line
		st.problem("the " + d.name + " text was not read to its end: what it names was searched")
		if spent || len(st.out.Destinations) == before { // what was read may have been there to spend it
			st.searched(d.name, text)
		}
	}
	r.leftovers(text)
}

// lineOf finds where in the script a program's text begins, not before a line: a here-document's begins after its command.
func (st *state) lineOf(text string, line int) (int, bool) {
	first, _, _ := strings.Cut(strings.TrimLeft(text, " \t\r\n"), "\n")
	first, _, _ = strings.Cut(first, string(atomOpen))
	from := 0
	if !st.spend(len(st.in.Text) / costOfName) { // it is searched to its end for each program
		return line, false
	}
	for range line {
		n := strings.IndexByte(st.in.Text[from:], '\n')
		if n < 0 {
			return line, false
		}
		from += n + 1
	}
	at := strings.Index(st.in.Text[from:], strings.TrimRight(first[:min(len(first), maxShown/16)], "\r"))
	if at < 0 {
		return line, false
	}
	before := text[:len(text)-len(strings.TrimLeft(text, " \t\r\n"))]
	return line + strings.Count(st.in.Text[from:from+at], "\n") - strings.Count(before, "\n"), true
}

// indentation notes how far in each line begins.
func (r *source) indentation(text string) {
	if !r.d.layout {
		return
	}
	for l := range strings.Lines(text) {
		r.columns = append(r.columns, len(l)-len(strings.TrimLeft(l, " \t")))
	}
}

// at makes a token's line the present one.
func (r *source) at(t token) {
	if !r.fixed {
		r.st.line = r.line + t.line
	} else {
		r.st.line = r.line
	}
}

// sends are the words of programs that send.
var sends = []string{"requests.", "urllib", "http.client", "httpx", "aiohttp", "fetch(", "axios", "http.request", "https.request", "net::http", "lwp", "http::tiny", "socket", "net.connect",
	"curl", "wget", "invoke-webrequest", "invoke-restmethod", "iwr ", "irm ", "webclient", "file_get_contents", "fsockopen", "open-uri", "sendmail", "smtp", "httpclient"}

// searched is the second best: what a text that cannot be read names is taken as sent to each host that it names, where it speaks of sending.
func (st *state) searched(lang, text string) {
	all := text
	for _, d := range Decodings(text) {
		all += "\n" + d.Text
	}
	lower := strings.ToLower(all)
	if !slices.ContainsFunc(sends, func(w string) bool { return strings.Contains(lower, w) }) {
		return
	}
	body := all
	for name, v := range st.exported() {
		if name != "" && !st.carried(v).empty() && mentionsWord(all, name) {
			body += " " + name + "=" + v
		}
	}
	for _, whole := range []string{"os.environ)", "process.env)", "ENV.to_", "$_ENV)", "env:*", "/environ"} {
		if strings.Contains(all, whole) {
			body += " " + st.environment()
			break
		}
	}
	for _, u := range urls(all) {
		st.destination(u, sending{program: lang, body: body, all: body, uploads: !st.carried(body).empty(), line: -1})
	}
}

// mentionsWord reports that a name stands in a text as a word of its own.
func mentionsWord(s, name string) bool {
	for at := 0; ; {
		i := strings.Index(s[at:], name)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(name)
		if (from == 0 || !wordByte(s[from-1])) && (to == len(s) || !wordByte(s[to])) {
			return true
		}
		at = from + 1
	}
}

// runsText are the words by which programs run a text.
var runsText = []string{"exec", "eval", "Function(", "iex", "nvoke-", "loads(", "system", "instance_", "vm.run", "popen", "subprocess", "assert("}

// leftovers runs what stands encoded in a text that runs texts, and was not seen to be run: decoded by a way that the reading does not follow.
func (r *source) leftovers(text string) {
	if r.st.payloads >= maxPayloadDepth || !slices.ContainsFunc(runsText, func(w string) bool { return strings.Contains(text, w) }) {
		return
	}
	for _, d := range Decodings(text) {
		if speaks(d.Text) && !r.seen[strings.TrimSpace(d.Text)] && !slices.ContainsFunc(r.st.out.Payloads, func(p Payload) bool { return strings.Contains(p.Text, d.Text) }) {
			r.st.line = r.line
			if !r.fixed {
				r.st.line += strings.Count(text[:d.From], "\n")
			}
			r.runText(r.lang, value{text: d.Text, undone: d.Encodings}, r.lang)
		}
	}
}
