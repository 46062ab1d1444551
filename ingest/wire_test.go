package ingest

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"callsift/store"
)

// wireStart is second 0 of the flows below.
var wireStart = time.Date(2026, 11, 10, 8, 0, 0, 0, time.UTC)

// wire is a link on which a test writes SIP messages, to import them as a capture.
type wire struct{ packets []wirePacket }

type wirePacket struct {
	at       float64
	src, dst string // IPv4
	protocol byte
	data     []byte
}

// say puts a SIP message on the wire.
func (w *wire) say(at float64, src, dst, text string) {
	udp := binary.BigEndian.AppendUint16([]byte{0x13, 0xc4, 0x13, 0xc4}, uint16(8+len(text)))
	w.packets = append(w.packets, wirePacket{at, src, dst, 17, append(append(udp, 0, 0), text...)})
}

// ip is the packet with its IPv4 header.
func (p *wirePacket) ip() []byte {
	b := []byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, p.protocol, 0, 0}
	for _, a := range []string{p.src, p.dst} {
		b = append(b, netip.MustParseAddr(a).AsSlice()...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(p.data)))
	return append(b, p.data...)
}

// unreachable puts an ICMP error on the wire that quotes the last packet from src to dst.
func (w *wire) unreachable(at float64, src, dst string, typ, code byte) {
	for i := len(w.packets) - 1; i >= 0; i-- {
		if p := &w.packets[i]; p.src == src && p.dst == dst && p.protocol == 17 {
			quoted := p.ip()
			icmp := append([]byte{typ, code, 0, 0, 0, 0, 0, 0}, quoted[:min(len(quoted), 548)]...)
			w.packets = append(w.packets, wirePacket{at, dst, src, 1, icmp})
			return
		}
	}
	panic("nothing to quote")
}

// file writes the packets that keep selects (nil: all) as a capture.
func (w *wire) file(t testing.TB, keep func(*wirePacket) bool) string {
	t.Helper()
	le := binary.LittleEndian
	var f []byte
	for _, v := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 65535, 101} {
		f = le.AppendUint32(f, v)
	}
	packets := slices.Clone(w.packets)
	slices.SortStableFunc(packets, func(x, y wirePacket) int { return cmp.Compare(x.at, y.at) })
	for i := range packets {
		p := &packets[i]
		if keep != nil && !keep(p) {
			continue
		}
		us := wireStart.UnixMicro() + int64(p.at*1e6+.5)
		raw := p.ip()
		for _, v := range []uint32{uint32(us / 1e6), uint32(us % 1e6), uint32(len(raw)), uint32(len(raw))} {
			f = le.AppendUint32(f, v)
		}
		f = append(f, raw...)
	}
	path := filepath.Join(t.TempDir(), "wire.pcap")
	if err := os.WriteFile(path, f, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// talk is a dialog on one hop; its methods write its messages.
type talk struct {
	w        *wire
	id       string // Call-ID
	src, dst string
	from, to string // numbers
	header   string // more header rows of the INVITE, each with its line end
}

func (k *talk) message(start, method string, seq int, branch, toTag, more string) string {
	return fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bK%s%s%d\r\nFrom: <sip:%s@%s>;tag=a%s\r\nTo: <sip:%s@%s>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n%sContent-Length: 0\r\n\r\n",
		start, k.src, branch, k.id, seq, k.from, k.src, k.id, k.to, k.dst, toTag, k.id, seq, method, more)
}

func (k *talk) request(at float64, method string, seq int, branch, toTag, more string) {
	k.w.say(at, k.src, k.dst, k.message(fmt.Sprintf("%s sip:%s@%s SIP/2.0", method, k.to, k.dst), method, seq, branch, toTag, more))
}

func (k *talk) tag() string { return ";tag=b" + k.id }

func (k *talk) invite(at float64) { k.request(at, "INVITE", 1, "i", "", k.header) }

// reply answers the INVITE: "180 Ringing", with more header rows.
func (k *talk) reply(at float64, line string, more ...string) {
	k.w.say(at, k.dst, k.src, k.message("SIP/2.0 "+line, "INVITE", 1, "i", k.tag(), strings.Join(more, "")))
}

