package bolt

import "go.etcd.io/bbolt"

// MarkAs makes an empty file a database of a given format.
func MarkAs(tx *bbolt.Tx, format string) error {
	k, err := partition(tx, formatBucket)
	if err != nil {
		return err
	}
	return k.Put([]byte(formatBucket), []byte(format))
}

// Limit makes commits fail that would let the file grow beyond size bytes.
func (d *Driver) Limit(size int) { d.db.MaxSize = size }
