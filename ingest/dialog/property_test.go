package dialog

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// flows are all message sets of the goldens.
func flows(t testing.TB) map[string][]Message {
	all := map[string][]Message{}
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if !strings.HasSuffix(f.Name, ": want") {
				s, _ := readScene(t, string(f.Data))
				all[f.Name] = s.msgs
			}
		}
	}
	return all
}

// plain is a result without what depends on where the messages stand.
func plain(r Result) Result {
	var out Result
	out.Settled, out.Counts = r.Settled, r.Counts
	out.Counts.Messages, out.Counts.Duplicates = 0, 0
	for _, c := range r.Calls {
		legs := slices.Clone(c.Legs)
		c.Messages = make([]int, len(c.Messages))
		for i := range legs {
			legs[i].Messages = make([]int, len(legs[i].Messages))
		}
		c.Legs = legs
		out.Calls = append(out.Calls, c)
	}
	return out
}

// TestOrderDoesNotMatter: the result is a function of the set of messages.
func TestOrderDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, msgs := range flows(t) {
		want := plain(Assemble(msgs, Context{}))
		for range 5 {
			mixed := slices.Clone(msgs)
			rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			if diff := cmp.Diff(want, plain(Assemble(mixed, Context{})), sameAddr); diff != "" {
				t.Errorf("%s: shuffled (-want +got)\n%s", name, diff)
				break
			}
		}
	}
}

// messagesIn leaves out the reports that a message did not arrive.
func messagesIn(msgs []Message) (n int) {
	for i := range msgs {
		if msgs[i].Flags&Undelivered == 0 {
			n++
		}
	}
	return n
}

// TestSeenTwice: a second capture of the same traffic, and a log of it that
// knows no addresses, change nothing but the duplicates (R14).
func TestSeenTwice(t *testing.T) {
	for name, msgs := range flows(t) {
		if strings.HasPrefix(name, "R14") {
			continue // those are about which ones are duplicates
		}
		want := plain(Assemble(msgs, Context{}))
		twice := slices.Clone(msgs)
		for _, m := range msgs {
			m.Source, m.Time = 9, m.Time+300 // another capture point
			twice = append(twice, m)
		}
		for _, m := range msgs {
			m.Source, m.Time = 8, m.Time+2000
			m.Src, m.Dst = noAddr, noAddr
			m.Flags &^= FromCapture
			twice = append(twice, m)
		}
		r := Assemble(twice, Context{CoverageEnd: lastTime(msgs)})
		// What is discarded is not looked at: two thirds of it are the copies.
		if n := 2 * messagesIn(msgs); r.Counts.Duplicates+r.Counts.Unusable*2/3 != n {
			t.Errorf("%s: %d duplicates, want %d", name, r.Counts.Duplicates, n)
		}
		got := plain(r)
		got.Counts.Unusable = want.Counts.Unusable
		if diff := cmp.Diff(want, got, sameAddr); diff != "" {
			t.Errorf("%s: (-once +three times)\n%s", name, diff)
		}
	}
}

// TestSourceNumbers: which source saw what does not matter.
func TestSourceNumbers(t *testing.T) {
	for name, msgs := range flows(t) {
		want := plain(Assemble(msgs, Context{}))
		split := slices.Clone(msgs)
		for i := range split {
			if split[i].Flags&FromCapture != 0 {
				split[i].Source, split[i].Offset = int64(100-i%3), int64(len(split)-i)
			}
		}
		if diff := cmp.Diff(want, plain(Assemble(split, Context{})), sameAddr); diff != "" {
			t.Errorf("%s: (-one source +three)\n%s", name, diff)
		}
	}
}

// TestCoverageSettles: what is settled does not change when sources watch on.
func TestCoverageSettles(t *testing.T) {
	for name, msgs := range flows(t) {
		r := Assemble(msgs, Context{})
		later := Assemble(msgs, Context{CoverageEnd: lastTime(msgs) + 3600e6})
		if !later.Settled {
			t.Errorf("%s: not settled after an hour", name)
		}
		if diff := cmp.Diff(plain(r), plain(later), sameAddr); r.Settled && diff != "" {
			t.Errorf("%s: settled, and yet (-now +later)\n%s", name, diff)
		}
	}
}

