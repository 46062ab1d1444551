package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

// fewRecent makes an import remember few bundles.
func fewRecent(t *testing.T, n int) {
	was := maxRecent
	maxRecent = n
	t.Cleanup(func() { maxRecent = was })
}

// TestBundlesAreFoundAgain: by their kind and key, by the import that brought them
// and by a later one, remembered or not; one that is dropped is not.
func TestBundlesAreFoundAgain(t *testing.T) {
	fewRecent(t, 7)
	db := newDB(t)
	const n = 100
	im := begun(t, db, "a.log")
	for i := range n {
		id, known := im.Bundle("sip", fmt.Sprint("call-", i))
		if known || id != int64(i+1) {
			t.Fatalf("bundle %d is %d, known %v", i, id, known)
		}
		im.AddEvidence(id, []byte("packed"))
		im.Replace(id, true, nil, Steps{}, true)
	}
	again := func(im *Import, without int) {
		t.Helper()
		for k := range n {
			i := k * 37 % n // neither in their order nor in that of their hashes
			if i == without {
				continue
			}
			if id, known := im.Bundle("sip", fmt.Sprint("call-", i)); !known || id != int64(i+1) {
				t.Fatalf("again bundle %d is %d, known %v", i, id, known)
			}
		}
	}
	again(im, -1)
	if id, known := im.Bundle("cdr", "call-3"); known || id != n+1 {
		t.Errorf("another kind: bundle %d, known %v", id, known)
	}
	im.DropBundle(n + 1)
	committed(t, im)

	im = begun(t, db, "b.log")
	again(im, -1)
	im.DropBundle(5)
	again(im, 4)
	committed(t, im)

	im = begun(t, db, "c.log")
	if id, known := im.Bundle("sip", "call-4"); known {
		t.Errorf("dropped, it is found as %d", id)
	}
	im.Rollback()
	if n, keys := count(t, db, `SELECT count(*) FROM bundle`), count(t, db, `SELECT count(*) FROM bundle_key`); n != 99 || keys != n {
		t.Errorf("%d bundles and %d keys, want 99", n, keys)
	}
	c, err := db.Check(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Findings {
		if f.Check == "reference" {
			t.Error(f)
		}
	}
}

// TestKeysAreStoredInOrder: table bundle_key is written from its beginning to its end
// once for many bundles, not at a place of its own for each.
func TestKeysAreStoredInOrder(t *testing.T) {
	const n, at = 1000, 100
	fewRecent(t, at)
	db := newDB(t)
	for _, s := range []string{
		`CREATE TABLE stored (place INTEGER PRIMARY KEY, hash INTEGER)`,
		`CREATE TRIGGER each AFTER INSERT ON bundle_key BEGIN INSERT INTO stored (hash) VALUES (new.hash); END`,
	} {
		if _, err := db.sql.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	im := begun(t, db, "a.log")
	for i := range n {
		im.Bundle("sip", fmt.Sprint("call-", i))
	}
	committed(t, im)
	stored := count(t, db, `SELECT count(*) FROM stored`)
	back := count(t, db, `SELECT count(*) FROM stored x JOIN stored y ON y.place = x.place + 1 WHERE y.hash < x.hash`)
	if stored != n || back >= n/at {
		t.Errorf("%d keys, in an order that goes back %d times, want %d and under %d", stored, back, n, n/at)
	}
}

// TestBundleFilter: no bundle is taken for a new one twice, and few new ones are
// looked up.
func TestBundleFilter(t *testing.T) {
	const n = 2_000_000
	var f bundleFilter
	wrong := 0
	for i := range n {
		if f.add(keyHash("sip", fmt.Sprint("call-", i))) {
			wrong++
		}
	}
	if wrong > n/100 {
		t.Errorf("%d of %d new bundles may have been there, want %d at most", wrong, n, n/100)
	}
	for i := 0; i < n; i += 999 {
		if !f.add(keyHash("sip", fmt.Sprint("call-", i))) {
			t.Fatalf("bundle %d is new again", i)
		}
	}
}

// TestMigrateKeys: the bundles of a database of schema 5 are found.
func TestMigrateKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callsift.db")
	old, err := connect(path, "_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	if err := old.runMigrations(migrations()[:5]); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		key := fmt.Sprint("call-", i)
		if _, err := old.sql.Exec(`INSERT INTO bundle (id, kind, key, key_hash, settled, steps) VALUES (?, 'sip', ?, ?, 1, x'00')`, i+1, key, keyHash("sip", key)); err != nil {
			t.Fatal(err)
		}
	}
	old.Close()
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	im := begun(t, db, "a.log")
	defer im.Rollback()
	for i := range 50 {
		if id, known := im.Bundle("sip", fmt.Sprint("call-", i)); !known || id != int64(i+1) {
			t.Errorf("bundle %d is %d, known %v", i, id, known)
		}
	}
}
