package verdict

import (
	"context"
	"slices"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// A log may name credentials by the digest of their value where the window knows an identifier of the provider, or the other way round. Such a log
// tells of the credential under a name that nobody recognises: that it is silent under the other name proves nothing.

// byDigest reports a name that is the digest of a value.
func byDigest(ref tokens.Ref) bool { return strings.HasPrefix(ref.ID(), tokens.HashPrefix) }

// strangers lists, by provider, credentials of uses that are no window's and whose names are of one kind alone.
func (j *judge) strangers() map[tokens.Provider][]tokens.Ref {
	out := map[tokens.Provider][]tokens.Ref{}
	for _, ref := range j.Used {
		names := j.Book.Names(ref)
		both := slices.ContainsFunc(names, func(n tokens.Ref) bool { return byDigest(n) != byDigest(ref) })
		if j.tracks[ref] == nil && !both {
			out[ref.Provider()] = append(out[ref.Provider()], ref)
		}
	}
	return out
}

// readStrangers counts, for each window, uses in it that its credential may have made under a name of the other kind.
func (j *judge) readStrangers(ctx context.Context, uses Uses) error {
	strangers := j.strangers()
	for _, digest := range []bool{false, true} {
		of := map[tokens.Provider][]*view{}
		var ask []tokens.Ref
		for _, v := range j.views {
			p := v.window.Link.Provider
			if v.track == nil || !slices.ContainsFunc(strangers[p], func(r tokens.Ref) bool { return byDigest(r) == digest }) ||
				slices.ContainsFunc(v.track.names, func(n tokens.Ref) bool { return byDigest(n) == digest }) {
				continue
			}
			if of[p] == nil {
				for _, r := range strangers[p] {
					if byDigest(r) == digest {
						ask = append(ask, r)
					}
				}
			}
			of[p] = append(of[p], v)
		}
		if len(ask) == 0 {
			continue
		}
		slices.Sort(ask)
		err := uses(ctx, ask, func(u *tokens.Use) error {
			for _, v := range of[u.Provider] {
				if v.mayBe(u) {
					v.strange++
					v.lastStrange = latest(v.lastStrange, u.At)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// mayBe reports whether a use under a name of the other kind may be of the window's credential: nothing that both tell is against it.
func (v *view) mayBe(u *tokens.Use) bool {
	account, project := v.window.Link.Account, v.projectOf(u)
	return (u.Account == "" || account == "" || fold(u.Account) == fold(account)) && (project == "" || v.window.Project == "" || v.window.Project == project) && v.holds(u)
}
