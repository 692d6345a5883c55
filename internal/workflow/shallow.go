package workflow

import "bytes"

// What follows tells from a text, without parsing it, that its YAML is not nested deeply.

const (
	// plainLevels is how deep a plain file may be by what is counted here, in half levels of [MaxDepth]: what is left is for the document and for
	// scalars. A column gives a sequence and a mapping at most, and a bracket its own collection and a pair without brackets of its own.
	plainLevels = MaxDepth/2 - 2
	// plainColumn is the last column that is looked at, and plainOpen the brackets that may stand open at once, of scripts for the most part.
	plainColumn = 144
	plainOpen   = 256
)

// shallow reports that collections are not nested deeply: block collections begin behind nothing but blanks and the signs of entries, each
// further in than the one around it, so that there are no deeper ones than there are such columns in all; flow collections begin with brackets.
func shallow(text []byte) bool {
	var begins [plainColumn]bool
	flow := brackets{quote: -1}
	columns, column, leading := 0, 0, true
	for i, b := range text {
		switch b {
		case '\n', '\r':
			column, leading = 0, true
			continue
		case '\'', '"', '#':
			flow.quote = i
		case '[', '{':
			flow.opens(text, i)
		case ']', '}':
			flow.closes()
		}
		if leading {
			switch {
			case b == ' ' || b == '\t':
			case column >= len(begins):
				return false
			case !begins[column]:
				begins[column] = true
				columns++
			}
			leading = bytes.IndexByte([]byte(" \t-?:"), b) >= 0
		}
		column++
		if columns+flow.deepest > plainLevels || len(flow.open) > plainOpen {
			return false
		}
	}
	return true
}

// brackets bounds how deep flow collections are nested. There are never more of them open than brackets here that may open one and that
// nothing has closed, and closing ones that stand in a quoted scalar or a comment and closed a bracket outside it: between those two stands a
// quotation mark or the sign of a comment.
type brackets struct {
	open    []bracket
	begun   int // of those, how many may open a collection
	quoted  int // closing ones that may stand in a quoted scalar or a comment
	deepest int
	quote   int // offset of the last quotation mark or sign of a comment
}

type bracket struct {
	offset int
	begins bool // it may open a collection: the others stand in a scalar or are an error
}

func (f *brackets) opens(text []byte, at int) {
	b := bracket{offset: at, begins: mayBegin(text, at)}
	if last := len(f.open) - 1; last >= 0 && f.open[last].offset == at-1 && !f.open[last].begins {
		b.begins = false
	}
	if f.open = append(f.open, b); b.begins {
		f.begun++
		f.deepest = max(f.deepest, f.begun+f.quoted)
	}
}

func (f *brackets) closes() {
	last := len(f.open) - 1
	if last < 0 {
		return
	}
	b := f.open[last]
	if f.open = f.open[:last]; !b.begins {
		return
	}
	f.begun--
	if f.quote > b.offset {
		f.quoted++
	}
}

// mayBegin reports that a node may begin at an offset: at the beginning of a line, behind a sign that announces a node, or behind a tag or an
// anchor.
func mayBegin(text []byte, at int) bool {
	before := bytes.TrimRight(text[:at], " \t")
	if len(before) == 0 || bytes.IndexByte([]byte("\n\r:,-?[{"), before[len(before)-1]) >= 0 {
		return true
	}
	if len(before) == at {
		return false
	}
	return bytes.ContainsAny(before[bytes.LastIndexAny(before, " \t\n\r")+1:], "!&")
}
