package workflow

import "encoding/binary"

// Parser reads workflow files and remembers what their scripts do: the versions of a file differ by a line or two, and share nearly all of
// their steps. What it says of a file does not depend on the files before. It is not safe for concurrent use.
type Parser struct {
	scripts map[string]reading
	size    int // of the keys
}

// maxRemembered bounds the text of remembered scripts, in bytes: more than the different scripts of most repositories' whole history.
const maxRemembered = 16 << 20

// read is [readScript]. What it gives is shared with whoever asks the same again.
func (p *Parser) read(s runScript) reading {
	key := make([]byte, 0, len(s.text)+64)
	part := func(text string) { key = append(binary.AppendUvarint(key, uint64(len(text))), text...) }
	part(s.text)
	part(s.shell)
	for _, v := range s.env {
		part(v.name)
		part(v.value)
		key = binary.AppendUvarint(key, uint64(len(v.secrets)))
		for _, r := range v.secrets {
			part(r.Name)
		}
	}
	if got, ok := p.scripts[string(key)]; ok {
		return got
	}
	got := readScript(s)
	if p.size += len(key); p.scripts == nil || p.size > maxRemembered {
		p.scripts, p.size = map[string]reading{}, len(key)
	}
	p.scripts[string(key)] = got
	return got
}
