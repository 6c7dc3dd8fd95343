package ui

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// margin is the light border that scanners need, in modules (ISO/IEC 18004 5.3.8).
const margin = 4

// shape is a drawing in SVG: a path, and the length of the sides.
type shape struct {
	Path string
	Side int
}

// drawQR is a text as a QR code, with one subpath for each run of dark modules.
func drawQR(text string) (q shape, err error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil { // only for a text longer than any of ours
		return q, fmt.Errorf("ui: QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			n := 0
			for code.Black(x+n, y) { // beyond the edge nothing is
				n++
			}
			if n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+margin, y+margin, n, n)
				x += n
			}
		}
	}
	return shape{path.String(), code.Size + 2*margin}, nil
}
