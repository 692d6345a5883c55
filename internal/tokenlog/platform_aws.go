package tokenlog

import (
	"context"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// Logs of AWS. Data events (objects of S3, calls of functions) are written where somebody turned them on: their absence says nothing, and coverage of
// management events is none of theirs.
const (
	logCloudTrail     = "aws/cloudtrail"
	logCloudTrailData = "aws/cloudtrail-data"
)

func awsFormats() []Format {
	return []Format{
		{
			Name: "cloudtrail", Kinds: []string{KindUsage}, Log: logCloudTrail,
			About: "AWS CloudTrail: delivered files, lookup-events, EventBridge and Lake envelopes, bare records",
			Guess: guessCloudTrail, Read: readCloudTrail,
		},
		{
			Name: "cloudtrail-csv", Kinds: []string{KindUsage}, Log: logCloudTrail,
			About: "AWS CloudTrail: CSV download of the console's event history, or of a Lake query with eventJson",
			Guess: func(s Sample) int {
				if s.columns("event name", "event time", "event source") || s.columns("eventjson") {
					return 90
				}
				return 0
			},
			Read: readCloudTrailCSV,
		},
		{
			Name: "cloudtrail-digest", Kinds: []string{KindUsage},
			About: "AWS CloudTrail digest file: proves over which hours a region's log is whole, and holds no events",
			Guess: func(s Sample) int {
				if s.keys("awsAccountId", "digestStartTime", "digestEndTime") {
					return 100
				}
				return 0
			},
			Read: readCloudTrailDigest,
		},
		{
			Name: "aws-credential-report", Kinds: []string{KindCredentials},
			About: "aws iam get-credential-report (its Content, decoded): last use of each user's keys, without their ids",
			Guess: func(s Sample) int {
				if s.columns("user", "arn", "access_key_1_active", "access_key_1_last_used_date") {
					return 100
				}
				return 0
			},
			Read: readCredentialReport,
		},
		{
			Name: "aws-access-keys", Kinds: []string{KindCredentials},
			About: "aws iam list-access-keys, or get-access-key-last-used with the key id added",
			Guess: func(s Sample) int {
				switch {
				case s.keys("AccessKeyMetadata") || s.keys("AccessKeyLastUsed"):
					return 100
				case s.keys("AccessKeyId", "CreateDate", "Status"):
					return 90
				}
				return 0
			},
			Read: readAccessKeys,
		},
	}
}

func guessCloudTrail(s Sample) int {
	switch {
	case s.keys("eventID", "eventName", "eventSource"), s.keys("eventid", "eventname", "eventsource"), s.keys("eventTime", "eventName", "eventSource"):
		return 95
	case s.keys("CloudTrailEvent"), s.keys("EventId", "EventName", "EventTime"):
		return 95
	case s.keys("detail-type", "detail") && s.mentions("eventSource"):
		return 95
	case s.keys("eventJson"), s.keys("eventjson"):
		return 85
	case s.isJSON() && s.mentions("Records", "eventVersion", "eventSource"), s.isJSON() && s.mentions("Events", "CloudTrailEvent"):
		return 95
	case s.keys("Records") && strings.Contains(s.Name, "_CloudTrail_"):
		return 90 // delivered, with a first record that the sample does not hold whole
	}
	return 0
}

// trailRecord is one event. Exports of Athena write its names in lower case and its objects as text.
type trailRecord struct{ object }

// field is the text at a path of names, as AWS or as Athena writes them.
func (r trailRecord) field(path ...string) string {
	if len(path) > 1 {
		return r.child(path[0]).field(path[1:]...)
	}
	if s := r.text(path[0]); s != "" {
		return s
	}
	if s := r.text(strings.ToLower(path[0])); s != "" {
		return s
	}
	if v, told := r.flag(path[0]); told && v {
		return "true"
	} else if told {
		return "false"
	}
	return ""
}

// child is the object under a name; its fields are empty where there is none.
func (r trailRecord) child(name string) trailRecord {
	for _, n := range []string{name, strings.ToLower(name)} {
		if o := r.object.object(n); o != nil {
			return trailRecord{o}
		}
		if text := r.text(n); strings.HasPrefix(text, "{") {
			if o, err := parseObject([]byte(text)); err == nil {
				return trailRecord{o}
			}
		}
	}
	return trailRecord{}
}

// trailReader gives on events of CloudTrail.
type trailReader struct {
	in  *Input
	out *Sink
}

// readCloudTrail reads every JSON shape in which records are had. All are brought to the record that CloudTrail itself wrote, in which the time is UTC:
// the time outside of it, as lookup-events prints it, is of the zone of whoever asked.
func readCloudTrail(ctx context.Context, in *Input, out *Sink) error {
	t := &trailReader{in: in, out: out}
	return eachObject(ctx, in, out, []string{"Records", "Events", "events", "QueryResultRows"}, func(o object) error {
		if text := firstText(o.text("CloudTrailEvent"), o.text("eventJson"), o.text("eventjson")); text != "" {
			if inner, err := parseObject([]byte(text)); err == nil {
				return t.event(trailRecord{inner}, in.zone(time.UTC))
			}
		}
		if inner := o.object("eventJson"); inner != nil {
			return t.event(trailRecord{inner}, in.zone(time.UTC))
		}
		if inner := o.object("detail"); inner != nil && o.text("detail-type") != "" {
			return t.event(trailRecord{inner}, in.zone(time.UTC))
		}
		if o.text("EventName") != "" {
			return t.event(lookup(o), in.Zone)
		}
		return t.event(trailRecord{o}, in.zone(time.UTC))
	})
}

// lookup is what an event of lookup-events tells outside of its record.
func lookup(o object) trailRecord {
	identity := object{"accessKeyId": o["AccessKeyId"], "userName": o["Username"]}
	r := object{"eventID": o["EventId"], "eventName": o["EventName"], "eventSource": o["EventSource"], "eventTime": o["EventTime"], "readOnly": o["ReadOnly"],
		"userIdentity": map[string]any(identity)}
	for _, v := range o.list("Resources") {
		if m, ok := v.(map[string]any); ok {
			r["resources"] = []any{map[string]any{"ARN": m["ResourceName"]}}
			break
		}
	}
	return trailRecord{r}
}

// readCloudTrailCSV reads what the console downloads, by the labels that it shows, and tables with a column of whole records.
func readCloudTrailCSV(ctx context.Context, in *Input, out *Sink) error {
	t := &trailReader{in: in, out: out}
	return eachRecord(ctx, in, out, func(r *record) error {
		if text := r.get("eventjson"); text != "" {
			o, err := parseObject([]byte(text))
			if err != nil {
				return out.Reject("eventJson is no record")
			}
			return t.event(trailRecord{o}, in.zone(time.UTC))
		}
		identity := map[string]any{"accessKeyId": r.get("aws access key", "access key"), "userName": r.get("user name", "username")}
		return t.event(trailRecord{object{
			"eventID": r.get("event id"), "eventName": r.get("event name"), "eventSource": r.get("event source"), "eventTime": r.get("event time"),
			"readOnly": r.get("read-only", "read only"), "errorCode": r.get("error code"), "sourceIPAddress": r.get("source ip address"), "userIdentity": identity,
			"resources": []any{map[string]any{"ARN": r.get("resource name", "resources")}},
		}}, in.Zone)
	})
}

// event gives on one record as a use, and what it tells of credentials.
func (t *trailReader) event(r trailRecord, zone *time.Location) error {
	name := r.field("eventName")
	if name == "" {
		return t.out.Reject("the record has no eventName")
	}
	at, within, err := instant(r.field("eventTime"), zone)
	if err != nil {
		return t.out.Reject(err.Error())
	}
	service := strings.TrimSuffix(r.field("eventSource"), ".amazonaws.com")
	u := tokens.Use{
		Log: logCloudTrail, Provider: tokens.AWS, Credential: r.field("userIdentity", "accessKeyId"), Account: trailAccount(r), Action: strings.TrimPrefix(service+":"+name, ":"),
		Class: trailClass(r, service, name), Project: trailProject(r, service), Subject: trailSubject(r), At: at, Within: within, UserAgent: r.field("userAgent"),
		Outcome: tokens.Succeeded, External: firstText(r.field("addendum", "originalEventID"), r.field("eventID")),
	}
	if c := r.field("eventCategory"); c != "" && c != "Management" {
		u.Log = logCloudTrailData
	}
	u.Address, u.Origin = place(r.field("sourceIPAddress"))
	u.Via = trailVia(r, &u)
	if r.field("errorCode") != "" || r.field("responseElements", "ConsoleLogin") == "Failure" {
		u.Outcome = tokens.Failed
	}
	m := minted(r, &u)
	u.Minted = m.ID
	if err := t.out.Use(&u); err != nil {
		return err
	}
	return t.lifecycle(r, &u, m)
}
