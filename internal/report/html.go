package report

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"pentimento/internal/answer"
	"pentimento/internal/inert"
)

//go:embed page.html.tmpl
var pageText string

//go:embed page.css
var style string

//go:embed page.js
var program string

// page is parsed once: a fault in it is a fault of the build, which every test meets.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"cell":    func(r answer.Row, column string) string { return inert.Escape(inert.Column(column, r.Text(column))) },
	"or":      func(otherwise, s string) string { return cmp.Or(s, otherwise) },
	"between": func(name string, r answer.Row) string { return between(r, name) },
	"ids":     func(r answer.Row) string { return strings.Join(r.Evidence(), " ") },
	"short":   func(s string) string { return s[:min(len(s), 12)] },
	"ref":     func(s string) string { return strings.TrimPrefix(s, "refs/") },
	"show":    func(s string) string { return inert.Escape(inert.Defang(s)) },
	"css":     func() template.CSS { return template.CSS(style) },
	"js":      func() template.JS { return template.JS(program) },
	"policy":  policy,
	"px":      func(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") },
}).Parse(pageText))

// policy lets the page run its own style and program, by their digests, and nothing else: no request leaves it.
// https://www.w3.org/TR/CSP3/
func policy() string {
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + digest(style) + "; script-src " + digest(program) + "; base-uri 'none'; form-action 'none'"
}

// Drawing is the time line that the page shows; nil where nothing has a time.
func (s section) Drawing() *drawing { return draw(s.Repository, s.now) }

// section is a repository on the page.
type section struct {
	*Repository
	N   int
	now time.Time
}

// view is what the template reads.
type view struct {
	*Report
	Sections []section
}

// WriteHTML writes the report as one page that needs nothing else: no remote asset, no request, readable without its program.
func (r *Report) WriteHTML(w io.Writer) error {
	v := view{Report: r}
	for i, one := range r.Repositories {
		v.Sections = append(v.Sections, section{one, i + 1, at(r.Case.Now)})
	}
	out := bufio.NewWriter(w)
	if err := page.Execute(out, v); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return out.Flush()
}
