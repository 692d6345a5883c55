package gharchive

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/evidence"
)

// Scope names what a reading looks for: a digest of the names and ids of the repositories, whatever their order. Two readings of one scope
// find the same in the same file.
func Scope(targets []Target) string {
	lines := make([]string, 0, len(targets))
	for _, t := range targets {
		names := []string{t.Repository.Key()}
		for _, a := range t.Aliases {
			names = append(names, a.Key())
		}
		slices.Sort(names[1:])
		lines = append(lines, strings.Join(names, " ")+" "+strconv.FormatInt(t.GitHubID, 10))
	}
	slices.Sort(lines)
	return digest(lines)
}

func digest(lines []string) string {
	sum := sha256.New()
	for _, l := range lines {
		io.WriteString(sum, l+"\n") // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// inScope gives every hour that has none the scope of all repositories, and says before the first of them which these are.
func inScope(cfg Config, emit Emit) Emit {
	whole, told := Scope(cfg.Repositories), cfg.Scoped == nil
	return func(hour evidence.ArchiveHour, obs []evidence.Observation) error {
		if hour.Scope != "" {
			return emit(hour, obs)
		}
		if !told {
			if err := cfg.Scoped(whole, names(cfg.Repositories)); err != nil {
				return err
			}
			told = true
		}
		hour.Scope = whole
		return emit(hour, obs)
	}
}

func names(targets []Target) []evidence.Repository {
	out := make([]evidence.Repository, 0, len(targets))
	for _, t := range targets {
		out = append(out, t.Repository)
	}
	return out
}
