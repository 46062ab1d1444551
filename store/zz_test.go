package store

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	p := os.Getenv("ZZDB")
	if p == "" {
		t.Skip()
	}
	db, err := Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	im, err := db.Begin(context.Background(), Source{Path: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		t0 := time.Now()
		n := 0
		im.EachCall(1, 1<<62, true, func(r *CallRow) { n++ })
		fmt.Println(n, time.Since(t0))
	}
	im.Rollback()
}
