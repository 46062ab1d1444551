package analyze

import (
	"slices"
	"strconv"

	"callsift/store/codes"
)

func classOfCode(code int) string {
	switch {
	case code == codes.None:
		return "none"
	case code < 100 || code > 699:
		return "unknown"
	}
	return strconv.Itoa(code/100) + "xx"
}

func inNERCode(code int, rang bool, q850 int) bool {
	if q850 >= 0 {
		return slices.Contains([]int{17, 18, 19, 20, 21}, q850) || q850 == 16 && rang
	}
	return slices.Contains([]int{200, 480, 486, 600, 603, 607}, code) || rang && (code == 487 || code == 408)
}

func inSEERCode(code int) bool { return slices.Contains([]int{200, 480, 486, 600, 603}, code) }

func inISACode(code int) bool { return slices.Contains([]int{408, 500, 503, 504}, code) }

func codeLabel(code int) string {
	switch code {
	case codes.None:
		return "no response"
	case codes.Unknown:
		return "no code in the record"
	}
	return strconv.Itoa(code)
}

func codeHelp(code int) (meaning, firstCheck string) { return "", "" }
