package idp

import (
	"math"
	"strconv"
)

// leastContrast is what text needs against its ground (WCAG 2.2, 1.4.3).
const leastContrast = 4.5

// contrastWithWhite is the contrast of a colour of the form #rrggbb with white,
// between 1 and 21 (WCAG 2.2, contrast ratio).
func contrastWithWhite(colour string) float64 {
	luminance := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 1
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		luminance += weight * c
	}
	return 1.05 / (luminance + 0.05)
}
