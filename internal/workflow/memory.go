package workflow

import "pentimento/internal/script"

// Parser reads workflow files and remembers what their scripts do: the versions of a file differ by a line or two, and share nearly all of
// their steps. What it says of a file does not depend on the files before. It is not safe for concurrent use.
type Parser struct {
	scripts     script.Reader
	expressions expressions
	meanings    map[string]meaning // of inputs, by name
	kinds       map[string]kind    // of actions, by name
}
