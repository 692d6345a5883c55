package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/inert"
	"pentimento/internal/tokens"
	"pentimento/queries"
)

func (p *program) identifyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "identify",
		Short: "What a token says of itself, without asking anybody",
		Long: `Reads tokens from standard input, one a line, and prints what each tells without anybody being asked: who issued it, its kind, the identifier by
which inventories and logs name it, what the caveats of a PyPI token leave of its owner's rights, and the digests by which providers name tokens:
GitHub's hashed_token as its audit log writes it, as its search and its API want it in a URL, and in hex; SHA-256 as crates.io and RubyGems keep it.
Many a hash is made of the token and a line break, by mistake: that one is given too.

White space, quotes and what stands before a token in a shell, a .env, .npmrc or .pypirc file or a header are taken off; lines that begin with # are
passed over. Where a case is at hand, identify says what it holds of the credential.

Nothing is sent anywhere, and no token is printed or stored; an access key id of AWS is no secret and is its own identifier. Tokens are never given
as arguments, which shells and lists of processes keep. Whether a token still works, only its provider knows: to try it is to use it.`,
		Example: "  pentimento identify < token.txt\n  grep _authToken .npmrc | pentimento identify --json | jq -r '.tokens[].credential'",
		// The words of cobra's own check would repeat what may be a token.
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("identify takes no arguments: tokens come on standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return p.identify(cmd.Context(), asJSON) },
	}
	// A token that begins like a flag must not come back in the words of an error.
	cmd.SetFlagErrorFunc(func(*cobra.Command, error) error {
		return usagef("identify takes --json and the flags of all commands, and tokens on standard input alone")
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the versioned document")
	return cmd
}

// identified is one token, without its value, and what the case holds of it.
type identified struct {
	line int
	tokens.Identity
	asked bool // a case was
	known rowset
}

func (p *program) identify(ctx context.Context, asJSON bool) error {
	if terminal(p.stdin) {
		p.say("one token a line, which the terminal shows; the end of input (Ctrl-D) ends it")
	}
	given, err := readTokens(p.stdin)
	if err != nil {
		return err
	}
	var list []identified
	for _, g := range given {
		x := identified{line: g.line, Identity: tokens.Identify(g.value)}
		if strings.ContainsFunc(g.value, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r > unicode.MaxASCII }) {
			x.Remarks = append(x.Remarks, "it holds white space or characters that tokens do not have: its digests are of all of it")
		}
		list = append(list, x)
	}
	if err := p.askCase(ctx, list); err != nil {
		return err
	}
	if asJSON {
		rows, err := identitiesJSON(list)
		if err != nil {
			return err
		}
		return writeJSON(p.stdout, "pentimento/identify/v1", "tokens", rows)
	}
	for i := range list {
		if i > 0 {
			fmt.Fprintln(p.stdout)
		}
		if err := printIdentity(p.stdout, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

// askCase asks the case that was named, or the one of the present folder, where there is one. That one may be anything: what is wrong with it is said, and
// stands in nobody's way.
func (p *program) askCase(ctx context.Context, list []identified) error {
	named := p.casePath != "" || p.env("PENTIMENTO_CASE") != ""
	q, err := queries.Get("credential")
	if err != nil {
		return err
	}
	err = p.withReadCase(ctx, func(c *casefile.Case) error {
		for i := range list {
			x := &list[i]
			x.asked = true
			if err := x.ask(ctx, c, q); err != nil {
				return fmt.Errorf("query %s: %w", q.Name, err)
			}
		}
		p.say("asked %s for them: query %s", p.path(), q.Name)
		return nil
	})
	if err == nil || named || ctx.Err() != nil {
		return err
	}
	if !errors.Is(err, casefile.ErrMissing) {
		p.say("%s was not asked: %v", p.path(), err)
	}
	for i := range list {
		list[i].asked, list[i].known = false, rowset{}
	}
	return nil
}

// maxNames bounds under how many names a credential is asked for.
const maxNames = 16

// ask reads what a case holds of the token, under every name that its value tells and every name that an inventory has beside one of those.
func (x *identified) ask(ctx context.Context, c *casefile.Case, q queries.Query) error {
	names := x.Refs()
	for i := 0; i < min(len(names), maxNames); i++ {
		args, err := q.Arguments(map[string]string{"credential": string(names[i])})
		if err != nil {
			return err
		}
		var found rowset
		if err := found.read(ctx, c, q.SQL, args); err != nil {
			return err
		}
		x.known.columns, x.known.index = found.columns, found.index
		for _, r := range found.rows {
			if other := tokens.Ref(r.text("credential")); !slices.Contains(names, other) {
				names = append(names, other)
			}
			same := func(k row) bool { return r.text("evidence") != "" && k.text("evidence") == r.text("evidence") }
			if !slices.ContainsFunc(x.known.rows, same) {
				x.known.rows = append(x.known.rows, r)
			}
		}
	}
	return nil
}

func printIdentity(w io.Writer, x *identified) error {
	what := "of no known provider"
	if x.Provider != "" {
		what = string(x.Provider) + " " + x.Kind
	}
	if _, err := fmt.Fprintf(w, "line %d  %s\n", x.line, inert.Escape(what)); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "  %s\t%s\n", name, inert.Escape(inert.Column(name, value)))
		}
	}
	line("credential", string(x.Ref()))
	for _, other := range x.Refs() {
		if other != x.Ref() {
			line("or", string(other))
		}
	}
	line("account", x.Account)
	line("registry", x.Location)
	if g := x.Grant; g != nil {
		line("projects", granted(g))
		for _, word := range g.Words {
			line("caveat", word)
		}
	}
	line("sha256", x.SHA256)
	if x.Provider == tokens.GitHub || x.Provider == "" {
		line("hashed_token", x.HashedToken)
		line("in a URL", url.QueryEscape(x.HashedToken))
		line("with a line break", x.HashedLine)
	}
	line("ends in", x.LastEight)
	for _, remark := range x.Remarks {
		line("remark", remark)
	}
	for _, s := range x.inCase() {
		line("in the case", s)
	}
	return t.Flush()
}

