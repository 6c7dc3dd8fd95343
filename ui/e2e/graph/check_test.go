package graph

import (
	"errors"
	"maps"
	"slices"
	"testing"

	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

func wantEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func wantNone(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must is for what the rest of a step stands on.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		wantNone(t, err)
		return v
	}
}

// wantRefused expects an error of Graph's, as a program that uses the SDK sees it. An
// empty text stands for any, and a status of 0 for none: within batches there is none.
func wantRefused(t *testing.T, err error, status int, code, text string) {
	t.Helper()
	var refused *odataerrors.ODataError
	if !errors.As(err, &refused) {
		t.Errorf("the error is %T %v, want an ODataError of status %d", err, err, status)
		return
	}
	wantEqual(t, "status", refused.ResponseStatusCode, status)
	wantEqual(t, "code", of(refused.GetErrorEscaped().GetCode()), code)
	if got := of(refused.GetErrorEscaped().GetMessage()); got == "" || text != "" && got != text {
		t.Errorf("the message is %q, want %q", got, text)
	}
}

// only is what a list has one of.
func only[T any](t *testing.T, what string, all []T) T {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("%s: %d, want one", what, len(all))
	}
	return all[0]
}

// of is what an optional value of the SDK holds, its zero value if nothing.
func of[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

// eventual is the header that $search and $count of users take.
func eventual() *kiota.RequestHeaders {
	h := kiota.NewRequestHeaders()
	h.Add("ConsistencyLevel", "eventual")
	return h
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
