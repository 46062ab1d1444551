package charts

import (
	"encoding/binary"
	"fmt"
)

// firstOfCollection takes the first font out of a TrueType collection, as a file of
// its own: what writes PDF knows no collections. A file that is none comes back as
// it is.
func firstOfCollection(data []byte) ([]byte, error) {
	if len(data) < 16 || string(data[:4]) != "ttcf" {
		return data, nil
	}
	at := int(binary.BigEndian.Uint32(data[12:]))
	if at < 0 || at+12 > len(data) {
		return nil, fmt.Errorf("the collection's first font begins at byte %d of %d", at, len(data))
	}
	n := int(binary.BigEndian.Uint16(data[at+4:]))
	if at+12+16*n > len(data) {
		return nil, fmt.Errorf("the first font's %d tables reach beyond the file", n)
	}
	out := append([]byte(nil), data[at:at+12+16*n]...)
	for i := range n {
		entry := 12 + 16*i
		from, size := int(binary.BigEndian.Uint32(out[entry+8:])), int(binary.BigEndian.Uint32(out[entry+12:]))
		if from < 0 || size < 0 || from > len(data)-size {
			return nil, fmt.Errorf("table %q reaches beyond the file", out[entry:entry+4])
		}
		binary.BigEndian.PutUint32(out[entry+8:], uint32(len(out)))
		out = append(out, data[from:from+size]...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out, nil
}