// TestTimeIsLinear: many messages under one Call-ID, of whatever shape. Four times
// the messages may take up to ten times the time; what is quadratic takes sixteen.
func TestTimeIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("48,000 messages")
	}
	const n = 12_000
	shapes := map[string]func(i int, m *Message){
		"one request again and again": func(i int, m *Message) {},
		"every request its own":       func(i int, m *Message) { m.CSeq = fmt.Sprint(i + 1) },
		"every dialog its own": func(i int, m *Message) {
			m.FromTag, m.CSeq = fmt.Sprint("f", i), "1"
			m.Vias = []string{fmt.Sprint("192.0.2.1:5060;z9hG4bK", i)}
		},
		"responses with a tag each": func(i int, m *Message) { m.Status, m.ToTag = 180, fmt.Sprint(i) },
		"responses without Via":     func(i int, m *Message) { m.Status, m.Vias, m.CSeq = 200, nil, fmt.Sprint(i) },
		"unknown dialogs":           func(i int, m *Message) { m.Method, m.ToTag, m.CSeq = "BYE", fmt.Sprint(i), fmt.Sprint(i) },
		"equal bytes at once":       func(i int, m *Message) { m.Hash, m.Time = 7, sceneStart },
		"equal bytes in a log":      func(i int, m *Message) { m.Hash, m.Src, m.Dst = 7, noAddr, noAddr; m.Source = int64(i % 2) },
		"challenges":                func(i int, m *Message) { m.CSeq = fmt.Sprint(i / 2); m.Status = i % 2 * 401 },
		"re-INVITEs":                func(i int, m *Message) { m.CSeq = fmt.Sprint(i); m.ToTag = []string{"t", ""}[min(1, max(0, 1-i))] },
		"long Via lists": func(i int, m *Message) {
			for k := range 20 {
				m.Vias = append(m.Vias, fmt.Sprint("192.0.2.1:5060;z9hG4bK", i-k))
			}
			m.Vias[0] = fmt.Sprint("192.0.2.1:5060;z9hG4bK", i)
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			var ratio float64
			for range 5 { // another program may take the machine meanwhile
				few, _, _ := timeOf(n, shape)
				many, msgs, r := timeOf(4*n, shape)
				checkCounts(t, r.Counts)
				checkResult(t, msgs, r)
				if ratio = float64(many) / float64(few); ratio < 10 {
					return
				}
			}
			t.Errorf("%d messages take %.1f times as long as %d", 4*n, ratio, n)
		})
	}
}

// timeOf assembles n messages of a shape.
func timeOf(n int, shape func(int, *Message)) (time.Duration, []Message, Result) {
	msgs := make([]Message, n)
	for i := range msgs {
		m := &msgs[i]
		*m = Message{Time: sceneStart + int64(i)*1000, Hash: uint64(i), Method: "INVITE", CSeq: "1", FromTag: "f", Vias: []string{"192.0.2.1:5060;z9hG4bKx"}, Src: host(1), Dst: host(2), RequestUser: "1"}
		shape(i, m)
	}
	start := time.Now()
	r := Assemble(msgs, Context{})
	return time.Since(start), msgs, r
}

// FuzzAssemble makes message sets of few ingredients, so that they meet.
func FuzzAssemble(f *testing.F) {
	f.Add([]byte("a call with some bytes of its own 0123456789"), uint16(0))
	f.Add([]byte{0, 0, 0, 0, 0, 1, 10, 0, 0, 0, 2, 12, 0, 1, 1, 3, 9, 1}, uint16(40))
	for _, seed := range []uint64{1, 2, 3, 4, 5, 6, 7, 8} {
		rng := rand.New(rand.NewPCG(seed, 0))
		b := make([]byte, 6*40)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		f.Add(b, uint16(seed*17))
	}
	f.Fuzz(func(t *testing.T, data []byte, coverage uint16) {
		msgs := messagesOf(data)
		ctx := Context{CoverageEnd: sceneStart + int64(coverage)*1e6}
		r := Assemble(msgs, ctx)
		checkCounts(t, r.Counts)
		checkResult(t, msgs, r)
		back := slices.Clone(msgs)
		slices.Reverse(back)
		if x, y := plain(r), plain(Assemble(back, ctx)); !reflect.DeepEqual(x, y) { // cmp takes long to say yes
			t.Errorf("order of the messages matters (-forwards +backwards)\n%s", cmp.Diff(x, y, sameAddr))
		}
	})
}

// messagesOf reads six bytes a message.
func messagesOf(data []byte) []Message {
	methods := []string{"INVITE", "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "PRACK", "OPTIONS"}
	statuses := []int{0, 0, 0, 100, 180, 183, 200, 200, 302, 401, 407, 484, 486, 487, 503, 603}
	tags := []string{"", "a", "b", "c"}
	var msgs []Message
	now := int64(sceneStart)
	for n := 0; len(data) >= 6 && n < 400; n++ {
		b := data[:6]
		data = data[6:]
		now += int64(b[0]) * int64(b[0]) * 1000
		m := Message{
			Time: now, Source: int64(b[1] >> 7), Offset: int64(n), RetryAfter: -1, Expires: -1,
			Method: methods[b[1]&7], Status: statuses[b[1]>>3&15], CSeq: fmt.Sprint(b[2] & 3),
			FromTag: tags[b[2]>>2&3], ToTag: tags[b[2]>>4&3], Src: host(b[3] & 3), Dst: host(b[3] >> 2 & 3),
			RequestUser: []string{"0", "01", "012", ""}[b[3]>>4&3], Flags: MessageFlags(b[4]&7) | MessageFlags(b[5]>>6)<<6,
		}
		for k := 0; k < int(b[5]&3); k++ {
			m.Vias = append(m.Vias, fmt.Sprintf("192.0.2.%d:5060;z9hG4bK%d", b[5]>>2&3, b[4]>>(3+k)&3))
		}
		if b[3]>>6 == 0 {
			m.Src, m.Dst = noAddr, noAddr
		}
		m.Hash = hashOf(fmt.Sprint(m.Method, m.Status, m.CSeq, m.FromTag, m.ToTag, m.Vias, m.RequestUser, m.Flags&7))
		msgs = append(msgs, m)
	}
	return msgs
}

var noAddr netip.AddrPort

func host(n byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, n}), 5060)
}

