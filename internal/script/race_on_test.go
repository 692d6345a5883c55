//go:build race

package script

// hostileBytes under the race detector, which drops what is pooled at random: regexps then allocate anew for each match.
const hostileBytes = 4 << 30
