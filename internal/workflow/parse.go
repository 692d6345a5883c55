package workflow

import (
	"slices"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

// Parse reads one workflow file. For many see [Parser].
func Parse(text []byte) File { return new(Parser).Parse(text) }

// Parse reads a workflow file. It never fails: see [File].Problems.
func (p *Parser) Parse(text []byte) File { return p.ParseWith(text, nil) }

// ParseWith is Parse where other files of the same repository, at the same commit, may be at hand: lookup gives the text of one by its path. What
// the file calls there is read as part of it: see [File].Local and [Job].Via.
func (p *Parser) ParseWith(text []byte, lookup func(path string) ([]byte, bool)) File {
	text = decoded(text)
	if len(text) > MaxSize {
		return p.search(text[:MaxSize], "file is larger than this program parses: only its beginning was searched")
	}
	if plain(text) {
		if w, problems, err := syntax(text); err == nil && len(problems) == 0 {
			return p.file(text, nil, w, nil, lookup)
		}
	}
	return p.whole(text, lookup)
}

// Judge reads a workflow file as far as judging it takes. Where all is true, f is as of Parse. Else its Secrets are some of the references of
// the file only, without their places, which include one to another secret than the job's own token if and only if those of the file do:
// for most files that are not malicious this saves a second parse, which finds the references of every scalar.
func (p *Parser) Judge(text []byte) (f File, all bool) {
	text = decoded(text)
	if !bounded(text) {
		return p.Parse(text), true
	}
	w, problems, err := syntax(text)
	if err != nil || len(problems) > 0 {
		return p.whole(text, nil), true
	}
	f = p.file(text, nil, w, nil, nil)
	if !mayRefer(text) {
		return f, true
	}
	f.Secrets = nil
	for _, j := range f.Jobs {
		f.Secrets = append(f.Secrets, j.Secrets...)
		for _, s := range j.Steps {
			f.Secrets = append(f.Secrets, s.Secrets...)
		}
	}
	f.AllSecrets = anyAll(f.Secrets)
	other := func(r SecretRef) bool { return r.Name != jobToken }
	if slices.ContainsFunc(f.Secrets, other) || tokenOnly(text) {
		return f, false
	}
	return p.whole(text, nil), true
}

// whole reads a file of which nothing is known.
func (p *Parser) whole(text []byte, lookup func(string) ([]byte, bool)) File {
	root, err := vet(text)
	if err != nil {
		return p.search(text, err.Error())
	}
	w, problems, err := syntax(text)
	if err != nil {
		return p.search(text, err.Error())
	}
	return p.file(text, root, w, problems, lookup)
}

// file puts together what the parsers gave. The root is nil where no scalar can refer to a secret and nothing is wrong with the syntax.
func (p *Parser) file(text []byte, root *yaml.Node, w *actionlint.Workflow, problems []string, lookup func(string) ([]byte, bool)) File {
	r := p.reader(text)
	r.lookup = lookup
	f := r.file(w)
	if len(problems) > 0 {
		r.loose(&f, root)
	}
	f.Problems = slices.Concat(problems, r.problems, r.notes)
	if len(r.problems) > 0 {
		f.Partial = r.problems[0]
	}
	f.Secrets = r.scalars(root)
	f.AllSecrets = anyAll(f.Secrets)
	return f
}

func anyAll(refs []SecretRef) bool {
	for _, r := range refs {
		if r.All() {
			return true
		}
	}
	return false
}
