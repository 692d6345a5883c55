package tokenlog

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

func gz(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func wide(order binary.AppendByteOrder, mark bool, text string) (out []byte) {
	if mark {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func TestOpen(t *testing.T) {
	text := "a,b\n1,2\n" + strings.Repeat("3,4\n", 200_000) + "é,😀\n"
	long := gz(t, text)
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		bytes []byte
		want  string // * for some beginning of text
		note  string
	}{
		{"plain", []byte(text), text, ""},
		{"gz", long, text, ""},
		{"gz in two members", append(gz(t, "a,b\n"), gz(t, "1,2\n")...), "a,b\n1,2\n", ""},
		{"zst", w.EncodeAll([]byte(text), nil), text, ""},
		{"gz cut off", long[:len(long)/2], "*", "cut off"},
		{"mark of UTF-8", []byte("\xef\xbb\xbfa,b\n"), "a,b\n", ""},
		{"UTF-16LE", wide(binary.LittleEndian, true, text), text, "UTF-16"},
		{"UTF-16BE", wide(binary.BigEndian, true, text), text, "UTF-16"},
		{"UTF-16LE without mark", wide(binary.LittleEndian, false, text), text, "UTF-16"},
		{"Latin-1", []byte("a,b\nM\xfcller,2\n"), "a,b\nMüller,2\n", "Latin-1"},
		{"NUL", []byte("a,b\n1\x00,2\x00\n"), "a,b\n1,2\n", "NUL"},
		{"empty", nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, tt.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			var notes []string
			s, err := Open(file, nil, func(n string) { notes = append(notes, n) })
			if err != nil {
				t.Fatal(err)
			}
			read, err := io.ReadAll(s.R)
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			got := string(read)
			if tt.want == "*" && (got == "" || !strings.HasPrefix(text, got)) || tt.want != "*" && got != tt.want {
				t.Errorf("got %d bytes, want %d", len(got), len(tt.want))
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, tt.note) || tt.note == "" && all != "" {
				t.Errorf("notes %q, want one of %q", all, tt.note)
			}
			if _, size, err := s.Finish(); err != nil || size != int64(len(tt.bytes)) {
				t.Errorf("finished with %d bytes, %v; want %d", size, err, len(tt.bytes))
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTextInPieces(t *testing.T) {
	got, err := io.ReadAll(newTextReader(iotest.OneByteReader(strings.NewReader("a,é,😀\x00\xfc,x\n")), func(string) {}))
	if want := "a,é,😀ü,x\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	got, err = io.ReadAll(newTextReader(iotest.OneByteReader(bytes.NewReader(wide(binary.LittleEndian, true, "a😀b"))), func(string) {}))
	if err != nil || string(got) != "a😀b" {
		t.Errorf("UTF-16: got %q, %v", got, err)
	}
}
