// Package workflow answers what a GitHub Actions workflow file says: what starts it, which jobs and steps it has, which secrets each step
// can read and which hosts its scripts talk to.
//
// It takes the text of one file, written by anybody, and gives a [File]. A file that is no valid YAML, or too large or too tangled to be
// parsed safely, still gives the secrets and destinations found in its text, and says in Problems why there is no more. Nothing is executed
// or fetched.
//
// What the file refers to in its own repository (called workflows, actions of steps) is read too where a caller of [Parser.ParseWith] hands it
// in, and listed in Local either way. Of other actions only the name and the inputs are seen.
//
// It does not conclude that a workflow is malicious (see campaign and detect), nor that it ran (see timeline).
package workflow

import (
	"iter"

	"pentimento/internal/script"
)

// SecretRef is one reference to a secret, at its line and column (both from 1) in the file. Name is upper-cased; "*" stands for every secret
// that the repository had. Form says how it was written: "secrets.X", "secrets['X']", "secrets[...]" (an index computed at run time),
// "toJSON(secrets)" (the whole context, however wrapped), "inherit", "github.token" or "toJSON(github)". It is "through" for what a value
// carries that comes from an output of a step or a job, an input, or a matrix: the place is that of the value.
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
// is told of: what the action does with it is not seen, so Posted and SelfNamed are of the inputs that mean a body.
type (
	Destination = script.Destination
	Exit        = script.Exit
	Payload     = script.Payload
	Loot        = script.Loot
)

// Step is one step of a job. What an action does that is not in this repository is not seen; its inputs are read for what they mean.
type Step struct {
	Index           int // from 0, as in the file: GitHub's own set-up steps are not counted
	ID              string
	Name            string // as GitHub shows it: the name, else "Run " and the first line of the script or the action
	Run             string
	Uses            string
	Action          Action // Uses taken apart
	If              string
	Shell           string // of the step, else of the job's or the file's defaults; empty for the runner's own
	ContinueOnError string // "true", an expression, or empty
	Line            int
	Secrets         []SecretRef // direct, and through env of step, job and workflow where the step reads the variable
	Destinations    []Destination
	ReadsHistory    bool // the script prints patches or blobs of past commits: every credential ever committed is in reach
	Exits           []Exit
	Payloads        []Payload
	Loot            []Loot   // gathered, whether or not it is seen to leave
	Programs        []string // run by the script, sorted
	Registers       bool     // registers or starts a self-hosted runner
}

// Job is one job. Secrets are those referenced outside its steps: env, containers, and what it hands to a reusable workflow.
type Job struct {
	ID              string   // "CALLER / CALLED" for a job of a workflow that a job of this file calls
	Name            string   // as GitHub shows it: the name, else the id; a matrix adds its values at run time, see Names
	Names           []string // every name that GitHub can show for it, by its matrix; nil where that is known at run time only
	Line            int
	If              string
	Needs           []string
	Uses            string // the reusable workflow that it calls
	Via             string // the path of the called workflow that this job stands in; Line is then the calling job's
	Environment     string
	EnvironmentURL  string
	RunsOn          []string // labels, a matrix's values put in where they are known
	Concurrency     Concurrency
	ContinueOnError string // "true", an expression, or empty
	Timeout         string // minutes, or an expression
	Secrets         []SecretRef
	Steps           []Step
	Permissions     Permissions // of GITHUB_TOKEN: the job's, else the file's
}

// Concurrency says which runs wait for or cancel one another. Group is as written, expressions included.
type Concurrency struct {
	Group            string
	CancelInProgress string // "true", "false", an expression, or empty
}

// Permissions are those that a file gives to GITHUB_TOKEN. Where Stated is false the repository's default holds, which the file does not tell.
// Scopes are "contents", "id-token", ... with "read", "write" or "none"; "*" stands for read-all and write-all, and for "none" of all
// where the section is empty (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions).
type Permissions struct {
	Stated bool
	Scopes map[string]string
}

// Local is a reference to a file of the same repository: a called workflow, or an action's folder. Read: its text was handed in and is part of
// what the file says; else Why says why not.
type Local struct {
	Path string // in the repository; of an action its folder
	Line int
	Job  string // id of the job that refers to it
	Read bool
	Why  string
}

// File is what one workflow file says. Problems lists what is wrong with it as YAML or as a workflow, at most
// [MaxProblems] each of the syntax, of what was not read, and of scripts that are odd.
type File struct {
	Name        string
	RunName     string
	Triggers    []Trigger
	Permissions Permissions
	Concurrency Concurrency
	Jobs        []Job
	// Loose are steps that stand in no job: scripts of a file that could not be parsed, and such as stand where this program knows no steps; and
	// services of a job that are given secrets and told of a host, with the service's name.
	Loose        []Step
	Local        []Local
	Secrets      []SecretRef // every reference in the file, in file order
	AllSecrets   bool
	Destinations []Destination // of all steps; of the whole text where the file could not be parsed
	Problems     []string
	Partial      string // why not all of the file was read as a workflow; empty where it was. The reason is one of Problems
}

// Steps gives the steps of all jobs, in the order of the jobs, and the loose ones.
func (f File) Steps() iter.Seq[Step] {
	return func(yield func(Step) bool) {
		for _, j := range f.Jobs {
			for _, s := range j.Steps {
				if !yield(s) {
					return
				}
			}
		}
		for _, s := range f.Loose {
			if !yield(s) {
				return
			}
		}
	}
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
