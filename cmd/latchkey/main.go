// Command latchkey is an OpenID Provider whose main job is the Temporary Access
// Pass: deps.go and handler.go wire its parts, and each command has a file of its own.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker; versionInfo knows what to say without it.
var version = ""

func main() {
	spareGC()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// After the first signal the second one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Environ()))
}
