package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/tokens"
)

// maxCited bounds the uses that a verdict cites.
const maxCited = 20

// decide gives the verdict of a window, by precedence: what was seen outweighs what was not, and what could not be seen outweighs what is explained.
func (v *view) decide() Verdict {
	out := Verdict{Window: v.window.ID}
	if v.track == nil {
		return v.unasked(out)
	}
	logs := v.coverage()
	told := v.recorded(logs.whole)
	list, counts := v.uses()
	out.Uses, out.Releases = list, v.out
	out.Certain, out.Possible, out.First, out.Last = v.certain, v.possible, v.firstUse, v.lastUse
	out.Baseline = v.track.base.n
	if v.effects != nil {
		out.Baseline += v.effects.base.n
	}
	out.Evidence = append(slices.Clone(v.window.Link.Evidence), told.evidence...)
	if logs.whole {
		out.Through, out.Blind = logs.through, logs.blind
		out.Evidence = append(out.Evidence, logs.evidence...)
	}
	if told.silent {
		out.Evidence = append(out.Evidence, told.id)
	}
	v.weigh(&out, counts, logs, told)
	v.doubtName(&out, told)
	v.doubt(&out)
	if v.certain+v.possible > 0 {
		out.Reason = fmt.Sprintf("%s; %s", v.tally(counts), out.Reason)
	}
	if v.after > 0 {
		out.Reason += fmt.Sprintf("; %s after the provider was said to refuse it", count(v.after, "use"))
	}
	out.cite()
	out.Uses = append(out.Uses, told.inside...)
	return out
}

// weigh picks what decides.
func (v *view) weigh(out *Verdict, counts map[string]int, logs covered, told recorded) {
	say := func(word, rule, reason string) { out.Word, out.Rule, out.Reason = word, rule, reason }
	worst := func(word string) (Judged, bool) {
		i := slices.IndexFunc(out.Uses, func(u Judged) bool { return u.Word == word })
		if i < 0 {
			return Judged{}, false
		}
		return out.Uses[i], true
	}
	release := func(state string) (Release, bool) {
		i := slices.IndexFunc(out.Releases, func(r Release) bool { return r.State == state })
		if i < 0 {
			return Release{}, false
		}
		return out.Releases[i], true
	}
	inside := func(word string) (Judged, bool) {
		i := slices.IndexFunc(told.inside, func(u Judged) bool { return u.Word == word })
		if i < 0 {
			return Judged{}, false
		}
		return told.inside[i], true
	}
	if u, ok := worst(Suspicious); ok {
		say(Suspicious, u.Rule, stampOf(u)+": "+u.Reason)
	} else if u, ok := worst(Unexplained); ok {
		say(Unexplained, u.Rule, stampOf(u)+": "+u.Reason)
	} else if x, ok := inside(Unexplained); ok {
		say(Unexplained, x.Rule, x.Reason)
	} else if r, ok := release(NotExplained); ok {
		say(Unexplained, "release", "release "+r.Name+": "+strings.Join(r.Against, ", "))
	} else if x, ok := inside(Unknown); ok && !logs.whole {
		say(Unknown, x.Rule, x.Reason)
	} else if r, ok := release(NotKnown); ok {
		say(Unknown, "release", "nothing tells whose release "+r.Name+" is")
	} else if logs.whole && v.certain+v.possible > 0 {
		say(Consistent, cmp.Or(rule(out.Uses), "own-run"), "the logs were had whole over the window, and every use in it is explained")
	} else if logs.whole {
		say(NoneSeen, "covered", "the logs were had whole over the window, and tell of no use")
	} else if told.silent && v.certain+v.possible == 0 {
		out.Through, out.Blind = told.through, tellings[v.window.Link.Provider].recorded
		say(NoneSeen, "recorded", "recorded uses, through "+evidence.Stamp(told.through)+": "+told.reason)
	} else {
		say(Unknown, "no-coverage", cmp.Or(told.reason, logs.lacking))
		if told.reason != "" {
			out.Reason += "; " + logs.lacking
		}
	}
	if out.Word != NoneSeen && out.Word != Consistent {
		return
	}
	if v.open() && v.window.State != exposure.Open {
		out.Reason += "; the window is not known to be closed: this speaks of the time until " + evidence.Stamp(out.Through)
	}
}

