package ingest

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// traffic is one SIP message on the wire.
type traffic struct {
	at       int64 // microseconds UTC
	src, dst netip.AddrPort
	text     string
}

// scene makes up traffic: phones behind a proxy or back-to-back agent, which
// sends calls on to carriers.
type scene struct {
	*rand.Rand
	wires []traffic
	n     int
}

var proxyAddr = netip.MustParseAddrPort("192.0.2.10:5060")

// madeHop is one INVITE's way between two boxes.
type madeHop struct {
	s                  *scene
	from, to           netip.AddrPort
	callID, tag, toTag string
	callee, session    string
	vias               []string
	cseq               int
}

func (s *scene) addr(format string, n int) netip.AddrPort {
	return netip.MustParseAddrPort(fmt.Sprintf(format, 1+n))
}

// newHop begins a call of a phone at the proxy.
func (s *scene) newHop() *madeHop {
	s.n++
	h := &madeHop{
		s: s, from: s.addr("198.51.100.%d:5060", s.IntN(12)), to: proxyAddr,
		callID: fmt.Sprintf("call-%d-%x@198.51.100.1", s.n, s.Uint32()), tag: fmt.Sprintf("f%d", s.n), toTag: fmt.Sprintf("t%d", s.n),
		callee: fmt.Sprintf("44%02d%06d", s.IntN(4), s.n), cseq: 1,
	}
	h.branch()
	return h
}

