package timeline

import (
	"fmt"

	"pentimento/internal/evidence"
)

// judgeTrees notes the malicious files in the tree of every commit, and those that nobody can judge; most commits share theirs.
func (r *reader) judgeTrees() {
	r.bad, r.textless = make([]map[string]evidence.OID, len(r.graph.parents)), make([]map[string]evidence.OID, len(r.graph.parents))
	type files struct{ bad, textless map[string]evidence.OID }
	seen := make([]*files, r.h.Folders()+1)
	for n := range int32(r.h.Nodes()) { // of some only the tree is known
		folder := r.h.FolderOf(n)
		if folder == evidence.UnknownFolder {
			continue
		}
		f := seen[folder]
		if f == nil {
			f = &files{map[string]evidence.OID{}, map[string]evidence.OID{}}
			for _, e := range r.h.Folder(folder) {
				switch _, bad := r.Malicious[e.Blob]; {
				case bad:
					f.bad[e.Path] = e.Blob
				case r.Facts.Textless[e.Blob]:
					f.textless[e.Path] = e.Blob
					o := r.h.ID(n)
					r.gap(evidence.GapUnreadable, string(e.Blob), fmt.Sprintf("commit %s holds it at %s and its text was not had: whether it is malicious is not known",
						o.Short(), e.Path), "collect from a clone or a fork that has the blob", evidence.CommitID(o))
				}
			}
			seen[folder] = f
		}
		i := r.graph.number[n]
		r.bad[i], r.textless[i] = f.bad, f.textless
	}
}

// readable reports that every workflow file of a commit could be judged.
func (r *reader) readable(o evidence.OID) bool {
	i, named := r.graph.find(o)
	return named && r.bad[i] != nil && len(r.textless[i]) == 0
}

// judged is the malicious blob at a path of a commit's tree, empty for none. known is false where the tree, or the text at that path, could
// not be had.
func (r *reader) judged(o evidence.OID, path string) (blob evidence.OID, known bool) {
	i, named := r.graph.find(o)
	if !named || r.bad[i] == nil || r.textless[i][path] != "" {
		return "", false
	}
	return r.bad[i][path], true
}

// clean reports a commit that is known to hold no malicious file at a path.
func (r *reader) clean(o evidence.OID, path string) bool {
	blob, known := r.judged(o, path)
	return known && blob == ""
}

// malicious lists the malicious files in the tree of a commit by path; ok is false where the tree could not be had.
func (r *reader) malicious(o evidence.OID) (files map[string]evidence.OID, ok bool) {
	i, named := r.graph.find(o)
	if !named {
		return nil, false
	}
	return r.bad[i], r.bad[i] != nil
}

// holds is the malicious blob at a path of a commit's tree, empty for none or for an unknown tree.
func (r *reader) holds(o evidence.OID, path string) evidence.OID {
	files, _ := r.malicious(o)
	return files[path]
}
