// Package script answers what the script of a workflow step does with what it is given: which programs it runs, which secrets and which loot
// leave the job by it, by which way and to which host, and what encoded text it runs.
//
// It takes the text of one script, written by anybody, the environment that it sees, and what earlier steps of the job left behind; it gives a
// [Reading]. Shell is read by a shell's own parser, other languages by their strings and calls. A text that cannot be parsed is still
// searched, and the reading says so. Nothing is executed or fetched, and encoded text is decoded under fixed bounds.
//
// It does not conclude that a script is malicious, nor that a command was reached: both branches of a condition count, and what a program that
// it fetches does is not seen.
package script

// Way is how something leaves a job.
type Way string

// Ways out other than by a host's address.
const (
	Log        Way = "log"        // printed where whoever can read the run's log reads it, masked or not
	Artifact   Way = "artifact"   // uploaded with the run
	Cache      Way = "cache"      // saved to the repository's cache
	Comment    Way = "comment"    // comment, issue, pull request, discussion, gist, release or status made through GitHub's own API or client
	Repository Way = "repository" // committed and pushed, here or to another repository
	Registry   Way = "registry"   // published inside a package or an image
)

// Loot is what is worth stealing and stands under no secret's name.
type Loot string

// Loot.
const (
	Environment Loot = "environment" // the whole environment of the process
	History     Loot = "history"     // contents of past commits: every credential ever committed
	Memory      Loot = "memory"      // memory of a process, such as the runner's worker: every secret of the job
	Files       Loot = "files"       // files in which credentials lie: ~/.aws, ~/.npmrc, ~/.ssh, ~/.docker, .git/config, ...
	Context     Loot = "context"     // toJSON of github, env or another context that holds a token
	Metadata    Loot = "metadata"    // what a cloud's metadata service gives: the runner's own identity
	Identity    Loot = "identity"    // an OIDC token asked of ACTIONS_ID_TOKEN_REQUEST_URL
)

// Carried is what a text, a file or a variable holds that is worth stealing. All lists are sorted, each entry once. Encodings are those that it
// went through since ("base64", "gzip", "hex", "openssl", ...), in the order met.
type Carried struct {
	Secrets   []string // upper-cased names; "*" stands for every secret that the repository had
	Loot      []Loot
	Encodings []string
}

// Variable is a variable of the environment: its text, ${{ }} expressions included, and what it carries.
type Variable struct {
	Name  string
	Value string
	Carried
}

// Destination is a host that a command talks to and what goes there by the same command.
type Destination struct {
	Host     string // as written or decoded, lower-cased, without port; empty where it is known at run time only
	URL      string // as written or decoded, expressions included
	Line     int    // see the holder: offset from the script's first line in a Reading, line of the file in package workflow
	Program  string // "curl", "wget", "nc", "dig", "/dev/tcp", "requests.post", ...
	Computed bool   // the host is known at run time only
	Bare     bool   // a URL without path, query and fragment
	Depth    int    // segments of the URL's path
	Uploads  bool   // the command carries a body
	Hidden   bool   // the host stands in the script in pieces or encoded, not as it is
	// Secrets are the names of all secrets in the command, sorted; Posted those in its body or URL, as against its headers and credentials;
	// SelfNamed those whose field in body or URL bears the secret's own name (NAME=${{ secrets.NAME }}).
	Secrets   []string
	Posted    []string
	SelfNamed []string
	Loot      []Loot   // in body or URL
	Encodings []string // that Posted and Loot went through
}

// Exit is a command by which something leaves the job by another way than to a host.
type Exit struct {
	Way     Way
	Line    int    // as of Destination
	Program string // "echo", "gh", "git", an action's name without its version, ...
	Target  string // the artifact's name, the issue, the remote: as written; may be empty
	Carried
}

// Payload is text that a script runs and that does not stand in it as it is.
type Payload struct {
	Line      int
	Encodings []string // outermost first; empty for what is fetched
	Text      string   // decoded; empty where it could not be, see [Reading].Problems
	Program   string   // what runs it: "bash", "python", "eval", ...
	Fetched   bool     // comes from a host and runs unseen (curl ... | bash); Host says which
	Host      string
}

// Input is one script. Shell is as of the step ("bash", "sh", "pwsh", "python", "cmd", "node", "bash -e {0}", ...), empty for the runner's own.
// Expressions ${{ }} stand in Text as written.
type Input struct {
	Text  string
	Shell string
	Env   []Variable // later ones hide earlier ones of the same name
	Job   *Job       // what earlier steps left; nil for none
}

// Job is what the steps of one job leave to those after them.
type Job struct {
	Files   map[string]Carried // by path as written; values of files that carry nothing are absent
	Env     []Variable         // written to GITHUB_ENV
	Outputs map[string]Carried // written to GITHUB_OUTPUT, by STEP.NAME once the step's id is known
}

// Reading is what a script does, as far as its text tells.
type Reading struct {
	Destinations []Destination
	Exits        []Exit
	Payloads     []Payload
	Loot         []Loot   // gathered, whether or not it is seen to leave: sorted
	Programs     []string // every program run, sorted, each once, without path
	Registers    bool     // registers or starts a self-hosted runner
	Left         Job      // for the steps after it
	Problems     []string // why not all was read; bounded
}
