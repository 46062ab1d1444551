package main

import "database/sql" // the driver is the one that package store brings

// alter runs a statement on a database file as another program would.
func alter(file, statement string) error {
	db, err := sql.Open("sqlite3", file)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}
