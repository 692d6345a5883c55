package timeline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/when"
)

// FuzzOutput: whatever a step printed, what is told of it is in our words alone, each once.
func FuzzOutput(f *testing.F) {
	f.Add("2025-09-02T03:20:45.1234567Z curl: (6) Could not resolve host: a.example.invalid\n2025-09-02T03:20:46Z ##[error]Process completed with exit code 6.\n")
	f.Add("\ufeff2025-09-02T03:20:45Z ##[group]Run x\n2025-09-02T03:20:45Z HTTP/1.1 200\n2025-09-02T03:20:45Z ##[endgroup]\n2025-09-02T03:20:46Z HTTP/2 404")
	at := time.Date(2025, 9, 2, 3, 20, 45, 0, time.UTC)
	step := when.Between(when.Bound{At: at, Clock: when.Runner}, when.Bound{At: at.Add(2 * time.Second), Clock: when.Runner})
	f.Fuzz(func(t *testing.T, log string) {
		told := map[string]bool{}
		for _, says := range outputSays([]byte(log), step) {
			digits, isExit := strings.CutPrefix(says, "exit code ")
			known := slices.ContainsFunc(sayings, func(s saying) bool { return s.says == says }) || isExit && strings.Trim(digits, "0123456789") == ""
			if !known || told[says] {
				t.Errorf("%q", says)
			}
			told[says] = true
		}
	})
}
