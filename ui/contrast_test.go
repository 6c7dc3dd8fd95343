package ui

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

var colour = regexp.MustCompile(`(--[a-z-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`)

// TestContrast holds the house colours to WCAG 2.2: 4.5 for text (1.4.3) and 3
// for the edges of fields and the focus ring (1.4.11), in both schemes.
func TestContrast(t *testing.T) {
	css, err := assetFiles.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark := map[string]float64{}, map[string]float64{}
	for _, m := range colour.FindAllStringSubmatch(string(css), -1) {
		light[m[1]], dark[m[1]] = luminance(t, m[2]), luminance(t, m[3])
	}
	for _, pair := range []struct {
		front, ground string
		least         float64
	}{
		{"--text", "--card", 4.5}, {"--quiet", "--card", 4.5}, {"--text", "--field", 4.5}, {"--text", "--hover", 4.5},
		{"--text", "--care-ground", 4.5}, {"--text", "--good-ground", 4.5}, {"--bad", "--bad-ground", 4.5},
		{"--accent", "--card", 4.5}, {"--on-accent", "--accent", 4.5}, {"--on-accent", "--accent-strong", 4.5},
		{"--on-bad", "--bad", 4.5}, {"--on-bad", "--bad-strong", 4.5},
		{"--field-line", "--card", 3}, {"--field-line", "--field", 3}, {"--accent", "--field", 3}, {"--bad", "--field", 3},
	} {
		for scheme, colours := range map[string]map[string]float64{"light": light, "dark": dark} {
			front, ok1 := colours[pair.front]
			ground, ok2 := colours[pair.ground]
			if got := contrast(front, ground); !ok1 || !ok2 || got < pair.least {
				t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", scheme, pair.front, pair.ground, got, pair.least)
			}
		}
	}
}

// luminance and contrast are those of WCAG 2.2, section 6.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }
