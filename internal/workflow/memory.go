package workflow

import (
	"slices"

	"pentimento/internal/script"
)

type Parser struct {
	meanings map[string]meaning // of inputs, by name
	kinds    map[string]kind    // of actions, by name
}

func (p *Parser) read(in script.Input) script.Reading {
	rs := runScript{text: in.Text, shell: in.Shell}
	for _, v := range in.Env {
		x := variable{name: v.Name, value: v.Value}
		for _, n := range v.Secrets {
			x.secrets = append(x.secrets, SecretRef{Name: n})
		}
		rs.env = append(rs.env, x)
	}
	got := readScript(rs)
	out := script.Reading{Destinations: got.destinations}
	if got.history {
		out.Loot = append(out.Loot, script.History)
	}
	if dumps(in.Text) {
		out.Loot = append(out.Loot, script.Environment)
	}
	slices.Sort(out.Loot)
	if got.unread {
		out.Problems = append(out.Problems, "a command grew too long once its variables were put in, and was read as written")
	}
	return out
}

type variable struct {
	name    string
	value   string
	secrets []SecretRef
}
