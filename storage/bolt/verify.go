package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"
	"strings"

	"latchkey/storage"
)

// What files of bbolt's format, version 2, are made of. Their numbers are in the
// byte order of the machine.
const (
	metaMagic   = 0xED0CDAED
	metaVersion = 2
	headSize    = 16 // of a page, of an element, of a bucket

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketEntry  = 0x01 // the flag of a leaf element

	manyFree   = 0xFFFF // the count is the first number in the page
	noFreelist = ^uint64(0)
)

var (
	u16 = binary.NativeEndian.Uint16
	u32 = binary.NativeEndian.Uint32
	u64 = binary.NativeEndian.Uint64
)

// A verifier walks a file page by page without mapping it and without bbolt, so
// that no content of it can fault, loop or exhaust memory.
type verifier struct {
	file     io.ReaderAt
	pageSize uint64
	taken    []bool   // by page number: in use, or free
	found    []string // tenant buckets in the tree
	noted    []string // tenant buckets that there should be
	marked   bool
}

// verify fails unless the tree is sound, all checksums and sums are right, every
// partition is there, no page has two owners, and none in use counts as free.
func verify(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	m, err := newestMeta(f)
	if err != nil {
		return err
	}
	if size := uint64(info.Size()); m.pages > size/m.pageSize {
		return damaged("%d of %d pages are missing", m.pages-size/m.pageSize, m.pages)
	}
	v := &verifier{file: f, pageSize: m.pageSize, taken: make([]bool, m.pages)}
	return v.database(m)
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", storage.ErrDamaged, fmt.Sprintf(format, args...))
}

type meta struct{ pageSize, root, freelist, pages, tx uint64 }

// newestMeta finds the current one of the two meta pages. As in bbolt, one of
// them may be unreadable: that is how a write that was cut short looks.
func newestMeta(f io.ReaderAt) (meta, error) {
	newest, ok := readMeta(f, 0)
	for at := uint64(1024); at <= 16<<20; at *= 2 {
		m, valid := readMeta(f, int64(at))
		if valid && m.pageSize == at && (!ok || m.tx > newest.tx) {
			newest, ok = m, true
		}
	}
	if !ok {
		return meta{}, damaged("no valid meta page")
	}
	return newest, nil
}

func readMeta(f io.ReaderAt, at int64) (m meta, valid bool) {
	raw := make([]byte, 64)
	if _, err := f.ReadAt(raw, at+headSize); err != nil {
		return m, false
	}
	m = meta{
		pageSize: uint64(u32(raw[8:])), root: u64(raw[16:]),
		freelist: u64(raw[32:]), pages: u64(raw[40:]), tx: u64(raw[48:]),
	}
	sum := fnv.New64a()
	_, _ = sum.Write(raw[:56])
	return m, u32(raw) == metaMagic && u32(raw[4:]) == metaVersion && sum.Sum64() == u64(raw[56:]) && m.pageSize >= 1024
}

func (v *verifier) database(m meta) error {
	if err := v.subtree(m.root, nil, nil, v.bucket); err != nil {
		return err
	}
	if !v.marked {
		return damaged("not a database of Latchkey")
	}
	if !slices.Equal(v.found, v.noted) {
		return damaged("%d partitions instead of %d", len(v.found), len(v.noted))
	}
	if m.freelist == noFreelist {
		return nil
	}
	return v.free(m.freelist)
}

// page takes a page with its overflow and reads it.
func (v *verifier) page(id uint64) ([]byte, error) {
	if err := v.take(id); err != nil {
		return nil, err
	}
	page, err := v.read(id, 1)
	if err != nil {
		return nil, err
	}
	if u64(page) != id {
		return nil, damaged("page %d says it is %d", id, u64(page))
	}
	overflow := uint64(u32(page[12:]))
	if overflow == 0 {
		return page, nil
	}
	for i := range overflow {
		if err := v.take(id + 1 + i); err != nil {
			return nil, err
		}
	}
	return v.read(id, 1+overflow)
}

func (v *verifier) read(id, pages uint64) ([]byte, error) {
	raw := make([]byte, pages*v.pageSize)
	_, err := v.file.ReadAt(raw, int64(id*v.pageSize))
	return raw, err
}

func (v *verifier) take(id uint64) error {
	if id < 2 || id >= uint64(len(v.taken)) || v.taken[id] {
		return damaged("page %d does not exist or has two owners", id)
	}
	v.taken[id] = true
	return nil
}

