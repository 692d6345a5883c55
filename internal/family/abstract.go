package family

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// secretName finds the names of secrets where a file refers to them.
var secretName = regexp.MustCompile(`secrets(?:\.|\[['"])([A-Za-z_][A-Za-z0-9_]*)`)

// maxSample bounds the text of a learned positive: a reader should see at a glance what it holds.
const maxSample = 16 << 10

// abstract takes hosts and names of secrets out of a file, so that it can be handed on: hosts that are listed become
// the one by which a pack's samples name any of its own, all others an invented one. ok is false where a host would stay: one that stands there encoded or in
// pieces, or in a text that a pack cannot hold.
func abstract(body []byte, listed func(host string) bool) (text string, ok bool) {
	text = strings.ReplaceAll(string(body), "\r\n", "\n")
	if !utf8.ValidString(text) || len(text) > maxSample || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && unseen(r) }) {
		return "", false
	}
	var names []string
	for _, m := range secretName.FindAllStringSubmatch(text, -1) {
		if m[1] != "GITHUB_TOKEN" && !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	for i, name := range names {
		text = replaceWord(text, name, fmt.Sprintf("SECRET_%d", i+1))
	}
	var hosts []string
	for _, d := range workflow.Parse(body).Destinations {
		if d.Hidden {
			return "", false
		}
		if d.Host != "" {
			hosts = append(hosts, d.Host)
		}
	}
	hosts = distinct(hosts)
	slices.SortStableFunc(hosts, func(a, b string) int { return len(b) - len(a) }) // a host may end in another one
	for i, h := range hosts {
		to := fmt.Sprintf("other-%d.example.invalid", i+1)
		if listed(h) {
			to = campaign.ListedHost
		} else if campaign.Service(h) || invented(h) {
			continue
		}
		text = replaceWord(text, h, to)
	}
	left := workflow.Parse([]byte(text))
	clean := !slices.ContainsFunc(left.Destinations, func(d workflow.Destination) bool {
		return d.Host != "" && !invented(d.Host) && !campaign.Service(d.Host)
	})
	return text, clean && !slices.ContainsFunc(hosts, func(h string) bool { return listed(h) && strings.Contains(strings.ToLower(text), h) })
}

// invented reports a host that can belong to nobody: RFC 2606 and RFC 5737, and the runner itself.
func invented(host string) bool {
	a, err := netip.ParseAddr(host)
	if err == nil {
		return a.IsLoopback() || a.IsPrivate() || slices.ContainsFunc([]string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"},
			func(net string) bool { return netip.MustParsePrefix(net).Contains(a) })
	}
	return host == "localhost" || strings.HasSuffix(host, ".invalid") || !strings.Contains(host, ".")
}

// replaceWord replaces a word, whatever its case, where no letter or digit stands beside it.
func replaceWord(text, word, by string) string {
	return regexp.MustCompile(`(?i)(^|[^A-Za-z0-9_])`+regexp.QuoteMeta(word)+`($|[^A-Za-z0-9_])`).ReplaceAllStringFunc(text, func(m string) string {
		at := strings.Index(strings.ToLower(m), strings.ToLower(word))
		return m[:at] + by + m[at+len(word):]
	})
}

