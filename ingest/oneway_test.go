package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
)

// oneWayLink is a trunk of which only what the PBX sends was captured: 20 calls
// that are answered, 10 refused, one given up without a trace of what came back.
func oneWayLink() *wire {
	w := &wire{}
	for i := range 31 {
		at := float64(20 * i)
		k := &talk{w: w, id: fmt.Sprint("call", i), src: pbx, dst: trunkA, from: "201", to: fmt.Sprint(442070000000 + i)}
		k.invite(at)
		switch {
		case i == 30:
		case i%3 == 0:
			k.refuse(at+1, "486 Busy Here")
		default:
			k.answer(at + 1)
			k.bye(at + 10)
		}
	}
	return w
}

func outcomes(t testing.TB, db *store.DB) string {
	t.Helper()
	l, err := db.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(l.Outcomes)
}

// TestOneWay: nothing is a time-out where responses were not captured; with the
// other direction in a file of its own, everything is known after all.
func TestOneWay(t *testing.T) {
	w := oneWayLink()
	out := w.file(t, func(p *wirePacket) bool { return p.src == pbx })
	in := w.file(t, func(p *wirePacket) bool { return p.src == trunkA })
	// Watched for long enough after the last call that it would have timed out.
	watch := &wire{}
	k := &talk{w: watch, id: "other", src: phone, dst: pbx, from: "201", to: "202"}
	k.invite(640)
	k.refuse(641, "404 Not Found")
	after := watch.file(t, nil)

	db := newDB(t, out, after)
	if got, want := outcomes(t, db), "map[answered:20 failed:1 in_progress:1 not_connected:10]"; got != want {
		t.Errorf("one way: %s, want %s", got, want)
	}
	for _, line := range strings.Split(tell(t, db), "\n") {
		if strings.Contains(line, "timeout") || strings.Contains(line, "bye_unanswered") {
			t.Errorf("a time-out: %s", line)
		}
	}
	want := tell(t, db)
	if diff := cmp.Diff(want, tell(t, newDB(t, after, out))); diff != "" {
		t.Errorf("another order (-want +got)\n%s", diff)
	}
	// Rotated in the middle: the verdict comes with the second file.
	early := w.file(t, func(p *wirePacket) bool { return p.src == pbx && p.at < 61 })
	late := w.file(t, func(p *wirePacket) bool { return p.src == pbx && p.at >= 61 })
	if diff := cmp.Diff(want, tell(t, newDB(t, late, after, early))); diff != "" {
		t.Errorf("rotated (-want +got)\n%s", diff)
	}
	whole := newDB(t, out, after, in)
	if got, want := outcomes(t, whole), "map[answered:20 failed:2 user:10]"; got != want {
		t.Errorf("both ways: %s, want %s", got, want)
	}
	if diff := cmp.Diff(tell(t, newDB(t, in, after, out)), tell(t, whole)); diff != "" {
		t.Errorf("both ways in another order (-want +got)\n%s", diff)
	}
}

// TestDeadTrunk: a trunk without responses and without anything that proves one is
// dead, not captured one way; one lost answer does not change that.
func TestDeadTrunk(t *testing.T) {
	w := &wire{}
	for i := range 30 {
		k := &talk{w: w, id: fmt.Sprint("call", i), src: pbx, dst: trunkA, from: "201", to: fmt.Sprint(442070000000 + i)}
		at := float64(40 * i)
		k.invite(at)
		k.invite(at + .5)
		k.invite(at + 1.5)
		if i == 7 {
			k.request(at+2, "ACK", 1, "k", k.tag(), "")
		}
	}
	k := &talk{w: w, id: "other", src: phone, dst: pbx, from: "201", to: "202"}
	k.invite(1300)
	k.refuse(1301, "404 Not Found")
	if got, want := outcomes(t, newDB(t, w.file(t, nil))), "map[answered:1 failed:30]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestICMP: an ICMP error that quotes an INVITE explains why nothing came back.
// It is no message, it is kept, and it yields to an answer that comes later.
func TestICMP(t *testing.T) {
	w := &wire{}
	k := &talk{w: w, id: "call1", src: pbx, dst: trunkA, from: "201", to: "442070000001"}
	k.invite(0)
	w.unreachable(.001, pbx, trunkA, 3, 3)
	k.invite(.5)
	w.unreachable(.501, pbx, trunkA, 11, 0) // time exceeded: to be ignored
	first := w.file(t, nil)
	db := newDB(t, first)
	want := `call call1 0.000 201>442070000001 192.0.2.1>198.51.100.7 failed 0 cause=503/-1 [transport_error retransmitted]
ledger attempts=1 sip=1 hops=0 further=0 joined=0 records=0 calls=1
`
	if diff := cmp.Diff(want, tell(t, db)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	l, err := db.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if n := l.Steps[store.StepMessages]; n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	found, err := db.Find(context.Background(), "call1")
	if err != nil || len(found) != 1 {
		t.Fatalf("%d calls, %v", len(found), err)
	}
	steps, err := Trace(context.Background(), db, &found[0])
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, s := range steps {
		texts = append(texts, s.Text+" "+s.Detail)
	}
	if diff := cmp.Diff([]string{"INVITE ", "ICMP port unreachable quotes INVITE", "INVITE "}, texts); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}
	more := &wire{}
	k.w = more
	k.refuse(2, "486 Busy Here")
	second := more.file(t, nil)
	want = `call call1 0.000 201>442070000001 192.0.2.1>198.51.100.7 user 486 [retransmitted]
ledger attempts=1 sip=1 hops=0 further=0 joined=0 records=0 calls=1
`
	for _, files := range [][]string{{first, second}, {second, first}} {
		if diff := cmp.Diff(want, tell(t, newDB(t, files...))); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
