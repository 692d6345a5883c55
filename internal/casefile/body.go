package casefile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"

	"github.com/klauspost/compress/zstd"

	"pentimento/internal/tokens"
)

// maxBody bounds what one stored body may expand to when it is read back: the largest answer that collection accepts is smaller.
const maxBody = 256 << 20

// codec compresses bodies. All are safe for concurrent use, and each body is the work of one goroutine, so that
// the bytes are the same everywhere.
type codec struct {
	enc  *zstd.Encoder
	fast *zstd.Encoder // for histories and their workflow texts: what they need is to be written at once
	dec  *zstd.Decoder
}

func newCodec() (codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return codec{}, err
	}
	fast, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return codec{}, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
	return codec{enc: enc, fast: fast, dec: dec}, err
}

// stored is a body as it goes into the case.
type stored struct {
	sha256     string // of the redacted body
	redactions int
	blob       []byte
}

func (k codec) pack(body []byte) stored {
	clean, n := tokens.Redact(body)
	return stored{sha256: digest(clean), redactions: n, blob: k.enc.EncodeAll(clean, nil)}
}

func (k codec) packWorkflow(text []byte) stored {
	clean, n := tokens.RedactWorkflow(text)
	return stored{sha256: digest(clean), redactions: n, blob: k.fast.EncodeAll(clean, nil)}
}

func (k codec) unpack(blob []byte) ([]byte, error) {
	body, err := k.dec.DecodeAll(blob, nil)
	if err != nil {
		return nil, fmt.Errorf("stored body: %w", err)
	}
	return body, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
