package tokenlog

import (
	"slices"
	"strings"
	"unicode"

	"pentimento/internal/tokens"
)

// Words of actions. The first list of which an action has a word decides, but that reading who may do what is reading.
var (
	publishWords = strings.Fields("upload uploaded publish published push pushed release released deploy deployed")
	accessWords  = strings.Fields("token tokens key keys member members role roles permission permissions invite invitation collaborator owner owners grant team teams user users")
	authWords    = strings.Fields("login logout auth authenticate authenticated signin signout sso mfa verify verified")
	readWords    = strings.Fields("download downloaded get read list pull pulled fetch fetched view viewed head search show clone cloned options")
	runWords     = strings.Fields("run workflow job build pipeline")
	changeWords  = strings.Fields("create created delete deleted update updated put post patch remove removed yank yanked unyank unpublish add added edit edited set change changed write " +
		"destroy")
	successWords = strings.Fields("ok success successful succeeded true yes allowed allow granted passed accepted")
	failureWords = strings.Fields("failure failed fail error denied deny false no forbidden refused rejected unauthorized blocked invalid")
)

// actionWords are the words of an action, cut at signs and where an upper-case letter follows a lower-case one, in lower case.
func actionWords(action string) []string {
	var all []string
	var word []rune
	lower := false
	end := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
		}
		word = word[:0]
	}
	for _, r := range action {
		if !unicode.IsLetter(r) || lower && unicode.IsUpper(r) {
			end()
		}
		if lower = unicode.IsLower(r); unicode.IsLetter(r) {
			word = append(word, r)
		}
	}
	end()
	return all
}

// actionClass guesses the class of an action; empty where no word of it is known.
func actionClass(action string) string {
	words := actionWords(action)
	has := func(list []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
	}
	class := tokens.Class("")
	switch {
	case has(publishWords):
		class = tokens.Publish
	case has(readWords):
		class = tokens.Read
	case has(accessWords):
		class = tokens.Access
	case has(authWords):
		class = tokens.Auth
	case has(changeWords):
		class = tokens.Write
	case has(runWords):
		class = tokens.Run
	}
	return string(class)
}

// outcomeOf guesses what a word says of an attempt; empty where it is not known.
func outcomeOf(word string) string {
	word = strings.ToLower(word)
	switch {
	case slices.Contains(successWords, word):
		return tokens.Succeeded
	case slices.Contains(failureWords, word):
		return tokens.Failed
	case plainOutcome(word) && word[0] < '4':
		return tokens.Succeeded
	case plainOutcome(word):
		return tokens.Failed
	}
	return ""
}
