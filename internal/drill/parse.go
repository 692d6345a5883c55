package drill

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"pentimento/internal/evidence"
)

const (
	// maxRecipe bounds the text of a recipe: the bundled one is a tenth of it.
	maxRecipe = 1 << 20
	// maxStatements bounds commits, updates and runs together.
	maxStatements = 20000
)

// parser reads a recipe top to bottom.
type parser struct {
	recipe  *Recipe
	repo    *Repository
	at      time.Time
	horizon map[string]time.Time // of the repositories to come
	open    *commit              // takes file lines until another statement comes
	file    string               // takes text lines
	text    *string              // takes them too, of a file that is sent
	asks    map[*Repository]map[evidence.Ref]string
	truths  []*statedTruth // resolved when everything is known
}

// Parse reads and validates a recipe. One statement stands on each line; "#" begins a comment line, indentation is free. A recipe reads
// as a diary: "at" sets the clock, and what follows happens then. See [statements] for the verbs.
//
// Errors name the recipe and the line.
func Parse(name string, text []byte) (*Recipe, error) {
	if len(text) > maxRecipe {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, maxRecipe)
	}
	p := newParser(name)
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		if number > maxStatements {
			return nil, fmt.Errorf("%s:%d: more than %d lines", name, number, maxStatements)
		}
		if err := p.line(number, strings.TrimRight(string(raw), "\r\n")); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	if err := p.finish(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p.recipe, nil
}

func newParser(name string) *parser {
	return &parser{
		recipe: &Recipe{Name: name, actors: map[string]*actor{}, caps: map[string]int{}, silent: map[evidence.Origin]bool{},
			archive: archiveState{damaged: map[time.Time]string{}}, byName: map[string]*Repository{}, byID: map[int64]*Repository{}, runIDs: map[int64]bool{}},
		asks:    map[*Repository]map[evidence.Ref]string{},
		horizon: map[string]time.Time{},
	}
}

func (p *parser) line(number int, raw string) error {
	text := strings.TrimLeft(raw, " \t")
	if text == "" || strings.HasPrefix(text, "#") {
		return nil
	}
	if body, ok := strings.CutPrefix(text, "|"); ok {
		if p.text != nil {
			*p.text += strings.TrimPrefix(body, " ") + "\n"
			return nil
		}
		if p.open == nil || p.file == "" {
			return errors.New("a text line needs a file before it")
		}
		p.open.files[p.file] += strings.TrimPrefix(body, " ") + "\n"
		return nil
	}
	l, st, err := parseLine(number, text)
	if err != nil {
		return err
	}
	switch l.verb {
	case "file", "append", "remove", "restore":
	default:
		p.close()
	}
	if p.repo == nil && !global[l.verb] {
		return fmt.Errorf("%s needs a repository before it", l.verb)
	}
	if err := st.do(p, l); err != nil {
		return fmt.Errorf("%s: %w", l.verb, err)
	}
	return nil
}

// close seals the commit that file lines were added to.
func (p *parser) close() {
	if p.open != nil {
		p.repo.seal(p.open)
	}
	p.open, p.file, p.text = nil, "", nil
}

// global are the verbs that may stand before any repository.
var global = map[string]bool{"now": true, "actor": true, "cap": true, "rate-limit": true, "repository": true, "lose": true, "era": true,
	"archive": true, "graphql": true, "import": true, "columns": true}

// statements are the verbs of the language.
var statements = sync.OnceValue(func() map[string]statement {
	all := worldStatements()
	maps.Copy(all, witnessStatements())
	return all
})