func lastTime(msgs []Message) (last int64) {
	for i := range msgs {
		last = max(last, msgs[i].Time)
	}
	return last
}

// sameAddr lets cmp look at addresses.
var sameAddr = cmp.Comparer(func(x, y netip.AddrPort) bool { return x == y })

// TestPlainKey: a Via that is its own key by the short way is so by the long one.
func TestPlainKey(t *testing.T) {
	plain := 0
	for _, host := range []string{"192.0.2.1", "gw-1.example.net", "GW", "[2001:db8::1]", "2001:db8::1", ""} {
		for _, port := range []string{"", ":", ":5060", ":5060:1"} {
			for _, branch := range []string{"", ";", ";z9hG4bK", ";z9hG4bK1", ";Z9HG4BK1", ";z9hG4bK1;2", ";1"} {
				via := host + port + branch
				if !plainKey(via) {
					continue
				}
				plain++
				if key := viaKey(via); key != via || !isRFC3261(via) {
					t.Errorf("%q: key %q, of RFC 3261 %v", via, key, isRFC3261(via))
				}
			}
		}
	}
	if plain != 4 { // two hosts, with a port or an empty one, and the cookie with something after it
		t.Errorf("%d plain ones, want 4", plain)
	}
}

// TestWithVia: the transaction that a message is given by its top Via as it stands is the one
// of its key, whichever spelling came first, also where there are so many that a map finds them.
func TestWithVia(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	short := 0
	for range 600 {
		hosts := 1 + r.IntN(6)
		msgs := make([]Message, 1+r.IntN(80))
		for i := range msgs {
			m := &msgs[i]
			m.Time, m.Hash = sceneStart+int64(i), uint64(i)
			m.Method, m.CSeq, m.Status = pick("INVITE", "ACK", "BYE"), pick("1", "2"), r.IntN(2)*180
			m.FromTag, m.FromURI = pick("", "a", "b"), pick("", "sip:a@example.net")
			host := fmt.Sprint("gw", r.IntN(hosts))
			via := pick(host+":5060", host+":5060", host+":5060", host, strings.ToUpper(host)+":5060", "[2001:DB8::1]", "a:b:c") + pick(";z9hG4bK1", ";z9hG4bK1", ";z9hG4bK1", ";Z9HG4BK1", ";z9hG4bK", ";1", "")
			m.Vias = []string{via, "192.0.2.1:5060;z9hG4bK0"}[:r.IntN(3)]
		}
		a := assembly{in: msgs, ctx: &Context{}, options: new(Context).options(), room: new(room)}
		a.dedupe()
		a.transactions()
		keys := map[txKey]int32{}
		for i := range a.txs {
			keys[a.txs[i].txKey] = int32(i)
		}
		for i := range a.pkts {
			p := &a.pkts[i]
			if len(p.Vias) == 0 {
				continue // by its addresses
			}
			if want, ok := keys[keyOf(p.Message)]; !ok || p.tx != want {
				t.Fatalf("%q of %d messages: transaction %d, want %d", p.Vias, len(msgs), p.tx, want)
			}
			if a.index == nil && a.withVia(p.Message) >= 0 {
				short++
			}
		}
		if len(keys) != len(a.txs) {
			t.Fatalf("%d transactions with %d keys", len(a.txs), len(keys))
		}
	}
	if short < 300 {
		t.Errorf("%d messages were found by their Via as it stands", short)
	}
}

// TestTags: few tags and many are found alike, each with the first transaction that had it.
func TestTags(t *testing.T) {
	var s tags
	for round := range 2 {
		want := map[string]int32{}
		for i := range int32(3 * few) {
			tag := fmt.Sprint(i % (2 * few))
			s.add(tag, i)
			if _, ok := want[tag]; !ok {
				want[tag] = i
			}
			for k := range int32(3 * few) {
				tx, ok := s.of(fmt.Sprint(k))
				if first, known := want[fmt.Sprint(k)]; tx != first || ok != known {
					t.Fatalf("round %d: %d after %d: %d, %v; want %d, %v", round, k, i, tx, ok, first, known)
				}
			}
		}
		s.empty()
		if _, ok := s.of("0"); ok {
			t.Fatal("emptied, it still has a tag")
		}
	}
}
