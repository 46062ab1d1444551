package ingest

import "testing"

func TestKamailioAccGolden(t *testing.T)   { goldenFormat(t, KamailioAcc) }
func TestKamailioTableGolden(t *testing.T) { goldenFormat(t, KamailioTable) }
func FuzzKamailioAcc(f *testing.F)         { fuzzFormat(f, KamailioAcc) }
func FuzzKamailioTable(f *testing.F)       { fuzzFormat(f, KamailioTable) }
