package drill

import (
	"fmt"
	"time"
)

// maxMany bounds [Many]: the largest campaign known hit some 25,000 repositories.
const maxMany = 30_000

// manySpread is how many minutes apart the plants of two neighbours are, in a wave that comes round after a week.
const manySpread = 7 * 24 * 60

// Many is a recipe of n small repositories for measurements: three commits and a plant each, at its own time, with a run; every third
// was cleaned by force, every fifth planted on a branch that is gone, every tenth has two pages of runs. It states no truth. The clean
// commits are the same objects in all, as in campaigns against forks and templates.
func Many(n int) (*Recipe, error) {
	if n < 1 || n > maxMany {
		return nil, fmt.Errorf("drill: %d repositories: from 1 to %d", n, maxMany)
	}
	p := newParser("many")
	for _, text := range []string{
		"now 2025-11-20T12:00:00Z",
		`actor ivo-rand id=910001 name="Ivo Rand" email=ivo@mail.example.invalid zone=+0100`,
		`actor lena-groth id=910002 name="Lena Groth" email=lena@mail.example.invalid`,
	} {
		if err := p.line(0, text); err != nil {
			return nil, fmt.Errorf("drill: %w", err)
		}
	}
	for i := range n {
		for _, text := range manyLines(i) {
			if err := p.line(0, text); err != nil {
				return nil, fmt.Errorf("drill: repository %d: %q: %w", i, text, err)
			}
		}
	}
	if err := p.finish(); err != nil {
		return nil, fmt.Errorf("drill: %w", err)
	}
	return p.recipe, nil
}

// manyLines tells the i-th of many repositories.
func manyLines(i int) []string {
	plant := time.Date(2025, 9, 2, 0, 0, 0, 0, time.UTC).Add(time.Duration(i%manySpread) * time.Minute)
	lines := []string{
		fmt.Sprintf("repository crowd-%03d/part-%05d id=%d default=main created=2025-01-01T00:00:00Z", i/100, i, 800_000+i),
		"at 2025-02-01T10:00:00Z",
		`commit first on main by ivo-rand "First"`, "  file README.md", "    | # part",
		"  file .github/workflows/ci.yml", "    | on: push", "    | jobs: {test: {runs-on: ubuntu-latest, steps: [{run: make test}]}}",
		"push main by ivo-rand",
		"at 2025-05-01T10:00:00Z",
		`commit work on main by lena-groth "Work"`, "  file part.py", "    | X = 1",
		"push main by lena-groth",
	}
	branch := "main"
	add := func(more ...string) { lines = append(lines, more...) }
	add("at " + plant.Format(time.RFC3339))
	if i%5 == 0 {
		branch = "patch"
	}
	add(fmt.Sprintf(`commit plant on %s from work by ivo-rand "Add Github Actions Security workflow" no-newline`, branch),
		fmt.Sprintf("  file .github/workflows/github_actions_security.yml as ghostaction secrets=PYPI_API_TOKEN,KEY_%d host=bold-gull.example.invalid", i%50),
		fmt.Sprintf("push %s by ivo-rand", branch),
		fmt.Sprintf("run %d event=push head=plant branch=%s by ivo-rand leaks", 10_000_000+1_000*i, branch))
	if i%10 == 0 {
		for k := range 120 {
			add(fmt.Sprintf("run %d of ci.yml event=push head=work branch=main by ivo-rand conclusion=success ended=+9s", 10_000_001+1_000*i+k))
		}
	}
	switch {
	case i%5 == 0:
		add("at +2h", "delete branch patch by ivo-rand", "ends main work")
	case i%3 == 0:
		add("at +3h", "force-push main to work by lena-groth", "ends main work")
	default:
		add("ends main plant")
	}
	return lines
}
