package dialog

import (
	"fmt"
	"testing"
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

func BenchmarkAssemble(b *testing.B) {
	msgs := proxiedCall(1)
	b.ReportAllocs()
	for b.Loop() {
		Assemble(msgs, Context{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(msgs)), "ns/message")
}
