package detect

import (
	"maps"
	"slices"
	"strings"

	"pentimento/internal/workflow"
)

// Reach is what a job of a version could read once it runs, as far as the file says: leaked or not. Secrets are sorted, without the one that
// stands for all. Of a job that calls a workflow of another repository, what is done with them there is not seen.
type Reach struct {
	JobID, JobName string
	Calls          bool // hands what it has to a reusable workflow
	Secrets        []string
	AllSecrets     bool
	Forms          []string // how they are referenced, as in workflow.SecretRef, sorted
	Environment    string   // whose secrets it has too, once the environment's protection let it begin
	Permissions    string   // of its GITHUB_TOKEN: "contents: write, packages: read"; empty where the file states none, and the repository's default holds
	IDToken        string   // "yes", "no", or "unknown" where the file could not be read
	History        bool     // reads past commits: every credential ever committed
}

// reach lists the jobs of a file. One that could not be read as jobs is one nameless job that can read whatever the text refers to.
func reach(f workflow.File) []Reach {
	if len(f.Jobs) == 0 {
		x := Reach{IDToken: "unknown"}
		x.add(f.Secrets)
		return []Reach{x}
	}
	// What the env of the whole workflow holds every job has, whether or not a step reads it.
	everywhere := slices.Clone(f.Secrets)
	for _, j := range f.Jobs {
		own := jobRefs(j)
		everywhere = slices.DeleteFunc(everywhere, func(r workflow.SecretRef) bool {
			return slices.ContainsFunc(own, func(o workflow.SecretRef) bool { return o.Name == r.Name })
		})
	}
	var out []Reach
	for _, j := range f.Jobs {
		x := Reach{JobID: j.ID, JobName: j.Name, Calls: j.Uses != "", Environment: j.Environment, IDToken: "no", Permissions: spellPermissions(j.Permissions)}
		x.add(append(jobRefs(j), everywhere...))
		// A job that states nothing has no id-token, whatever the repository's default is
		// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions).
		if j.Permissions.Scopes["id-token"] == "write" || j.Permissions.Scopes["*"] == "write" {
			x.IDToken = "yes"
		}
		for _, s := range j.Steps {
			x.History = x.History || s.ReadsHistory
		}
		out = append(out, x)
	}
	return out
}

func jobRefs(j workflow.Job) []workflow.SecretRef {
	out := slices.Clone(j.Secrets)
	for _, s := range j.Steps {
		out = append(out, s.Secrets...)
	}
	return out
}

func (x *Reach) add(refs []workflow.SecretRef) {
	for _, r := range refs {
		if r.All() {
			x.AllSecrets = true
		} else {
			x.Secrets = append(x.Secrets, r.Name)
		}
		x.Forms = append(x.Forms, r.Form)
	}
	x.Secrets, x.Forms = sorted(x.Secrets), sorted(x.Forms)
}

// spellPermissions writes scopes in their order; what is stated to be nothing is "none".
func spellPermissions(p workflow.Permissions) string {
	if !p.Stated {
		return ""
	}
	var out []string
	for _, scope := range slices.Sorted(maps.Keys(p.Scopes)) {
		if level := p.Scopes[scope]; scope == "*" && level != "none" {
			return level + "-all"
		}
		if p.Scopes[scope] != "none" {
			out = append(out, scope+": "+p.Scopes[scope])
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}
