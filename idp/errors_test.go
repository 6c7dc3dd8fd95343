package idp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

func TestErrorCode(t *testing.T) {
	t.Parallel()
	e := idp.Errorf(idp.Conflict, "There is a user %s already.", "x")
	for _, c := range []struct {
		err  error
		want idp.Code
	}{
		{e, idp.Conflict}, {fmt.Errorf("create: %w", e), idp.Conflict}, {errors.Join(errors.New("x"), e), idp.Conflict},
		{errors.New("x"), idp.Internal}, {nil, idp.Internal}, {storage.ErrNotFound, idp.Internal}, {context.Canceled, idp.Internal},
	} {
		if got := idp.ErrorCode(c.err); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
	if e.Error() != "There is a user x already." {
		t.Error(e)
	}
}

// TestSTSTexts: every number of the constants has a text of its own, and the one
// that does not exist is not among them.
func TestSTSTexts(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]int{}
	numbers := regexp.MustCompile(`(?m)^\t\w+ +STS = (\d+)$`).FindAllSubmatch(src, -1)
	for _, m := range numbers {
		n, _ := strconv.Atoi(string(m[1]))
		s := idp.STS(n)
		if before, twice := texts[s.Text()]; s.Text() == "" || twice || !strings.HasSuffix(s.Text(), ".") {
			t.Errorf("the text of %d is %q, that of %d too", n, s.Text(), before)
		}
		texts[s.Text()] = n
		if want := fmt.Sprintf("AADSTS%d: %s", n, s.Text()); s.String() != want {
			t.Errorf("%q, want %q", s, want)
		}
		if strings.ContainsFunc(s.String(), func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
			t.Errorf("%q has what RFC 6749 5.2 keeps out of an error_description", s)
		}
	}
	if len(numbers) < 15 || idp.STS(130508).Text() != "" {
		t.Errorf("%d numbers, 130508 is %q", len(numbers), idp.STS(130508).Text())
	}
	r := &idp.Refusal{Told: idp.PassWrong, Logged: idp.PassNotFound, Detail: "there is no such user"}
	if got := r.Error(); got != "AADSTS130507: An access pass could not be found or verified for the user. there is no such user" {
		t.Error(got)
	}
}

func TestOptional(t *testing.T) {
	t.Parallel()
	other := errors.New("x")
	if u, err := idp.Optional(anna(), nil); u == nil || err != nil {
		t.Error(u, err)
	}
	if u, err := idp.Optional[idp.User](nil, fmt.Errorf("get: %w", storage.ErrNotFound)); u != nil || err != nil {
		t.Error(u, err)
	}
	if u, err := idp.Optional[idp.User](nil, other); u != nil || !errors.Is(err, other) {
		t.Error(u, err)
	}
}

func TestScopesAndConsent(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"": "", "openid": "openid", " profile  openid profile ": "profile openid", "openid api://x OPENID": "openid", "offline_access\temail": "offline_access email",
	} {
		if got := strings.Join(idp.KnownScopes(asked), " "); got != want {
			t.Errorf("%q: %q, want %q", asked, got, want)
		}
	}
	a := []string{"a", "b", "c"}
	if got := idp.Without(a, []string{"b"}); !slices.Equal(got, []string{"a", "c"}) || !slices.Equal(a, []string{"a", "b", "c"}) {
		t.Error(got, a)
	}
	c := &idp.Consent{UserID: annaID, ClientID: "web"}
	c.Add([]string{"profile", "openid"}, t0)
	c.Add([]string{"openid", "email"}, t0.Add(1))
	if !slices.Equal(c.Scopes, []string{"email", "openid", "profile"}) || !c.At.Equal(t0.Add(1)) || c.ID() != idp.ConsentID(annaID, "web") {
		t.Errorf("%+v", c)
	}
}

func TestNewEvent(t *testing.T) {
	t.Parallel()
	var ids []string
	for i := range 100 {
		ids = append(ids, idp.NewEvent(idp.SignIns, t0.AddDate(i/2, 0, i)).EventID)
	}
	if !slices.IsSorted(ids) {
		t.Error("ids do not sort by time")
	}
	e := idp.NewEvent(idp.Directory, t0)
	if e.Result != "success" || !e.At.Equal(t0) || e.Log != idp.Directory {
		t.Errorf("%+v", e)
	}
	found := func(want ...string) {
		t.Helper()
		var got []string
		for _, x := range e.Indexes() {
			if x.Value != "" {
				got = append(got, x.Name+" "+x.Value)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("found by %q, want %q", got, want)
		}
	}
	found("log directoryAudits")
	e.Target = idp.Party{Type: "user", ID: annaID}
	found("log directoryAudits", "user "+annaID)
	e.Target.Type = "client"
	e.Tenant = tenantID
	found("log directoryAudits", "tenant "+tenantID)
}

func TestGroupValidate(t *testing.T) {
	t.Parallel()
	const needsName = "A group needs a name of at most 256 bytes, without control characters."
	for name, want := range map[string]string{
		"Staff": "", "Führung & Co": "", strings.Repeat("x", 256): "", "": needsName, "  ": needsName,
		strings.Repeat("x", 257): needsName, "a\nb": needsName, "a\x00": needsName, "\xc3": needsName,
	} {
		wantError(t, (&idp.Group{Name: name}).Validate(), idp.Invalid, want)
	}
}

// TestExactTexts holds what other software matches on.
func TestExactTexts(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		idp.AdminRegistered: "Admin registered security info", idp.UserRegistered: "User registered security info",
		idp.AdminDeleted: "Admin deleted security info", idp.UserDeleted: "User deleted security info",
		idp.PolicyUpdated: "Authentication Methods Policy Update", idp.UserManagement: "UserManagement",
		idp.AuthenticationService: "Authentication Methods",
		idp.PassRegisteredReason:  "Admin registered temporary access pass method for user",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
