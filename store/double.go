package store

import (
	"database/sql"
	"fmt"
	"hash/fnv"

	"callsift/store/codes"
)

// Double counts a record that other sources have brought already, and keeps
// its place: without those sources it would count (see DropRecords).
func (im *Import) Double(a *Attempt) {
	im.Source.Doubled++
	im.beside(`INSERT INTO doubled (start, key, source, offset, length, line) VALUES (?, ?, ?, ?, ?, ?)`,
		a.Start, recordKey(a), im.Source.ID, a.Offset, a.Length, a.Line)
}

// DoubledAlready is how many records like this one the import's source has had
// that others have brought too.
func (im *Import) DoubledAlready(a *Attempt) (n int64) {
	im.look(`SELECT count(*) FROM doubled WHERE start = ? AND key = ? AND source = ?`, []any{a.Start, recordKey(a), im.Source.ID},
		func(r *sql.Rows) error { return r.Scan(&n) })
	return n
}

// recordKey is the hash of what makes records the same: all that they say, and
// nothing that is concluded from other records. It is stored, so it must not change.
func recordKey(a *Attempt) int64 {
	p := &a.Profile
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %q %q %d %d %q %q %d %q %d %d %q %q %q %q %q", a.NativeID, a.Caller, a.Callee, a.Talk, a.Setup,
		p.Method, string(p.Outcome), p.Code, p.Reason, p.CauseQ850, int64(p.Flags&^codes.FlagSameRecord), p.FromAddr, p.TrunkHint, string(p.DirHint), p.DeviceHint, p.Format)
	return int64(h.Sum64())
}

// recordColumns are what scanRecord reads: a record that stands alone.
const recordColumns = `id, call, profile, start, caller, callee, native_id, pdd_ms, setup_ms, talk_ms, delays, source`

func (im *Import) scanRecord(r *sql.Rows, a *Attempt) error {
	var profile int64
	var delays sql.RawBytes
	err := r.Scan(&a.ID, &a.Call, &profile, &a.Start, &a.Caller, &a.Callee, &a.NativeID, &a.PDD, &a.Setup, &a.Talk, &delays, &a.Source)
	a.unpackDelays(delays)
	a.Profile = im.profiles.get(profile)
	return err
}

// DropRecords takes the records of a source that stand alone out, unless
// another source has brought them too: then they are that source's from now on.
// Of equal records as many stay as the source with the most of them has.
func (im *Import) DropRecords(source int64) (dropped, handed int64) {
	im.exec(`DELETE FROM doubled WHERE source = ?`, source)
	var list []Attempt
	for last := int64(0); ; last = list[len(list)-1].ID {
		list = list[:0]
		im.query(`SELECT `+recordColumns+` FROM attempt WHERE source = ? AND bundle = 0 AND id > ? ORDER BY id LIMIT 10000`, []any{source, last}, func(r *sql.Rows) error {
			var a Attempt
			err := im.scanRecord(r, &a)
			list = append(list, a)
			return err
		})
		if len(list) == 0 || im.err != nil {
			return dropped, handed
		}
		for i := range list {
			if to := im.heir(&list[i]); to != 0 {
				im.handOver(&list[i], to)
				handed++
				continue
			}
			im.DropRecord(&list[i])
			dropped++
		}
	}
}

// heir is the source that has brought a record of the source being removed too,
// and more often than it counts without that source; 0: none.
func (im *Import) heir(a *Attempt) int64 {
	key := recordKey(a)
	again := map[int64]int64{}
	im.query(`SELECT source, count(*) FROM doubled WHERE start = ? AND key = ? GROUP BY source ORDER BY source`, []any{a.Start, key}, func(r *sql.Rows) error {
		var s, n int64
		err := r.Scan(&s, &n)
		again[s] = n
		return err
	})
	if len(again) == 0 {
		return 0
	}
	var counted int64 // without the source being removed
	own := map[int64]int64{}
	im.query(`SELECT `+recordColumns+` FROM attempt WHERE start = ? AND bundle = 0 AND source <> ?`, []any{a.Start, a.Source}, func(r *sql.Rows) error {
		var o Attempt
		err := im.scanRecord(r, &o)
		if err == nil && recordKey(&o) == key {
			own[o.Source]++
			counted++
		}
		return err
	})
	var best, most int64
	for s, n := range again {
		if total := n + own[s]; total > most || total == most && s < best {
			best, most = s, total
		}
	}
	if most <= counted {
		return 0
	}
	return best
}

// handOver makes a record that counts the one that source to has brought.
func (im *Import) handOver(a *Attempt, to int64) {
	var row, offset, length, line int64
	im.query(`SELECT rowid, offset, length, line FROM doubled WHERE start = ? AND key = ? AND source = ? ORDER BY offset LIMIT 1`, []any{a.Start, recordKey(a), to}, func(r *sql.Rows) error {
		return r.Scan(&row, &offset, &length, &line)
	})
	im.exec(`UPDATE attempt SET source = ?, offset = ?, length = ?, line = ? WHERE id = ?`, to, offset, length, line, a.ID)
	im.exec(`DELETE FROM doubled WHERE rowid = ?`, row)
	im.exec(`UPDATE source SET doubled = doubled - 1 WHERE id = ?`, to)
}

// DropRecord takes out a record that stands alone.
func (im *Import) DropRecord(a *Attempt) {
	im.count(a, im.profileID(&a.Profile), -1)
	im.deleteAttempts(`id = ?`, a.ID)
}
