package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"latchkey/idp"
)

// fill sets every field to something that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(7)
	case reflect.Slice:
		v.Set(reflect.ValueOf([]string{"a", "b"}))
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fill(f)
			}
		}
	}
}

// TestClientFields fills a client, puts what is shown of it into an empty one, and
// expects that all that may be set has come over.
func TestClientFields(t *testing.T) {
	var want, got idp.Client
	fill(reflect.ValueOf(&want).Elem())
	want.Keys.Set = ""
	text, err := json.Marshal(fieldsOf(&want))
	if err != nil {
		t.Fatal(err)
	}
	var f clientFields
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	f.edit(&got)
	want.ClientID, want.AuthMethod, want.SecretHash, want.SecretSealed = "", "", "", ""
	want.Registration, want.Counted, want.Subject.Sector = "", false, ""
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	before := got
	clientFields{}.edit(&got)
	if !reflect.DeepEqual(got, before) {
		t.Errorf("nothing was given, and it became %+v", got)
	}
}

// TestKeySet takes nothing but a set of keys, from a file and over the socket.
func TestKeySet(t *testing.T) {
	for text, want := range map[string]string{
		`{"keys": [ {"kid": "a b"} ], "x": 1}`: `{"keys":[{"kid":"a b"}],"x":1}`,
		`{"keys": []}`:                         "",
		`{"keys": null}`:                       "error",
		`{"keys": {}}`:                         "error",
		`{"keys": ["a"]}`:                      "error",
		`[{"kid": "a"}]`:                       "error",
		`{}`:                                   "error",
		`{"keys": []} {}`:                      "error",
		``:                                     "error",
		`{"keys":[{"n":"` + strings.Repeat("x", idp.MaxClientJWKS) + `"}]}`: "error",
	} {
		got, err := parseKeySet([]byte(text))
		if (err != nil) != (want == "error") || err == nil && string(got) != want {
			t.Errorf("%.50s: %.50q, %v", text, got, err)
		}
		var again keySet
		if written, _ := json.Marshal(got); err == nil && (json.Unmarshal(written, &again) != nil || again != got) {
			t.Errorf("%s is written as %s", text, written)
		}
		if json.Unmarshal([]byte(text), &again) == nil && want == "error" {
			t.Errorf("%.50s is taken over the socket", text)
		}
	}
}