// doubt takes back that nothing was amiss where the credential may not be the one that was taken: its logs are no witness of another's use.
func (v *view) doubt(out *Verdict) {
	if v.window.Link.Sure() || out.Word != NoneSeen && out.Word != Consistent {
		return
	}
	out.Reason = "nothing is sure to lead to " + v.window.Credential + "; of that one it would be " + out.Word + " (" + out.Rule + ": " + out.Reason + ")"
	out.Word, out.Rule = Unknown, "unsure-link"
}

// doubtName takes it back where the logs may tell of the credential under a name that nobody recognises. What an inventory says of the time before it stands.
func (v *view) doubtName(out *Verdict, told recorded) {
	if out.Word != NoneSeen && out.Word != Consistent {
		return
	}
	last := v.lastStrange()
	switch {
	case last.IsZero():
	case told.silent && v.certain+v.possible == 0 && !last.After(told.through):
		out.Through, out.Blind = told.through, tellings[v.window.Link.Provider].recorded
		out.Word, out.Rule, out.Reason = NoneSeen, "recorded", "recorded uses, through "+evidence.Stamp(told.through)+": "+told.reason
	default:
		out.Word, out.Rule = Unknown, "named-otherwise"
		out.Reason = "the log names credentials in another way, by a digest or by an identifier, and one that may be this was used in the window, last at " + evidence.Stamp(last) +
			": an inventory that has both names would tell, or its other name in the mapping"
	}
}

// unasked is the verdict where no log can be asked about a credential.
func (v *view) unasked(out Verdict) Verdict {
	w := v.window
	out.Word, out.Releases = Unknown, v.out
	switch {
	case w.Secret == "":
		out.Word, out.Rule, out.Reason = Suspicious, "campaign-push", "it pushed for the campaign"
		out.First, out.Last = at(w.Opened.NotAfter), at(w.Opened.NotAfter)
		out.Evidence = slices.Clone(w.Opened.Evidence)
	case w.Secret == exposure.GitHubToken || w.Secret == exposure.IDToken:
		out.Rule, out.Reason = "job-token", "tokens of single jobs: no log tells one from another, and what was done with one can outlive it"
	default:
		out.Rule, out.Reason = "unlinked", "nothing leads to the credential, so no log can be asked"
		if w.Link.Question != "" {
			out.Reason = w.Link.Question
		}
		for _, r := range v.out {
			if r.State == NotExplained {
				out.Word, out.Rule, out.Reason = Unexplained, "release", "release "+r.Name+": "+strings.Join(r.Against, ", ")
			}
		}
	}
	out.cite()
	return out
}

// tally counts in words.
func (v *view) tally(counts map[string]int) string {
	said := count(v.certain+v.possible, "use") + " in the window"
	if v.possible > 0 {
		said += fmt.Sprintf(" (%d possibly)", v.possible)
	}
	var parts []string
	for _, word := range []string{Suspicious, Unexplained, Consistent} {
		if n := counts[word]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	if len(parts) > 0 {
		said += ": " + strings.Join(parts, ", ")
	}
	return said
}

// rule is the one that explains most of the uses.
func rule(list []Judged) string {
	n, best := map[string]int{}, ""
	for _, u := range list {
		n[u.Rule]++
		if best == "" || n[u.Rule] > n[best] || n[u.Rule] == n[best] && u.Rule < best {
			best = u.Rule
		}
	}
	return best
}

func stampOf(u Judged) string { return evidence.Stamp(u.At) }

// cite adds the uses behind the verdict, the worst first, and the releases, and puts the ids in order.
func (out *Verdict) cite() {
	n := 0
	for _, word := range []string{Suspicious, Unexplained, Consistent} {
		for _, u := range out.Uses {
			if u.Word == word && n < maxCited {
				out.Evidence = append(append(out.Evidence, tokens.UseID(u.Key)), u.Ranges...)
				n++
			}
		}
	}
	for _, r := range out.Releases {
		if r.State != Explained {
			out.Evidence = append(out.Evidence, r.Evidence...)
		}
	}
	slices.Sort(out.Evidence)
	out.Evidence = slices.Compact(out.Evidence)
}
