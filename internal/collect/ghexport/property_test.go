package ghexport_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/collect/ghexport"
	"pentimento/internal/evidence"
	_ "pentimento/internal/seeded"
)

// Whatever strings the rows hold and however they are packed, each good row is a fact, each damaged line is a bad one, and neither costs the other.
func TestEveryRowCounts(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.StringOf(rapid.SampledFrom([]rune("{}[]\\\"',:\n\x00\u2028aé ")))
		var lines []string
		good, foreign, bad := 0, 0, 0
		for i := range rapid.IntRange(0, 8).Draw(t, "rows") {
			name := string(repo)
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				lines = append(lines, `{"broken": "`+strings.ReplaceAll(words.Draw(t, "broken"), "\n", "")+"\"\"")
				bad++
				continue
			case 1:
				name = "octo-org/unlisted"
				foreign++
			default:
				good++
			}
			text, err := json.Marshal(map[string]any{"@timestamp": ms + i, "action": "repo.create_actions_secret", "repo": name, "key": fmt.Sprintf("K%d", i),
				words.Draw(t, "key") + "_": words.Draw(t, "value")})
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(text))
		}
		text := strings.Join(lines, "\n")
		if bad == 0 && rapid.Bool().Draw(t, "array") {
			text = "[" + strings.Join(lines, rapid.SampledFrom([]string{",", " ,\n\t"}).Draw(t, "comma")) + "]"
		} else if len(lines) > 0 && !strings.HasSuffix(lines[0], "}") {
			text = "{}\n" + text // the first line tells how the file is to be read
			bad++
		}
		name := filepath.Join(dir, "x")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		facts := 0
		sum, err := ghexport.AuditLog(context.Background(), []string{name}, config(), func(obs evidence.Observation) error {
			facts += len(obs.Secrets)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if facts != good || sum.Stored != int64(good) || sum.Foreign != int64(foreign) || sum.Bad != int64(bad) || sum.Rows != int64(good+foreign+bad) {
			t.Fatalf("%d good, %d foreign, %d bad; told %d facts and %+v\n%s", good, foreign, bad, facts, sum, text)
		}
	})
}
