package drill

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pentimento/internal/evidence"
)

// Import is a file that somebody sends the responder, as `pentimento import` takes it. Kind is empty for a mapping that another file names.
type Import struct {
	Kind, Name, Text                                        string
	Format, Mapping, ListedAt, Account, Covers, Zone, Scope string
	Complete                                                bool
}

var importName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,80}$`)

var importKeys = []string{"format", "mapping", "listed-at", "account", "covers", "zone", "scope"}

// imported begins a file; the text lines that follow are its text.
func (p *parser) imported(l *line) error {
	in := &Import{Kind: l.args[0], Name: l.arg(1), Format: l.named["format"], Mapping: l.named["mapping"], ListedAt: l.named["listed-at"], Account: l.named["account"],
		Covers: l.named["covers"], Zone: l.named["zone"], Scope: l.named["scope"], Complete: l.flags["complete"]}
	if l.verb == "columns" {
		in.Kind, in.Name = "", l.args[0]
	}
	if !importName.MatchString(in.Name) {
		return fmt.Errorf("%q is not the name of a file", in.Name)
	}
	if slices.ContainsFunc(p.recipe.Imports, func(x *Import) bool { return x.Name == in.Name }) {
		return fmt.Errorf("%s is there already", in.Name)
	}
	if in.Mapping != "" && !slices.ContainsFunc(p.recipe.Imports, func(x *Import) bool { return x.Name == in.Mapping && x.Kind == "" }) {
		return fmt.Errorf("no columns %s before it", in.Mapping)
	}
	p.recipe.Imports = append(p.recipe.Imports, in)
	p.text = &in.Text
	return nil
}

// WriteImports writes the files into a folder.
func (r *Recipe) WriteImports(dir string) error {
	for _, in := range r.Imports {
		if err := os.WriteFile(filepath.Join(dir, in.Name), []byte(in.Text), 0o644); err != nil {
			return fmt.Errorf("write what was sent: %w", err)
		}
	}
	return nil
}

// TruthVerdict is what the logs say of one window of a secret.
type TruthVerdict struct {
	Repository                                               evidence.Repository
	Secret, Credential, Project, Value, State, Verdict, Rule string
}

// TruthRelease is whose a release in a window is.
type TruthRelease struct {
	Repository     evidence.Repository
	Version, State string
}

func (p *parser) truthVerdict(l *line, name evidence.Repository) error {
	v := TruthVerdict{name, l.arg(1), l.named["credential"], l.named["project"], l.named["value"], l.named["state"], l.named["verdict"], l.named["rule"]}
	p.recipe.Truth.Verdicts = append(p.recipe.Truth.Verdicts, v)
	if v.Credential == "" || v.Value == "" || v.Rule == "" {
		return errors.New("needs credential, value and rule")
	}
	return errors.Join(oneOf(v.State, "closed open not_known_closed"), oneOf(v.Verdict, "suspicious unexplained unknown consistent none_seen"))
}

func (p *parser) truthRelease(l *line, name evidence.Repository) error {
	p.recipe.Truth.Releases = append(p.recipe.Truth.Releases, TruthRelease{name, strings.TrimSpace(l.arg(1)), l.named["state"]})
	return oneOf(l.named["state"], "explained unexplained unknown")
}
