package script

import (
	"slices"
	"strconv"
	"strings"
)

// undoings are the functions that undo an encoding, by the last part of their names, lower-cased.
var undoings = map[string]string{
	"b64decode": "base64", "urlsafe_b64decode": "base64", "standard_b64decode": "base64", "a2b_base64": "base64", "atob": "base64", "base64_decode": "base64", "decode64": "base64", "decode_base64": "base64",
	"urlsafe_decode64": "base64", "strict_decode64": "base64", "decodebytes": "base64", "frombase64string": "base64",
	"unhexlify": "hex", "fromhex": "hex", "a2b_hex": "hex", "hex2bin": "hex", "fromhexstring": "hex", "b32decode": "base32", "a85decode": "ascii85", "b85decode": "",
	"unquote": "percent", "unquote_plus": "percent", "decodeuri": "percent", "decodeuricomponent": "percent", "urldecode": "percent", "rawurldecode": "percent", "uri_unescape": "percent", "unescapedatastring": "percent",
	"decode_www_form_component": "percent", "unescape": "percent", "urlunescape": "percent",
	"str_rot13": "rot13", "strrev": "reverse", "gunzipsync": "gzip", "gzdecode": "gzip", "gzuncompress": "zlib", "gzinflate": "deflate", "inflatesync": "zlib", "inflaterawsync": "deflate",
	"memgunzip": "gzip", "inflate": "zlib", "brotlidecompresssync": "",
}

// doings are the functions that encode, in the same way.
var doings = map[string]string{
	"b64encode": "base64", "urlsafe_b64encode": "base64", "standard_b64encode": "base64", "b2a_base64": "base64", "btoa": "base64", "base64_encode": "base64", "encode64": "base64", "encode_base64": "base64",
	"strict_encode64": "base64", "urlsafe_encode64": "base64", "encodebytes": "base64", "tobase64string": "base64", "hexlify": "hex", "hex": "hex", "b2a_hex": "hex", "bin2hex": "hex", "tohexstring": "hex",
	"b32encode": "base32", "a85encode": "ascii85", "b85encode": "ascii85", "str_rot13": "rot13", "gzipsync": "gzip", "gzencode": "gzip", "gzcompress": "zlib", "gzdeflate": "deflate", "deflatesync": "zlib",
	"compress": "gzip", "encrypt": "encrypted", "publicencrypt": "encrypted", "public_encrypt": "encrypted", "openssl_encrypt": "encrypted", "openssl_public_encrypt": "encrypted", "update": "", "strrev": "reverse",
}

// text computes what functions over texts give; false for others.
func (r *source) text(name string, recv value, args arguments) (value, bool) {
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	subject, rest := recv, args.list
	if recv.text == "" && !recv.isList && recv.name == "" && len(rest) > 0 {
		subject, rest = rest[0], rest[1:]
	}
	first := ""
	if len(rest) > 0 {
		first = r.as(rest[0])
	}
	if encoding := r.undoing(name, last, first); encoding != "" && subject.fn == nil {
		in := subject
		if recv.text != "" && len(args.list) > 0 && undoings[last] != "" {
			in = args.list[0]
		}
		return r.undo(encoding, in), true
	}
	if encoding := r.doing(name, last, first); encoding != "" && subject.fn == nil {
		t := r.as(subject)
		if r.carried(t).empty() && encoding == "reverse" && plain(t) {
			return textOf(reversed(t)), true
		}
		return value{text: r.opaque(name+"(...)", t, encoding), isList: false}, true
	}
	switch last {
	case "getstring", "getbytes":
		if len(args.list) > 0 && (strings.Contains(name, "encoding.") || recv.kind == "") && !strings.Contains(name, "client") {
			return r.kept(last, value{name: name}, args)
		}
	case "join", "implode":
		return r.joined(recv, args), true
	case "chr", "fromcharcode", "chrw", "unichr", "fromcodepoint", "pack":
		return r.characters(last, recv, args)
	case "replace", "gsub", "str_replace", "sub", "replaceall", "tr":
		return r.replaced(last, recv, args)
	case "reverse", "reversed", "array_reverse":
		return r.turned(subject), true
	case "split", "explode":
		sep := first
		text := r.as(subject)
		if name == "explode" || r.d.name == "perl" {
			sep, text = text, first
		}
		if r.look(len(text) * costOfSplit); plain(text) && (sep != "" || len(text) <= maxElements) {
			return r.listOf(texts(strings.Split(text, sep))), true
		}
	case "format", "sprintf", "printf_":
		if r.d.layout && last == "format" {
			return r.braces(recv, args), true
		}
		if len(args.list) > 0 && (last == "sprintf" || recv.name == "") {
			return r.percent(args.list[0], r.listOf(args.list[1:])), true
		}
	case "lower", "upper", "strip", "trim", "rstrip", "lstrip", "encode", "decode", "tostring", "decode_utf8", "read", "text", "json", "to_s", "downcase", "upcase", "strtolower", "tolower", "toupper", "chomp",
		"copy", "slice", "buffer", "body", "force_encoding", "to_sym", "freeze", "getvalue", "from", "valueof", "flat", "concat":
		return r.kept(last, recv, args)
	}
	return value{}, false
}