// element is an entry of a leaf, or the child of a branch.
type element struct {
	flags      uint32
	child      uint64
	key, value []byte
}

func (v *verifier) subtree(id uint64, low, high []byte, entry func(element) error) error {
	page, err := v.page(id)
	if err != nil {
		return err
	}
	return v.tree(page, low, high, entry)
}

// tree calls entry for all entries of a page and of those below it. All keys
// must lie in order, from low to before high.
func (v *verifier) tree(page, low, high []byte, entry func(element) error) error {
	kind, count := u16(page[8:]), int(u16(page[10:]))
	if kind != leafPage && (kind != branchPage || count == 0) || headSize*(1+count) > len(page) {
		return damaged("page %d: type %d, %d elements", u64(page), kind, count)
	}
	for i := range count {
		e, err := elementOf(page, kind, i)
		if err != nil {
			return err
		}
		end := high
		if i+1 < count {
			next, err := elementOf(page, kind, i+1)
			if err != nil {
				return err
			}
			end = next.key
		}
		if bytes.Compare(e.key, low) < 0 || end != nil && bytes.Compare(e.key, end) >= 0 {
			return damaged("page %d: keys out of order", u64(page))
		}
		if kind == leafPage {
			err = entry(e)
		} else {
			err = v.subtree(e.child, e.key, end, entry)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func elementOf(page []byte, kind uint16, i int) (e element, err error) {
	rest := page[headSize*(1+i):]
	e.flags = u32(rest)
	pos, key, value := u32(rest[4:]), u32(rest[8:]), u32(rest[12:])
	if kind == branchPage {
		e = element{child: u64(rest[8:])}
		pos, key, value = u32(rest), u32(rest[4:]), 0
	}
	if uint64(pos)+uint64(key)+uint64(value) > uint64(len(rest)) {
		return e, damaged("page %d: element %d ends beyond it", u64(page), i)
	}
	e.key, e.value = rest[pos:pos+key], rest[pos+key:pos+key+value]
	return e, nil
}

// bucket verifies a partition: an entry of the root.
func (v *verifier) bucket(e element) error {
	name := string(e.key)
	if e.flags != bucketEntry || len(e.value) < headSize {
		return damaged("%q is no partition", name)
	}
	var sum uint64
	add := func(e element) error {
		value, err := unseal(name, e.key, e.value)
		if err == nil && e.flags != 0 {
			err = damaged("%q holds another partition", name)
		}
		if err != nil {
			return err
		}
		sum += weight(e.value)
		return v.note(name, string(e.key), string(value))
	}
	if err := v.content(e.value, add); err != nil {
		return err
	}
	if sum != u64(e.value[8:]) {
		return damaged("entries of %q are missing", name)
	}
	if name != formatBucket {
		v.found = append(v.found, name)
	}
	return nil
}

// content walks a bucket: the tree its head names or, if it is small, the page
// that follows its head.
func (v *verifier) content(bucket []byte, entry func(element) error) error {
	if root := u64(bucket); root != 0 {
		return v.subtree(root, nil, nil, entry)
	}
	inline := bucket[headSize:]
	if len(inline) < headSize || u16(inline[8:]) != leafPage {
		return damaged("small partition without a page")
	}
	return v.tree(inline, nil, nil, entry)
}

// note reads the bucket "format", which is the first.
func (v *verifier) note(bucket, key, value string) error {
	switch {
	case bucket != formatBucket:
	case strings.HasPrefix(key, tenantBucket):
		v.noted = append(v.noted, key)
	case key == formatBucket && value == fileFormat:
		v.marked = true
	case key == formatBucket:
		return storage.ErrFormat
	}
	return nil
}

// free takes the pages that may be overwritten.
func (v *verifier) free(id uint64) error {
	page, err := v.page(id)
	if err != nil {
		return err
	}
	count, list := uint64(u16(page[10:])), page[headSize:]
	if count == manyFree {
		count, list = u64(list), list[8:]
	}
	if u16(page[8:]) != freelistPage || count > uint64(len(list)/8) {
		return damaged("page %d is no list of free pages", id)
	}
	for i := range count {
		if err := v.take(u64(list[8*i:])); err != nil {
			return err
		}
	}
	return nil
}
