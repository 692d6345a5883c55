// Package workflow answers what a GitHub Actions workflow file says: what starts it, which jobs and steps it has, which secrets each step
// can read and which hosts its scripts talk to.
//
// It takes the text of one file, written by anybody, and gives a [File]. A file that is no valid YAML, or too large or too tangled to be
// parsed safely, still gives the secrets and destinations found in its text, and says in Problems why there is no more. Nothing is executed
// or fetched.
//
// It does not conclude that a workflow is malicious (see campaign and detect), nor that it ran (see timeline). Scripts are read with a
// splitter for shell commands, not with a shell: what a script computes at run time, decodes or fetches is not seen.
package workflow

import (
	"regexp"
	"slices"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"pentimento/internal/script"
)

// SecretRef is one reference to a secret, at its line and column (both from 1) in the file. Name is upper-cased; "*" stands for every secret
// that the repository had. Form says how it was written: "secrets.X", "secrets['X']", "secrets[...]" (an index computed at run time),
// "toJSON(secrets)" (the whole context, however wrapped), "inherit", "github.token" or "toJSON(github)".
type SecretRef struct {
	Name string
	Line int
	Col  int
	Form string
}

// All reports that the reference covers every secret the repository had.
func (r SecretRef) All() bool { return r.Name == allSecrets }

const allSecrets = "*"

// What leaves a step, in the words of package script. Lines are those of the file. A Destination with the program "with" is a host that an action
// is told of: what the action does with it is not seen, so its Posted and SelfNamed tell nothing but all secrets.
type (
	Destination = script.Destination
	Exit        = script.Exit
	Payload     = script.Payload
	Loot        = script.Loot
)

// Step is one step of a job.
type Step struct {
	Index        int // from 0, as in the file: GitHub's own set-up steps are not counted
	ID           string
	Name         string // as GitHub shows it: the name, else "Run " and the first line of the script or the action
	Run          string
	Uses         string
	Line         int
	Secrets      []SecretRef // direct, and through env of step, job and workflow where the step reads the variable
	Destinations []Destination
	ReadsHistory bool // the script prints patches or blobs of past commits: every credential ever committed is in reach
	Exits        []Exit
	Payloads     []Payload
	Loot         []Loot   // gathered, whether or not it is seen to leave
	Programs     []string // run by the script, sorted
	Registers    bool     // registers or starts a self-hosted runner
}

// Job is one job. Secrets are those referenced outside its steps: env, containers, and what it hands to a reusable workflow.
type Job struct {
	ID          string
	Name        string // as GitHub shows it: the name, else the id; a matrix adds its values at run time
	Line        int
	If          string
	Uses        string // the reusable workflow that it calls
	Environment string
	RunsOn      []string
	Secrets     []SecretRef
	Steps       []Step
	Permissions Permissions // of GITHUB_TOKEN: the job's, else the file's
}

// Permissions are those that a file gives to GITHUB_TOKEN. Where Stated is false the repository's default holds, which the file does not tell.
// Scopes are "contents", "id-token", ... with "read", "write" or "none"; "*" stands for read-all and write-all, and for "none" of all
// where the section is empty (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions).
type Permissions struct {
	Stated bool
	Scopes map[string]string
}

// File is what one workflow file says. Problems lists what is wrong with it as YAML or as a workflow, at most
// [MaxProblems] of the syntax and one per step whose destinations were cut.
type File struct {
	Name         string
	Triggers     []Trigger
	Jobs         []Job
	Secrets      []SecretRef // every reference in the file, in file order
	AllSecrets   bool
	Destinations []Destination // of all steps; of the whole text where the file could not be parsed
	Problems     []string
	Partial      string // why not all of the file was read as a workflow; empty where it was. The reason is one of Problems
}

