package script

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// function is one that the script declares.
type function struct {
	body *syntax.Stmt
	unit *unit
}

// pipe is a list of commands behind >( ), which run once something is written there.
type pipe struct {
	stmts []*syntax.Stmt
	unit  *unit
}

func (st *state) stmts(list []*syntax.Stmt) {
	for _, s := range list {
		st.stmt(s)
	}
}

// stmt runs one statement with its redirections.
func (st *state) stmt(s *syntax.Stmt) {
	if s == nil {
		return
	}
	if st.steps++; st.steps >= maxSteps {
		st.problem("the script runs more commands than this program follows")
		return
	}
	if st.work > maxWork || !st.enter() { // nothing runs any more: see run
		return
	}
	defer st.leave()
	st.line = st.unit.lineOf(s.Position)
	if len(s.Redirs) == 0 {
		st.command(s.Cmd)
		return
	}
	st.redirected(s)
}

func (st *state) command(c syntax.Command) {
	switch c := c.(type) {
	case *syntax.CallExpr:
		st.call(c)
	case *syntax.BinaryCmd:
		st.binary(c)
	case *syntax.Block:
		st.stmts(c.Stmts)
	case *syntax.Subshell:
		st.push(false)
		st.stmts(c.Stmts)
		st.pop()
	case *syntax.IfClause:
		st.ifClause(c)
	case *syntax.ForClause:
		st.forClause(c)
	case *syntax.WhileClause:
		st.whileClause(c)
	case *syntax.CaseClause:
		st.caseClause(c)
	case *syntax.FuncDecl:
		if c.Name != nil {
			st.funcs[st.unit.restore(c.Name.Value)] = function{c.Body, st.unit}
		}
	case *syntax.DeclClause:
		st.declClause(c)
	case *syntax.LetClause:
		for _, x := range c.Exprs {
			st.arithmetic(x)
		}
	case *syntax.ArithmCmd:
		st.arithmetic(c.X)
	case *syntax.TestClause:
		st.test(c.X)
	case *syntax.TimeClause:
		st.stmt(c.Stmt)
	case *syntax.CoprocClause:
		st.stmt(c.Stmt)
	}
}

// binary runs a list joined by && and ||, or a pipeline. Long ones are a tree that leans to one side: it is walked, not descended.
func (st *state) binary(b *syntax.BinaryCmd) {
	pipeline := func(op syntax.BinCmdOperator) bool { return op == syntax.Pipe || op == syntax.PipeAll }
	stages := []*syntax.Stmt{b.Y}
	first := b.X
	for {
		x, ok := first.Cmd.(*syntax.BinaryCmd)
		if !ok || len(first.Redirs) > 0 || pipeline(x.Op) != pipeline(b.Op) {
			break
		}
		stages = append(stages, x.Y)
		first = x.X
	}
	stages = append(stages, first)
	slices.Reverse(stages)
	if pipeline(b.Op) {
		st.pipeline(stages)
		return
	}
	for i, s := range stages {
		if i == 0 {
			st.stmt(s)
			continue
		}
		st.push(false)
		st.stmt(s)
		st.merge([]*frame{st.pop()}, false)
	}
}

// pipeline runs commands of which each reads what the one before prints.
func (st *state) pipeline(stages []*syntax.Stmt) {
	stdins, out := st.stdins, st.sink
	for i, s := range stages {
		st.push(false)
		if i == len(stages)-1 {
			st.sink = out
			st.stmt(s)
		} else {
			next := &sink{}
			st.sink = next
			st.stmt(s)
			st.stdins = next.texts
		}
		st.pop()
	}
	st.stdins, st.sink = stdins, out
}

func (st *state) ifClause(c *syntax.IfClause) {
	var branches []*frame
	certain := false
	for ; c != nil; c = c.Else {
		st.stmts(c.Cond)
		st.push(false)
		st.stmts(c.Then)
		branches = append(branches, st.pop())
		certain = len(c.Cond) == 0
		if st.steps >= maxSteps {
			break
		}
	}
	st.merge(branches, certain)
}

