package codes

import (
	"slices"
	"sync"
)

// WarnCode is one code of the Warning header, which tells why media was refused:
//
//	Warning: 305 mx60.example.net "Incompatible media format"
type WarnCode struct {
	Code         int
	Name         string
	RFC, Section string // that define it; the section may be empty
	Meaning      string
	FirstCheck   string
}

// Warning is the entry of a warn-code (RFC 3261 §20.43, RFC 5630, RFC 8373).
func Warning(code int) (WarnCode, bool) {
	list := warnings()
	if i := slices.IndexFunc(list, func(w WarnCode) bool { return w.Code == code }); i >= 0 {
		return list[i], true
	}
	return WarnCode{}, false
}

var warnings = sync.OnceValue(func() []WarnCode {
	var list []WarnCode
	for _, r := range rows("warning.tsv") {
		list = append(list, WarnCode{r.number("code"), r.text("name"), r.text("rfc"), r.text("section"),
			r.text("meaning"), r.text("first_check")})
	}
	return list
})

// OMErr is one error code of a New Rock OM event FAILED:
//
//	<Event attribute="FAILED"><err><code>5</code><reason>no trunk</reason></err></Event>
type OMErr struct {
	Code       int // 1 to 8
	Name       string
	SIP        int    // status that says about the same; our choice, not the PBX's
	Origin     Origin // of SIP: always Inferred
	Meaning    string
	FirstCheck string
}

// OMError is the entry of an error code of the OM API.
func OMError(code int) (OMErr, bool) {
	list := omErrors()
	if i := slices.IndexFunc(list, func(e OMErr) bool { return e.Code == code }); i >= 0 {
		return list[i], true
	}
	return OMErr{}, false
}

var omErrors = sync.OnceValue(func() []OMErr {
	var list []OMErr
	for _, r := range rows("omerr.tsv") {
		list = append(list, OMErr{r.number("code"), r.text("name"), r.number("sip"), Inferred,
			r.text("meaning"), r.text("first_check")})
	}
	return list
})
