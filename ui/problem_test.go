package ui

import (
	"testing"
	"time"

	"latchkey/idp/signin"
)

// TestPauseRunsOut: a page that is shown again tells what is left of a pause, and
// nothing when it is over.
func TestPauseRunsOut(t *testing.T) {
	p := signin.Pause(noon, 12*time.Minute)
	for after, want := range map[time.Duration]int{0: 12, time.Second: 12, time.Minute: 11, 11*time.Minute + 59*time.Second: 1, 12 * time.Minute: 0, time.Hour: 0} {
		got := problemOf(&p, noon.Add(after))
		if got.Minutes != want || (got.ID == "pass.toomany") != (want > 0) {
			t.Errorf("after %s: %+v, want %d minutes", after, got, want)
		}
	}
	forGood := signin.Pause(noon, 0)
	if got := problemOf(&forGood, noon.Add(time.Hour)); got.ID != "pass.toomany" || got.Minutes != 0 {
		t.Errorf("%+v", got)
	}
}
