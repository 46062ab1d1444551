package store

import (
	"database/sql"
	"fmt"

	"callsift/store/codes"
)

// profileColumns in the order of profileValues and scanProfile.
const profileColumns = `id, scope, method, outcome, code, origin, reason, cause_code, cause_q850, cause_text, cause_from, released, rang, flags,
	from_addr, to_addr, trunk_hint, dir_hint, prefix, user_agent, device, format, class, cause, trunk, peer, direction, site, scanner`

// profileTable finds the id of a profile; it holds all profiles of the database.
type profileTable struct {
	ids  map[Profile]int64
	byID map[int64]Profile
	next int64
}

// key is the profile without what is not part of its identity.
func (p Profile) key() Profile {
	p.ID = 0
	p.Class, p.Cause, p.Trunk, p.Peer, p.Direction, p.Site, p.Scanner = "", "", "", "", "", "", false
	return p
}

func loadProfiles(tx *sql.Tx) (*profileTable, error) {
	t := &profileTable{ids: map[Profile]int64{}, byID: map[int64]Profile{}, next: 1}
	err := eachProfile(tx, func(p *Profile) {
		t.ids[p.key()], t.byID[p.ID] = p.ID, p.key()
		t.next = max(t.next, p.ID+1)
	})
	return t, err
}

func eachProfile(tx *sql.Tx, f func(*Profile)) error {
	rows, err := tx.Query(`SELECT ` + profileColumns + ` FROM profile`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p Profile
		if err := scanProfile(rows, &p); err != nil {
			return err
		}
		f(&p)
	}
	return rows.Err()
}

func scanProfile(rows *sql.Rows, p *Profile, more ...any) error {
	return rows.Scan(append([]any{&p.ID, &p.Scope, &p.Method, &p.Outcome, &p.Code, &p.Origin, &p.Reason, &p.CauseCode, &p.CauseQ850, &p.CauseText, &p.CauseFrom,
		&p.Released, &p.Rang, &p.Flags, &p.FromAddr, &p.ToAddr, &p.TrunkHint, &p.DirHint, &p.Prefix, &p.UserAgent, &p.Device, &p.Format,
		&p.Class, &p.Cause, &p.Trunk, &p.Peer, &p.Direction, &p.Site, &p.Scanner}, more...)...)
}

// profileID finds or adds a profile.
func (im *Import) profileID(p *Profile) int64 {
	key := p.key()
	if id, ok := im.profiles.ids[key]; ok {
		return id
	}
	id := im.profiles.next
	im.profiles.next++
	im.profiles.ids[key], im.profiles.byID[id] = id, key
	im.exec(`INSERT INTO profile (`+profileColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '', '', '', 0)`,
		id, int(p.Scope), p.Method, string(p.Outcome), p.Code, string(p.Origin), p.Reason, p.CauseCode, p.CauseQ850, p.CauseText, string(p.CauseFrom),
		p.Released, p.Rang, int64(p.Flags), p.FromAddr, p.ToAddr, p.TrunkHint, string(p.DirHint), p.Prefix, p.UserAgent, p.Device, p.Format)
	return id
}

// Settle lets f work out what depends on all profiles together (trunk, peer,
// direction, scanners ...); n is how many rows a profile counts. Profiles that
// count nothing any more are dropped.
func (im *Import) Settle(f func(profiles []*Profile, n map[int64]int64)) {
	im.attempts.flush()
	im.flushCells()
	n := map[int64]int64{}
	im.query(`SELECT profile, sum(n) FROM rollup GROUP BY profile`, nil, func(r *sql.Rows) error {
		var id, sum int64
		err := r.Scan(&id, &sum)
		n[id] = sum
		return err
	})
	if im.err != nil {
		return
	}
	var list []*Profile
	before := map[int64]Profile{}
	im.err = eachProfile(im.tx, func(p *Profile) {
		if n[p.ID] > 0 {
			list = append(list, p)
		}
		before[p.ID] = *p
	})
	if im.err != nil {
		return
	}
	f(list, n)
	for _, p := range list {
		if was := before[p.ID]; was != *p {
			im.exec(`UPDATE profile SET class = ?, cause = ?, trunk = ?, peer = ?, direction = ?, site = ?, scanner = ? WHERE id = ?`,
				p.Class, p.Cause, p.Trunk, p.Peer, string(p.Direction), p.Site, p.Scanner, p.ID)
		}
	}
	for id := range before {
		if n[id] == 0 {
			im.exec(`DELETE FROM profile WHERE id = ?`, id)
		}
	}
}

// fillCodes writes the vocabulary into its tables.
func fillCodes(tx *sql.Tx) error {
	for _, c := range codes.AllSIP() {
		if _, err := tx.Exec(`INSERT OR REPLACE INTO sip_code (code, phrase, class, meaning, first_check) VALUES (?, ?, ?, ?, ?)`, c.Code, c.Phrase, c.Class, c.Meaning, c.FirstCheck); err != nil {
			return fmt.Errorf("code %d: %w", c.Code, err)
		}
	}
	for _, c := range codes.AllQ850() {
		if _, err := tx.Exec(`INSERT OR REPLACE INTO q850_cause (cause, name, meaning, first_check) VALUES (?, ?, ?, ?)`, c.Value, c.Name, c.Meaning, c.FirstCheck); err != nil {
			return fmt.Errorf("cause %d: %w", c.Value, err)
		}
	}
	return nil
}
