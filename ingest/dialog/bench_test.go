package dialog

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// proxiedCall is an answered call over a proxy, both hops seen, with a
// challenge and a BYE: 22 messages.
func proxiedCall(n int) []Message {
	s := newScene(fmt.Sprint("t=0 call ", n))
	for _, line := range []string{
		"0.000 alice>proxy INVITE 1", "0.002 proxy>alice 407", "0.004 alice>proxy ACK 1",
		"0.010 alice>proxy INVITE 2 auth", "0.011 proxy>alice 100", "0.012 proxy>bob INVITE 2 auth",
		"0.100 bob>proxy 100", "0.200 bob>proxy 180", "0.201 proxy>alice 180",
		"3.000 bob>proxy 200 sdp", "3.001 proxy>alice 200 sdp", "3.010 alice>proxy ACK 2 2xx", "3.011 proxy>bob ACK 2 2xx",
		"60.000 alice>proxy BYE 3", "60.001 proxy>bob BYE 3", "60.010 bob>proxy 200 BYE", "60.011 proxy>alice 200 BYE",
	} {
		s.line(line)
	}
	return s.msgs
}

// TestAssemblerIsUsedAgain: what was assembled before in the same memory leaves no trace.
func TestAssemblerIsUsedAgain(t *testing.T) {
	var s Assembler
	for round := range 2 {
		for name, msgs := range flows(t) {
			if diff := cmp.Diff(plain(Assemble(msgs, Context{})), plain(s.Assemble(msgs, Context{})), sameAddr); diff != "" {
				t.Errorf("%s, round %d: (-in new memory +in used memory)\n%s", name, round, diff)
			}
		}
	}
}

func TestAssemblerAllocates(t *testing.T) {
	msgs := proxiedCall(1)
	var s Assembler
	s.Assemble(msgs, Context{})
	if n := testing.AllocsPerRun(100, func() { s.Assemble(msgs, Context{}) }); n > 2 {
		t.Errorf("%v allocations for a call, want 2 at most", n)
	}
}

func BenchmarkAssemble(b *testing.B) {
	msgs := proxiedCall(1)
	b.ReportAllocs()
	var s Assembler
	for b.Loop() {
		s.Assemble(msgs, Context{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(msgs)), "ns/message")
}
