package ingest

import "testing"

func TestFreeSwitchCSVGolden(t *testing.T)  { goldenFormat(t, FreeSwitchCSV) }
func TestFreeSwitchJSONGolden(t *testing.T) { goldenFormat(t, FreeSwitchJSON) }
func TestFreeSwitchXMLGolden(t *testing.T)  { goldenFormat(t, FreeSwitchXML) }
func TestFreeSwitchLogGolden(t *testing.T)  { goldenFormat(t, FreeSwitchLog) }
func FuzzFreeSwitchCSV(f *testing.F)        { fuzzFormat(f, FreeSwitchCSV) }
func FuzzFreeSwitchJSON(f *testing.F)       { fuzzFormat(f, FreeSwitchJSON) }
func FuzzFreeSwitchXML(f *testing.F)        { fuzzFormat(f, FreeSwitchXML) }
func FuzzFreeSwitchLog(f *testing.F)        { fuzzFormat(f, FreeSwitchLog) }
