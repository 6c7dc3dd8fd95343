package mem_test

import (
	"testing"

	"latchkey/storage"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

func TestDriver(t *testing.T) {
	storetest.Run(t, func(*testing.T) storage.Driver { return mem.New() })
}
