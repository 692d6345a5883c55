package evidence

import "time"

// HourState says what an archive has of an hour.
type HourState string

// States of an hour. Absence of an event from a present hour proves nothing either: the archive loses events (field notes in
// https://github.com/igrigorik/gharchive.org/issues/310, /312, /320).
const (
	HourPresent   HourState = "present"
	HourAbsent    HourState = "absent"    // the archive has no such file
	HourTruncated HourState = "truncated" // the file ends early or is damaged: what came before the damage was read
	HourRefused   HourState = "refused"   // our own limits or checks refused the file
	HourUnread    HourState = "unread"    // it could not be had this time
)

// ArchiveHour is what reading one hour of an archive came to. It belongs to no repository: it says how much the silence of the archive on
// any of those that were looked for is worth.
type ArchiveHour struct {
	Archive string    // which archive: its base URL without credentials, or the name of the folder or file
	Hour    time.Time // begin of the hour of ingest, UTC; events made up to a day earlier can be filed here
	State   HourState
	Digest  string // SHA-256 of the file as it was read, in hex; empty where there was none
	Bytes   int64  // of the file, compressed
	Events  int64  // lines that are events
	Pushes  int64
	Bad     int64     // lines that are no events
	First   time.Time // the oldest and the newest created_at among the events that were decoded; zero for none. Archive clock
	Last    time.Time
	Detail  string // why, where the state is not present or not whole
	Scope   string // names the repositories that the reading looked for; no part of the id: the archive is the same for all
}

// ID of the fact.
func (h ArchiveHour) ID() string {
	return ID("hour", h.Archive, Stamp(h.Hour), string(h.State), h.Digest)
}
