package campaign

import (
	"slices"
	"strings"
)

// Context says in which repositories a rule holds: those where all of All are so, one of Any where there is one, and none of None. The words are
// [Circumstances]. Package detect finds out which of them hold for the commit that brought a version.
type Context struct {
	All  []string `yaml:"all"`
	Any  []string `yaml:"any"`
	None []string `yaml:"none"`
}

// Circumstance is something in which a version, or the commit that brought it, differs from what the repository did before.
type Circumstance string

// Circumstances. "Before" is the ancestry of the commit that brought the version: dates are whatever its maker wrote. Where that holds no
// workflow at all, or too little of it to tell what is usual, those marked (*) are not known to hold and do not.
const (
	NewFile        Circumstance = "new-file"        // the path held no file before
	NewHost        Circumstance = "new-host"        // (*) a host that secrets, loot or payloads go to or come from, in no workflow of the repository before
	NewSecret      Circumstance = "new-secret"      // (*) refers to a secret that no workflow of the repository did before
	NewTrigger     Circumstance = "new-trigger"     // an event that the file before did not have
	OnlyDispatch   Circumstance = "only-dispatch"   // the file before was started by other events, this one by workflow_dispatch alone
	Replaced       Circumstance = "replaced"        // hardly a line of the file before is left
	WasRelease     Circumstance = "was-release"     // the file before published releases
	NewAuthor      Circumstance = "new-author"      // (*) neither author nor committer made a commit here before
	NewZone        Circumstance = "new-zone"        // (*) the author is known here, never with this time zone
	UsuallySigned  Circumstance = "usually-signed"  // (*) this commit is not signed, and nearly all by its author, or in the repository, are
	NoNewline      Circumstance = "no-newline"      // unsigned, and the message has no newline at its end: made with a token, through the API
	OnlyWorkflows  Circumstance = "only-workflows"  // the commit changes nothing but files below .github
	Established    Circumstance = "established"     // (*) the repository had workflows before: what is new there is news
	NotEstablished Circumstance = "not-established" // it had none, or hardly any: nothing can be told from what is new
	UnknownBefore  Circumstance = "unknown-before"  // what was there before could not be had

	// These say nothing of what was there before, but of a repository of the case whose action the version uses. Where it is not in the case, or its
	// branches and tags could not be had whole, they do not hold.
	ImpostorCommit Circumstance = "impostor-commit" // the commit at which the action is used lies in none of its branches and tags
	MovedTag       Circumstance = "moved-tag"       // the tag at which it is used was moved from a commit of a branch to one that no branch holds
)

// Circumstances are all that a context can ask for.
var Circumstances = []Circumstance{NewFile, NewHost, NewSecret, NewTrigger, OnlyDispatch, Replaced, WasRelease, NewAuthor, NewZone, UsuallySigned,
	NoNewline, OnlyWorkflows, Established, NotEstablished, UnknownBefore, ImpostorCommit, MovedTag}

func circumstanceWords() string {
	var words []string
	for _, c := range Circumstances {
		words = append(words, string(c))
	}
	return strings.Join(words, ", ")
}

// Asks reports whether the context asks for anything: a rule whose context does not holds wherever the file does.
func (c Context) Asks() bool { return len(c.All)+len(c.Any)+len(c.None) > 0 }

// AsksOfActions reports whether the context holds only where something is known of an action's own repository.
func (c Context) AsksOfActions() bool {
	return c.Names(ImpostorCommit) || c.Names(MovedTag)
}

// Names reports whether the context may hold by a circumstance.
func (c Context) Names(x Circumstance) bool {
	return slices.Contains(c.All, string(x)) || slices.Contains(c.Any, string(x))
}

// Holds tests a context against what is so, in the order of the lists and no further than it needs to. Which are the words that decided.
func (c Context) Holds(so func(Circumstance) bool) (which []Circumstance, ok bool) {
	for _, word := range c.All {
		if !so(Circumstance(word)) {
			return nil, false
		}
		which = append(which, Circumstance(word))
	}
	found := len(c.Any) == 0
	for _, word := range c.Any {
		if so(Circumstance(word)) {
			which, found = append(which, Circumstance(word)), true
		}
	}
	if !found || slices.ContainsFunc(c.None, func(word string) bool { return so(Circumstance(word)) }) {
		return nil, false
	}
	return which, true
}

// In reports whether the context holds where a sample is taken to stand.
func (c Context) In(s Sample) bool {
	_, ok := c.Holds(func(x Circumstance) bool { return slices.Contains(s.Context, x) })
	return ok
}
