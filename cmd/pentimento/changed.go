package main

import (
	"context"

	"pentimento/internal/casefile"
	"pentimento/internal/changed"
	"pentimento/internal/inert"
)

// conclusionJSON is one row of pentimento/changes/v1. From is null for what came, to for what went; repository is null for what is about the case.
type conclusionJSON struct {
	Kind       string  `json:"kind"`
	Repository *string `json:"repository"`
	Subject    *string `json:"subject"`
	From       *string `json:"from"`
	To         *string `json:"to"`
}

// analyzeAndTell analyses and tells what the analysis concludes otherwise than the one before. A first one has nothing to be compared with. With
// asJSON all of it goes to stdout as a document, else a bounded number of lines.
func (p *program) analyzeAndTell(ctx context.Context, c *casefile.Case, asJSON bool) error {
	before, err := changed.Read(ctx, c)
	if err != nil {
		return err
	}
	if err := p.analyze(ctx, c); err != nil {
		return err
	}
	after, err := changed.Read(ctx, c)
	if err != nil {
		return err
	}
	changes := changed.Compare(before, after)
	if asJSON {
		var rows []conclusionJSON
		for _, x := range changes {
			rows = append(rows, conclusionJSON{string(x.Kind), nullable(x.Repository), nullable(x.Subject), nullable(x.From), nullable(x.To)})
		}
		return writeJSON(p.stdout, "pentimento/changes/v1", "changes", rows, list{"compared", before.Analysed})
	}
	if before.Analysed && len(changes) == 0 {
		p.say("nothing changed since the analysis before")
	}
	for _, line := range changed.Lines(changes, inert.Defang) {
		if err := p.tell(line); err != nil {
			return err
		}
	}
	return nil
}

// tell prints one line of an answer, escaped.
func (p *program) tell(line string) error {
	_, err := p.stdout.Write([]byte(inert.Escape(line) + "\n"))
	return err
}
