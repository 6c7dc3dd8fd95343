package main

import (
	"os"
	"runtime/debug"
)

// Go's defaults collect garbage once 4 MiB have gathered: every 250 small requests,
// and after nearly every check of a pass, which leaves 19 MiB. What is alive is so
// little (some 3 MiB, and 19 for each check that runs) that a collection then costs
// more than it gives back; a limit that is far above keeps memory bounded all the same.
const (
	garbagePercent = 400
	memoryLimit    = 128 << 20 // bytes; soft: more is used if more is alive
)

// spareGC applies them, unless the environment has settings of its own.
func spareGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