// Bounds on what is parsed. Workflow files of public repositories are a few kilobytes; the bounds leave room for generated ones and keep
// the worst file below a second and a few hundred megabytes.
const (
	// MaxSize is the size in bytes up to which a file is parsed; a larger one is searched as text up to this size. Collectors keep no more.
	MaxSize = 1 << 20
	// MaxDepth bounds the nesting of YAML collections, aliases resolved: the parsers recurse.
	MaxDepth = 64
	// MaxNodes bounds the YAML nodes of a file with every alias replaced by what it stands for: a few lines can stand for billions.
	MaxNodes = 100_000
	// MaxProblems bounds File.Problems.
	MaxProblems = 20
	// MaxRefs bounds the secret references kept per file: GitHub allows a repository a few hundred secrets.
	MaxRefs = 10_000
	// MaxDestinations bounds the destinations kept per step; a step with more says so in File.Problems.
	MaxDestinations = 500
	// MaxExpression is the longest expression that is parsed; GitHub refuses longer ones (21,000 characters). The text of a longer one is
	// searched.
	MaxExpression = 21_000
	// MaxCommand bounds one command after variables are replaced: assignments can double a text with every line.
	MaxCommand = 64 << 10
	// MaxScript bounds the text of all commands of one step after variables are replaced, for the same reason.
	MaxScript = 4 << 20
)

// Parse reads one workflow file. For many see [Parser].
func Parse(text []byte) File { return new(Parser).Parse(text) }

// Parse reads a workflow file. It never fails: see [File].Problems.
func (p *Parser) Parse(text []byte) File {
	if len(text) > MaxSize {
		return searchText(text[:MaxSize], "file is larger than this program parses: only its beginning was searched")
	}
	if plain(text) {
		if w, problems, err := syntax(text); err == nil {
			return p.file(text, nil, w, problems)
		}
	}
	return p.whole(text)
}

// Judge reads a workflow file as far as judging it takes. Where all is true, f is as of Parse. Else its Secrets are some of the references of
// the file only, without their places, which include one to another secret than the job's own token if and only if those of the file do:
// for most files that are not malicious this saves a second parse, which finds the references of every scalar.
func (p *Parser) Judge(text []byte) (f File, all bool) {
	if !bounded(text) {
		return p.Parse(text), true
	}
	w, problems, err := syntax(text)
	if err != nil {
		return p.whole(text), true
	}
	f = p.file(text, nil, w, problems)
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
	other := func(r SecretRef) bool { return r.Name != "GITHUB_TOKEN" }
	if slices.ContainsFunc(f.Secrets, other) || tokenOnly(text) {
		return f, false
	}
	return p.whole(text), true
}

// whole reads a file of which nothing is known.
func (p *Parser) whole(text []byte) File {
	root, err := vet(text)
	if err != nil {
		return searchText(text, err.Error())
	}
	w, problems, err := syntax(text)
	if err != nil {
		return searchText(text, err.Error())
	}
	return p.file(text, root, w, problems)
}

// file puts together what the parsers gave. The root is nil where no scalar can refer to a secret.
func (p *Parser) file(text []byte, root *yaml.Node, w *actionlint.Workflow, problems []string) File {
	r := reader{text: text, where: newLocator(text), scripts: p}
	f := r.file(w)
	f.Problems = append(problems, r.problems...)
	if len(r.problems) > 0 {
		f.Partial = r.problems[0]
	}
	f.Secrets = r.scalars(root)
	f.AllSecrets = anyAll(f.Secrets)
	return f
}

// searchText is what is left for a file that cannot be parsed: its whole text is read as one script, with whatever looks like a variable
// of an env section as its environment.
func searchText(text []byte, problem string) File {
	where := newLocator(text)
	f := File{Secrets: where.refs(string(text), 1, 1), Problems: []string{problem}, Partial: problem}
	f.AllSecrets = anyAll(f.Secrets)
	var env []variable
	for _, m := range keyed.FindAllSubmatch(text, maxKeyed) {
		v := variable{name: string(m[1]), value: string(m[2])}
		for _, r := range references(v.value) {
			v.secrets = append(v.secrets, SecretRef{Name: r.name, Form: r.form})
		}
		env = append(env, v)
	}
	for _, d := range readScript(runScript{text: string(text), env: env}).destinations {
		d.Line = where.line(d.Line, 1, d.URL)
		f.Destinations = append(f.Destinations, d)
	}
	return f
}

// keyed finds YAML keys with an expression or a URL for a value: how a variable looks that matters.
var keyed = regexp.MustCompile(`(?m)(?:^|[{,\s])([A-Za-z_][A-Za-z0-9_]*):[ \t]+["']?((?:\$\{\{[^}\n]*\}\}|https?://)[^\n"',}]*)`)

// maxKeyed bounds the variables so found: every command is searched for each.
const maxKeyed = 1000

func anyAll(refs []SecretRef) bool {
	for _, r := range refs {
		if r.All() {
			return true
		}
	}
	return false
}
