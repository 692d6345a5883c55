package drill

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// root is what a query starts from.
func (q *query) root() node {
	return node{
		"__typename": "Query",
		"rateLimit": node{
			"__typename": "RateLimit", "cost": 1, "limit": hourlyLimit, "nodeCount": 0, "remaining": q.remaining, "used": hourlyLimit - q.remaining,
			"resetAt": stamp(q.recipe.Now.Add(time.Hour)),
		},
		"repository": func(args arguments) (any, error) {
			name := fmt.Sprint(args["owner"], "/", args["name"])
			r := q.recipe.repository(name)
			if r == nil || r.hidden() || r.NoAPI || r.Blocked != "" {
				return nil, &gqlFailure{Type: "NOT_FOUND", Message: fmt.Sprintf("Could not resolve to a Repository with the name '%s'.", name)}
			}
			return q.repository(r), nil
		},
	}
}

// some gives a typed nil as an untyped one: null in the answer.
func some(n node) any {
	if n == nil {
		return nil
	}
	return n
}

func (q *query) repository(r *Repository) node {
	full := r.full(q.recipe)
	return node{
		"__typename": "Repository", "databaseId": r.ID, "id": full.NodeID, "name": full.Name, "nameWithOwner": r.fullName(), "isFork": full.Fork,
		"isArchived": r.Archived, "isPrivate": r.Private, "createdAt": full.CreatedAt, "pushedAt": full.PushedAt,
		"parent": func(arguments) (any, error) {
			if parent := q.recipe.repository(string(r.ForkOf)); r.ForkOf != "" && parent != nil && !parent.hidden() {
				return q.repository(parent), nil
			}
			return nil, nil
		},
		"defaultBranchRef": some(r.refNode("refs/heads/" + evidence.Ref(r.DefaultBranch))),
		"object":           func(args arguments) (any, error) { return r.objectNode(args) },
		"pullRequest": func(args arguments) (any, error) {
			n, _ := number(args["number"])
			for _, pr := range r.pulls {
				if int64(pr.number) == n {
					return q.pull(r, pr), nil
				}
			}
			return nil, &gqlFailure{Type: "NOT_FOUND", Message: fmt.Sprintf("Could not resolve to a PullRequest with the number of %d.", n)}
		},
		"pullRequests": func(args arguments) (any, error) { return q.pulls(r, args) },
	}
}

// refNode is null for a ref that is not there.
func (r *Repository) refNode(ref evidence.Ref) node {
	oid, ok := r.refs[ref]
	if !ok {
		return nil
	}
	prefix := "refs/heads/"
	if ref.Tag() {
		prefix = "refs/tags/"
	}
	return node{"__typename": "Ref", "name": ref.Short(), "prefix": prefix, "target": some(r.gitNode(oid))}
}

// objectNode resolves object(oid:) and object(expression:) for a full SHA or the name of a branch.
func (r *Repository) objectNode(args arguments) (any, error) {
	text, _ := args["oid"].(string)
	if expression, given := args["expression"].(string); given {
		text = expression
		for _, prefix := range []evidence.Ref{"", "refs/heads/", "refs/tags/"} {
			if oid, ok := r.refs[prefix+evidence.Ref(expression)]; ok {
				text = string(oid)
				break
			}
		}
	}
	oid, err := evidence.ParseOID(text)
	if err != nil {
		return nil, &gqlFailure{Type: "argumentLiteralsIncompatible", Message: fmt.Sprintf("Could not coerce value %q to GitObjectID.", text)}
	}
	return some(r.gitNode(oid)), nil
}

// gitNode is an object of the repository, reachable or not, null where nobody has it.
func (r *Repository) gitNode(oid evidence.OID) node {
	out := node{"oid": oid, "abbreviatedOid": oid.Short(), "id": "O_" + string(oid)}
	for _, t := range r.tagged {
		if t.oid == oid {
			out["__typename"], out["name"], out["target"] = "Tag", t.name, some(r.gitNode(t.target.oid))
			return out
		}
	}
	o, ok := r.objects[oid]
	if !ok {
		return nil
	}
	switch o.kind {
	case "commit":
		c := o.commit
		out["__typename"], out["committedDate"], out["authoredDate"], out["message"] = "Commit", stamp(c.date), stamp(c.date), c.message
		out["signature"] = some(r.signatureNode(c))
	case "tree":
		out["__typename"] = "Tree"
	default:
		out["__typename"], out["byteSize"] = "Blob", len(o.text)
	}
	return out
}

func (r *Repository) signatureNode(c *commit) node {
	if c.signed == "" || r.recipe.silent[evidence.OriginSignatures] {
		return nil
	}
	out := node{
		"__typename": "GpgSignature", "email": c.committer().email, "isValid": true, "state": "VALID", "payload": string(c.unsigned()),
		"signature": c.signature(), "signer": userNode(c.committer()), "verifiedAt": maybeStamp(c.verified), "wasSignedByGitHub": c.signed == "github",
		"keyId": "0123456789ABCDEF",
	}
	return out
}

// userNode is an account, null for nobody.
func userNode(a *actor) any {
	if a == nil {
		return nil
	}
	kind := "User"
	if strings.HasSuffix(a.login, "[bot]") {
		kind = "Bot"
	}
	return node{"__typename": kind, "login": strings.TrimSuffix(a.login, "[bot]"), "databaseId": a.id}
}

