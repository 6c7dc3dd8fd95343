package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"latchkey/storage"
)

// RoundTrip fills every field of each record's type with a value of its own,
// stores it and reads it back. It fails with the name of a field that comes back
// otherwise, or that no encoder would keep. What the records hold is not used:
// &idp.User{} is enough.
func RoundTrip(t *testing.T, d storage.Driver, records ...storage.Record) {
	t.Helper()
	st := storage.New(d)
	for _, r := range records {
		if err := roundTrip(st, reflect.TypeOf(r)); err != nil {
			t.Errorf("%T: %v", r, err)
		}
	}
}

func roundTrip(st *storage.Store, typ reflect.Type) error {
	if typ.Kind() != reflect.Pointer || typ.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("is no pointer to a struct")
	}
	want := reflect.New(typ.Elem())
	f := &filler{}
	if err := f.fill(want.Elem(), typ.Elem().Name()); err != nil {
		return err
	}
	got := reflect.New(typ.Elem())
	record := want.Interface().(storage.Record)
	ctx := context.Background()
	if err := st.Update(ctx, tenant, func(tx *storage.Tx) error { return tx.Put(record) }); err != nil {
		return err
	}
	if err := st.View(ctx, tenant, func(tx *storage.Tx) error {
		return tx.Load(record.ID(), got.Interface().(storage.Record))
	}); err != nil {
		return err
	}
	return differ(want.Elem(), got.Elem(), typ.Elem().Name())
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	rawJSONType = reflect.TypeFor[json.RawMessage]()
)

// filler numbers its values, so that no two are alike.
type filler struct {
	n    int
	path []reflect.Type // the structs around a field
}

func (f *filler) fill(v reflect.Value, name string) error {
	f.n++
	switch v.Type() {
	case timeType:
		v.Set(reflect.ValueOf(time.Date(2001, 2, 3, 4, 5, f.n, 1000+f.n, time.UTC)))
		return nil
	case rawJSONType:
		v.SetBytes(fmt.Appendf(nil, `{"n":%d}`, f.n))
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d", f.n))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.n%100 + 1)) // fits into an int8
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.n%100 + 1))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(f.n) + 0.5)
	default:
		return f.fillComposite(v, name)
	}
	return nil
}

func (f *filler) fillComposite(v reflect.Value, name string) error {
	switch v.Kind() {
	case reflect.Struct:
		return f.fillStruct(v, name)
	case reflect.Pointer:
		if slices.Contains(f.path, v.Type().Elem()) {
			return nil // a type within itself ends here
		}
		v.Set(reflect.New(v.Type().Elem()))
		return f.fill(v.Elem(), name)
	case reflect.Slice:
		if slices.Contains(f.path, v.Type().Elem()) {
			return nil
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		return f.fillElements(v, name)
	case reflect.Array:
		return f.fillElements(v, name)
	case reflect.Map:
		return f.fillMap(v, name)
	}
	return fmt.Errorf("%s: a %s cannot be stored", name, v.Type())
}

func (f *filler) fillStruct(v reflect.Value, name string) error {
	f.path = append(f.path, v.Type())
	defer func() { f.path = f.path[:len(f.path)-1] }()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		inner := name + "." + field.Name
		switch {
		case !field.IsExported():
			return fmt.Errorf("%s: an unexported field is not stored", inner)
		case field.Tag.Get("json") == "-":
			return fmt.Errorf(`%s: a field tagged json:"-" is not stored`, inner)
		}
		if err := f.fill(v.Field(i), inner); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) fillElements(v reflect.Value, name string) error {
	for i := range v.Len() {
		if err := f.fill(v.Index(i), fmt.Sprintf("%s[%d]", name, i)); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) fillMap(v reflect.Value, name string) error {
	v.Set(reflect.MakeMap(v.Type()))
	for range 2 {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := f.fill(key, name+" key"); err != nil {
			return err
		}
		if err := f.fill(value, name+" value"); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

// differ names the first field in which two values are not the same.
func differ(want, got reflect.Value, name string) error {
	switch {
	case want.Type() == timeType:
		if want.Interface().(time.Time).Equal(got.Interface().(time.Time)) {
			return nil
		}
	case want.Kind() == reflect.Struct:
		for i := range want.NumField() {
			if err := differ(want.Field(i), got.Field(i), name+"."+want.Type().Field(i).Name); err != nil {
				return err
			}
		}
		return nil
	case want.Kind() == reflect.Pointer && !want.IsNil() && !got.IsNil():
		return differ(want.Elem(), got.Elem(), name)
	case (want.Kind() == reflect.Slice || want.Kind() == reflect.Array) && want.Len() == got.Len():
		for i := range want.Len() {
			if err := differ(want.Index(i), got.Index(i), fmt.Sprintf("%s[%d]", name, i)); err != nil {
				return err
			}
		}
		return nil
	case want.Kind() == reflect.Map && want.Len() == got.Len():
		return differMap(want, got, name)
	case reflect.DeepEqual(want.Interface(), got.Interface()):
		return nil
	}
	return fmt.Errorf("%s: stored %v, came back as %v", name, show(want), show(got))
}

func differMap(want, got reflect.Value, name string) error {
	for key, value := range maps.Collect(want.Seq2()) {
		back := got.MapIndex(key)
		if !back.IsValid() {
			return fmt.Errorf("%s: key %v is gone", name, show(key))
		}
		if err := differ(value, back, fmt.Sprintf("%s[%v]", name, show(key))); err != nil {
			return err
		}
	}
	return nil
}

// show looks through a pointer.
func show(v reflect.Value) any {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v.Interface()
}