// refuse ends the INVITE, with its ACK.
func (k *talk) refuse(at float64, line string, more ...string) {
	k.reply(at, line, more...)
	k.request(at+.01, "ACK", 1, "i", k.tag(), "")
}

func (k *talk) answer(at float64) {
	k.reply(at, "200 OK")
	k.request(at+.01, "ACK", 1, "k", k.tag(), "")
}

func (k *talk) bye(at float64) {
	k.request(at, "BYE", 2, "b", k.tag(), "")
	k.w.say(at+.01, k.dst, k.src, k.message("SIP/2.0 200 OK", "BYE", 2, "b", k.tag(), ""))
}

// newDB is a database for a test with files imported in this order.
func newDB(t testing.TB, files ...string) *store.DB {
	t.Helper()
	db, err := store.OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	err = Run(context.Background(), db, files, Options{}, func(r FileResult) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// textFile writes a file of text.
func textFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tell is what a database says of its calls, in order of time: a line a call,
// below it one for each attempt where there are several, then what was joined and
// the ledger.
func tell(t testing.TB, db *store.DB) string {
	t.Helper()
	ctx := context.Background()
	var b strings.Builder
	var calls []store.Attempt
	err := db.Attempts(ctx, store.Filter{}, func(a *store.Attempt) error {
		if a.Call == 0 {
			calls = append(calls, *a)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(calls, func(x, y store.Attempt) int {
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.Key, y.Key))
	})
	for i := range calls {
		c := &calls[i]
		fmt.Fprintf(&b, "call %s %s", c.Key, tellAttempt(c))
		if c.Legs > 1 {
			fmt.Fprintf(&b, " legs=%d", c.Legs)
		}
		b.WriteByte('\n')
		legs, err := db.Legs(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		for k := range legs {
			if l := &legs[k]; len(legs) > 1 {
				fmt.Fprintf(&b, "  leg %s trunk=%s\n", tellAttempt(l), l.Profile.Trunk)
			}
		}
		parts, err := db.Parts(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts[1:] {
			fmt.Fprintf(&b, "  with %s %s by %s %.2f\n", p.Kind, p.Key, p.Rule, p.Confidence)
		}
	}
	b.WriteString(tellLedger(t, db))
	return b.String()
}

func tellAttempt(a *store.Attempt) string {
	p := &a.Profile
	var b strings.Builder
	fmt.Fprintf(&b, "%.3f %s>%s %s>%s %s %d", float64(a.Start-wireStart.UnixMicro())/1e6, a.Caller, a.Callee, p.FromAddr, p.ToAddr, p.Outcome, p.Code)
	if p.CauseCode != 0 || p.CauseQ850 >= 0 {
		fmt.Fprintf(&b, " cause=%d/%d", p.CauseCode, p.CauseQ850)
	}
	if p.Released != "" {
		b.WriteString(" by=" + p.Released)
	}
	if a.Talk >= 0 {
		fmt.Fprintf(&b, " talk=%d", a.Talk)
	}
	if names := p.Flags.Names(); len(names) > 0 {
		fmt.Fprintf(&b, " %v", names)
	}
	return b.String()
}

// tellLedger also checks that the ledger closes.
func tellLedger(t testing.TB, db *store.DB) string {
	t.Helper()
	l, err := db.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	st := &l.Steps
	if got := st[store.StepAttempts] - st[store.StepHops] - st[store.StepFurther] - st[store.StepJoined]; got != st[store.StepCalls] {
		t.Errorf("attempts - hops - further - joined = %d, calls %d", got, st[store.StepCalls])
	}
	var sum int64
	for _, n := range l.Outcomes {
		sum += n
	}
	if sum != l.Calls {
		t.Errorf("outcomes sum to %d of %d calls", sum, l.Calls)
	}
	return fmt.Sprintf("ledger attempts=%d sip=%d hops=%d further=%d joined=%d records=%d calls=%d\n", l.Attempts,
		st[store.StepAttempts], st[store.StepHops], st[store.StepFurther], st[store.StepJoined], l.Joined, l.Calls)
}
