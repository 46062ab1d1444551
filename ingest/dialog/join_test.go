package dialog

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/store/codes"
)

func addr(n byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, n}) }

// party is an INVITE from host a to host b at second s.
func party(id string, s float64, a, b byte, links ...Link) Party {
	return Party{CallID: id, Start: sceneStart + int64(s*1e6), From: addr(a), To: addr(b), FromUser: "+49301234567", ToUser: "00442071234567", Links: links}
}

func TestJoin(t *testing.T) {
	uuid := Link{"session-id", "ab30317f1a784dc48ff824d0d3715d86"}
	tests := []struct {
		name    string
		parties []Party
		want    []Joint
	}{
		{"session id", []Party{party("a", 0, 1, 2, uuid), party("b", 1, 2, 3, uuid)}, []Joint{{0, 1, "session-id", 0.98}}},
		{"a session id of zeros is none", []Party{party("aaaa", 0, 1, 2, Link{"session-id", "00000000"}), party("bbbb", 9, 5, 6, Link{"session-id", "00000000"})}, nil},
		{"icid", []Party{party("b", 1, 2, 3, Link{"icid", "x1"}), party("a", 0, 1, 2, Link{"icid", "x1"})}, []Joint{{1, 0, "icid", 0.97}}},
		{"header names the other Call-ID", []Party{party("a@example.net", 0, 1, 2), party("b", 9, 7, 3, Link{"x-cid", "a@example.net"})}, []Joint{{0, 1, "x-cid", 0.95}}},
		{"Call-ID with something added", []Party{party("4711abcd@example.net", 0, 1, 2), party("4711abcd@example.net_b2b-1", 9, 7, 3)}, []Joint{{0, 1, "call-id", 0.9}}},
		{"Call-ID with something before it", []Party{party("4711abcd", 0, 1, 2), party("B2B.17.4711abcd", 9, 7, 3)}, []Joint{{0, 1, "call-id", 0.9}}},
		{"same numbers a moment later", []Party{party("a", 0, 1, 2), party("b", 1.5, 2, 3)}, []Joint{{0, 1, "numbers", 0.6}}},
		{"same numbers too late", []Party{party("a", 0, 1, 2), party("b", 2.5, 2, 3)}, nil},
		{"same numbers from elsewhere", []Party{party("a", 0, 1, 2), party("b", 1, 4, 3)}, nil},
		{"two candidates: none", []Party{party("a", 0, 1, 2), party("a2", 0.5, 1, 2), party("b", 1, 2, 3)}, nil},
		{"two children: none", []Party{party("a", 0, 1, 2), party("b", 1, 2, 3), party("c", 1.1, 2, 4)}, nil},
		{"the stronger evidence counts", []Party{party("a", 0, 1, 2, uuid), party("x", 0.5, 8, 2), party("b", 1, 2, 3, uuid)}, []Joint{{0, 2, "session-id", 0.98}}},
		{"a chain of three", []Party{party("a", 0, 1, 2, uuid), party("b", 1, 2, 3, uuid), party("c", 2, 3, 4, uuid)}, []Joint{{0, 1, "session-id", 0.98}, {1, 2, "session-id", 0.98}}},
		{"the same value days later", []Party{party("a", 0, 1, 2, uuid), party("b", 86400, 2, 3, uuid)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Join(tt.parties)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestJoinOrder: the parties' order does not matter, and many take no long time.
func TestJoinOrder(t *testing.T) {
	var parties []Party
	for i := range 20_000 {
		p := party(fmt.Sprint("call", i), float64(i)/10, byte(i%3), byte(i%3+1))
		p.ToUser = fmt.Sprint(4400000 + i/2)
		if i%5 == 0 {
			p.Links = []Link{{"icid", fmt.Sprint(i / 10)}, {"x-cid", "all the same"}}
		}
		parties = append(parties, p)
	}
	names := func(parties []Party) []string {
		var out []string
		for _, j := range Join(parties) {
			out = append(out, fmt.Sprint(parties[j.A].CallID, ">", parties[j.B].CallID, j.Rule))
		}
		slices.Sort(out)
		return out
	}
	start := time.Now()
	want := names(parties)
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("%v for %d parties", took, len(parties))
	}
	if len(want) == 0 {
		t.Fatal("nothing joined")
	}
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(parties), func(i, k int) { parties[i], parties[k] = parties[k], parties[i] })
	if diff := cmp.Diff(want, names(parties)); diff != "" {
		t.Errorf("shuffled (-want +got)\n%s", diff)
	}
}

// TestR11: a back-to-back agent's two Call-IDs are one call: the caller saw 480,
// the cause is the trunk's 503.
func TestR11(t *testing.T) {
	sceneOf := func(text string) Call {
		s := newScene("")
		s.addr("phone")
		s.addr("pbx")
		if err := s.parse(text); err != nil {
			t.Fatal(err)
		}
		return Assemble(s.msgs, Context{}).Calls[0]
	}
	a := sceneOf("0 phone>pbx INVITE 1\n0.1 pbx>phone 100\n2 pbx>phone 480\n2 phone>pbx ACK 1")
	b := sceneOf("0.2 pbx>trunk INVITE 1\n1 trunk>pbx 503 reason=Q.850:34:full\n1 pbx>trunk ACK 1")
	c := Combine([]Call{a, b}, []int{-1, 0})
	if c.Outcome != codes.Failed || c.Code != 480 || c.CauseCode != 503 || c.CauseQ850 != 34 || len(c.Legs) != 2 || c.Legs[1].Parent != 0 {
		t.Errorf("%s %d, cause %d, Q.850 %d, %d legs", c.Outcome, c.Code, c.CauseCode, c.CauseQ850, len(c.Legs))
	}
	// Failover behind the agent: the second trunk answers.
	a = sceneOf("0 phone>pbx INVITE 1\n3 pbx>phone 200\n3 phone>pbx ACK 1 2xx")
	d := sceneOf("1.2 pbx>second INVITE 1\n2.9 second>pbx 200\n3 pbx>second ACK 1 2xx")
	c = Combine([]Call{a, b, d}, []int{-1, 0, 0})
	if c.Outcome != codes.Answered || c.Flags&codes.FlagRecovered == 0 {
		t.Errorf("%s, flags %v", c.Outcome, c.Flags.Names())
	}
}
