package script

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// arithmetic gives the number of an arithmetic expression, and whether it is known. Assignments in it are made.
func (st *state) arithmetic(x syntax.ArithmExpr) (n int64, known bool) {
	if st.steps++; st.steps >= maxSteps || !st.enter() {
		return 0, false
	}
	defer st.leave()
	switch x := x.(type) {
	case *syntax.Word:
		return st.number(st.word(x)[0])
	case *syntax.ParenArithm:
		return st.arithmetic(x.X)
	case *syntax.UnaryArithm:
		return st.unary(x)
	case *syntax.BinaryArithm:
		return st.binaryArithmetic(x)
	}
	return 0, false
}

// number is the value of a word of arithmetic: a number or the name of a variable with one.
func (st *state) number(text string) (int64, bool) {
	for range maxNames {
		if len(text) > maxNumber {
			return 0, false
		}
		text = strings.TrimSpace(text)
		if base, digits, ok := strings.Cut(text, "#"); ok {
			if b, err := strconv.Atoi(base); err == nil && b >= 2 && b <= 36 {
				n, err := strconv.ParseInt(digits, b, 64)
				return n, err == nil
			}
		}
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return n, true
		}
		v := st.lookup(text)
		if v == nil || len(v.texts) != 1 {
			return 0, text == "" || v == nil && plain(text) && text[0] > '9' && !strings.HasPrefix(text, "$")
		}
		text = v.texts[0]
	}
	return 0, false
}

// maxNames bounds the variables that name one another in arithmetic.
const maxNames = 8

// maxNumber is the longest text that is taken for a number or a name: one that is looked at again and again must be short.
const maxNumber = 1000

func (st *state) unary(x *syntax.UnaryArithm) (int64, bool) {
	n, known := st.arithmetic(x.X)
	switch x.Op {
	case syntax.Not:
		return truth(n == 0), known
	case syntax.BitNegation:
		return ^n, known
	case syntax.Minus:
		return -n, known
	case syntax.Inc, syntax.Dec:
		d := int64(1)
		if x.Op == syntax.Dec {
			d = -1
		}
		st.setNumber(x.X, n+d, known)
		if !x.Post {
			n += d
		}
	}
	return n, known
}

func (st *state) setNumber(name syntax.ArithmExpr, n int64, known bool) {
	w, ok := name.(*syntax.Word)
	if !ok {
		return
	}
	text := st.unknown("$((...))")
	if known {
		text = strconv.FormatInt(n, 10)
	}
	if target := st.unit.restore(w.Lit()); target != "" {
		st.set(target, variable{texts: []string{text}})
	}
}

// assigning gives the operator inside one that assigns.
var assigning = map[syntax.BinAritOperator]syntax.BinAritOperator{syntax.AddAssgn: syntax.Add, syntax.SubAssgn: syntax.Sub, syntax.MulAssgn: syntax.Mul,
	syntax.QuoAssgn: syntax.Quo, syntax.RemAssgn: syntax.Rem, syntax.XorAssgn: syntax.Xor, syntax.OrAssgn: syntax.Or, syntax.AndAssgn: syntax.And,
	syntax.ShlAssgn: syntax.Shl, syntax.ShrAssgn: syntax.Shr}

func (st *state) binaryArithmetic(x *syntax.BinaryArithm) (int64, bool) {
	if x.Op == syntax.Assgn {
		n, known := st.arithmetic(x.Y)
		st.setNumber(x.X, n, known)
		return n, known
	}
	if x.Op == syntax.TernQuest {
		c, known := st.arithmetic(x.X)
		if branches, ok := x.Y.(*syntax.BinaryArithm); ok && branches.Op == syntax.TernColon && known {
			if c != 0 {
				return st.arithmetic(branches.X)
			}
			return st.arithmetic(branches.Y)
		}
		return 0, false
	}
	a, known := st.arithmetic(x.X)
	b, ok := st.arithmetic(x.Y)
	if op, assigns := assigning[x.Op]; assigns {
		n, ok2 := calculate(op, a, b)
		st.setNumber(x.X, n, known && ok && ok2)
		return n, known && ok && ok2
	}
	n, ok2 := calculate(x.Op, a, b)
	return n, known && ok && ok2
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// calculate gives the result of one operator; false for one that has none.
func calculate(op syntax.BinAritOperator, a, b int64) (int64, bool) {
	switch op {
	case syntax.Add:
		return a + b, true
	case syntax.Sub:
		return a - b, true
	case syntax.Mul:
		return a * b, true
	case syntax.Quo, syntax.Rem:
		if b == 0 {
			return 0, false
		}
		if op == syntax.Rem {
			return a % b, true
		}
		return a / b, true
	case syntax.And:
		return a & b, true
	case syntax.Or:
		return a | b, true
	case syntax.Xor:
		return a ^ b, true
	case syntax.Shl:
		return a << (uint64(b) & 63), true
	case syntax.Shr:
		return a >> (uint64(b) & 63), true
	case syntax.Lss:
		return truth(a < b), true
	case syntax.Gtr:
		return truth(a > b), true
	case syntax.Leq:
		return truth(a <= b), true
	case syntax.Geq:
		return truth(a >= b), true
	case syntax.Eql:
		return truth(a == b), true
	case syntax.Neq:
		return truth(a != b), true
	case syntax.AndArit:
		return truth(a != 0 && b != 0), true
	case syntax.OrArit:
		return truth(a != 0 || b != 0), true
	case syntax.Comma:
		return b, true
	}
	return 0, false
}

// matches reports that a shell pattern matches all of a text, in time proportional to the product of their lengths at worst.
func matches(pattern, text string) bool {
	p, t, star, back := 0, 0, -1, 0
	for t < len(text) {
		if p < len(pattern) {
			if pattern[p] == '*' {
				star, back = p, t
				p++
				continue
			}
			if n, ok := matchOne(pattern[p:], text[t]); ok {
				p += n
				t++
				continue
			}
		}
		if star < 0 {
			return false
		}
		back++
		p, t = star+1, back
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchOne matches one byte against the first element of a pattern, and gives that element's length.
func matchOne(pattern string, c byte) (n int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '\\':
		if len(pattern) > 1 {
			return 2, pattern[1] == c
		}
	case '[':
		if end := strings.IndexByte(pattern[1:], ']'); end > 0 {
			return end + 2, inClass(pattern[1:end+1], c)
		}
	}
	return 1, pattern[0] == c
}

func inClass(set string, c byte) bool {
	negated := set[0] == '!' || set[0] == '^'
	if negated {
		set = set[1:]
	}
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			if c >= set[i] && c <= set[i+2] {
				return !negated
			}
			i += 2
		} else if set[i] == c {
			return !negated
		}
	}
	return negated
}

// oneCharacter reports that a pattern matches a character.
func oneCharacter(pattern, c string) bool { return matches(pattern, c) }
