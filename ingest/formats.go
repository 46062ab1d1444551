package ingest

// Formats in the order in which they are tried. Exactly one accepts each sample
// (a test), so the order only matters for speed: cheap and certain first.
var Formats = formats()

func formats() []*Format {
	list := []*Format{&pcapFormat, &pcapngFormat, &NewRockOM, &AsteriskCSV, &sipCLF}
	list = append(list,
		&KamailioAcc, &KamailioTable, &FreeSwitchCSV, &FreeSwitchJSON, &FreeSwitchXML, &FreeSwitchLog,
		&AudioCodesCDR, &CiscoCUCM, &CiscoCUBE, &RadiusDetail, &RibbonACT, &YeastarCSV, &YeastarSQL,
		&GrandstreamCSV, &GrandstreamJSON, &NewRockDevice)
	for i := range sipTextFormats {
		list = append(list, &sipTextFormats[i])
	}
	return list
}
