package ingest

import (
	"hash/fnv"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callsift/ingest/dialog"
	"callsift/ingest/sip"
	"callsift/store/codes"
)

// source deals out values from fuzz bytes; after their end everything is zero.
type source struct{ data []byte }

func (s *source) byte() byte {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

// number is mostly small and at times as large as it gets.
func (s *source) number() int64 {
	switch b := s.byte(); b % 8 {
	case 0:
		return 0
	case 1:
		return -1
	case 2:
		n := int64(0)
		for range 8 {
			n = n<<8 | int64(s.byte())
		}
		return n
	default:
		return int64(b)<<8 | int64(s.byte())
	}
}

// text comes back often, as texts of one call do.
func (s *source) text() string {
	b := s.byte()
	if b < 160 {
		return [...]string{"", "INVITE", "1 INVITE", "sip:201@example.net", "192.0.2.1:5060;z9hG4bK", "\x00", "€"}[b%7]
	}
	n := min(int(b-160), len(s.data))
	t := string(s.data[:n])
	s.data = s.data[n:]
	return t
}

func (s *source) addr() netip.AddrPort {
	port := uint16(s.byte())<<8 | uint16(s.byte())
	switch s.byte() % 4 {
	case 0:
		return netip.AddrPort{}
	case 1:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, s.byte()}), port)
	case 2:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: s.byte()}), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 192, 14: 2, 15: s.byte()}), port)
}

// fill sets every field of a struct that a pack may keep, so that a field added
// to dialog.Message or CDR and forgotten in the pack shows here.
func (s *source) fill(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *netip.AddrPort:
		*x = s.addr()
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			s.fill(v.Field(i))
		}
	case reflect.Slice:
		n := int(s.byte() % 4)
		if n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			s.fill(v.Index(i))
		}
	case reflect.String:
		v.SetString(s.text())
	case reflect.Int, reflect.Int64:
		v.SetInt(s.number())
	case reflect.Int32:
		v.SetInt(int64(int32(s.number())))
	case reflect.Uint64:
		v.SetUint(uint64(s.number()))
	case reflect.Uint32:
		v.SetUint(uint64(uint32(s.number())))
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

var packSeeds = []string{
	"", "\x07\x03\x01\x02\x03", strings.Repeat("\x01\x02\x03\x04\x05\x06\x07\x08\x09", 80), strings.Repeat("\xff\xc8\xa5", 200),
	strings.Repeat("\xb0abcdefghijklmnop\x05\x02", 60), strings.Repeat("\x12\x34\x56\x01\x03", 150),
}

// userOf is the user part that observer gives a message with a URI.
func userOf(uri string) string { return string(sip.ParseURI([]byte(uri)).User) }

// TestPackClippedURI: a URI that was cut, and one that reads like it, have users of their own.
func TestPackClippedURI(t *testing.T) {
	var p packer
	long := []byte("sip:" + strings.Repeat("2", 600) + "@pbx.example.net")
	cut := clipText(long)
	var in []dialog.Message
	for _, user := range []string{clipText(sip.ParseURI(long).User), userOf(cut)} {
		m := dialog.Message{Source: 1, Method: "INVITE", RequestURI: cut, RequestUser: user, FromURI: cut, FromUser: user, ToURI: cut, ToUser: user, RetryAfter: -1, Expires: -1}
		in = append(in, m)
		p.add(&m)
	}
	out, err := unpack(nil, 1, p.buf)
	if d := cmp.Diff(in, out, cmpopts.EquateComparable(netip.AddrPort{})); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

// FuzzPack: messages come out of a pack as they went in, whole or in two packs.
func FuzzPack(f *testing.F) {
	for _, seed := range packSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &source{data}
		var in []dialog.Message
		for len(s.data) > 0 && len(in) < 40 {
			var m dialog.Message
			s.fill(reflect.ValueOf(&m).Elem())
			m.Source = 7
			m.RequestUser, m.FromUser, m.ToUser = userOf(m.RequestURI), userOf(m.FromURI), userOf(m.ToURI)
			in = append(in, m)
		}
		var whole, first, second packer
		for i := range in {
			whole.add(&in[i])
			if i < len(in)/2 {
				first.add(&in[i])
			} else {
				second.add(&in[i])
			}
		}
		for _, packs := range [][]packer{{whole}, {first, second}} {
			var out []dialog.Message
			for _, p := range packs {
				if p.buf == nil {
					continue
				}
				var err error
				if out, err = unpack(out, 7, p.buf); err != nil {
					t.Fatal(err)
				}
			}
			if !reflect.DeepEqual(in, out) {
				t.Fatalf("(-in +out)\n%s", cmp.Diff(in, out, cmpopts.EquateComparable(netip.AddrPort{})))
			}
		}
	})
}

