package localgit

import (
	"fmt"

	"pentimento/internal/evidence"
)

// oddities counts what is wrong with reflogs: by file, and over all of them what would be too many gaps.
type oddities struct {
	r         *reading
	elsewhere int // pushes to other addresses
	mute      int // entries of remote-tracking refs that are neither fetch nor push
	muteFirst string
	files     int // files with gaps
	more      int // and those that are not named

	file      string
	bad       int
	badLine   int
	badWhy    string
	breaks    int
	breakLine int
	back      int
	backLine  int
	last      *entry
	isCut     bool
}

func (o *oddities) begin(file string) {
	o.file, o.bad, o.breaks, o.back, o.last, o.isCut = file, 0, 0, 0, nil, false
}

func (o *oddities) cut() { o.isCut = true }

func (o *oddities) broken(n int, err error) {
	if o.bad++; o.bad == 1 {
		o.badLine, o.badWhy = n, err.Error()
	}
}

// follow compares an entry with the one before it.
func (o *oddities) follow(n int, e entry) {
	if o.last != nil && o.last.New != e.Old {
		if o.breaks++; o.breaks == 1 {
			o.breakLine = n
		}
	}
	if o.last != nil && e.At.Before(o.last.At) {
		if o.back++; o.back == 1 {
			o.backLine = n
		}
	}
	o.last = &e
}

func (o *oddities) silent(ref string) {
	if o.mute++; o.mute == 1 {
		o.muteFirst = ref
	}
}

func (o *oddities) unread(file string, err error) {
	o.begin(file)
	o.gaps(evidence.Gap{Kind: evidence.GapUnreadable, Detail: "the reflog could not be read: " + evidence.Printable(err.Error())})
}

func (o *oddities) end() {
	var out []evidence.Gap
	if o.isCut {
		out = append(out, evidence.Gap{Kind: evidence.GapRefused, Detail: fmt.Sprintf("the reflog has more than %d MiB; its beginning was read", maxFile>>20)})
	}
	if o.bad > 0 {
		out = append(out, evidence.Gap{Kind: evidence.GapUnreadable,
			Detail: fmt.Sprintf("%d lines could not be used; the first, line %d, %s", o.bad, o.badLine, evidence.Printable(o.badWhy))})
	}
	if o.breaks > 0 {
		out = append(out, evidence.Gap{Kind: evidence.GapBrokenChain, Hint: "git expires entries after 30 and 90 days, and people delete them",
			Detail: fmt.Sprintf("%d entries do not follow from the one before, first at line %d: entries are missing", o.breaks, o.breakLine)})
	}
	if o.back > 0 {
		out = append(out, evidence.Gap{Kind: evidence.GapContradiction,
			Detail: fmt.Sprintf("%d entries are dated before the one before them, first at line %d: the clock of the machine was set", o.back, o.backLine)})
	}
	o.gaps(out...)
}

func (o *oddities) gaps(list ...evidence.Gap) {
	if len(list) == 0 {
		return
	}
	if o.files++; o.files > maxLogGaps {
		o.more++
		return
	}
	for _, g := range list {
		g.Subject = evidence.Printable(o.file)
		o.r.gap(g)
	}
}

// sum says what was counted over all files.
func (o *oddities) sum() {
	if o.more > 0 {
		o.r.gap(evidence.Gap{Kind: evidence.GapTruncated, Subject: "more reflogs", Detail: fmt.Sprintf("%d more reflogs have gaps of their own", o.more)})
	}
	if o.elsewhere > 0 {
		o.r.gap(evidence.Gap{Kind: evidence.GapUnsupported, Subject: "pushes to other addresses",
			Detail: fmt.Sprintf("%d pushes went to an address that is not the repository's alone: they say nothing of its refs", o.elsewhere)})
	}
	if o.mute > 0 {
		o.r.gap(evidence.Gap{Kind: evidence.GapUnsupported, Subject: "entries by other commands",
			Detail: fmt.Sprintf("%d entries of remote-tracking refs, the first of %s, tell of no plain fetch or push: they were not taken for what the server held",
				o.mute, evidence.Printable(o.muteFirst))})
	}
}
