package verdict

import (
	"context"
	"slices"
	"strings"
	"time"

	"pentimento/internal/exposure"
	"pentimento/internal/tokens"
)

// A log may name credentials by the digest of their value where the window knows an identifier of the provider, or the other way round. Such a log
// tells of the credential under a name that nobody recognises: that it is silent under the other name proves nothing.

// byDigest reports a name that is the digest of a value.
func byDigest(ref tokens.Ref) bool { return strings.HasPrefix(ref.ID(), tokens.HashPrefix) }

// strangers are the uses of credentials that no window leads to and that have names of one kind alone: when, to the minute, by whom and of what.
type strangers map[doer][]int64

// doer is what tells such a use from a window's: texts are empty where the log does not tell. Digest is the kind of its name.
type doer struct {
	provider         tokens.Provider
	digest           bool
	account, project string
}

// readStrangers reads them where a window's credential has no name of their kind.
func (j *judge) readStrangers(ctx context.Context, uses Uses) error {
	wanted := map[doer]bool{}
	for _, v := range j.views {
		for _, digest := range []bool{false, true} {
			if v.lacksName(digest) {
				wanted[doer{provider: v.window.Link.Provider, digest: digest}] = true
			}
		}
	}
	var ask []tokens.Ref
	for _, ref := range j.Used {
		both := slices.ContainsFunc(j.Book.Names(ref), func(n tokens.Ref) bool { return byDigest(n) != byDigest(ref) })
		if j.tracks[ref] == nil && !both && wanted[doer{provider: ref.Provider(), digest: byDigest(ref)}] {
			ask = append(ask, ref)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	slices.Sort(ask)
	j.strange = strangers{}
	err := uses(ctx, ask, func(u *tokens.Use) error {
		d := doer{u.Provider, byDigest(u.Ref()), fold(u.Account), projectOf(u)}
		for _, at := range []time.Time{u.At, u.At.Add(u.Within)} {
			if list, minute := j.strange[d], at.Unix()/60; len(list) == 0 || list[len(list)-1] != minute {
				j.strange[d] = append(list, minute)
			}
		}
		return nil
	})
	for d, list := range j.strange {
		slices.Sort(list)
		j.strange[d] = slices.Compact(list)
	}
	return err
}

// lacksName reports that the window's credential has no name of a kind.
func (v *view) lacksName(digest bool) bool {
	return v.track != nil && !slices.ContainsFunc(v.track.names, func(n tokens.Ref) bool { return byDigest(n) == digest })
}

// lastStrange is when something was used last in the window, to the minute, that may be its credential under a name of the other kind: nothing that both
// tell is against it. Zero where nothing was.
func (v *view) lastStrange() time.Time {
	var last time.Time
	w := v.window
	account, from, to := fold(w.Link.Account), at(w.Opened.NotBefore), at(w.Closed.NotAfter)
	if w.State != exposure.Closed || to.IsZero() {
		to = v.Now
	}
	lacks := map[bool]bool{false: v.lacksName(false), true: v.lacksName(true)}
	for d, list := range v.strange {
		if d.provider != w.Link.Provider || !lacks[d.digest] || d.account != "" && account != "" && d.account != account ||
			d.project != "" && w.Project != "" && d.project != w.Project {
			continue
		}
		n, exact := slices.BinarySearch(list, to.Unix()/60)
		if exact {
			n++
		}
		if n > 0 && (from.IsZero() || list[n-1] >= from.Unix()/60) {
			if t := time.Unix(list[n-1]*60, 0).UTC(); t.After(last) {
				last = t
			}
		}
	}
	return last
}
