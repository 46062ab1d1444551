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
	list = append(list, &AsteriskCustom, &AsteriskCEL, &AsteriskAMI, &AsteriskAMIJSON, &AsteriskLog)
	// What follows goes by the names of columns, so it reads only what no other knows.
	specific = list
	return append(list[:len(list):len(list)], &AsteriskTable, &AsteriskSQL, &CDRTable, &CDRSheet, &CDRJSON)
}

// specific are the formats of Formats that stand for one program's files.
var specific []*Format

// otherAccepts reports whether a file is in a format that one program writes.
func otherAccepts(head []byte) bool {
	for _, f := range specific {
		if f.Sniff(head) {
			return true
		}
	}
	return false
}
