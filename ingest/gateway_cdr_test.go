package ingest

import "testing"

func TestAudioCodesCDRGolden(t *testing.T)   { goldenFormat(t, AudioCodesCDR) }
func TestCiscoCUCMGolden(t *testing.T)       { goldenFormat(t, CiscoCUCM) }
func TestCiscoCUBEGolden(t *testing.T)       { goldenFormat(t, CiscoCUBE) }
func TestRadiusDetailGolden(t *testing.T)    { goldenFormat(t, RadiusDetail) }
func TestRibbonACTGolden(t *testing.T)       { goldenFormat(t, RibbonACT) }
func TestYeastarCSVGolden(t *testing.T)      { goldenFormat(t, YeastarCSV) }
func TestYeastarSQLGolden(t *testing.T)      { goldenFormat(t, YeastarSQL) }
func TestGrandstreamCSVGolden(t *testing.T)  { goldenFormat(t, GrandstreamCSV) }
func TestGrandstreamJSONGolden(t *testing.T) { goldenFormat(t, GrandstreamJSON) }
func TestNewRockDeviceGolden(t *testing.T)   { goldenFormat(t, NewRockDevice) }

func FuzzAudioCodesCDR(f *testing.F)   { fuzzFormat(f, AudioCodesCDR) }
func FuzzCiscoCUCM(f *testing.F)       { fuzzFormat(f, CiscoCUCM) }
func FuzzCiscoCUBE(f *testing.F)       { fuzzFormat(f, CiscoCUBE) }
func FuzzRadiusDetail(f *testing.F)    { fuzzFormat(f, RadiusDetail) }
func FuzzRibbonACT(f *testing.F)       { fuzzFormat(f, RibbonACT) }
func FuzzYeastarCSV(f *testing.F)      { fuzzFormat(f, YeastarCSV) }
func FuzzYeastarSQL(f *testing.F)      { fuzzFormat(f, YeastarSQL) }
func FuzzGrandstreamCSV(f *testing.F)  { fuzzFormat(f, GrandstreamCSV) }
func FuzzGrandstreamJSON(f *testing.F) { fuzzFormat(f, GrandstreamJSON) }
func FuzzNewRockDevice(f *testing.F)   { fuzzFormat(f, NewRockDevice) }
