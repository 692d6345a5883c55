package script

// rubyBlock reads { |a, b| ... } behind a call: its names are bound to what the call hangs on.
func (r *source) rubyBlock(v value, t token) value {
	end := min(t.pair, len(r.toks))
	r.i++
	bound := v
	if v.recv != nil {
		bound = *v.recv
	}
	r.bindNames(bound, end)
	f := &lambda{toks: r.toks, from: r.i, end: end}
	var out value
	if (v.recv != nil || v.name != "" && v.text == "") && bound.isList {
		var list []value
		name := r.bound
		for _, e := range r.elements(bound) {
			if !r.spend() {
				break
			}
			r.put(name, e)
			list = append(list, r.last(f))
		}
		out = r.listOf(list)
	} else {
		out = r.join(textOf(r.as(bound)), r.last(f))
	}
	r.i = end + 1
	return out
}

// bindBlock binds the names of do |a, b| to what the call hangs on.
func (r *source) bindBlock(v value) {
	r.i++
	if r.is("|") {
		if v.recv != nil {
			v = *v.recv
		}
		r.bindNames(v, len(r.toks))
	}
}

// bindNames reads |a, b| and binds each to all of a value.
func (r *source) bindNames(v value, end int) {
	if !r.is("|") {
		return
	}
	for r.i++; r.i < end && !r.is("|"); r.i++ {
		if t := r.peek(0); t.kind == aWord {
			r.bound = t.text
			if v.kind != "" || v.target != "" || v.file != "" {
				r.put(t.text, v)
			} else {
				r.put(t.text, textOf(r.as(v)))
			}
		}
	}
	if r.is("|") {
		r.i++
	}
}
