package script

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
)

// Reader reads scripts and remembers what it read: the versions of a workflow share nearly all of their scripts. What it gives does not depend
// on the scripts before. It is not safe for concurrent use, and what it gives is shared with whoever asks the same again.
type Reader struct {
	known   map[string]Reading
	size    int // of the keys and of the readings, in bytes
	parsers parsers
}

// maxRemembered bounds remembered scripts and what was read of them, in bytes: more than the different scripts of most repositories' whole history.
const maxRemembered = 16 << 20

// Read reads one script. For many see [Reader].
func Read(in Input) Reading { return new(Reader).Read(in) }

// Read reads one script. It never fails: see [Reading].Problems.
func (r *Reader) Read(in Input) Reading {
	key := keyOf(in)
	if got, ok := r.known[string(key)]; ok {
		return got
	}
	got := r.read(in)
	kept := len(key) + sizeOf(got)
	if r.size += kept; r.known == nil || r.size > maxRemembered {
		r.known, r.size = map[string]Reading{}, kept
	}
	r.known[string(key)] = got
	return got
}

// sizeOf is about what a reading takes, in bytes: a short script can be read to much.
func sizeOf(r Reading) int {
	const each, word = 320, 32 // of a destination, an exit or a payload; of a name
	size := each + (len(r.Destinations)+len(r.Exits)+len(r.Payloads)+len(r.Left.Files)+len(r.Left.Outputs)+len(r.Left.Env))*each + (len(r.Programs)+len(r.Loot)+len(r.Problems))*word
	for _, d := range r.Destinations {
		size += len(d.URL) + len(d.Host) + (len(d.Secrets)+len(d.Posted)+len(d.SelfNamed))*word
	}
	for _, e := range r.Exits {
		size += len(e.Target) + len(e.Secrets)*word
	}
	for _, p := range r.Payloads {
		size += len(p.Text)
	}
	for _, c := range r.Left.Files {
		size += len(c.Secrets) * word
	}
	for _, c := range r.Left.Outputs {
		size += len(c.Secrets) * word
	}
	for _, v := range r.Left.Env {
		size += len(v.Value) + len(v.Secrets)*word
	}
	return size
}

// keyOf is all that a reading depends on.
func keyOf(in Input) []byte {
	key := make([]byte, 0, len(in.Text)+256)
	part := func(text string) { key = append(binary.AppendUvarint(key, uint64(len(text))), text...) }
	list := func(n int) { key = binary.AppendUvarint(key, uint64(n)) }
	carried := func(c Carried) {
		list(len(c.Secrets))
		for _, s := range c.Secrets {
			part(s)
		}
		list(len(c.Loot))
		for _, l := range c.Loot {
			part(string(l))
		}
		list(len(c.Encodings))
		for _, e := range c.Encodings {
			part(e)
		}
	}
	variables := func(env []Variable) {
		list(len(env))
		for _, v := range env {
			part(v.Name)
			part(v.Value)
			carried(v.Carried)
		}
	}
	named := func(m map[string]Carried) {
		list(len(m))
		for _, name := range slices.Sorted(maps.Keys(m)) {
			part(name)
			carried(m[name])
		}
	}
	part(in.Text)
	part(in.Shell)
	variables(in.Env)
	if in.Job != nil {
		variables(in.Job.Env)
		named(in.Job.Files)
		named(in.Job.Outputs)
	}
	return key
}

func (r *Reader) read(in Input) Reading {
	st := &state{in: in, parsers: &r.parsers, byShow: map[string]string{}, files: map[string]string{}, wrote: map[string]bool{}, funcs: map[string]function{},
		aliases: map[string][]string{}, programs: map[string]bool{}, loot: map[Loot]bool{}, seen: map[string]int{}, fds: map[string]string{}, pipes: map[string]pipe{},
		remotes: map[string]string{}, decoded: map[string][]string{}, stands: map[string]bool{}}
	st.begin()
	lang := languageOf(in.Shell)
	if lang == "" && in.Shell == "" && powershell(in.Text) {
		lang = "pwsh"
	}
	if lang != "" {
		st.language(lang, st.expressions(clean(in.Text)), 0)
	} else {
		st.trace = strings.Contains(in.Shell, "-x") || strings.Contains(in.Shell, "-ex")
		st.runUnit(st.newUnit(clean(in.Text)))
	}
	return st.told()
}

// told is the reading once all is read.
func (st *state) told() Reading {
	out := st.out
	for path := range st.wrote {
		if c := st.carried(st.files[path]); !c.empty() {
			if out.Left.Files == nil {
				out.Left.Files = map[string]Carried{}
			}
			out.Left.Files[path] = c
		}
	}
	out.Loot = slices.Sorted(maps.Keys(st.loot))
	out.Programs = slices.Sorted(maps.Keys(st.programs))
	return out
}

// languageOf is the language of a step's shell, empty for a shell of the Bourne family.
func languageOf(shell string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(shell), " ")
	name = strings.ToLower(programName(name))
	switch {
	case strings.HasPrefix(name, "python"):
		return "python"
	case name == "pwsh", name == "powershell":
		return "pwsh"
	case name == "cmd":
		return "cmd"
	case name == "node", name == "nodejs", name == "deno", name == "bun":
		return "node"
	case name == "perl", name == "ruby", name == "php":
		return name
	}
	return ""
}

// powershell reports that a script for the runner's own shell speaks PowerShell's words and not a shell's.
func powershell(text string) bool {
	lower := strings.ToLower(text)
	for _, w := range []string{"invoke-webrequest", "invoke-restmethod", "$env:", "get-childitem", "write-output ", "write-host ", "new-object ", "invoke-expression", "[system."} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}
