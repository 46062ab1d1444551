package main

import (
	"fmt"
	"slices"
	"time"
)

// Times are microseconds UTC.
const (
	second = int64(1e6)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
	week   = 7 * day

	offset = hour // of local time from UTC
)

var (
	begin = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC).UnixMicro()
	end   = begin + 2*week

	// The trouble at carrier-a, and the capture taken in it.
	troubleBegin = begin + week + day + 13*hour + 4*minute
	troubleEnd   = begin + week + day + 16*hour + 31*minute
	captureBegin = begin + week + day + 14*hour + 10*minute
	captureEnd   = captureBegin + 5*minute

	rotation = begin + week - offset // of the gateway's log, midnight local time
)

func trouble(at int64) bool { return at >= troubleBegin && at < troubleEnd }

// weekOf is the ISO week of a time in UTC: W45 or W46.
func weekOf(at int64) string {
	y, w := time.UnixMicro(at).UTC().ISOWeek()
	return fmt.Sprintf("%d-W%02d", y, w)
}

// local is a time as the boxes' clocks show it.
func local(at int64) time.Time {
	return time.UnixMicro(at).In(time.FixedZone("CET", int(offset/second)))
}

// rhythm is when telephones are used: weights by local hour and by day from Monday.
type rhythm struct {
	hours [24]int64
	days  [7]int64
}

var (
	guests = rhythm{
		hours: [24]int64{0, 0, 0, 0, 0, 1, 5, 12, 16, 13, 9, 6, 6, 5, 6, 8, 10, 13, 15, 14, 12, 8, 4, 2},
		days:  [7]int64{12, 11, 12, 13, 18, 20, 15},
	}
	staff = rhythm{
		hours: [24]int64{0, 0, 0, 0, 0, 2, 5, 11, 15, 15, 13, 11, 8, 9, 11, 11, 10, 11, 11, 9, 7, 4, 2, 1},
		days:  [7]int64{16, 16, 16, 16, 18, 11, 8},
	}
	offices = rhythm{
		hours: [24]int64{0, 0, 0, 0, 0, 0, 1, 6, 14, 17, 16, 14, 8, 11, 15, 15, 13, 10, 6, 4, 3, 2, 1, 0},
		days:  [7]int64{18, 18, 17, 17, 15, 10, 6},
	}
)

// arrivals are the times of perWeek calls in each week, in order.
func (f *rhythm) arrivals(r *random, perWeek int) []int64 {
	times := make([]int64, 0, 2*perWeek)
	for n := range 2 * perWeek {
		d, h := int64(r.pick(f.days[:])), int64(r.pick(f.hours[:]))
		times = append(times, begin+int64(n/perWeek)*week+d*day+h*hour-offset+r.below(hour))
	}
	slices.Sort(times)
	return times
}

// Numbers that the regulator keeps free for fiction: Berlin, Frankfurt,
// Hamburg, Cologne, Munich, mobile.
var freeRanges = []struct {
	prefix string
	digits int
}{
	{"03023125", 3}, {"06990009", 3}, {"04066969", 3}, {"02214710", 3}, {"08999998", 3}, {"017139200", 2},
}

// outsideNumber is the number of somebody who is not in the house.
func outsideNumber(r *random) string {
	f := freeRanges[r.pick([]int64{34, 12, 12, 8, 12, 22})]
	n := r.hex(8)
	num := int64(0)
	for _, c := range n {
		num = num*16 + int64(c)
	}
	limit := int64(1)
	for range f.digits {
		limit *= 10
	}
	num = num % limit
	if f.prefix == houseNumber[:len(f.prefix)] && num >= 100 && num < 200 { // the house's own
		num += 300
	}
	return fmt.Sprintf("%s%0*d", f.prefix, f.digits, num)
}

// houseNumber begins the house's own numbers: 030 23125 100 to 199.
const houseNumber = "030231251"
