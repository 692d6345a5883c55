package casefile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// maxBody bounds what one stored body may expand to when it is read back: the largest answer that collection accepts is smaller.
const maxBody = 256 << 20

// codec compresses bodies. Both halves are safe for concurrent use; one worker keeps memory small and the bytes the same everywhere.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCodec() (codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return codec{}, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
	return codec{enc: enc, dec: dec}, err
}

// stored is a body as it goes into the case.
type stored struct {
	sha256     string // of the redacted body
	redactions int
	blob       []byte
}

func (k codec) pack(body []byte) stored {
	clean, n := Redact(body)
	return stored{sha256: digest(clean), redactions: n, blob: k.enc.EncodeAll(clean, nil)}
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
