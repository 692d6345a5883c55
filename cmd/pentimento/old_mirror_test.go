package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

const oldMirrorRecipe = `now 2025-10-20T12:00:00Z
actor mara-tolle  id=900301 name="Mara Tolle" email=mara@mail.example.invalid zone=+0100
repository signal-hut/foghorn id=700301 default=main created=2025-09-01T09:00:00Z
at 2025-09-20T09:00:00Z
commit first on main by mara-tolle "Sound two long blasts"
  file README.md
    | # foghorn
push main by mara-tolle
at 2025-09-25T03:00:00Z
commit plant on main by mara-tolle "Add Github Actions Security workflow" no-newline
  file .github/workflows/github_actions_security.yml as ghostaction secrets=PYPI_API_TOKEN host=bold-gull.example.invalid
push main by mara-tolle
ends main plant
`

// A mirror that was last written before the plant came tells of then, whether it is the only listing of refs or is added after a newer one.
func TestOldMirrorDisarmsNothing(t *testing.T) {
	recipe, err := drill.Parse("mirror.recipe", []byte(oldMirrorRecipe))
	if err != nil {
		t.Fatal(err)
	}
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	name := string(recipe.Repositories[0].Name)
	dir := filepath.Join(t.TempDir(), "mirror.git")
	for _, args := range [][]string{
		{"clone", "-q", "--mirror", server.URL() + "/" + name + ".git", dir},
		{"-C", dir, "update-ref", "refs/heads/main", string(server.OID("first"))},
	} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatal(string(out))
		}
	}
	old := time.Date(2025, 9, 21, 0, 0, 0, 0, time.UTC)
	if err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, old, old)
	}); err != nil {
		t.Fatal(err)
	}
	mirror := []string{"add", name, "--mirror", dir}
	for _, adds := range [][][]string{{mirror}, {{"add", name}, mirror}} {
		path := filepath.Join(t.TempDir(), "case.db")
		impatient(t, path, "init", "--campaign", "ghostaction", "--now", evidence.Stamp(recipe.Now))
		for _, add := range adds {
			impatient(t, path, add...)
			impatient(t, path, "collect", "--host", server.URL())
			impatient(t, path, "analyze")
		}
		if out := command(t, path, "repos"); !strings.Contains(string(out), "armed  2025-10-20 12:00:00Z") {
			t.Errorf("added %v:\n%s", adds, out)
		}
		if out := command(t, path, "presence"); !strings.Contains(string(out), "there as of 2025-10-20 12:00:00Z") {
			t.Errorf("added %v:\n%s", adds, out)
		}
	}
}
