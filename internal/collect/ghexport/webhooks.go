package ghexport

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// Webhooks reads saved deliveries of webhooks at the paths: files, or all files below folders, plain, gzip or zstd, each with one or many of
//   - {"headers": {"X-GitHub-Event": ..., "X-GitHub-Delivery": ...}, "payload" or "body": ..., "delivered_at" or "received_at": ...},
//   - what GitHub gives of a delivery: GET .../hooks/{id}/deliveries/{id},
//   - payloads alone, whose event is told by their shape.
//
// The unit of each repository is "webhooks/NAME-DIGEST" (in the summary), and "webhooks" of every one of the case. Errors: as of [AuditLog].
//
// Nothing shows that GitHub sent a delivery: the signature needs the secret of the webhook. It is the word of whoever saved it.
func Webhooks(ctx context.Context, paths []string, cfg Config, emit Emit) (Summary, error) {
	e := &export{cfg: cfg, origin: evidence.OriginWebhooks, kind: "webhooks", emit: emit, facts: webhookFacts}
	sum, err := e.run(ctx, paths, e.takeDelivery)
	if err != nil {
		return sum, fmt.Errorf("read webhooks: %w", err)
	}
	return sum, nil
}

// delivery is a row of any of the shapes.
type delivery struct {
	event    string
	payload  record
	sent     time.Time // by GitHub's clock: when it delivered, at once or again
	received time.Time // by the clock of whoever received it
}

func (e *export) takeDelivery(raw []byte) error {
	raw, err := compact(raw)
	if err != nil {
		return err
	}
	rec, err := decode(raw)
	if err != nil {
		return err
	}
	d, guid, err := open(rec)
	if err != nil {
		return err
	}
	r := row{raw: raw, record: rec, at: d.when(), id: guid}
	if r.id == "" {
		r.id = rowID(raw)
	}
	about := d.payload.object("repository")
	full, of := about.text("full_name"), max(0, about.number("id"))
	if full == "" && of == 0 || d.event == "" {
		e.sum.Unnamed++
		return nil
	}
	m := e.members.of(of, full)
	if m == nil {
		e.sum.Foreign++
		return nil
	}
	if r.at.IsZero() {
		return badRow("has no time")
	}
	return e.file(m, r)
}

// open finds event, payload and times in a row. guid is the id of the delivery, the same when it was sent again.
func open(r record) (d delivery, guid string, err error) {
	headers := header(r)
	d.event, guid = headers["x-github-event"], headers["x-github-delivery"]
	d.received = r.time("received_at", "timestamp", "time", "created_at")
	if request := r.object("request"); len(request) > 0 && r.text("guid") != "" {
		d.event, guid, d.sent, d.received = r.text("event"), r.text("guid"), r.time("delivered_at"), time.Time{}
		d.payload = request.object("payload")
		return d, guid, nil
	}
	d.sent = r.time("delivered_at")
	for _, name := range []string{"payload", "body"} {
		if v := r.field(name); v != nil {
			d.payload, err = payload(v)
			d.event = cmp.Or(d.event, r.text("event"), shape(d.payload))
			return d, guid, err
		}
	}
	if len(r.object("repository")) == 0 {
		return d, guid, badRow("is no delivery and no payload")
	}
	return delivery{event: shape(r), payload: r}, "", nil
}

// header gathers the headers of a delivery by lower-case name, from "headers", from "request.headers", or from the row itself.
func header(r record) map[string]string {
	out := map[string]string{}
	for _, from := range []record{r, r.object("request").object("headers"), r.object("headers")} {
		for name, v := range from {
			if s := asText(v); s != "" {
				out[strings.ToLower(name)] = s
			}
		}
	}
	return out
}

// payload reads the body of a delivery: an object, the text of one, or the form that GitHub sends on request.
func payload(v any) (record, error) {
	switch x := v.(type) {
	case map[string]any:
		return x, nil
	case string:
		if form, ok := strings.CutPrefix(x, "payload="); ok {
			form, _, _ = strings.Cut(form, "&")
			text, err := url.QueryUnescape(form)
			if err != nil {
				return nil, badRow("has a form that cannot be read")
			}
			x = text
		}
		return decode([]byte(x))
	}
	return nil, badRow("has no payload")
}

// shape tells the event of a payload by what only its kind has; empty where that is not certain.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads
func shape(p record) string {
	for _, name := range []string{"workflow_run", "workflow_job", "check_suite", "release"} {
		if len(p.object(name)) > 0 {
			return name
		}
	}
	_, hasBefore := p["before"]
	_, hasMaster := p["master_branch"]
	switch {
	case hasBefore && p.text("after") != "" && strings.HasPrefix(p.text("ref"), "refs/") && p.text("action") == "":
		return "push"
	case p.text("ref_type") != "" && hasMaster:
		return "create"
	case p.text("ref_type") != "" && p.text("pusher_type") != "":
		return "delete"
	case len(p.object("member")) > 0 && p.text("action") != "":
		return "member"
	}
	return ""
}

// when is the time of a delivery for ordering and coverage: the best that the row has.
func (d delivery) when() time.Time {
	at, _, _ := d.moved()
	return at
}

// deliveryLag is how soon GitHub delivers: what is later was sent again, or the repository was pushed to again before.
const deliveryLag = time.Minute

// moved is when the move of a ref that a delivery tells was made, by whose clock, and whether by then or then. A push names the time of the
// repository's last push, which is its own unless another followed before the delivery; a delivery alone is only an end.
func (d delivery) moved() (at time.Time, clock when.Clock, by bool) {
	pushed := d.payload.object("repository").time("pushed_at")
	near := func(end time.Time) bool {
		return !end.IsZero() && !end.Before(pushed) && end.Sub(pushed) <= deliveryLag
	}
	switch {
	case d.event == "push" && !pushed.IsZero() && (near(d.sent) || d.sent.IsZero()):
		return pushed, when.Server, false
	case !d.sent.IsZero():
		return d.sent, when.Server, true
	}
	if at := d.own(); !at.IsZero() {
		return at, when.Server, true
	}
	return d.received, when.Local, true
}

// own is the time that the thing a payload tells of bears itself.
func (d delivery) own() time.Time {
	x := d.payload.object(d.event)
	switch d.event {
	case "workflow_run", "workflow_job", "check_suite":
		return x.time("updated_at", "completed_at", "started_at", "created_at")
	case "release":
		return x.time("published_at", "created_at")
	}
	return time.Time{}
}