func texts(list []string) []value {
	out := make([]value, len(list))
	for i, s := range list {
		out[i] = textOf(s)
	}
	return out
}

// undoing names the encoding that a call undoes.
func (r *source) undoing(name, last, first string) string {
	lower := strings.ToLower(name)
	first = strings.ToLower(first[:min(len(first), maxName)])
	switch {
	case undoings[last] != "" && !strings.HasSuffix(lower, "html.unescape"):
		return undoings[last]
	case lower == "buffer.from" || lower == "new.buffer" || last == "decode":
		switch first {
		case "base64", "base64url":
			return "base64"
		case "hex", "hex_codec":
			return "hex"
		case "rot13", "rot_13":
			return "rot13"
		}
		if lower == "base64.decode" {
			return "base64"
		}
		if r.d.ticks {
			return ""
		}
		if first == "unicode_escape" || first == "unicode-escape" {
			return "escape"
		}
	case last == "decompress":
		for _, k := range []string{"gzip", "zlib", "bz2"} {
			if strings.Contains(lower, k) {
				return map[string]string{"bz2": "bzip2"}[k] + strings.TrimSuffix(k, "bz2")
			}
		}
		return "zlib"
	case last == "unpack1" || last == "unpack":
		switch {
		case strings.HasPrefix(first, "m"):
			return "base64"
		case strings.HasPrefix(first, "u"):
			return ""
		}
	}
	return ""
}

// doing names the encoding that a call makes.
func (r *source) doing(name, last, first string) string {
	switch first = strings.ToLower(first[:min(len(first), maxName)]); {
	case doings[last] != "":
		return doings[last]
	case last == "tostring" && (first == "base64" || first == "hex" || first == "base64url"):
		return strings.TrimSuffix(first, "url")
	case last == "digest" || last == "hexdigest":
		return ""
	case last == "encode" && strings.Contains(strings.ToLower(name), "base64"):
		return "base64"
	}
	return ""
}

// undo is a value with an encoding undone; where its text is not known it carries what it carried.
func (r *source) undo(encoding string, v value) value {
	t := r.as(v)
	if v.isList && encoding == "codes" {
		t = strings.Join(v.list, ",")
	}
	if !plain(t) && !v.bytes {
		return value{text: r.opaque("...", t), undone: chained(v.undone, encoding)}
	}
	out, ok := undo(encoding, t)
	if !ok {
		return value{text: r.st.unknown("...")}
	}
	if encoding != "gzip" && encoding != "zlib" && encoding != "deflate" && encoding != "bzip2" && wide(out) {
		out, _ = undo("utf16", out)
	}
	if !r.st.spend(len(out)) || len(out) > maxText {
		return value{text: r.st.unknown("...")}
	}
	if r.packed(out) {
		return value{text: out, bytes: true, undone: chained(v.undone, encoding)}
	}
	out = clean(out)
	r.st.remember(out, encoding, t)
	if key := strings.TrimSpace(out); v.bytes && r.st.decoded[key] != nil { // the bytes between have no text to be remembered by
		r.st.decoded[key] = chained(v.undone, encoding)
	}
	return value{text: out, undone: chained(v.undone, encoding)}
}

// packed reports bytes that a further function has to undo: their low ones are kept.
func (r *source) packed(s string) bool { return packing(s) != "" || !printable(s) }

