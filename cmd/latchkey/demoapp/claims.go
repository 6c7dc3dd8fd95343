package demoapp

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// row is one claim as people read it.
type row struct {
	Name, Value string
	Note        string // what the claim means; "" for those we do not know
}

// notes explain the claims of OIDC Core 2 and 5.1 that a sign-in usually brings,
// in the order they are shown. Others follow by name.
var notes = []struct{ name, note string }{
	{"name", "who you are"},
	{"preferred_username", "the name you sign in with"},
	{"given_name", ""},
	{"family_name", ""},
	{"email", ""},
	{"email_verified", ""},
	{"sub", "your identifier, the same each time"},
	{"iss", "the provider that says all this"},
	{"aud", "the app it says it to"},
	{"auth_time", "when you proved who you are"},
	{"amr", "how you proved it"},
	{"acr", "how strong that proof is"},
	{"sid", "your session at the provider"},
	{"iat", "when this was said"},
	{"exp", "until when it holds"},
	{"nonce", "ties the answer to this app's question"},
	{"at_hash", "ties the access token to this answer"},
}

// rows puts claims into a fixed order.
func rows(claims map[string]any) []row {
	var out []row
	rest := maps.Clone(claims)
	for _, n := range notes {
		if v, ok := claims[n.name]; ok {
			out = append(out, row{n.name, text(n.name, v), n.note})
			delete(rest, n.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		out = append(out, row{name, text(name, rest[name]), ""})
	}
	return out
}

// text writes a value so that a person can read it, times among them.
func text(name string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case float64:
		if slices.Contains([]string{"auth_time", "iat", "exp", "nbf", "updated_at"}, name) {
			return clock(time.Unix(int64(v), 0))
		}
		return fmt.Sprint(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = text("", v[i])
		}
		return strings.Join(parts, ", ")
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
