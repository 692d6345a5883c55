package script

import (
	"maps"
	"slices"
	"strings"
)

// variable is what a shell variable may hold. Texts are alternatives, at least one; an array's are its elements joined, and its list has them
// one by one, with keys where it is associative.
type variable struct {
	texts    []string
	list     []string
	keys     []string
	exported bool
}

// frame holds the variables of a function, a subshell or a branch; those of the frames around it are seen through it.
type frame struct {
	vars   map[string]*variable
	parent *frame
	local  bool // of a function: only what is declared local is assigned here
}

// lookup gives the variable that a name means at present, nil for none.
func (st *state) lookup(name string) *variable {
	for f := st.frame; f != nil; f = f.parent {
		if v, ok := f.vars[name]; ok {
			return v
		}
	}
	return nil
}

// variable gives the last text assigned to a variable.
func (st *state) variable(name string) (text string, ok bool) {
	v := st.lookup(name)
	if v == nil || len(v.texts) == 0 {
		return "", false
	}
	return v.texts[len(v.texts)-1], true
}

// set assigns to a variable where the shell would: in the innermost frame that is no function's or has it as a local one.
func (st *state) set(name string, v variable) {
	f := st.frame
	for f.local && f.parent != nil {
		if _, ok := f.vars[name]; ok {
			break
		}
		f = f.parent
	}
	if old := st.lookup(name); old != nil && old.exported {
		v.exported = true
	}
	f.put(name, v)
}

func (f *frame) put(name string, v variable) {
	if f.vars == nil {
		f.vars = map[string]*variable{}
	}
	f.vars[name] = &v
}

// declare makes a variable local to the innermost function.
func (st *state) declare(name string, v variable) {
	for f := st.frame; f != nil; f = f.parent {
		if f.local || f.parent == nil {
			f.put(name, v)
			return
		}
		delete(f.vars, name)
	}
}

// push opens a frame, pop closes it and gives it.
func (st *state) push(local bool) { st.frame = &frame{parent: st.frame, local: local} }

func (st *state) pop() *frame {
	f := st.frame
	st.frame = f.parent
	return f
}

// merge brings what branches assigned into the present frame: every text that one of them gave a variable, and the one that it had before
// where a branch left it alone or none may have been taken.
func (st *state) merge(branches []*frame, certain bool) {
	given := map[string][]*variable{}
	for _, b := range branches {
		for name, v := range b.vars {
			given[name] = append(given[name], v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		old := st.lookup(name)
		var merged variable
		if old != nil && (!certain || len(given[name]) < len(branches)) {
			merged = *old
			merged.texts = slices.Clip(old.texts)
		}
		for _, v := range given[name] {
			merged.list, merged.keys = v.list, v.keys
			merged.exported = merged.exported || v.exported
			merged.texts = alternatives(merged.texts, v.texts)
		}
		st.set(name, merged)
	}
}

// alternatives joins lists of texts, each once, at most [maxAlternatives]: where there are more, the first and the last stay.
func alternatives(a, b []string) []string {
	for _, t := range b {
		if slices.Contains(a, t) {
			continue
		}
		if len(a) >= maxAlternatives {
			a = slices.Delete(slices.Clone(a), maxAlternatives/2, maxAlternatives/2+1)
		}
		a = append(slices.Clip(a), t)
	}
	return a
}

// exported lists the last texts of all variables that a program started now would see, by name.
func (st *state) exported() map[string]string { return st.visible(false) }

// visible lists the last texts of all variables, or of the exported ones.
func (st *state) visible(all bool) map[string]string {
	out := map[string]string{}
	for f := st.frame; f != nil && st.spend(len(f.vars)*costOfName); f = f.parent {
		for name, v := range f.vars {
			if _, inner := out[name]; !inner && (all || v.exported) && len(v.texts) > 0 {
				out[name] = strings.Join(v.texts, " ")
			}
		}
	}
	return out
}

// begin puts what the step is given into the first frame: its environment and what earlier steps left.
func (st *state) begin() {
	st.frame = &frame{}
	if st.in.Job != nil {
		for _, path := range slices.Sorted(maps.Keys(st.in.Job.Files)) {
			st.files[st.path(path)] = st.atom("$(cat "+path+")", st.in.Job.Files[path])
		}
		for _, v := range st.in.Job.Env {
			st.given(v)
		}
	}
	for _, v := range st.in.Env {
		st.given(v)
	}
}

// given puts in a variable of the environment. What it carries beyond the expressions in its text makes it a whole that is not known.
func (st *state) given(v Variable) {
	text := st.expressions(clean(v.Value))
	if c := st.carried(text); !covers(c, v.Carried) {
		text = st.atom(v.Value, joinCarried(c, v.Carried))
	}
	st.frame.put(v.Name, variable{texts: []string{st.limited(text)}, exported: true})
}

// covers reports that one holds all that another does.
func covers(c, other Carried) bool {
	for _, s := range other.Secrets {
		if !slices.Contains(c.Secrets, strings.ToUpper(s)) {
			return false
		}
	}
	for _, l := range other.Loot {
		if !slices.Contains(c.Loot, l) {
			return false
		}
	}
	return true
}