// joined puts the elements of a list together.
func (r *source) joined(recv value, args arguments) value {
	list, sep := recv, ""
	defer r.look(len(recv.list) + len(recv.text))
	switch {
	case len(args.list) > 1 && !recv.isList: // join(sep, list)
		sep, list = r.as(args.list[0]), args.list[1]
		if list.name == "" && !list.isList && len(args.list) > 2 {
			list = r.listOf(args.list[1:])
		} else if args.list[0].isList {
			list, sep = args.list[0], r.as(args.list[1])
		}
	case recv.isList:
		if len(args.list) > 0 {
			sep = r.as(args.list[0])
		} else if r.d.name == "node" {
			sep = ","
		}
	case len(args.list) == 1:
		sep, list = r.as(recv), args.list[0]
		if recv.name != "" || recv.text == "" {
			sep = ""
		}
	}
	if !list.isList {
		if r.d.name == "node" {
			return recv
		}
		return list
	}
	text := r.limit(strings.Join(list.list, sep))
	if len(list.undone) > 0 {
		r.st.remember(text, list.undone[0], "")
	}
	return value{text: text, undone: slices.Compact(list.undone)}
}

// characters makes a text of the numbers of its characters.
func (r *source) characters(last string, recv value, args arguments) (value, bool) {
	if last == "pack" { // pack("H*", x), [x].pack("H*"), [104, 116].pack("c*")
		list := r.listOf(args.list)
		format, what := "", recv
		if len(list.list) > 0 {
			format = list.list[0]
		}
		if len(args.list) > 1 {
			what = r.listOf(args.list[1:])
		}
		switch {
		case strings.HasPrefix(format, "H"):
			return r.undo("hex", textOf(what.text)), true
		case strings.HasPrefix(strings.ToLower(format), "c"), strings.HasPrefix(format, "U"):
			return r.undo("codes", what), true
		case strings.HasPrefix(format, "m"):
			return value{text: r.opaque("pack", what.text, "base64")}, true
		}
		return value{}, false
	}
	var b []byte
	for _, a := range args.list {
		list := []string{r.as(a)}
		if a.isList {
			list = a.list
		}
		for _, e := range list {
			n, err := strconv.Atoi(e)
			if err != nil || n <= 5 || n > 0x7e {
				return value{}, false
			}
			b = append(b, byte(n))
		}
	}
	return value{text: string(b), undone: []string{"codes"}}, len(b) > 0
}

// replaced replaces one text by another, wherever it stands.
func (r *source) replaced(last string, recv value, args arguments) (value, bool) {
	list := args.list
	subject := recv
	switch {
	case last == "str_replace" && len(list) > 2:
		subject = list[2]
	case len(list) > 2 && (recv.text == "" && !recv.isList):
		subject = list[2] // re.sub(pattern, to, text)
	}
	if len(list) < 2 {
		return value{}, false
	}
	from, to, text := r.as(list[0]), r.as(list[1]), r.as(subject)
	if from == "" || strings.Count(text, from)*len(to)+len(text) > maxText || !r.st.spend(len(text)) {
		return value{text: r.opaque("replace", text+to), undone: subject.undone}, true
	}
	return value{text: strings.ReplaceAll(text, from, to), undone: subject.undone}, true
}

// turned is a text or a list from its end to its beginning.
func (r *source) turned(v value) value {
	r.look(len(v.text) + len(v.list)*costOfEntry)
	if v.isList {
		list := slices.Clone(v.list)
		slices.Reverse(list)
		return value{isList: true, list: list, text: r.limit(strings.Join(list, " ")), undone: v.undone}
	}
	if t := r.as(v); plain(t) {
		out := reversed(t)
		r.st.remember(out, "reverse", t)
		return value{text: out, undone: chained(v.undone, "reverse")}
	}
	return value{text: r.opaque("reverse", r.as(v), "reverse"), undone: v.undone}
}

// kept is a call that gives back what it hangs on, or what it is given, as far as it counts here.
func (r *source) kept(last string, recv value, args arguments) (value, bool) {
	v := recv
	if recv.name != "" || recv.text == "" && !recv.isList && recv.fields == nil {
		if len(args.list) == 0 || last == "read" && recv.text == "" && len(args.list) == 0 {
			return value{}, false
		}
		v = args.list[0]
	} else if recv.file != "" {
		return value{}, false
	}
	r.look(len(v.text))
	v.from, v.kind = "", ""
	if (last == "from" || last == "getstring" || last == "decode") && v.isList { // Buffer.from([104, 116])
		return r.undo("codes", v), true
	}
	switch last {
	case "lower", "tolower", "downcase", "strtolower":
		if plain(v.text) {
			v.text = strings.ToLower(v.text)
		}
	case "upper", "toupper", "upcase":
		if plain(v.text) {
			v.text = strings.ToUpper(v.text)
		}
	case "strip", "trim", "chomp":
		v.text = strings.TrimSpace(v.text)
	case "concat":
		for _, a := range args.list {
			v = r.join(v, a)
		}
	}
	return v, true
}