// FuzzPackCDR: the same for linked records.
func FuzzPackCDR(f *testing.F) {
	for _, seed := range packSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &source{data}
		var in []linkedCDR
		var p packer
		for len(s.data) > 0 && len(in) < 40 {
			r := linkedCDR{source: 7}
			s.fill(reflect.ValueOf(&r.CDR).Elem())
			h := fnv.New64a()
			h.Write([]byte(r.Recorded))
			r.hash = h.Sum64()
			p.addCDR(&r.CDR)
			r.Recorded, r.Link = "", "" // kept as hash, and as the bundle's key
			in = append(in, r)
		}
		if out := unpackCDRs(nil, 7, p.buf); !reflect.DeepEqual(in, out) {
			t.Fatalf("(-in +out)\n%s", cmp.Diff(in, out, cmp.AllowUnexported(linkedCDR{})))
		}
	})
}

// TestPackLongTexts: a text over the limit is cut, and two long ones that begin
// alike stay different.
func TestPackLongTexts(t *testing.T) {
	long := strings.Repeat("a", 2*maxText)
	var p packer
	p.addCDR(&CDR{ID: long + "1", Caller: long + "2", Outcome: codes.Failed})
	out := unpackCDRs(nil, 1, p.buf)
	if len(out) != 1 || len(out[0].ID) != maxText || out[0].ID == out[0].Caller {
		t.Fatalf("%+v", out)
	}
	if got := string(clipKey([]byte(long))); len(got) != maxText || got == string(clipKey([]byte(long+"b"))) {
		t.Errorf("key %q", got)
	}
}

// TestPackManyTexts: more different texts than a pack has numbers for.
func TestPackManyTexts(t *testing.T) {
	var in []dialog.Message
	var p packer
	for i := range 5 * maxRefs {
		m := dialog.Message{Source: 1, FromTag: strings.Repeat("x", i+1), ToTag: strings.Repeat("x", i/2+1), RetryAfter: -1}
		in = append(in, m)
		p.add(&m)
	}
	out, err := unpack(nil, 1, p.buf)
	if d := cmp.Diff(in, out, cmpopts.EquateComparable(netip.AddrPort{})); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

// FuzzUnpack: damaged evidence gives an error or messages, in bounded memory.
func FuzzUnpack(f *testing.F) {
	for _, seed := range packSeeds {
		s := &source{[]byte(seed)}
		var p, q packer
		for len(s.data) > 0 {
			var m dialog.Message
			var c CDR
			s.fill(reflect.ValueOf(&m).Elem())
			s.fill(reflect.ValueOf(&c).Elem())
			p.add(&m)
			q.addCDR(&c)
		}
		f.Add(p.buf)
		f.Add(q.buf)
		f.Add(p.buf[:len(p.buf)/2])
	}
	f.Add([]byte{packVersion, 1, 1, 1})
	f.Add([]byte{packVersion + 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := unpack(nil, 1, data)
		if err == nil && len(list) > len(data) || len(list) > len(data)+1 {
			t.Fatalf("%d messages of %d bytes", len(list), len(data))
		}
		if n := len(unpackCDRs(nil, 1, data)); n > len(data) {
			t.Fatalf("%d records of %d bytes", n, len(data))
		}
		for cut := range data {
			if part, err := unpack(nil, 1, data[:cut]); err == nil && len(part) > len(data) {
				t.Fatalf("%d messages of %d bytes", len(part), cut)
			}
			if cut > 64 {
				break
			}
		}
	})
}
