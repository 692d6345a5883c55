package workflow

import "strings"

// Action names what a step or a job uses: OWNER/REPO/PATH@REF, a folder of the same repository, or an image.
type Action struct {
	Owner string
	Repo  string
	Path  string // in that repository; of a local one the whole path, of an image its name
	Ref   string // tag, branch or commit; of an image its tag or digest
	Local bool   // stands in the same repository, at the same commit
	Image bool   // docker://
	Line  int
}

// Pinned reports that the reference is a full commit id or a digest, which nobody can move.
func (a Action) Pinned() bool {
	if a.Image {
		return strings.HasPrefix(a.Ref, "sha256:")
	}
	return len(a.Ref) == 40 && strings.Trim(a.Ref, "0123456789abcdef") == ""
}

// Name is the action without its version: OWNER/REPO/PATH, lower-cased.
func (a Action) Name() string {
	parts := []string{}
	for _, p := range []string{a.Owner, a.Repo, a.Path} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.ToLower(strings.Join(parts, "/"))
}

// action takes the text of a "uses" apart.
func action(uses string, line int) Action {
	a := Action{Line: line}
	if image, ok := strings.CutPrefix(uses, "docker://"); ok {
		a.Image = true
		if name, digest, ok := strings.Cut(image, "@"); ok {
			a.Path, a.Ref = name, digest
		} else if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
			a.Path, a.Ref = image[:i], image[i+1:]
		} else {
			a.Path = image
		}
		return a
	}
	if path, ok := strings.CutPrefix(uses, "./"); ok || uses == "." {
		a.Local, a.Path = true, strings.Trim(path, "/")
		return a
	}
	name, ref, _ := strings.Cut(uses, "@")
	a.Ref = ref
	a.Owner, name, _ = strings.Cut(name, "/")
	a.Repo, a.Path, _ = strings.Cut(name, "/")
	return a
}