// pulls lists pull requests by number, oldest first unless asked otherwise.
func (q *query) pulls(r *Repository, args arguments) (any, error) {
	var out []node
	states, _ := args["states"].([]any)
	for _, pr := range r.pulls {
		n := q.pull(r, pr)
		if len(states) > 0 && !slices.ContainsFunc(states, func(s any) bool { return s == n["state"] }) {
			continue
		}
		if name, given := args["headRefName"].(string); given && name != pr.head {
			continue
		}
		if name, given := args["baseRefName"].(string); given && name != pr.base {
			continue
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b node) int { return a["number"].(int) - b["number"].(int) })
	if order, given := args["orderBy"].(map[string]any); given && order["direction"] == "DESC" {
		slices.Reverse(out)
	}
	return q.connection("PullRequestConnection", out, args)
}

func (q *query) pull(r *Repository, pr *pullRequest) node {
	state, closed, touched := "OPEN", pr.merged, later(pr.opened, pr.merged)
	for _, u := range r.updates {
		if !u.at.After(pr.opened) {
			continue
		}
		if u.ref == pr.ref() && !pr.foreign {
			if touched = later(touched, u.at); !pr.merged.IsZero() {
				continue
			}
			if closed = (time.Time{}); u.kind == evidence.BranchDeletion {
				closed = u.at
			}
		} else if u.ref.Short() == pr.base && u.kind == evidence.ForcePush {
			touched = later(touched, u.at)
		}
	}
	switch {
	case !pr.merged.IsZero():
		state = "MERGED"
	case !closed.IsZero():
		state = "CLOSED"
	}
	out := node{
		"__typename": "PullRequest", "number": pr.number, "databaseId": r.ID*1000 + int64(pr.number), "id": fmt.Sprintf("PR_%d_%d", r.ID, pr.number),
		"author": userNode(pr.by), "baseRefName": pr.base, "headRefName": pr.head, "headRefOid": pr.tip.oid, "state": state,
		"isCrossRepository": pr.foreign, "closed": state != "OPEN", "merged": state == "MERGED", "mergedAt": maybeStamp(pr.merged),
		"closedAt": maybeStamp(closed), "createdAt": stamp(pr.opened), "updatedAt": stamp(touched.Add(r.lag["activity"])), "headRepository": nil, "headRepositoryOwner": nil,
		"timelineItems": func(args arguments) (any, error) { return q.timeline(r, pr, args) },
	}
	switch {
	case !pr.foreign:
		out["headRepository"] = q.repository(r)
		out["headRepositoryOwner"] = node{"__typename": "User", "login": r.fullName().Owner(), "databaseId": ownerID(r.fullName())}
	case pr.fork != "":
		if fork := q.recipe.repository(string(pr.fork)); fork != nil && !fork.hidden() {
			out["headRepository"] = q.repository(fork)
		}
		out["headRepositoryOwner"] = node{"__typename": "User", "login": pr.fork.Owner(), "databaseId": ownerID(pr.fork)}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (pr *pullRequest) ref() evidence.Ref { return "refs/heads/" + evidence.Ref(pr.head) }

// timelineKinds maps the words of itemTypes to the types of the items. No recipe changes the base of a pull request.
var timelineKinds = map[string]string{
	"BASE_REF_CHANGED_EVENT": "BaseRefChangedEvent", "BASE_REF_FORCE_PUSHED_EVENT": "BaseRefForcePushedEvent", "HEAD_REF_DELETED_EVENT": "HeadRefDeletedEvent",
	"HEAD_REF_FORCE_PUSHED_EVENT": "HeadRefForcePushedEvent", "HEAD_REF_RESTORED_EVENT": "HeadRefRestoredEvent", "MERGED_EVENT": "MergedEvent",
}

// timeline derives what happened to the head and the base of a pull request from the updates of their branches while it was there. The
// base counts until the merge.
func (q *query) timeline(r *Repository, pr *pullRequest, args arguments) (any, error) {
	var kinds []string
	types, _ := args["itemTypes"].([]any)
	for _, t := range types {
		kinds = append(kinds, timelineKinds[fmt.Sprint(t)])
	}
	var out []node
	deleted := false
	for i, u := range r.updates {
		if q.recipe.silent[evidence.OriginPullTimeline] || u.at.Before(pr.opened) || u.unlisted["pull"] {
			continue
		}
		item := node{"actor": userNode(u.actor), "createdAt": stamp(u.at.Add(r.lag["activity"])), "id": fmt.Sprintf("EV_%d_%d", r.serial(i), pr.number)}
		head := u.ref == pr.ref() && !pr.foreign
		base := u.ref == "refs/heads/"+evidence.Ref(pr.base) && (pr.merged.IsZero() || !u.at.After(pr.merged))
		switch {
		case u.kind == evidence.ForcePush && (head || base):
			item["__typename"] = map[bool]string{true: "HeadRefForcePushedEvent", false: "BaseRefForcePushedEvent"}[head]
			item["beforeCommit"], item["afterCommit"], item["ref"] = some(r.gitNode(u.before)), some(r.gitNode(u.after)), some(r.refNode(u.ref))
		case u.kind == evidence.BranchDeletion && head:
			item["__typename"], item["headRef"], item["headRefName"], deleted = "HeadRefDeletedEvent", some(r.refNode(u.ref)), pr.head, true
		case u.kind == evidence.BranchCreation && head && deleted:
			item["__typename"], deleted = "HeadRefRestoredEvent", false
		case u.kind == evidence.PRMerge && base && u.at.Equal(pr.merged):
			item["__typename"], item["commit"], item["mergeRefName"] = "MergedEvent", some(r.gitNode(u.after)), pr.base
		default:
			continue
		}
		if kinds == nil || slices.Contains(kinds, item["__typename"].(string)) {
			out = append(out, item)
		}
	}
	connection, err := q.connection("PullRequestTimelineItemsConnection", out, args)
	if err != nil {
		return nil, err
	}
	connection["updatedAt"] = stamp(pr.opened)
	return connection, nil
}