// granted says on which projects a token of PyPI can act.
func granted(g *tokens.Grant) string {
	var parts []string
	switch {
	case !g.Bounded:
		return "all that its owner has"
	case g.Projects != nil:
		parts = append(parts, or(strings.Join(g.Projects, ", "), "none"))
	}
	if len(g.ProjectIDs) > 0 {
		parts = append(parts, "with id "+strings.Join(g.ProjectIDs, ", "))
	}
	return or(strings.Join(parts, ", and of those the ones "), "none")
}

// inCase puts what the case holds into lines.
func (x *identified) inCase() []string {
	switch {
	case !x.asked:
		return nil
	case len(x.Refs()) == 0:
		return []string{"cannot be asked for: its value does not tell its identifier"}
	case len(x.known.rows) == 0:
		return []string{"not named"}
	}
	var out []string
	for _, r := range x.known.rows {
		parts := []string{r.text("told_by")}
		if as := r.text("credential"); !slices.Contains(x.Refs(), tokens.Ref(as)) {
			parts = append(parts, as)
		}
		for _, name := range []string{"repository", "detail"} {
			if s := inert.Column(name, r.text(name)); s != "" {
				parts = append(parts, s)
			}
		}
		switch at, until := stamp(r.text("at"), false), stamp(r.text("until"), false); {
		case r.text("until") != "" && until != at:
			parts = append(parts, at+" .. "+until)
		case r.text("at") != "":
			parts = append(parts, at)
		}
		if r.text("told_by") == "log" {
			parts = append(parts, r.text("count")+" use(s)")
		}
		if id := r.text("evidence"); id != "" {
			parts = append(parts, id)
		}
		out = append(out, strings.Join(parts, "  "))
	}
	return out
}

// identityJSON is one row of pentimento/identify/v1. Null is what the value does not tell. Known is null where no case was asked.
type identityJSON struct {
	Line        int          `json:"line"`
	Provider    *string      `json:"provider"`
	Kind        *string      `json:"kind"`
	ID          *string      `json:"id"`
	Credential  *string      `json:"credential"` // provider:id, as links, inventories and mappings name it
	Others      []string     `json:"others"`     // further names that documents of the provider may have for it
	Account     *string      `json:"account"`
	Registry    *string      `json:"registry"`
	Grant       *grantJSON   `json:"grant"` // of PyPI
	SHA256      *string      `json:"sha256"`
	HashedToken *string      `json:"hashed_token"`
	HashedURL   *string      `json:"hashed_token_url"`
	HashedLine  *string      `json:"hashed_token_line_break"`
	LastFour    *string      `json:"last_four"`
	LastEight   *string      `json:"last_eight"`
	Remarks     []string     `json:"remarks"`
	Known       []inCaseJSON `json:"known"`
}

// grantJSON is what caveats leave of the owner's rights. Projects and ids are null where no caveat names any.
type grantJSON struct {
	AllProjects bool     `json:"all_projects"`
	Projects    []string `json:"projects"`
	ProjectIDs  []string `json:"project_ids"`
	User        *string  `json:"user"`
	Publisher   *string  `json:"publisher"`
	NotBefore   *string  `json:"not_before"`
	Expires     *string  `json:"expires"`
	Caveats     []string `json:"caveats"`
}

type inCaseJSON struct {
	Credential string  `json:"credential"`
	ToldBy     string  `json:"told_by"`
	Repository *string `json:"repository"`
	Detail     *string `json:"detail"`
	At         *string `json:"at"`
	Until      *string `json:"until"`
	Count      int64   `json:"count"`
	Evidence   *string `json:"evidence"`
}

func identitiesJSON(list []identified) ([]identityJSON, error) {
	var out []identityJSON
	for i := range list {
		x := &list[i]
		d := identityJSON{Line: x.line, Provider: nullable(x.Provider), Kind: nullable(x.Kind), ID: nullable(x.ID), Credential: nullable(x.Ref()), Others: []string{},
			Account: nullable(x.Account), Registry: nullable(x.Location), SHA256: nullable(x.SHA256), HashedToken: nullable(x.HashedToken),
			HashedURL: nullable(url.QueryEscape(x.HashedToken)), HashedLine: nullable(x.HashedLine), LastFour: nullable(x.LastFour), LastEight: nullable(x.LastEight),
			Remarks: present(x.Remarks)}
		for _, ref := range x.Refs() {
			if ref != x.Ref() {
				d.Others = append(d.Others, string(ref))
			}
		}
		if g := x.Grant; g != nil {
			d.Grant = &grantJSON{!g.Bounded, g.Projects, g.ProjectIDs, nullable(g.User), nullable(g.Publisher), stampJSON(g.NotBefore), stampJSON(g.Expires), present(g.Words)}
		}
		if x.asked {
			d.Known = []inCaseJSON{}
		}
		for _, r := range x.known.rows {
			n, err := strconv.ParseInt(r.text("count"), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("count of %s: %w", r.text("told_by"), err)
			}
			d.Known = append(d.Known, inCaseJSON{r.text("credential"), r.text("told_by"), nullable(r.text("repository")), nullable(r.text("detail")), nullable(r.text("at")),
				nullable(r.text("until")), n, nullable(r.text("evidence"))})
		}
		out = append(out, d)
	}
	return out, nil
}
