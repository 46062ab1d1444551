package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestEarlyWriting: a first import asks for its pages to be written while it runs, in
// steps; later ones have a log instead; the file is closed with the database.
func TestEarlyWriting(t *testing.T) {
	if newEarlyWriter(os.Args[0]).file == nil {
		t.Skip("only Linux can be asked")
	}
	path := filepath.Join(t.TempDir(), "callsift.db")
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	file := db.early.file
	if file == nil {
		t.Fatal("a new database has no file to ask for")
	}
	db.early.wrote(earlyStep - 1)
	if db.early.rows != earlyStep-1 {
		t.Errorf("%d bytes counted, want %d", db.early.rows, earlyStep-1)
	}
	db.early.wrote(1)
	if db.early.rows != 0 {
		t.Errorf("%d bytes counted after a step, want 0", db.early.rows)
	}
	if err := beginWriting(file); err != nil {
		t.Errorf("asked to begin: %v", err)
	}
	im := begun(t, db, "a.csv")
	addMany(im)
	counted := db.early.rows
	committed(t, im)
	if counted == 0 {
		t.Error("no rows of an import counted")
	}
	db.Close()
	if _, err := file.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file after Close: %v, want %v", err, os.ErrClosed)
	}
	if db, err = Open(path); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if db.early.file != nil {
		t.Error("a database with a log asks as well")
	}
}