// write is the pack as YAML. Every indicator bears the evidence that it comes from.
func (l *learner) write(f Stored) []byte {
	w := packWriter{}
	p := l.pack
	w.line("# Learned from family %s of a case. Hosts in this file are live indicators: do not follow them. Behind each indicator stands where it was seen.", f.ID)
	for _, s := range l.stamps {
		w.line("# Stamp in the README: %s%s", quoted(s.Value), cited(s.Evidence))
	}
	for _, s := range l.aside {
		w.line("# Left out, for it may be the victim's own: %s %s%s", s.Kind, quoted(s.Value), cited(s.Evidence))
	}
	w.line("schema: %s", quoted(p.Schema))
	w.line("name: %s", quoted(p.Name))
	w.line("title: %s", quoted(p.Title))
	w.line("description: %s", quoted(fmt.Sprintf("Made by pentimento campaign learn from %d workflow version(s) in %d repositories. Read it before you use it.",
		len(f.Members), len(f.Repositories))))
	if len(p.Waves) > 0 {
		w.line("waves:")
	}
	for _, x := range p.Waves {
		w.line("  - {id: %s, from: %s, to: %s, precision: %s, source: %s}", quoted(x.ID), quoted(evidence.Stamp(x.From)), quoted(evidence.Stamp(x.To)), x.Precision, quoted(x.Source))
	}
	w.line("indicators:")
	in := p.Indicators
	for _, list := range []struct {
		key    string
		kind   Kind
		values []string
	}{
		{"paths", Path, in.Paths}, {"workflow_names", WorkflowName, in.WorkflowNames}, {"job_ids", JobID, in.JobIDs}, {"everyday", "", in.Everyday},
		{"branches", Branch, in.Branches}, {"hosts", Host, in.Hosts}, {"url_parts", URLPart, in.URLParts}, {"authors", Author, in.Authors},
		{"runner_labels", RunnerLabel, in.RunnerLabels}, {"artifacts", Artifact, in.Artifacts},
	} {
		if len(list.values) > 0 {
			w.line("  %s:", list.key)
		}
		for _, x := range list.values {
			w.line("    - %s%s", quoted(x), cited(l.from[Trait{list.kind, x}]))
		}
	}
	if len(in.Messages) > 0 {
		w.line("  messages:")
	}
	for _, m := range in.Messages {
		w.line("    - {text: %s, role: %s}%s", quoted(m.Text), m.Role, cited(l.from[Trait{Message, m.Text}]))
	}
	w.rules(p.Rules)
	w.samples("positives", p.Positives)
	w.samples("near_misses", p.NearMisses)
	return []byte(w.out.String())
}

// cited is a comment with evidence ids.
func cited(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return " # " + strings.Join(ids, " ")
}

// packWriter writes the YAML of a pack.
type packWriter struct{ out strings.Builder }

func (w *packWriter) line(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

func (w *packWriter) rules(rules []campaign.Rule) {
	w.line("rules:")
	for _, r := range rules {
		w.line("  - id: %s\n    description: %s\n    severity: %s\n    confidence: %s", r.ID, quoted(r.Description), r.Severity, r.Confidence)
		w.conditions("all", r.All)
		w.conditions("any", r.Any)
	}
}

// conditions writes those that [learner.rules] makes.
func (w *packWriter) conditions(key string, list []campaign.Condition) {
	if len(list) > 0 {
		w.line("    %s:", key)
	}
	flow := func(name string, f *campaign.Flow) {
		if f == nil {
			return
		}
		var fields []string
		if f.Secrets > 0 {
			fields = append(fields, fmt.Sprintf("secrets: %d", f.Secrets))
		}
		if f.To != "" {
			fields = append(fields, "to: "+f.To)
		}
		w.line("      - %s: {%s}", name, strings.Join(fields, ", "))
	}
	for _, c := range list {
		switch {
		case c.Indicator != "":
			w.line("      - indicator: %s", c.Indicator)
		case len(c.Indicators) > 0:
			w.line("      - indicators: [%s]", strings.Join(c.Indicators, ", "))
		case c.ReadsSecrets:
			w.line("      - reads_secrets: true")
		case c.SecretExits != nil && c.SecretExits.All:
			w.line("      - secret_exits: {all: true}")
		case c.SecretExits != nil:
			w.line("      - secret_exits: {}")
		case c.Loot != nil:
			w.line("      - loot: {leaves: %s}", c.Loot.Leaves)
		}
		flow("secret_to_network", c.SecretToNetwork)
		flow("body_to_network", c.BodyToNetwork)
		flow("history_to_network", c.HistoryToNetwork)
	}
}

func (w *packWriter) samples(key string, list []campaign.Sample) {
	w.line("%s:", key)
	for _, s := range list {
		w.line("  - name: %s\n    path: %s", quoted(s.Name), quoted(s.Path))
		if len(s.Rules) > 0 {
			w.line("    rules: [%s]", strings.Join(s.Rules, ", "))
		}
		w.line("    text: |2") // whatever blanks it begins with
		for line := range strings.Lines(s.Text) {
			w.line("%s", strings.TrimRight("      "+line, "\n "))
		}
	}
}

// unseen reports a rune that a reader of the pack would not see as what it is.
func unseen(r rune) bool {
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// quoted is a text as a double-quoted scalar (https://yaml.org/spec/1.2.2/#57-escaped-characters).
func quoted(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case unseen(r) && r < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, r)
		case unseen(r):
			fmt.Fprintf(&out, `\U%08x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}