func (h *madeHop) branch() {
	h.s.n++
	h.vias = append([]string{fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK%d", h.from, h.s.n)}, h.vias[min(1, len(h.vias)):]...)
}

// next is the proxy's hop to a carrier; agent: with a Call-ID of its own and
// nothing in common but the Session-ID.
func (h *madeHop) next(agent bool) *madeHop {
	n := *h
	n.from, n.to = proxyAddr, h.s.addr("203.0.113.%d:5060", h.s.IntN(3))
	n.vias = append([]string{""}, h.vias...)
	if agent {
		if h.session == "" {
			h.session = fmt.Sprintf("%032x", h.s.Uint64())
		}
		n.session, n.vias = h.session, []string{""}
		n.callID, n.tag, n.toTag = "b-"+h.callID, "b"+h.tag, "b"+h.toTag
	}
	n.branch()
	return &n
}

func (h *madeHop) put(at int64, back bool, start, method, toTag string, more ...string) {
	src, dst := h.from, h.to
	if back {
		src, dst = dst, src
	}
	if h.session != "" {
		more = append(more, "Session-ID: "+h.session+";remote=00000000000000000000000000000000")
	}
	var b strings.Builder
	b.WriteString(start + "\r\n")
	for _, v := range h.vias {
		b.WriteString("Via: " + v + "\r\n")
	}
	to := fmt.Sprintf("<sip:%s@example.net>", h.callee)
	if toTag != "" {
		to += ";tag=" + toTag
	}
	fmt.Fprintf(&b, "From: <sip:201@example.net>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n", h.tag, to, h.callID, h.cseq, method)
	for _, m := range more {
		b.WriteString(m + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	h.s.wires = append(h.s.wires, traffic{at, src, dst, b.String()})
}

func (h *madeHop) ask(at int64, method, toTag string, more ...string) {
	h.put(at, false, fmt.Sprintf("%s sip:%s@example.net SIP/2.0", method, h.callee), method, toTag, more...)
}

func (h *madeHop) reply(at int64, code int, phrase, method string, more ...string) {
	toTag := h.toTag
	if code == 100 {
		toTag = ""
	}
	h.put(at, true, fmt.Sprintf("SIP/2.0 %d %s", code, phrase), method, toTag, more...)
}

const ms = 1000

// fail is an INVITE that ends in code after a while, with its ACK.
func (h *madeHop) fail(at int64, code int, phrase string, after int64, more ...string) int64 {
	h.ask(at, "INVITE", "")
	h.reply(at+5*ms, 100, "Trying", "INVITE")
	h.reply(at+after, code, phrase, "INVITE", more...)
	h.ask(at+after+10*ms, "ACK", h.toTag)
	return at + after
}

// answer is an INVITE that is answered, and its BYE from either side.
func (h *madeHop) answer(at, ring, talk int64, callee bool) {
	h.ask(at, "INVITE", "")
	h.reply(at+40*ms, 180, "Ringing", "INVITE")
	h.reply(at+ring, 200, "OK", "INVITE")
	h.ask(at+ring+20*ms, "ACK", h.toTag)
	bye := *h
	bye.cseq++
	bye.branch()
	if callee {
		bye.from, bye.to, bye.tag, bye.toTag = h.to, h.from, h.toTag, h.tag
	}
	bye.ask(at+ring+talk, "BYE", bye.toTag)
	bye.reply(at+ring+talk+30*ms, 200, "OK", "BYE")
}

// play adds one call or request that begins at at.
func (s *scene) play(at int64) {
	h := s.newHop()
	agent := s.IntN(3) == 0
	within := func(low, high int64) int64 { return low + s.Int64N(high-low) }
	switch s.IntN(9) {
	case 0: // challenged, then answered
		h.fail(at, 407, "Proxy Authentication Required", 20*ms, `Proxy-Authenticate: Digest realm="example.net", nonce="1"`)
		h.cseq++
		h.branch()
		ring, talk := within(500*ms, 9000*ms), within(1000*ms, 90_000*ms)
		h.next(agent).answer(at+60*ms, ring-50*ms, talk, false)
		h.answer(at+50*ms, ring, talk, false)
	case 1:
		ring, talk := within(500*ms, 9000*ms), within(1000*ms, 600_000*ms)
		h.answer(at, ring, talk, true)
		h.next(agent).answer(at+10*ms, ring-20*ms, talk-1*ms, true)
	case 2:
		after := within(400*ms, 20_000*ms)
		h.fail(at, 486, "Busy Here", after)
		h.next(agent).fail(at+10*ms, 486, "Busy Here", after-30*ms, "Reason: Q.850;cause=17")
	case 3: // the first carrier fails, the second answers
		ring := within(1500*ms, 9000*ms)
		h.answer(at, ring, 8000*ms, false)
		h.next(agent).fail(at+10*ms, 503, "Service Unavailable", 300*ms)
		h.next(agent).answer(at+400*ms, ring-450*ms, 8000*ms, false)
	case 4: // the caller hangs up first
		gone := within(3000*ms, 30_000*ms)
		h.fail(at, 487, "Request Terminated", gone+100*ms)
		h.ask(at+gone, "CANCEL", "")
		h.reply(at+gone+20*ms, 200, "OK", "CANCEL")
	case 5: // a carrier that does not answer at all
		far := h.next(agent)
		for wait := int64(0); wait < 16_000*ms; wait = 2*wait + 500*ms {
			far.ask(at+10*ms+wait, "INVITE", "")
		}
		h.fail(at, 408, "Request Timeout", 32_000*ms)
	case 6:
		h.callee = "201"
		for _, code := range []int{401, 200} {
			h.ask(at, "REGISTER", "", "Expires: 300")
			h.reply(at+15*ms, code, "x", "REGISTER")
			h.cseq++
			h.branch()
			at += 30 * ms
		}
	case 7:
		h.ask(at, "OPTIONS", "")
		h.reply(at+15*ms, 200, "OK", "OPTIONS")
	case 8: // of a call that began before the capture
		h.ask(at, "BYE", "x")
		h.reply(at+15*ms, 481, "Call/Transaction Does Not Exist", "BYE")
	}
}

// packets are the scene's messages as a capture sees them: some lost, some seen
// twice, some that cannot be read.
func (s *scene) packets() [][]byte {
	slices.SortStableFunc(s.wires, func(a, b traffic) int { return cmp.Compare(a.at, b.at) })
	var list [][]byte
	for _, w := range s.wires {
		switch s.IntN(40) {
		case 0:
			continue
		case 1:
			list = append(list, udpRecord(w))
			w.at += 2 * ms
		case 2:
			w.text = strings.Replace(w.text, "Call-ID", "X-Not", 1)
		}
		list = append(list, udpRecord(w))
	}
	return list
}

// udpRecord is a pcap record of a raw IPv4 packet.
func udpRecord(w traffic) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	size := 28 + len(w.text)
	b := le.AppendUint32(nil, uint32(w.at/1_000_000))
	b = le.AppendUint32(b, uint32(w.at%1_000_000))
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, uint32(size))
	b = append(b, 0x45, 0)
	b = be.AppendUint16(b, uint16(size))
	b = append(b, 0, 1, 0, 0, 64, 17, 0, 0)
	b = append(append(b, w.src.Addr().AsSlice()...), w.dst.Addr().AsSlice()...)
	b = be.AppendUint16(be.AppendUint16(b, w.src.Port()), w.dst.Port())
	b = be.AppendUint16(b, uint16(8+len(w.text)))
	return append(append(b, 0, 0), w.text...)
}

// deal cuts packets into files: at random places, with or without overlaps, or
// dealt out one by one as probes at different places would see them.
func deal(r *rand.Rand, packets [][]byte) [][][]byte {
	n := len(packets)
	switch a, b := n/4+r.IntN(n/4), n/2+r.IntN(n/4); r.IntN(3) {
	case 0:
		return [][][]byte{packets[:a], packets[a:b], packets[b:]}
	case 1:
		return [][][]byte{packets[:b], packets[a:]}
	}
	files := make([][][]byte, 3)
	for _, p := range packets {
		i := r.IntN(len(files))
		files[i] = append(files[i], p)
		if r.IntN(8) == 0 { // two probes see it
			files[(i+1)%3] = append(files[(i+1)%3], p)
		}
	}
	return files
}

// TestRandomTraffic: any traffic, cut into files in any way and read in any
// order, gives the database of the whole, and the ledger closes.
func TestRandomTraffic(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := &scene{Rand: rand.New(rand.NewPCG(seed, 1))}
			at := int64(1_794_301_200_000_000)
			for range 120 {
				s.play(at)
				at += s.Int64N(8000 * ms)
			}
			packets := s.packets()
			dir, head := t.TempDir(), rawPcap()
			write := func(name string, packets [][]byte) string {
				path := filepath.Join(dir, name+".pcap")
				if err := os.WriteFile(path, pcapOf(head, packets), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			whole := imported(t, write("whole", packets))
			checkLedger(t, whole)
			want := logicalDump(t, whole)
			for n := range 3 {
				var files []string
				for i, part := range deal(s.Rand, packets) {
					files = append(files, write(fmt.Sprint("part", n, i), part))
				}
				s.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
				db := imported(t, files...)
				checkLedger(t, db)
				sameDump(t, fmt.Sprint(files), want, logicalDump(t, db))
			}
		})
	}
}

// TestShuffledTraffic: messages that stand up to two seconds from their place in
// a capture or a log change nothing: their times count.
func TestShuffledTraffic(t *testing.T) {
	s := &scene{Rand: rand.New(rand.NewPCG(21, 1))}
	at := int64(1_794_301_200_000_000)
	for range 60 {
		s.play(at)
		at += s.Int64N(3000 * ms)
	}
	packets, wires := s.packets(), slices.Clone(s.wires)
	moved := func(at int64) int64 { return at + s.Int64N(2000*ms) }
	kinds := map[string]func() []byte{
		"capture": func() []byte { return pcapOf(rawPcap(), packets) },
	}
	for style, write := range logStyles {
		kinds[style] = func() []byte {
			var b strings.Builder
			for _, w := range wires {
				write(&b, w)
			}
			return []byte(b.String())
		}
	}
	want := map[string]string{}
	for kind, data := range kinds {
		want[kind] = logicalDump(t, imported(t, written(t, kind, data())))
	}
	for range 2 {
		shuffleBy(packets, func(p []byte) int64 {
			return moved(int64(binary.LittleEndian.Uint32(p))*1_000_000 + int64(binary.LittleEndian.Uint32(p[4:])))
		})
		shuffleBy(wires, func(w traffic) int64 { return moved(w.at) })
		for kind, data := range kinds {
			db := imported(t, written(t, kind, data()))
			checkLedger(t, db)
			sameDump(t, kind+" shuffled", want[kind], logicalDump(t, db))
		}
	}
}

// shuffleBy sorts by numbers that are drawn once for each element.
func shuffleBy[T any](list []T, draw func(T) int64) {
	type drawn struct {
		x  T
		at int64
	}
	all := make([]drawn, len(list))
	for i, x := range list {
		all[i] = drawn{x, draw(x)}
	}
	slices.SortStableFunc(all, func(a, b drawn) int { return cmp.Compare(a.at, b.at) })
	for i := range all {
		list[i] = all[i].x
	}
}