// worldStatements are the verbs for repositories, their refs and their runs.
func worldStatements() map[string]statement {
	return map[string]statement{
		// the world: the drill's present, who acts, and how the API is limited
		"now":        {min: 1, max: 1, do: (*parser).now},
		"actor":      {min: 1, max: 1, keys: []string{"id", "name", "email", "zone"}, do: (*parser).actor},
		"cap":        {min: 2, max: 2, do: (*parser).cap},
		"rate-limit": {keys: []string{"after", "for"}, flags: []string{"secondary"}, do: (*parser).rateLimit},

		// a repository, and the clock of what follows
		"repository": {min: 1, max: 1, keys: []string{"id", "default", "created", "fork-of"}, flags: []string{"archived"}, do: (*parser).repository},
		"at":         {min: 1, max: 1, do: (*parser).setClock},
		"lag":        {keys: []string{"activity", "events"}, do: (*parser).setLag},

		// commits of a local branch, with the changes of their trees
		"commit": {min: 1, max: 2, keys: []string{"on", "from", "by", "dated", "verified"},
			flags: []string{"no-newline", "orphan", "signed", "signed-by-github"}, do: (*parser).commit},
		"merge": {min: 2, max: 2, keys: []string{"on", "with", "by", "dated", "verified"}, flags: []string{"signed", "signed-by-github"},
			do: (*parser).merge},
		"file":    {min: 1, max: 1, keys: []string{"as", "secrets", "host"}, do: (*parser).writeFile},
		"append":  {min: 1, max: 1, do: (*parser).appendFile},
		"remove":  {min: 1, max: 1, do: (*parser).removeFile},
		"restore": {min: 1, max: 1, keys: []string{"from"}, do: (*parser).restoreFile},

		// what reaches GitHub
		"push":       {min: 1, max: 1, keys: []string{"to", "by", "merging"}, do: (*parser).push},
		"force-push": {min: 1, max: 1, keys: []string{"to", "by"}, do: (*parser).forcePush},
		"delete":     {min: 2, max: 2, keys: []string{"by"}, do: (*parser).delete},
		"tag":        {min: 1, max: 1, keys: []string{"to", "by", "annotated"}, flags: []string{"move"}, do: (*parser).tag},
		"pull":       {min: 1, max: 1, keys: []string{"head", "base", "by", "fork"}, do: (*parser).pull},
		"seed":       {min: 1, max: 1, do: (*parser).seed},

		// what GitHub Actions did
		"run":     {min: 1, max: 1, keys: runKeys, flags: []string{"leaks", "dies", "hangs"}, do: (*parser).run},
		"attempt": {min: 1, max: 1, keys: []string{"by", "status", "conclusion", "started", "ended"}, do: (*parser).attempt},
		"job":     {min: 1, max: 1, keys: []string{"id", "status", "conclusion", "started", "ended", "runner"}, do: (*parser).job},
		"step":    {min: 1, max: 1, keys: []string{"status", "conclusion", "started", "ended"}, do: (*parser).step},

		// what is lost, said aloud
		"lose":        {min: 1, max: 2, keys: []string{"before"}, do: (*parser).lose},
		"keep":        {min: 1, max: 1, keys: []string{"at-most"}, do: (*parser).keep},
		"delete-run":  {min: 1, max: 1, do: (*parser).deleteRun},
		"object-gone": {min: 1, max: 1, do: (*parser).objectGone},
		"git-gone":    {min: 1, max: 1, do: (*parser).objectGone},
		"renamed-to":  {min: 1, max: 1, do: (*parser).renamedTo},
		"gone":        {do: (*parser).fate},
		"private":     {do: (*parser).fate},
		"blocked":     {min: 1, max: 1, do: (*parser).fate},
		"api":         {min: 1, max: 1, do: (*parser).fate},
		"actions":     {min: 1, max: 1, do: (*parser).fate},

		// what a person declares, and how the recipe ends
		"declare": {keys: []string{"secret", "fact", "by", "because"}, do: (*parser).declare},
		"ends":    {min: 1, max: 2, do: (*parser).ends},
		"truth":   {min: 1, max: 3, keys: truthKeys, assigned: true, do: (*parser).truth},
	}
}

