package when

import (
	"encoding/json"
	"fmt"
	"time"
)

// instantJSON is the published shape of an instant in every document: unknown bounds are null, times RFC 3339 in UTC.
type instantJSON struct {
	NotBefore      *string  `json:"not_before"`
	NotAfter       *string  `json:"not_after"`
	Clock          *string  `json:"clock"`
	NotBeforeClock *string  `json:"not_before_clock"`
	NotAfterClock  *string  `json:"not_after_clock"`
	Claimed        bool     `json:"claimed"`
	Evidence       []string `json:"evidence"`
}

// MarshalJSON writes the published shape.
func (i Instant) MarshalJSON() ([]byte, error) {
	out := instantJSON{Claimed: i.Claimed(), Evidence: i.Evidence}
	if out.Evidence == nil {
		out.Evidence = []string{}
	}
	out.NotBefore, out.NotBeforeClock = boundJSON(i.NotBefore)
	out.NotAfter, out.NotAfterClock = boundJSON(i.NotAfter)
	if c := i.Clock(); c != NoClock {
		name := c.String()
		out.Clock = &name
	}
	return json.Marshal(out)
}

func boundJSON(b Bound) (at, clock *string) {
	if !b.Known() {
		return nil, nil
	}
	t, c := b.At.UTC().Format(time.RFC3339Nano), b.Clock.String()
	return &t, &c
}

// UnmarshalJSON reads the published shape back; clock and claimed are derived and ignored.
func (i *Instant) UnmarshalJSON(data []byte) error {
	var in instantJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	nb, err := parseBound(in.NotBefore, in.NotBeforeClock)
	if err != nil {
		return fmt.Errorf("not_before: %w", err)
	}
	na, err := parseBound(in.NotAfter, in.NotAfterClock)
	if err != nil {
		return fmt.Errorf("not_after: %w", err)
	}
	*i = Instant{NotBefore: nb, NotAfter: na, Evidence: union(in.Evidence)}
	return nil
}

func parseBound(at, clock *string) (Bound, error) {
	if at == nil {
		return Bound{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, *at)
	if err != nil {
		return Bound{}, err
	}
	b := Bound{At: t.UTC()}
	if clock != nil {
		b.Clock, err = ParseClock(*clock)
	}
	return b, err
}
