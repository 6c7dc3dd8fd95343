package idp_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"latchkey/idp"
)

// way is a method that is offered to whoever holds something.
type way struct{ kind idp.Kind }

func (w way) Info() idp.Info { return idp.Info{Kind: w.kind} }

func (w way) Offer(s idp.Subject) idp.Reason {
	if len(s.Credentials) == 0 {
		return idp.NoCredential
	}
	return idp.Offered
}

func (way) Begin(context.Context, idp.Subject) (idp.Prompt, error) { return idp.Prompt{}, nil }

func (way) Verify(context.Context, idp.Subject, idp.Prompt, idp.Answer) (idp.Verdict, error) {
	return idp.Verdict{}, nil
}

func TestOffers(t *testing.T) {
	t.Parallel()
	disabled := anna()
	disabled.Disabled = true
	methods := []idp.Method{way{"a"}, way{"b"}, way{"c"}}
	holdsB := func(i idp.Info) ([]idp.Credential, error) {
		if i.Kind == "b" {
			return []idp.Credential{&idp.Pass{}}, nil
		}
		return nil, nil
	}
	never := func(idp.Info) ([]idp.Credential, error) { return nil, errors.New("asked for credentials") }
	for _, c := range []struct {
		name string
		user *idp.User
		load func(idp.Info) ([]idp.Credential, error)
		want string
	}{
		{"in order, each with its own credentials", anna(), holdsB, "[a:the user has none b: c:the user has none]"},
		{"nobody", nil, never, "[a:there is no such user b:there is no such user c:there is no such user]"},
		{"disabled", disabled, never, "[a:the user account is disabled b:the user account is disabled c:the user account is disabled]"},
		{"fault", anna(), never, "asked for credentials"},
	} {
		got, err := idp.Offers(methods, idp.Subject{User: c.user}, c.load)
		shown := []string{}
		for _, o := range got {
			shown = append(shown, string(o.Info.Kind)+":"+string(o.Reason))
		}
		text := fmt.Sprint(shown)
		if err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}
