package drill

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"pentimento/internal/evidence"
)

// packKinds are git's numbers of the types of objects (https://git-scm.com/docs/pack-format).
var packKinds = map[string]byte{"commit": 1, "tree": 2, "blob": 3, "tag": 4}

// packed is an object's place in a pack.
type packed struct {
	oid    evidence.OID
	offset uint32
	crc    uint32
}

// writePack files objects as one pack without deltas, with its index: two files where loose objects would be dozens.
func writePack(dir string, objects map[evidence.OID]object) error {
	if len(objects) == 0 {
		return nil
	}
	var pack bytes.Buffer
	pack.WriteString("PACK")
	pack.Write(binary.BigEndian.AppendUint32(nil, 2))
	pack.Write(binary.BigEndian.AppendUint32(nil, uint32(len(objects))))
	z, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		return err
	}
	var places []packed
	for _, oid := range slices.Sorted(maps.Keys(objects)) {
		o := objects[oid]
		at := pack.Len()
		pack.Write(packHeader(packKinds[o.kind], len(o.body)))
		z.Reset(&pack)
		_, err := z.Write(o.body)
		if err := errors.Join(err, z.Close()); err != nil {
			return err
		}
		places = append(places, packed{oid: oid, offset: uint32(at), crc: crc32.ChecksumIEEE(pack.Bytes()[at:])})
	}
	sum := sha1.Sum(pack.Bytes())
	pack.Write(sum[:])
	index, err := packIndex(places, sum)
	if err != nil {
		return err
	}
	stem := filepath.Join(dir, "objects", "pack", "pack-"+hex.EncodeToString(sum[:]))
	if err := os.MkdirAll(filepath.Dir(stem), 0o755); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(stem+".pack", pack.Bytes(), 0o444), os.WriteFile(stem+".idx", index, 0o444))
}

// packHeader is the type and the size of an object: four bits of size in the first byte, seven in each that follows.
func packHeader(kind byte, size int) []byte {
	out := []byte{kind<<4 | byte(size&0x0f)}
	for size >>= 4; size > 0; size >>= 7 {
		out[len(out)-1] |= 0x80
		out = append(out, byte(size&0x7f))
	}
	return out
}

// packIndex is the index of version 2, for a pack below 2 GiB.
func packIndex(places []packed, pack [sha1.Size]byte) ([]byte, error) {
	out := []byte{0xff, 't', 'O', 'c', 0, 0, 0, 2}
	var names, sums, offsets []byte
	var fanout [256]uint32
	for _, p := range places {
		raw, err := hex.DecodeString(string(p.oid))
		if err != nil {
			return nil, fmt.Errorf("object %s: %w", p.oid, err)
		}
		for i := int(raw[0]); i < len(fanout); i++ {
			fanout[i]++
		}
		names = append(names, raw...)
		sums = binary.BigEndian.AppendUint32(sums, p.crc)
		offsets = binary.BigEndian.AppendUint32(offsets, p.offset)
	}
	for _, n := range fanout {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	out = slices.Concat(out, names, sums, offsets, pack[:])
	sum := sha1.Sum(out)
	return append(out, sum[:]...), nil
}
