package gitpack

import "sync"

// recentBytes bounds the trees kept by a Reader for the deltas that build on them.
const recentBytes = 32 << 20

// recent keeps trees that were read whole, by where they lie: the next one asked for is mostly a few deltas away from one of them. Emptying it
// whole is crude and enough. What is in it is shared and must not be changed.
type recent struct {
	mu    sync.Mutex
	trees map[place][]byte
	size  int
}

func (c *recent) get(at place) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	raw, ok := c.trees[at]
	return raw, ok
}

func (c *recent) put(at place, raw []byte) {
	if len(raw) > recentBytes/8 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size += len(raw); c.trees == nil || c.size > recentBytes {
		c.trees, c.size = map[place][]byte{}, len(raw)
	}
	c.trees[at] = raw
}
