package script

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// raw gives the bytes of a text, where they are known.
func (st *state) rawOf(text string) (string, bool) {
	if plain(text) {
		return text, true
	}
	from, to, a := st.nextAtom(text)
	if a != nil && a.raw != "" && from == 0 && strings.TrimSpace(text[to:]) == "" {
		return a.raw, true
	}
	return "", false
}

// made is a text of the bytes that a program made.
func (st *state) made(raw, show string) string {
	if len(raw) > maxDecodedText {
		raw = raw[:maxDecodedText]
	}
	if clean(raw) == raw && len(raw) <= maxText {
		return raw
	}
	a := st.atom(show, Carried{})
	st.atoms[len(st.atoms)-1].raw = raw
	return a
}

// remember keeps what encodings a decoded text went through: those of the text that it was decoded from, and one more.
func (st *state) remember(text, encoding, from string) {
	encodings := append(slices.Clone(st.decoded[strings.TrimSpace(from)]), encoding)
	if key := strings.TrimSpace(text); key != "" && len(st.decoded) < maxFiles && len(encodings) <= maxNesting && st.spend(len(key)) {
		st.decoded[key] = encodings
	}
}

// coder encodes or decodes.
func (st *state) coder(c *call) {
	if peer, ok := c.option("-connect", "-host"); ok && c.name == "openssl" {
		st.connected(c, peer, c.in)
		return
	}
	if c.name == "gpg" && c.has("--import", "--fast-import") {
		return // reads keys and prints none
	}
	encoding, decodes, files := st.coding(c)
	if encoding == "" {
		c.print(st.opaque(st.commandText(c), c.in))
		return
	}
	text := st.inputOf(c, files...)
	out := ""
	if decodes {
		out = st.undone(text, encoding, c)
	} else {
		out = st.encode(text, encoding, c)
	}
	if path, ok := c.option("-o", "-out", "--output", "--out"); ok && c.name != "od" {
		st.writeAny(path, []string{out}, false, false)
		return
	}
	if (c.name == "gzip" || c.name == "xz" || c.name == "bzip2" || c.name == "zstd" || c.name == "gpg") && len(files) > 0 && !c.has("-c", "-d", "--stdout") {
		suffix := map[string]string{"gzip": ".gz", "xz": ".xz", "bzip2": ".bz2", "zstd": ".zst", "gpg": ".gpg"}[c.name]
		st.writeAny(files[0]+suffix, []string{out}, false, false)
		return
	}
	c.print(out)
}

// coding gives the encoding of a coder's call, its direction and its files.
func (st *state) coding(c *call) (encoding string, decodes bool, files []string) {
	letters := ""
	for _, a := range c.args {
		if strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") {
			letters += a[1:]
		}
	}
	decodes = strings.ContainsAny(letters, "dD") || c.has("--decode", "--decompress")
	for i := 0; i < len(c.args); i++ {
		switch a := c.args[i]; {
		case slices.Contains([]string{"-w", "-o", "-i", "-c", "-l", "-s", "-k", "-in", "-out", "-pass", "-K", "-iv", "-md", "-iter", "-passin", "-r", "--recipient", "--passphrase", "-t", "-A", "-e", "-n",
			"-j", "-N", "--output", "--wrap", "-inkey", "-salt.", "-kfile", "-keyin", "-recip"}, a) && c.name != "gzip" && takesValue(c.name, a):
			if a == "-in" && i+1 < len(c.args) {
				files = append(files, c.args[i+1])
			}
			i++
		case !strings.HasPrefix(a, "-") || a == "-":
			files = append(files, a)
		}
	}
	switch c.name {
	case "base64", "gbase64":
		return "base64", decodes, files
	case "base32":
		return "base32", decodes, files
	case "basenc":
		if c.has("--base16") {
			return "hex", decodes, files
		}
		return "base64", decodes, files
	case "xxd", "od", "hexdump", "hd":
		return "hex", c.name == "xxd" && strings.Contains(letters, "r"), files
	case "uuencode", "uudecode":
		return "uuencode", c.name == "uudecode", files
	case "gzip", "pigz", "compress":
		return "gzip", decodes, files
	case "gunzip":
		return "gzip", true, files
	case "bzip2", "bunzip2":
		return "bzip2", decodes || c.name == "bunzip2", files
	case "xz", "unxz", "zstd", "lz4", "age", "gpg":
		return c.name, decodes || c.name == "unxz", files
	}
	return opensslCoding(c, files)
}

// takesValue reports that an option of a coder takes the next argument.
func takesValue(program, option string) bool {
	switch program {
	case "base64", "base32", "gbase64", "basenc":
		return option == "-w" || option == "--wrap" || option == "-i" && program == "gbase64" || option == "-o"
	case "xxd":
		return strings.Contains("-c-l-s-o", option)
	case "od", "hexdump":
		return strings.Contains("-t-A-j-N-n-s-e-w", option) && option != "-w"
	case "openssl":
		return option != "-e" && option != "-A" && option != "-n" && option != "-t"
	case "gpg":
		return option == "-r" || option == "--recipient" || option == "--passphrase" || option == "-o" || option == "--output"
	}
	return option == "-o" || option == "-r"
}

func opensslCoding(c *call, files []string) (string, bool, []string) {
	if len(c.args) == 0 {
		return "", false, nil
	}
	sub := c.args[0]
	var rest []string
	if in, ok := c.option("-in"); ok {
		rest = []string{in}
	}
	decodes := c.has("-d", "-decrypt", "-D")
	switch {
	case sub == "base64" || sub == "enc" && (c.has("-base64", "-a") && len(c.args) <= 5) && !slices.ContainsFunc(c.args, func(a string) bool { return strings.HasPrefix(a, "-aes") }):
		return "base64", decodes, rest
	case sub == "enc", strings.HasPrefix(sub, "aes-"), strings.HasPrefix(sub, "des"), sub == "pkeyutl", sub == "rsautl", sub == "smime", sub == "cms":
		return "openssl", decodes, rest
	case sub == "zlib":
		return "zlib", decodes, rest
	}
	return "", false, nil
}

// encode is a text in an encoding: computed where the text is known.
func (st *state) encode(text, encoding string, c *call) string {
	raw, known := st.rawOf(text)
	if !known {
		return st.opaque(st.commandText(c), text, encoding)
	}
	switch {
	case encoding == "base64":
		return base64.StdEncoding.EncodeToString([]byte(raw)) + "\n"
	case encoding == "base32":
		return base32.StdEncoding.EncodeToString([]byte(raw)) + "\n"
	case encoding == "hex" && c.name == "xxd" && slices.ContainsFunc(c.args, func(a string) bool { return strings.HasPrefix(a, "-p") }):
		return hex.EncodeToString([]byte(raw)) + "\n"
	}
	return st.unknown(st.commandText(c))
}

// undone is a text with an encoding undone: computed where the text is known.
func (st *state) undone(text, encoding string, c *call) string {
	if raw, known := st.rawOf(text); known && st.spend(len(raw)) {
		if out, ok := undo(encoding, raw); ok {
			made := st.made(out, st.commandText(c))
			st.remember(made, encoding, text)
			st.spend(len(out))
			return made
		}
	}
	a := st.atom(st.commandText(c), st.carried(text))
	last := &st.atoms[len(st.atoms)-1]
	last.undone = append(slices.Clone(st.decoded[strings.TrimSpace(text)]), encoding)
	if _, _, from := st.nextAtom(text); from != nil {
		last.fetched, last.host = from.fetched, from.host
	}
	return a
}
