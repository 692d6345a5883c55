package detect

import (
	"fmt"
	"strings"
	"testing"

	"pentimento/internal/workflow"
)

func TestReach(t *testing.T) {
	for name, c := range map[string]struct {
		jobs string
		want []string // job: secrets, all, environment, permissions, id-token, history
	}{
		"what a step names": {"jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ secrets.B }} ${{ secrets.A }}\n",
			[]string{"a: [A B] false  none-stated no false"}},
		"each job its own": {"jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ secrets.A }}\n  b:\n    runs-on: x\n    steps:\n      - run: echo\n",
			[]string{"a: [A] false  none-stated no false", "b: [] false  none-stated no false"}},
		"the env of the workflow is every job's": {"env:\n  T: ${{ secrets.T }}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: env\n  b:\n    runs-on: x\n    steps:\n      - run: env\n",
			[]string{"a: [T] false  none-stated no false", "b: [T] false  none-stated no false"}},
		"all of them, in an environment": {"jobs:\n  a:\n    runs-on: x\n    environment: production\n    steps:\n      - run: echo '${{ toJSON(secrets) }}'\n",
			[]string{"a: [] true production none-stated no false"}},
		"inherited": {"jobs:\n  a:\n    uses: o/r/.github/workflows/w.yml@main\n    secrets: inherit\n",
			[]string{"a: [] true  none-stated no false"}},
		"permissions of the job over those of the file": {"permissions: read-all\njobs:\n  a:\n    runs-on: x\n    permissions:\n      id-token: write\n      contents: read\n      issues: none\n    steps:\n      - run: echo\n  b:\n    runs-on: x\n    steps:\n      - run: echo\n",
			[]string{"a: [] false  contents: read, id-token: write yes false", "b: [] false  read-all no false"}},
		"none at all": {"permissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo\n", []string{"a: [] false  none no false"}},
		"write-all":   {"permissions: write-all\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo\n", []string{"a: [] false  write-all yes false"}},
		"history":     {"jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: git log -p --all | grep AKIA\n", []string{"a: [] false  none-stated no true"}},
		"unreadable":  {"jobs: [\n ${{ secrets.A }}", []string{": [A] false  none-stated unknown false"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, x := range reach(workflow.Parse([]byte("on: push\n" + c.jobs))) {
				permissions := x.Permissions
				if permissions == "" {
					permissions = "none-stated"
				}
				got = append(got, fmt.Sprintf("%s: %v %v %s %s %s %v", x.JobID, x.Secrets, x.AllSecrets, x.Environment, permissions, x.IDToken, x.History))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}