func (st *state) whileClause(c *syntax.WhileClause) {
	st.stmts(c.Cond)
	st.push(false)
	st.stmts(c.Do)
	st.merge([]*frame{st.pop()}, false)
	if st.loops++; st.loops == 1 { // what the end of the body assigns, its beginning may send
		st.stmts(c.Cond)
		st.push(false)
		st.stmts(c.Do)
		st.merge([]*frame{st.pop()}, false)
	}
	st.loops--
}

func (st *state) forClause(c *syntax.ForClause) {
	st.loops++
	defer func() { st.loops-- }()
	if l, ok := c.Loop.(*syntax.CStyleLoop); ok {
		st.counting(l, c.Do)
		return
	}
	l, ok := c.Loop.(*syntax.WordIter)
	if !ok {
		return
	}
	name := st.unit.restore(l.Name.Value)
	var items []string
	if l.InPos.IsValid() {
		for _, w := range l.Items {
			own := len(items)
			for i, fields := range st.fields(w) {
				for _, f := range fields {
					if i == 0 || !slices.Contains(items[own:], f) {
						items = append(items, f)
					}
				}
			}
			if len(items) > maxTurns {
				break
			}
		}
	} else {
		items = st.params
	}
	if len(items) > maxTurns {
		st.problem("a loop has more turns than this program follows")
		items = items[:maxTurns]
	}
	for _, item := range items {
		st.set(name, variable{texts: []string{item}})
		st.stmts(c.Do)
		if st.steps >= maxSteps {
			return
		}
	}
}

// counting runs a loop of the form for ((;;)) as long as its numbers are known.
func (st *state) counting(l *syntax.CStyleLoop, body []*syntax.Stmt) {
	if l.Init != nil {
		st.arithmetic(l.Init)
	}
	for turn := range maxTurns {
		more, known := int64(1), false
		if l.Cond != nil {
			more, known = st.arithmetic(l.Cond)
		}
		if known && more == 0 || !known && turn > 1 || st.steps >= maxSteps {
			return
		}
		st.stmts(body)
		if l.Post != nil {
			st.arithmetic(l.Post)
		}
	}
	st.problem("a loop has more turns than this program follows")
}

func (st *state) caseClause(c *syntax.CaseClause) {
	st.word(c.Word)
	var branches []*frame
	for _, item := range c.Items {
		for _, p := range item.Patterns {
			st.word(p)
		}
		st.push(false)
		st.stmts(item.Stmts)
		branches = append(branches, st.pop())
	}
	st.merge(branches, false)
}

// test expands the words of a test for what they run.
func (st *state) test(x syntax.TestExpr) {
	for {
		switch t := x.(type) {
		case *syntax.BinaryTest:
			if !st.enter() {
				return
			}
			st.test(t.Y)
			st.leave()
			x = t.X
		case *syntax.UnaryTest:
			x = t.X
		case *syntax.ParenTest:
			x = t.X
		case *syntax.Word:
			st.word(t)
			return
		default:
			return
		}
	}
}

// declClause runs export, local, declare and their like.
func (st *state) declClause(c *syntax.DeclClause) {
	kind := c.Variant.Value
	local, exported, printed := kind == "local" || kind == "declare" || kind == "typeset", kind == "export", len(c.Args) == 0
	for _, a := range c.Args {
		if a.Name != nil {
			st.assign(a, local, exported)
			continue
		}
		for _, text := range st.word(a.Value) {
			name, value, assigned := strings.Cut(text, "=")
			switch {
			case strings.HasPrefix(text, "-"):
				exported = exported || kind != "export" && strings.Contains(text, "x")
				printed = printed || strings.Contains(text, "p") || len(c.Args) == 1 && strings.Contains(text, "x")
				local = local && !strings.Contains(text, "g")
			case assigned && plain(name):
				st.set(name, variable{texts: []string{value}, exported: exported})
			}
		}
	}
	if printed && kind != "local" && kind != "readonly" {
		st.runs(kind)
		st.print(st.environment(), kind)
	}
}