// witnessStatements are the verbs for what others than refs and runs tell.
func witnessStatements() map[string]statement {
	return map[string]statement{
		// what apps, releases and logs tell
		"release":   {min: 1, max: 1, keys: []string{"by"}, do: (*parser).release},
		"published": {do: (*parser).published},
		"log":       {min: 1, max: 1, keys: []string{"at"}, do: (*parser).log},
		"app":       {min: 1, max: 1, keys: []string{"id", "lag"}, do: (*parser).app},

		// what administrators see, and who may ask
		"admin":        {do: (*parser).fate},
		"secret":       {min: 1, max: 1, keys: []string{"created", "updated", "environment", "by"}, flags: []string{"organisation"}, do: (*parser).secret},
		"deploy-key":   {min: 1, max: 1, keys: []string{"by"}, flags: []string{"read-only"}, do: (*parser).grant},
		"webhook":      {min: 1, max: 1, keys: []string{"by"}, do: (*parser).grant},
		"collaborator": {min: 1, max: 1, keys: []string{"by", "permission"}, do: (*parser).grant},
		"runner":       {min: 1, max: 1, keys: []string{"by"}, do: (*parser).grant},
		"graphql":      {min: 1, max: 1, do: (*parser).graphql},

		// what the responder is sent of tokens: logs, inventories, what people know
		"import":  {min: 2, max: 2, keys: importKeys, assigned: true, flags: []string{"complete"}, do: (*parser).imported},
		"columns": {min: 1, max: 1, do: (*parser).imported},

		// what others keep: archives of public events, forks, and clones with their reflogs
		"era":         {min: 1, max: 1, do: (*parser).setEra},
		"archive":     {min: 0, max: 2, keys: []string{"lag"}, do: (*parser).archived},
		"holds":       {min: 1, max: 1, do: (*parser).holds},
		"clone":       {min: 1, max: 1, keys: []string{"by"}, do: (*parser).clone},
		"clone-fetch": {min: 1, max: 1, flags: []string{"prune"}, do: (*parser).cloneFetch},
		"clone-pull":  {min: 1, max: 1, do: (*parser).clonePull},
		"clone-push":  {min: 2, max: 2, do: (*parser).clonePush},
	}
}

// finish validates the whole and resolves the truth.
func (p *parser) finish() error {
	p.close()
	if p.recipe.Now.IsZero() {
		return errors.New(`no "now"`)
	}
	if len(p.recipe.Repositories) == 0 {
		return errors.New("no repository")
	}
	for _, r := range p.recipe.Repositories {
		if err := p.finishRepository(r); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	for _, t := range p.truths {
		if err := p.resolve(t); err != nil {
			return fmt.Errorf("line %d: truth: %w", t.line.number, err)
		}
	}
	return nil
}

func (p *parser) finishRepository(r *Repository) error {
	asked := p.asks[r]
	for ref := range r.refs {
		if _, ok := asked[ref]; !ok {
			return fmt.Errorf(`%s is there at the end and no "ends" line says so`, ref)
		}
	}
	for ref, label := range asked {
		c := r.commits[label]
		if c == nil {
			return fmt.Errorf("ends %s: no commit %q", ref, label)
		}
		if got := r.tip(ref); got != c.oid {
			return fmt.Errorf("ends %s: it is at %s, not at %s (%s)", ref, r.label(got), label, c.oid.Short())
		}
	}
	// Objects that only lost commits hold are lost with them: file again what is left.
	r.objects = map[evidence.OID]object{}
	for _, c := range r.order {
		for _, parent := range c.parents {
			if parent.lostToGit && !c.lostToGit {
				return fmt.Errorf("%s is lost, but %s, which is kept, has it as parent", parent.label, c.label)
			}
		}
		if !c.lostToREST {
			r.file(c)
		}
		if c.lostToGit {
			for ref := range r.refs {
				if tip := r.named(r.tip(ref)); tip != nil && tip.reaches(c) {
					return fmt.Errorf("%s is lost, but %s reaches it", c.label, ref)
				}
			}
		}
	}
	for _, u := range r.updates {
		if u.at.After(p.recipe.Now) {
			return fmt.Errorf("%s moves at %s, after now", u.ref, u.at.Format(time.RFC3339))
		}
	}
	return nil
}

// tip is the commit that a ref stands for at the end.
func (r *Repository) tip(ref evidence.Ref) evidence.OID {
	if t := r.tags[ref]; t != nil && t.oid == r.refs[ref] {
		return t.target.oid
	}
	return r.refs[ref]
}

// named finds a commit by id, lost ones too.
func (r *Repository) named(oid evidence.OID) *commit {
	for _, c := range r.order {
		if c.oid == oid {
			return c
		}
	}
	return nil
}

func (r *Repository) label(oid evidence.OID) string {
	if c := r.named(oid); c != nil {
		return c.label
	}
	return "nothing"
}
