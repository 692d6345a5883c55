package workflow

import "regexp"

// What an action does with its inputs is not seen, but what they are for is told by their names, and of what kind the action is by its own. Both
// are read by words and not by a list of actions: there are some twenty thousand.

// meaning is what an input is for.
type meaning byte

const (
	unclear meaning = iota
	aBody
	aURL
	aPath
	aScript
)

var meanings = []*regexp.Regexp{
	aBody: regexp.MustCompile(`^(?:[a-z]+[-_])*(?:body|data|payload|message|msg|text|content|contents|json|form|fields?|comment|description|title|blocks|` +
		`embeds?|params|query|parameters|variables|attachments?)$`),
	aURL:    regexp.MustCompile(`^(?:[a-z]+[-_])*(?:url|uri|webhook|endpoint|hosts?|hostname|server|address|hook|to)$`),
	aPath:   regexp.MustCompile(`^(?:[a-z]+[-_])*(?:paths?|files?|assets?|artifacts?|directory|dir|folder|filename|context|source|pattern)$`),
	aScript: regexp.MustCompile(`^(?:[a-z]+[-_])*(?:run|script|scripts|command|commands|cmd)$`),
}

// kind is what an action is, as far as its name tells.
type kind byte

const (
	other kind = iota
	artifacts
	caches
	committers
	commenters
	publishers
	printers
)

var kinds = []*regexp.Regexp{
	artifacts:  regexp.MustCompile(`upload[-_a-z]*artifact|artifact[-_a-z]*upload`),
	caches:     regexp.MustCompile(`(?:^|[/-])cache(?:/save)?$`),
	committers: regexp.MustCompile(`auto-commit|create-pull-request|add-and-commit|commit-and-push|github-push|gh-pages|github-pages|pages-deploy|push-to|commit-action`),
	commenters: regexp.MustCompile(`comment|issue|gist|release|discussion|pull-request|commit-status|-pr$`),
	publishers: regexp.MustCompile(`build-push|docker-publish|docker-build|build-and-push|pypi-publish|npm-publish|kaniko|buildah`),
	printers:   regexp.MustCompile(`dump|debug-action|show-context|print-env|echo-env`),
}

// javaScript finds a script for an action that is no shell's.
var javaScript = regexp.MustCompile(`\bawait\b|\brequire\(|=>|\bconst\s+\w+\s*=|\blet\s+\w+\s*=|\bgithub\.rest\b|\bcore\.\w+\(`)

// maxWords bounds the names of which the meaning is remembered.
const maxWords = 10_000

func (p *Parser) meaning(name string) meaning { return told(&p.meanings, name, meanings) }

func (p *Parser) kind(name string) kind { return told(&p.kinds, name, kinds) }

// told is the first of the words that a name has in it, and 0 for none; what was told once is remembered.
func told[T ~byte](known *map[string]T, name string, words []*regexp.Regexp) T {
	if t, ok := (*known)[name]; ok {
		return t
	}
	var t T
	for i, re := range words {
		if re != nil && re.MatchString(name) {
			t = T(i)
			break
		}
	}
	if *known == nil || len(*known) > maxWords {
		*known = map[string]T{}
	}
	(*known)[name] = t
	return t
}
