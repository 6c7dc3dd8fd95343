package idp

import (
	"errors"

	"latchkey/storage"
)

func ignoreNotFound(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

// Optional turns storage.ErrNotFound into a nil record, for callers to whom a
// missing one is an ordinary case.
func Optional[T any](r *T, err error) (*T, error) {
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return r, err
}
