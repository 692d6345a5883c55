package exposure

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/linkage"
	"pentimento/internal/tokens"
	"pentimento/internal/when"
)

// settles is how long after a provider removes a credential it may still be taken by a part of its service that has not heard: IAM says of itself that
// it is eventually consistent (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html). A use within it moves the bound and refutes nothing.
const settles = 5 * time.Minute

// refusal is a time since which a provider does not take a credential.
type refusal struct {
	at  when.Instant
	how string
}

// refusing are the events after which a provider does not take a credential.
var refusing = map[string]string{tokens.Removed: "removed", tokens.Leaked: "removed by the provider, which found it in public", tokens.Expired: "expired",
	tokens.Disabled: "disabled", tokens.Refused: "seen to be refused", tokens.Rotated: "given another value, which ends the old one"}

// refused gives the first refusal after a time that nothing takes back: an event, a revocation or expiry that an inventory tells, or a row that lists
// it as inactive, which bounds the time from above.
func (x *life) refused(after time.Time) (refusal, bool) {
	var best refusal
	found := false
	take := func(at when.Instant, how string) {
		if to := at.NotAfter.At; to.After(after) && (!found || to.Before(best.at.NotAfter.At)) {
			best, found = refusal{at, how}, true
		}
	}
	for _, e := range x.events {
		if how := refusing[e.What]; how != "" && !x.enabledAfter(e) {
			take(when.At(e.At, when.Server, e.FactID()), how)
		}
	}
	alive := when.Bound{}
	for i, c := range x.rows {
		id := c.FactID()
		if !c.RevokedAt.IsZero() {
			take(when.At(c.RevokedAt, when.Server, id), "revoked")
		}
		if last := i == len(x.rows)-1; last && !c.ExpiresAt.IsZero() && !c.ListedAt.IsZero() {
			take(when.At(c.ExpiresAt, when.Server, id), "expired")
		}
		switch {
		case c.ListedAt.IsZero():
		case !c.Inactive:
			alive = when.Bound{At: c.ListedAt, Clock: when.Server}
		case !slices.ContainsFunc(x.rows[i:], func(later tokens.Credential) bool { return !later.Inactive && !later.ListedAt.IsZero() }):
			from := alive
			if c.LastUsedAt.After(from.At) && c.LastUsedAt.Before(c.ListedAt) {
				from = when.Bound{At: c.LastUsedAt, Clock: when.Server}
			}
			take(when.Between(from, when.Bound{At: c.ListedAt, Clock: when.Server}, id), "listed as inactive")
		}
	}
	return best, found
}

func (x *life) enabledAfter(e tokens.Event) bool {
	return e.What == tokens.Disabled && slices.ContainsFunc(x.events, func(o tokens.Event) bool { return o.What == tokens.Enabled && o.At.After(e.At) })
}

// alive is the last time at which an inventory lists the credential as one that is taken.
func (x *life) alive() (at time.Time, id string) {
	for _, c := range x.rows {
		if !c.Inactive && c.RevokedAt.IsZero() && (c.ExpiresAt.IsZero() || c.ExpiresAt.After(c.ListedAt)) && c.ListedAt.After(at) {
			at, id = c.ListedAt, c.FactID()
		}
	}
	return at, id
}

// Close settles the end of a window that links lead to a credential: by the provider's refusal of it, never by a new value of the secret and never by a
// row that an inventory lacks. A refusal that is still to come closes nothing. A listing as active after a closure takes it back.
func (l Lives) Close(w *Window, now time.Time) {
	if w.Link.Credential == "" || w.State == NeverStored {
		return
	}
	x := l.life(w.Link.Credential)
	after := time.Time{}
	if w.stored.from.Known() {
		after = w.stored.from.At
	}
	if r, ok := x.refused(after); ok && !r.at.NotAfter.At.After(now) {
		w.refuse(r)
	}
	if at, id := x.alive(); !at.IsZero() {
		w.Alive(at, id, "listed as active")
	}
	l.unlisted(w)
}

// refuse closes by a refusal. What a person said of another time stays in the reason.
func (w *Window) refuse(r refusal) {
	if !w.Link.Sure() {
		w.Reason = annotate(w.Reason, w.Credential+" was "+r.how+" at "+r.at.String()+"; nothing is sure to lead to it, so that closes nothing: say in a mapping which credential it is")
		return
	}
	opened := w.Opened.NotBefore
	if opened.Known() && r.at.NotAfter.At.Before(opened.At) && w.Link.Confidence != linkage.Certain {
		w.Reason = annotate(w.Reason, w.Credential+" was "+r.how+" at "+r.at.String()+", before anything could take it: perhaps the secret is another credential")
		return
	}
	if w.State == Closed && !w.Closed.NotBefore.At.Equal(r.at.NotBefore.At) {
		w.Reason = annotate(w.Reason, "declared revoked at "+w.Closed.String()+" ("+strings.Join(w.Closed.Evidence, ", ")+"); the provider tells otherwise")
	}
	if opened.Known() && r.at.NotAfter.At.Before(opened.At) {
		w.Reason = annotate(w.Reason, "it was refused before anything could take it")
	}
	w.State, w.Closed = Closed, r.at
	w.Reason = annotate(w.Reason, r.how+" at "+r.at.String())
}

// Alive takes a sign that the provider took the credential at a time: since it was exposed, the window is open as of then; after a closure it refutes
// that, and both sides are told. What is cited is the id of the fact, how says what it is.
func (w *Window) Alive(at time.Time, id, how string) {
	switch {
	case w.State == NeverStored || w.Opened.NotBefore.Known() && at.Before(w.Opened.NotBefore.At):
	case w.State == Closed && at.After(w.Closed.NotAfter.At.Add(settles)):
		w.Reason = annotate(w.Reason, fmt.Sprintf("closed at %s (%s), and %s at %s (%s): these contradict each other", w.Closed, strings.Join(w.Closed.Evidence, ", "),
			how, evidence.Stamp(at), id))
		w.State, w.Closed = Open, when.Instant{}
	case w.State == Closed && at.After(w.Closed.NotAfter.At):
		w.Closed = when.Between(w.Closed.NotBefore, when.Bound{At: at.UTC(), Clock: when.Server}, append(slices.Clone(w.Closed.Evidence), id)...)
		w.Reason = annotate(w.Reason, how+" within minutes of it")
	case w.State == NotKnownClosed:
		w.State = Open
		w.Reason = annotate(w.Reason, how+" at "+evidence.Stamp(at)+" ("+id+")")
	}
}

// unlisted says where a whole inventory of the owner lacks the credential: gone since, and nobody says when or how.
func (l Lives) unlisted(w *Window) {
	if w.State == Closed {
		return
	}
	x := l.life(w.Link.Credential)
	for _, n := range l.listings {
		had := slices.ContainsFunc(x.rows, func(c tokens.Credential) bool { return !c.ListedAt.Before(n.At) })
		owner := n.Account == "" || strings.EqualFold(n.Account, w.Link.Account)
		if n.Complete && n.Provider == w.Link.Provider && owner && !had && (!w.Opened.NotBefore.Known() || n.At.After(w.Opened.NotBefore.At)) {
			w.Reason = annotate(w.Reason, "not listed at "+evidence.Stamp(n.At)+" ("+n.FactID()+"): gone by then, or another's; that alone does not show it refused")
			return
		}
	}
}
