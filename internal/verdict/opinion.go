package verdict

import (
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/tokens"
)

// opinion is what one rule says of one use.
type opinion struct{ Word, Rule, Reason string }

// leastUsual is how many uses before make "never seen" say something.
const leastUsual = 5

// checks are actions that a thief begins with: they tell whose credential it is, and nothing else.
var checks = []string{"getcalleridentity", "sts:getcalleridentity", "sts.amazonaws.com:getcalleridentity", "whoami", "get /-/whoami"}

// scanners are programs that find and try credentials.
var scanners = []string{"trufflehog", "gitleaks", "nord-stream", "gato", "gato-x", "titus", "ggshield"}

// judgeUse applies the rules in their order: the first that holds decides.
func (t *track) judgeUse(u *tokens.Use, f *features) opinion {
	malicious, own := t.runsOf(u, f)
	l := t.base.compare(f)
	strange := l.network != seen
	switch {
	case malicious != nil:
		return opinion{Suspicious, "campaign-run", fmt.Sprintf("run %d, which ran a malicious version", malicious.ID)}
	case own != "":
		return opinion{Consistent, "own-run", own}
	case slices.Contains(scanners, f.agent) && l.agent != seen:
		return opinion{Suspicious, "scanner", "by " + f.agent + ", which finds and tries credentials"}
	case slices.Contains(checks, fold(f.action)) && l.action != seen && strange:
		return opinion{Suspicious, "credential-check", "it asks whose credential it is, which was never done before" + from(f)}
	case u.Minted != "" && strange:
		return opinion{Suspicious, "minted", "it made another credential" + from(f) + ", where it was never seen"}
	}
	return t.byBaseline(l, f)
}

// byBaseline compares with what was usual. A cloud runner's address is nobody's own: it is never seen before in a way that counts.
func (t *track) byBaseline(l likeness, f *features) opinion {
	unlike, alike := l.unlike(f), l.alike()
	switch {
	case t.base.n == 0:
		return opinion{Unexplained, "no-baseline", "nothing was seen of it before, so nothing says what is usual" + from(f)}
	case l.network == untold:
		return opinion{Unexplained, "no-origin", "the log does not tell where it came from, and no run of the repository explains it"}
	case l.network == seen && f.runner != "":
		return opinion{Unexplained, "runner-range", "from cloud runners of " + f.runner + ", where anyone can rent, and in no run of the repository"}
	case l.network == seen && len(alike) > 0:
		return opinion{Consistent, "baseline", "as before: network " + f.place() + " and " + strings.Join(alike, ", ")}
	case l.network == seen:
		return opinion{Unexplained, "other-work", "from where it was used before, and nothing else is as before: " + strings.Join(unlike, ", ")}
	case l.near && !f.rented && t.base.n >= leastUsual && len(unlike) == 0 && len(alike) > 0:
		return opinion{Consistent, "same-system", fmt.Sprintf("as before: %s, another network of %s, from which %d of %s before came, and %s", f.place(), f.system(),
			t.base.asns[f.asn], count(t.base.n, "use"), strings.Join(alike, ", "))}
	case t.base.n >= leastUsual && len(unlike) > 0 && (!l.near || len(unlike) > 1):
		return opinion{Suspicious, "unlike-before", "never seen in " + count(t.base.n, "use") + " before: network " + f.place() + ", " + strings.Join(unlike, ", ")}
	case t.base.n < leastUsual:
		return opinion{Unexplained, "thin-baseline", "a new network" + from(f) + ", and only " + count(t.base.n, "use") + " before to compare with"}
	case f.runner != "":
		return opinion{Unexplained, "runner-range", "from cloud runners of " + f.runner + ", where anyone can rent, and in no run of the repository"}
	case l.near && f.rented:
		return opinion{Unexplained, "near-network", "a new network" + from(f) + " of " + f.system() + ", which was seen before, but where anyone can rent"}
	case l.near:
		return opinion{Unexplained, "near-network", "a new network" + from(f) + " of " + f.system() + ", which was seen before; " + lacking(unlike)}
	}
	return opinion{Unexplained, "new-network", "never seen in " + count(t.base.n, "use") + " before: network " + f.place()}
}

// lacking says why a network of the same system as before explains nothing.
func lacking(unlike []string) string {
	if len(unlike) == 0 {
		return "nothing else tells whether it was used as before"
	}
	return "never seen: " + strings.Join(unlike, ", ")
}

func from(f *features) string {
	if p := f.place(); p != "" {
		return " from " + p
	}
	return ""
}

// runsOf looks for the run behind a use. A run that the log names decides. One of the same time explains it only where the origin fits a runner or was seen
// before, and where what was done is not new: that anything ran then says little.
func (t *track) runsOf(u *tokens.Use, f *features) (malicious *Run, own string) {
	var l likeness
	compared := false
	for _, key := range t.repositories() {
		x := t.runs[key]
		if x == nil {
			continue
		}
		for _, r := range x.byID[u.RunID] {
			if u.RunID == 0 {
				break
			}
			if r.Malicious {
				return &r, ""
			}
			return nil, fmt.Sprintf("the log names run %d of %s", r.ID, key)
		}
		for _, r := range x.at(u.At, u.At.Add(u.Within)) {
			if r.Malicious {
				continue
			}
			if !compared {
				l, compared = t.base.compare(f), true
			}
			fits := f.place() == "" || f.runner != "" || l.network == seen
			if fits && l.agent != fresh && l.action != fresh && l.project != fresh {
				return nil, fmt.Sprintf("while run %d of %s ran", r.ID, key) + originOf(f)
			}
		}
	}
	return nil, ""
}

func originOf(f *features) string {
	switch {
	case f.runner != "":
		return ", from a runner's address"
	case f.place() != "":
		return ", from a network that was seen before"
	}
	return ", by the time alone: the log does not tell where it came from"
}

// repositories are those of the track's windows, by key.
func (t *track) repositories() []string {
	if t.repos == nil {
		for _, v := range t.views {
			t.repos = append(t.repos, v.repository.Key())
		}
		slices.Sort(t.repos)
		t.repos = slices.Compact(t.repos)
	}
	return t.repos
}
