package localgit

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// maxLine is of one line of a reflog: git writes the subject of a commit into it, which has no limit of its own.
const maxLine = 64 << 10

// gitBirth is the day of git's first commit: a clock that shows less was not set.
var gitBirth = time.Date(2005, 4, 7, 0, 0, 0, 0, time.UTC)

// entry is one line of a reflog. At is the clock of the machine (or GIT_COMMITTER_DATE, where somebody set it), to the second.
type entry struct {
	Old, New evidence.OID // [evidence.ZeroOID] for none
	At       time.Time
	Message  string
}

// parseEntry reads "old new Name <address> seconds zone TAB message", see git-reflog(1) and refs/files-backend.c. Who wrote it and the zone
// stay where they are.
func parseEntry(line []byte) (e entry, err error) {
	if len(line) > maxLine {
		return e, errors.New("too long")
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return e, errors.New("holds a NUL")
	}
	head, message, _ := strings.Cut(string(line), "\t")
	const oid = 40
	if len(head) < 2*oid+2 || head[oid] != ' ' || head[2*oid+1] != ' ' {
		return e, errors.New("does not begin with two object names")
	}
	if e.Old, err = evidence.ParseOID(head[:oid]); err != nil {
		return e, err
	}
	if e.New, err = evidence.ParseOID(head[oid+1 : 2*oid+1]); err != nil {
		return e, err
	}
	end := strings.LastIndexByte(head, '>')
	if end < 0 {
		return e, errors.New("names nobody")
	}
	fields := strings.Fields(head[end+1:])
	if len(fields) != 2 || !zone(fields[1]) {
		return e, errors.New("has no time with a zone")
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	const year9999 = 253402300799
	if err != nil || seconds > year9999 {
		return e, errors.New("has no readable time")
	}
	e.At, e.Message = time.Unix(seconds, 0).UTC(), message
	if e.At.Before(gitBirth) {
		return e, errors.New("was written by a clock that was not set")
	}
	return e, nil
}

func zone(s string) bool {
	if len(s) != len("+0000") || (s[0] != '+' && s[0] != '-') {
		return false
	}
	_, err := strconv.ParseUint(s[1:], 10, 16)
	return err == nil
}

// act is what the message of an entry of a remote-tracking ref says was done.
type act uint8

const (
	other act = iota // nothing that says what the server held
	fetch            // the server was asked and held the new value
	push             // the server took the new value
	clone            // the clone was made
)

// outcomes are how git fetch (builtin/fetch.c) and JGit word what a fetch did to a ref. A script may put its own words before them.
var outcomes = []string{": fast-forward", ": forced-update", ": storing head", ": storing ref", ": storing tag", ": updating tag", ": fast forward",
	": forced update", ": created"}

// reads splits a message into what was done and the words of the command. https://git-scm.com/docs/git-reflog does not define them; they
// are those of builtin/fetch.c, builtin/clone.c and transport.c, and of JGit's FetchProcess and PushProcess.
func reads(message string) (act, []string) {
	if from, ok := strings.CutPrefix(message, "clone: from "); ok {
		return clone, strings.Fields(from)
	}
	if message == "update by push" || message == "push" || strings.HasPrefix(message, "push: ") {
		return push, nil
	}
	command, found := message, false
	for _, o := range outcomes {
		if command, found = strings.CutSuffix(message, o); found {
			break
		}
	}
	words := strings.Fields(command)
	if len(words) == 0 {
		return other, nil
	}
	switch {
	case words[0] == "fetch", words[0] == "pull" && found:
		return fetch, words[1:]
	case len(words) > 1 && words[0] == "remote" && words[1] == "update" && found:
		return fetch, words[2:]
	}
	return other, nil
}
