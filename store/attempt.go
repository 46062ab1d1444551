package store

import (
	"cmp"
	"database/sql"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"callsift/store/codes"
)

// Quarter is the length of a roll-up's cell in microseconds.
const Quarter = 900_000_000

// shortCallMS: an answered call shorter than this is a short call (metrics.md
// §1, ALOC): people hang up at once when the audio is broken.
const shortCallMS = 6000

// Add stores a row that stands alone (bundle 0 or a new one) and counts it.
// It returns the row's id.
func (im *Import) Add(a *Attempt) int64 {
	p := im.profile(&a.Profile)
	im.countRecent(a, p)
	profile := p.id
	im.nextAttempt++
	im.attempts.begin()
	b := im.attempts.buf // packed in a local: one store into the struct instead of one a value
	for _, n := range [...]int64{im.nextAttempt, a.Call, a.Bundle, profile, a.Start} {
		b = appendNumber(b, n)
	}
	b = appendText(appendText(appendText(b, a.Caller), a.Callee), a.NativeID)
	for _, n := range [...]int64{a.PDD, a.Setup, a.Talk} {
		b = appendNumber(b, n)
	}
	b = appendBlob(b, a.packDelays(im.scratch[:0]))
	for _, n := range [...]int64{int64(a.Legs), a.Source, a.Offset, a.Length, a.Line} {
		b = appendNumber(b, n)
	}
	im.attempts.buf = b
	return im.nextAttempt
}

// countRecent adds a row to the roll-ups.
func (im *Import) countRecent(a *Attempt, p *recentProfile) {
	key := cellKey{a.Start / Quarter, p.id}
	if p.cell != key {
		im.settleCell(p)
		p.cell = key
	}
	p.sum.add(a, 1)
	im.countCaller(a, p.id, 1)
	im.countDelays(a, key, 1)
}

// settleCell moves what a recent profile has gathered to the roll-up.
func (im *Import) settleCell(p *recentProfile) {
	if p.sum != (Cell{}) {
		im.addCell(p.cell, p.sum)
		p.sum = Cell{}
	}
}

// count adds a row to the roll-ups, or takes it out with n = -1.
func (im *Import) count(a *Attempt, profile, n int64) {
	key := cellKey{a.Start / Quarter, profile}
	var c Cell
	c.add(a, n)
	im.addCell(key, c)
	im.countCaller(a, profile, n)
	im.countDelays(a, key, n)
}

// add counts a row n times.
func (c *Cell) add(a *Attempt, n int64) {
	c.N += n
	if a.Talk >= 0 && a.Profile.Outcome == codes.Answered {
		c.Talked += n
		c.TalkMS += n * a.Talk
		if a.Talk < shortCallMS {
			c.Short += n
		}
	}
}

func (im *Import) addCell(key cellKey, c Cell) {
	// What has changed since the last flush; cells of a long import would
	// otherwise grow with the file.
	if len(im.cells) >= maxCells {
		im.storeCells()
	}
	im.cells = append(im.cells, countedCell{key, c})
}

func (im *Import) countDelays(a *Attempt, key cellKey, n int64) {
	im.countMinute(a, n)
	for kind, ms := range a.delays() {
		if ms >= 0 {
			im.countDelay(delayKey{key.quarter, uint32(key.profile), uint16(DelayBucket(ms)), uint8(kind)}, int32(n))
		}
	}
}

// delaySlots: delays are counted in a slot that their key chooses, and leave it for
// another key with the same slot. A map took three times as long.
const (
	delayBits  = 14
	delaySlots = 1 << delayBits
)

// countedDelay is a part of a distribution.
type countedDelay struct {
	key delayKey
	n   int32
}

func (im *Import) countDelay(key delayKey, n int32) {
	h := uint64(key.profile)*0x9E3779B97F4A7C15 + uint64(key.bucket)*0xD6E8FEB86659FD93 + uint64(key.kind)<<50 + uint64(key.quarter)<<40
	slot := &im.delays[h>>(64-delayBits)]
	if slot.key != key {
		if slot.n != 0 {
			if len(im.delayed) >= maxCells {
				im.storeDelays()
			}
			im.delayed = append(im.delayed, *slot)
		}
		*slot = countedDelay{key: key}
	}
	slot.n += n
}

// packDelays packs the delays that are kept as distributions only: a CDR, which
// has none, gets an empty value.
func (a *Attempt) packDelays(buf []byte) []byte {
	if a.Alert < 0 && a.Media < 0 && a.Bye < 0 {
		return nil
	}
	for _, ms := range [...]int64{a.Alert, a.Media, a.Bye} {
		buf = binary.AppendVarint(buf, ms)
	}
	return buf
}

func (a *Attempt) unpackDelays(b []byte) {
	for _, ms := range [...]*int64{&a.Alert, &a.Media, &a.Bye} {
		n, k := binary.Varint(b)
		if k <= 0 {
			n, k = -1, 0
		}
		*ms, b = n, b[k:]
	}
}

// maxCells bounds the cells, or delays, that are kept in memory: a megabyte together.
const maxCells = 15_000

// delays lists the delays that are kept as distributions, by DelayKind.
func (a *Attempt) delays() [DelayBye + 1]int64 {
	d := [DelayBye + 1]int64{-1, a.PDD, a.Alert, a.Media, -1, -1, a.Bye}
	switch {
	case a.Profile.Method == "REGISTER" && a.Profile.Outcome == codes.Answered:
		d[DelayReg] = a.Setup
	case a.Profile.Outcome == codes.Failed && a.Profile.Code > 0:
		d[DelayFail] = a.Setup
	}
	return d
}

