package charts

import (
	"fmt"
	"image/color"
	"sort"
	"strings"

	"callsift/store/codes"
)

// Ink names a colour by its use, so that a figure is drawn once for light, dark
// and a page that switches between both.
type ink string

// Inks that are no class and no outcome.
const (
	inkPaper  ink = "paper"  // background
	inkText   ink = "text"   // titles, labels
	inkMuted  ink = "muted"  // subtitles, ticks, footers
	inkGrid   ink = "grid"   // light lines
	inkAxis   ink = "axis"   // base line
	inkHatch  ink = "hatch"  // hatching of what is not known
	inkEmpty  ink = "empty"  // cell or band without a value
	inkASR    ink = "asr"    // line
	inkNER    ink = "ner"    // line
	inkDelay  ink = "delay"  // histogram
	inkMark   ink = "mark"   // percentiles
	inkPeople ink = "people" // user and abandoned together
	inkOther  ink = "other"  // all other outcomes together
	inkOnHeat ink = "onheat" // text on a strong heat cell
	inkOnPeak ink = "onpeak" // text on the strongest
)

// shades holds each ink as light and dark hex. Blue against orange and red stays
// apart for people who do not see red and green as different, and the steps of
// lightness stay apart in a grey print; TestPalette measures both.
var shades = map[ink][2]string{
	inkPaper: {"#FFFFFF", "#14181D"}, inkText: {"#1B2229", "#EAEEF2"}, inkMuted: {"#59636E", "#A3AEB9"},
	inkGrid: {"#E3E7EB", "#2A313A"}, inkAxis: {"#A9B2BC", "#56616D"}, inkHatch: {"#B7BFC8", "#4A5460"},
	inkEmpty: {"#F3F5F7", "#1D232A"}, inkASR: {"#1F6FB5", "#64B1F0"}, inkNER: {"#0A5C50", "#4FD1BC"},
	inkDelay: {"#5B8DB8", "#5B8DB8"}, inkMark: {"#1B2229", "#EAEEF2"}, inkPeople: {"#B4AFC8", "#7F7A98"},
	inkOther: {"#DADFE4", "#3A434D"}, inkOnHeat: {"#FFFFFF", "#FFFFFF"}, inkOnPeak: {"#FFFFFF", "#3A0A06"},

	"1xx": {"#A5DBF5", "#A5DBF5"}, "2xx": {"#4E9BD4", "#4E9BD4"}, "3xx": {"#7359B0", "#8468C8"},
	"4xx": {"#F2B33D", "#F2B33D"}, "5xx": {"#C1341C", "#DB4A2F"}, "6xx": {"#8A1F60", "#B04C8A"},
	"none": {"#2A323A", "#8B98A6"}, "unknown": {"#C6CDD4", "#D5DBE1"},

	"answered": {"#4E9BD4", "#4E9BD4"}, "user": {"#B4AFC8", "#7F7A98"}, "abandoned": {"#D9C9A3", "#9C8C63"},
	"failed": {"#C1341C", "#DB4A2F"}, "redirected": {"#7359B0", "#8468C8"}, "in_progress": {"#A5DBF5", "#A5DBF5"},
	"completed_elsewhere": {"#DADFE4", "#3A434D"}, "not_connected": {"#C6CDD4", "#D5DBE1"},

	"heat0": {"#E8F1F8", "#1E2C39"}, "heat1": {"#FCE9CF", "#4A3622"}, "heat2": {"#FAD08C", "#7A4B1B"},
	"heat3": {"#F2A24B", "#A45612"}, "heat4": {"#DB6430", "#CF5A24"}, "heat5": {"#B3301C", "#E8502F"},
	"heat6": {"#74132B", "#FFB4A2"},
}

// Classes lists the response classes in the order in which they are stacked,
// from the base line up: what went well, then what did not.
var Classes = []string{"2xx", "1xx", "3xx", "4xx", "5xx", "6xx", "none", "unknown"}

// classNames says what a class means in two words.
var classNames = map[string]string{
	"1xx": "only provisional", "2xx": "success", "3xx": "redirected", "4xx": "request refused",
	"5xx": "server failure", "6xx": "global failure", "none": "no response", "unknown": "no code recorded",
}

// ClassLabel names a response class for people: "5xx server failure".
func ClassLabel(class string) string {
	switch class {
	case "none", "unknown":
		return classNames[class]
	}
	return strings.TrimSpace(class + " " + classNames[class])
}

// ClassColor is the fixed colour of a response class (1xx to 6xx, none,
// unknown) as #RRGGBB. Another class has the colour of unknown.
func ClassColor(class string, dark bool) string { return hex(classInk(class), dark) }

// OutcomeColor is the fixed colour of an outcome as #RRGGBB.
func OutcomeColor(o codes.Outcome, dark bool) string {
	if _, ok := shades[ink(o)]; !ok {
		return hex(inkOther, dark)
	}
	return hex(ink(o), dark)
}

// CSS is the whole palette as custom properties, "--cs-5xx:#C1341C;…", sorted
// by name. A page declares it once for light and once for dark; figures that
// are rendered with Options.Variables follow it.
func CSS(dark bool) string {
	names := make([]string, 0, len(shades))
	for k := range shades {
		names = append(names, string(k))
	}
	sort.Strings(names)
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "--cs-%s:%s;", n, hex(ink(n), dark))
	}
	return b.String()
}

// Color is a colour of the palette by its name as in CSS: "text", "muted", "failed".
func Color(name string, dark bool) string { return hex(ink(name), dark) }

func classInk(class string) ink {
	for _, c := range Classes {
		if c == class {
			return ink(c)
		}
	}
	return "unknown"
}

func hex(k ink, dark bool) string {
	if dark {
		return shades[k][1]
	}
	return shades[k][0]
}

// rgb reads "#RRGGBB" from the table above.
func rgb(hex string) color.NRGBA {
	var c color.NRGBA
	fmt.Sscanf(hex, "#%02X%02X%02X", &c.R, &c.G, &c.B)
	c.A = 255
	return c
}
