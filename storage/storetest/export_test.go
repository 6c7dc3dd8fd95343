package storetest

import (
	"reflect"

	"latchkey/storage"
)

// RoundTripOne is RoundTrip that returns its failure.
func RoundTripOne(d storage.Driver, r storage.Record) error {
	return roundTrip(storage.New(d), reflect.TypeOf(r))
}