// flushCells brings the roll-ups up to date.
func (im *Import) flushCells() {
	for i := range im.profiles.recent {
		for _, p := range im.profiles.recent[i] {
			if p != nil {
				im.settleCell(p)
			}
		}
	}
	im.storeCells()
	im.storeTotals()
	im.storeDelays()
	im.storeMinutes()
}

// storeCells adds what was counted to the roll-up, in the order of its key: the
// cells of a file come in order of time, so its pages are filled one by one.
func (im *Import) storeCells() {
	slices.SortFunc(im.cells, func(a, b countedCell) int { return a.key.compare(b.key) })
	var fewer []cellKey
	for i := 0; i < len(im.cells); {
		key, c := im.cells[i].key, im.cells[i].Cell
		for i++; i < len(im.cells) && im.cells[i].key == key; i++ {
			c.plus(im.cells[i].Cell)
		}
		if c == (Cell{}) {
			continue
		}
		im.totals[key.profile] += c.N
		b := &im.cellRows
		b.begin()
		for _, n := range [...]int64{key.quarter, key.profile, c.N, c.Talked, c.TalkMS, c.Short} {
			b.number(n)
		}
		if c.N < 0 {
			fewer = append(fewer, key)
		}
	}
	im.cells = im.cells[:0]
	for _, k := range fewer {
		im.exec(`DELETE FROM rollup WHERE quarter = ? AND profile = ? AND n = 0`, k.quarter, k.profile)
	}
}

// storeTotals brings the profiles' totals up to date. Every import asks for
// them, and a year's roll-up has millions of rows.
func (im *Import) storeTotals() {
	for _, profile := range slices.Sorted(maps.Keys(im.totals)) {
		if n := im.totals[profile]; n != 0 {
			im.beside(`INSERT INTO profile_total (profile, n) VALUES (?, ?) ON CONFLICT (profile) DO UPDATE SET n = n + excluded.n`, profile, n)
		}
	}
	clear(im.totals)
	im.beside(`DELETE FROM profile_total WHERE n = 0`)
}

// countedCell is a part of a cell of the roll-up.
type countedCell struct {
	key cellKey
	Cell
}

func (c *Cell) plus(o Cell) {
	c.N += o.N
	c.Talked += o.Talked
	c.TalkMS += o.TalkMS
	c.Short += o.Short
}

func (k cellKey) compare(o cellKey) int {
	if k.quarter != o.quarter {
		return cmp.Compare(k.quarter, o.quarter)
	}
	return cmp.Compare(k.profile, o.profile)
}

// storeDelays adds what was counted to the distributions.
func (im *Import) storeDelays() {
	for i := range im.delays {
		if im.delays[i].n != 0 {
			im.delayed = append(im.delayed, im.delays[i])
			im.delays[i] = countedDelay{}
		}
	}
	slices.SortFunc(im.delayed, func(a, b countedDelay) int { return a.key.compare(b.key) })
	var fewer []delayKey
	for i := 0; i < len(im.delayed); {
		k, n := im.delayed[i].key, int64(0)
		for ; i < len(im.delayed) && im.delayed[i].key == k; i++ {
			n += int64(im.delayed[i].n)
		}
		if n == 0 {
			continue
		}
		b := &im.delayRows
		b.begin()
		for _, v := range [...]int64{k.quarter, int64(k.profile), int64(k.kind), int64(k.bucket), n} {
			b.number(v)
		}
		if n < 0 {
			fewer = append(fewer, k)
		}
	}
	im.delayed = im.delayed[:0]
	for _, k := range fewer {
		im.exec(`DELETE FROM delay WHERE quarter = ? AND profile = ? AND kind = ? AND bucket = ? AND n = 0`, k.quarter, k.profile, int(k.kind), k.bucket)
	}
}

func (k delayKey) compare(o delayKey) int {
	switch {
	case k.quarter != o.quarter:
		return cmp.Compare(k.quarter, o.quarter)
	case k.profile != o.profile:
		return cmp.Compare(k.profile, o.profile)
	case k.kind != o.kind:
		return cmp.Compare(k.kind, o.kind)
	}
	return cmp.Compare(k.bucket, o.bucket)
}

// Same counts the rows of other sources that say the same as a: what an
// overlapping export has brought already. A record that was joined into a SIP
// call counts too: its row is an attempt only; and so does one that is the copy
// of a record in another format.
func (im *Import) Same(a *Attempt) int64 {
	var n int64
	im.look(`SELECT count(*) FROM attempt WHERE start = ? AND source <> ? AND native_id = ? AND caller = ? AND callee = ? AND talk_ms = ? AND setup_ms = ? AND bundle = 0 AND profile IN (?, ?, ?)`,
		[]any{a.Start, im.Source.ID, a.NativeID, a.Caller, a.Callee, a.Talk, a.Setup, im.profileID(&a.Profile), im.joinedProfile(&a.Profile), im.copyProfile(&a.Profile)},
		func(r *sql.Rows) error { return r.Scan(&n) })
	return n
}

// joinedProfile is the id of the profile that a record of profile p has once it
// is joined into another call; 0: there is none.
func (im *Import) joinedProfile(p *Profile) int64 {
	key := *p
	key.Scope &^= ScopeCall
	return im.profiles.find(&key)
}

func toValid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
