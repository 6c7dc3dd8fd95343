package main

import (
	"strings"

	"rsc.io/qr"
)

// quiet is the light margin that scanners need, in modules (ISO/IEC 18004 5.3.8
// asks for four; readers of screens do with two).
const quiet = 2

// qr prints text as a QR code, two modules a character. The code is drawn dark
// on light, whatever the colours of the terminal are.
func (p *printer) qr(text string) {
	code, err := qr.Encode(text, qr.M)
	if err != nil { // only for text longer than any link of ours
		p.line("The link is too long for a QR code.")
		return
	}
	const darkOnLight, reset = "\x1b[30;107m", "\x1b[0m"
	blocks := []string{" ", "▄", "▀", "█"}
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var row strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			n := 0
			if code.Black(x, y) {
				n += 2
			}
			if code.Black(x, y+1) {
				n++
			}
			row.WriteString(blocks[n])
		}
		p.WriteString(darkOnLight + row.String() + reset + "\n")
	}
}
