package graph

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

const (
	annasKeys  = "/users/anna@contoso.example/authentication/fido2Methods"
	stepUpText = "Sign in again with a pass, a passkey or a device first: this needs a strong sign-in of the last 5 minutes."
)

// newKey is an authenticator in a browser at the desk.
func newKey(alg int) *passkeytest.Key {
	k := passkeytest.New(alg)
	k.Origin, k.RPID = base, strings.TrimPrefix(base, "https://")
	return k
}

// options are what a passkey is made by.
func (d *desk) options(who, path string) string {
	d.t.Helper()
	a := d.as(who, "GET", path+"/creationOptions", "")
	raw, err := json.Marshal(a.json()["publicKey"])
	if a.Code != 200 || err != nil {
		d.t.Fatalf("%d %s", a.Code, a.Body)
	}
	return string(raw)
}

// credential is the body that registers what a browser answered.
func credential(answer, more string) string {
	var shown object
	if err := json.Unmarshal([]byte(answer), &shown); err != nil {
		panic(err)
	}
	response := shown["response"].(object)
	body, _ := json.Marshal(object{"publicKeyCredential": object{
		"id": shown["id"], "response": object{"clientDataJSON": response["clientDataJSON"], "attestationObject": response["attestationObject"]},
	}})
	return "{" + more + string(body[1:])
}

// register has a passkey made and answers its id.
func (d *desk) register(who, path string, k *passkeytest.Key) string {
	d.t.Helper()
	a := d.as(who, "POST", path, credential(k.Create(d.options(who, path)), ""))
	id, _ := a.json()["id"].(string)
	if a.Code != 201 || !idp.IsID(id) {
		d.t.Fatalf("%d %s", a.Code, a.Body)
	}
	return id
}

func TestPasskeyLife(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		k := newKey(passkeytest.ES256)
		k.Flags |= passkeytest.BE
		k.Attest = passkeytest.NewAuthority("Maker").Attests(k.AAGUID)
		context := base + at + "/$metadata#users('anna@contoso.example')/authentication/fido2Methods"
		d.as("app", "GET", at+annasKeys, "").same(200, object{"@odata.context": context, "value": []object{}})
		a := d.as("app", "POST", at+annasKeys, credential(k.Create(d.options("app", at+annasKeys)), `"displayName":"Blue key",`))
		id, _ := a.json()["id"].(string)
		if !idp.IsID(id) || a.Header().Get("Location") != base+at+annasKeys+"/"+id {
			t.Errorf("%s, Location %s", a.Body, a.Header().Get("Location"))
		}
		want := object{
			"id": id, "displayName": "Blue key", "createdDateTime": "2026-11-24T09:00:00Z", "aaGuid": passkeytest.GUID(k.AAGUID), "model": nil,
			"attestationLevel": "notAttested", "passkeyType": "synced",
		}
		if at == "/beta" {
			want["lastUsedDateTime"] = nil
		}
		check := func(a answered, status int, more object) {
			t.Helper()
			got := a.json()
			certificates, _ := got["attestationCertificates"].([]any)
			if a.Code != status || len(certificates) != 1 {
				t.Fatalf("%d %s", a.Code, a.Body)
			}
			if raw, err := base64.StdEncoding.DecodeString(certificates[0].(string)); err != nil || string(raw) != string(d.passkey(id).Certificates[0]) {
				t.Errorf("%v", certificates)
			}
			delete(got, "attestationCertificates")
			whole := maps.Clone(want)
			maps.Copy(whole, more)
			differ(t, "", any(got), asJSON(whole))
		}
		check(a, 201, object{"@odata.context": context + "/$entity"})
		check(d.as("reader", "GET", at+annasKeys+"/"+strings.ToUpper(id), ""), 200, object{"@odata.context": context + "/$entity"})
		check(d.as("anna", "GET", at+"/me/authentication/fido2Methods/"+id, ""), 200, object{
			"@odata.context": base + at + "/$metadata#users('" + d.users["anna"].UserID + "')/authentication/fido2Methods/$entity",
		})
		check(d.as("anna", "GET", at+"/me/authentication/methods/"+id, ""), 200, object{
			"@odata.context": base + at + "/$metadata#users('" + d.users["anna"].UserID + "')/authentication/methods/$entity",
			"@odata.type":    "#microsoft.graph.fido2AuthenticationMethod",
		})
		second := d.register("keys", at+annasKeys, newKey(passkeytest.EdDSA))
		if p := d.passkey(second); p.Name != "Passkey" || p.Synced || p.GivenBy != "keys" {
			t.Errorf("%+v", p)
		}
		d.as("viewer", "GET", at+annasKeys+"?$filter=passkeyType%20eq%20'deviceBound'&$select=displayName&$count=true", "").same(200, object{
			"@odata.context": context + "(displayName)", "@odata.count": 1, "value": []object{{"displayName": "Passkey"}},
		})
		if a := d.as("viewer", "GET", at+annasKeys+"/$count", ""); a.Body.String() != "2" {
			t.Errorf("%d %s", a.Code, a.Body)
		}

		if a := d.as("auth", "PATCH", at+annasKeys+"/"+strings.ToUpper(id), `{"@odata.type":"#microsoft.graph.fido2AuthenticationMethod","displayName":"Green key"}`); a.Code != 204 || d.passkey(id).Name != "Green key" {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		for body, text := range map[string]string{
			`{}`:                           "A value is required for property 'displayName', which is all that can be changed.",
			`{"displayName":null}`:         "A passkey needs a name of at most 256 bytes, without control characters.",
			`{"displayName":"a\nb"}`:       "A passkey needs a name of at most 256 bytes, without control characters.",
			`{"displayName":7}`:            "Invalid value specified for property 'displayName': expected String.",
			`{"model":"x"}`:                "Property 'model' is read-only and cannot be set.",
			`{"publicKeyCredential":null}`: "Property 'publicKeyCredential' is read-only and cannot be set.",
		} {
			d.nothing("app", "PATCH", at+annasKeys+"/"+id, body, 400, "badRequest", text)
		}
		readers := "/users/reader@contoso.example/authentication/fido2Methods/"
		text := fmt.Sprintf(`reader@contoso.example has no passkey "%s".`, id)
		d.nothing("second", "PATCH", at+readers+id, `{"displayName":"Theirs"}`, 404, "resourceNotFound", text)
		d.nothing("second", "DELETE", at+readers+id, "", 404, "resourceNotFound", text)
		d.nothing("second", "GET", at+readers+id, "", 404, "resourceNotFound", "The user has no authentication method '"+id+"'.")

		for _, gone := range []string{id, strings.ToUpper(second)} {
			if a := d.as("app", "DELETE", at+annasKeys+"/"+gone, ""); a.Code != 204 || a.Body.Len() != 0 {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		}
		d.nothing("app", "DELETE", at+annasKeys+"/"+id, "", 404, "resourceNotFound", `anna@contoso.example has no passkey "`+id+`".`)
		if n := len(d.as("app", "GET", at+strings.Replace(annasKeys, "fido2Methods", "methods", 1), "").ids()); n != 0 {
			t.Errorf("%d left", n)
		}
	})
}

func (d *desk) passkey(id string) (p *idp.Passkey) {
	d.t.Helper()
	d.must(d.store.View(d.t.Context(), tenantID, func(tx *storage.Tx) (err error) {
		p, err = storage.Get[idp.Passkey](tx, id)
		return err
	}))
	return p
}

func TestCreationOptions(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		k := newKey(passkeytest.ES256)
		id := d.register("app", at+annasKeys, k)
		spellings := []string{"/creationOptions", "/creationOptions()", "/microsoft.graph.creationOptions", "/microsoft.graph.creationOptions()", "/creationOptions?challengeTimeoutInMinutes=43200"}
		if at == "/beta" {
			spellings = append(spellings, "/creationOptions(challengeTimeoutInMinutes=5)", "/microsoft.graph.creationOptions(challengeTimeoutInMinutes='60')")
		}
		commits := d.store.Commits()
		for _, name := range spellings {
			a := d.as("app", "GET", at+annasKeys+name, "")
			challenge, _ := dig(a.json(), "publicKey", "challenge").(string)
			if raw, err := base64.RawURLEncoding.DecodeString(challenge); err != nil || len(raw) < 32 {
				t.Errorf("challenge %q", challenge)
			}
			a.same(200, object{
				"@odata.context":           base + at + "/$metadata#microsoft.graph.webauthnCredentialCreationOptions",
				"challengeTimeoutDateTime": "2026-11-24T09:05:00Z",
				"publicKey": object{
					"rp":        object{"id": "latchkey.example", "name": "Contoso"},
					"user":      object{"id": base64.RawURLEncoding.EncodeToString(k.Handle), "name": "anna@contoso.example", "displayName": "ANNA"},
					"challenge": challenge, "timeout": 60000, "attestation": "direct", "extensions": object{},
					"pubKeyCredParams": []object{
						{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -257},
					},
					"excludeCredentials":     asJSON([]object{{"type": "public-key", "id": base64.RawURLEncoding.EncodeToString(d.passkey(id).Credential)}}),
					"authenticatorSelection": object{"requireResidentKey": true, "residentKey": "required", "userVerification": "required"},
				},
			})
		}
		if d.store.Commits() != commits {
			t.Error("asking keeps something")
		}
		for _, given := range []string{"4", "43201", "-5", "ten", ""} {
			d.nothing("app", "GET", at+annasKeys+"/creationOptions?ChallengeTimeoutInMinutes="+given, "", 400, "badRequest",
				"Invalid challengeTimeoutInMinutes '"+given+"': it must be between 5 and 43200.")
		}
		if at == "/beta" {
			for _, given := range []string{"4", "'43201'", "-5", "99999999999999999999"} {
				d.nothing("app", "GET", at+annasKeys+"/creationOptions(challengeTimeoutInMinutes="+given+")", "", 400, "badRequest",
					"Invalid challengeTimeoutInMinutes '"+strings.Trim(given, "'")+"': it must be between 5 and 43200.")
			}
		}
		if none := dig(d.as("app", "GET", at+"/users/reader@contoso.example/authentication/fido2Methods/creationOptions", "").json(), "error", "code"); none != "accessDenied" {
			t.Errorf("of a privileged person: %v", none)
		}
	})
}

// TestPasskeyBodies: what no authenticator made for this person is refused.
func TestPasskeyBodies(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const at = "/v1.0" + annasKeys
	bad := func(name string) string {
		return "Invalid value specified for property 'publicKeyCredential/" + name + "': expected base64url without padding."
	}
	for body, text := range map[string]string{
		`{}`:                               "A value is required for property 'publicKeyCredential' of resource 'fido2AuthenticationMethod'.",
		`{"publicKeyCredential":null}`:     "Property 'publicKeyCredential' cannot be null.",
		`{"publicKeyCredential":"AAAA"}`:   "Invalid value specified for property 'publicKeyCredential': expected Object.",
		`{"publicKeyCredential":{"id":7}}`: "Invalid value specified for property 'publicKeyCredential/id': expected String.",
		`{"publicKeyCredential":{"id":"AAAA","response":{"clientDataJSON":"AAAA","attestationObject":"AA=="}}}`:                                bad("response/attestationObject"),
		`{"publicKeyCredential":{"id":"AAAA","response":{"clientDataJSON":"{}","attestationObject":"AAAA"}}}`:                                  bad("response/clientDataJSON"),
		`{"publicKeyCredential":{"id":"","response":{"clientDataJSON":"AAAA","attestationObject":"AAAA"}}}`:                                    bad("id"),
		`{"publicKeyCredential":{"id":"` + strings.Repeat("A", 50_000) + `","response":{"clientDataJSON":"AAAA","attestationObject":"AAAA"}}}`: "Invalid value specified for property 'publicKeyCredential/id': a credential id has at most 1023 bytes.",
		`{"publicKeyCredential":{"id":"AAAA","response":{"clientDataJSON":"AAAA","attestationObject":"AAAA"}}}`:                                "The challenge is not one that was made for this user.",
	} {
		d.nothing("app", "POST", at, body, 400, "badRequest", text)
	}
	for name, change := range map[string]func(*passkeytest.Say){
		"another host":       func(s *passkeytest.Say) { s.RPID = "elsewhere.example" },
		"another origin":     func(s *passkeytest.Say) { s.Origin = "https://elsewhere.example" },
		"nobody verified":    func(s *passkeytest.Say) { s.Flags &^= passkeytest.UV },
		"a long id":          func(s *passkeytest.Say) { s.ID = make([]byte, 1024) },
		"a cut object":       func(s *passkeytest.Say) { s.Object = func(b []byte) []byte { return b[:len(b)/2] } },
		"another ceremony":   func(s *passkeytest.Say) { s.Type = "webauthn.get" },
		"a forged statement": func(s *passkeytest.Say) { s.Attest, s.Bogus = passkeytest.Self, true },
	} {
		answer := newKey(passkeytest.ES256).Create(d.options("app", at), change)
		before := d.store.Commits()
		a := d.as("app", "POST", at, credential(answer, ""))
		if text := a.refused(400, "badRequest"); len(text) > 200 || text == "" || d.store.Commits() != before {
			t.Errorf("%s: %s", name, text)
		}
	}
	unheard := newKey(passkeytest.Unheard).Create(d.options("app", at))
	d.nothing("app", "POST", at, credential(unheard, ""), 400, "badRequest", "The passkey cannot be registered: an algorithm that was not offered.")
	named := newKey(passkeytest.ES256).Create(d.options("app", at))
	if text := d.as("app", "POST", at, credential(named, `"displayName":"a\u0000b",`)).refused(400, "badRequest"); !strings.Contains(text, "A passkey needs a name of at most 256 bytes") {
		t.Error(text)
	}

	k := newKey(passkeytest.ES256)
	answer := k.Create(d.options("app", at))
	d.newUser("bob", idp.Member)
	d.nothing("app", "POST", strings.Replace(at, "anna", "bob", 1), credential(answer, ""), 400, "badRequest", "The challenge is not one that was made for this user.")
	d.now = epoch.Add(5 * time.Minute)
	d.nothing("app", "POST", at, credential(answer, ""), 400, "badRequest", "The challenge has expired. Ask for new creation options.")
	d.now = epoch.Add(5*time.Minute - time.Second)
	if a := d.as("app", "POST", at, credential(answer, `"displayName":null,`)); a.Code != 201 || a.json()["displayName"] != "Passkey" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	again := credential(answer, "")
	before := d.store.Commits()
	if text := d.as("app", "POST", at, again).refused(400, "badRequest"); d.store.Commits() != before {
		t.Errorf("the same twice: %s", text)
	}
	if n := len(d.as("app", "GET", at, "").ids()); n != 1 {
		t.Errorf("%d passkeys", n)
	}
}

// TestPasskeyRights: who may register, rename and delete whose passkeys.
func TestPasskeyRights(t *testing.T) {
	t.Parallel()
	const denied, mine = "Request Authorization failed", "/me/authentication/fido2Methods"
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		id := d.register("auth", at+annasKeys, newKey(passkeytest.ES256))
		answer := credential(newKey(passkeytest.ES256).Create(d.options("app", at+annasKeys)), "")
		for _, c := range []struct{ method, path, body string }{
			{"GET", annasKeys + "/creationOptions", ""}, {"POST", annasKeys, answer}, {"PATCH", annasKeys + "/" + id, `{"displayName":"X"}`}, {"DELETE", annasKeys + "/" + id, ""},
		} {
			for _, who := range []string{"reader", "viewer", "policy", "taps", "bare", "words"} {
				d.nothing(who, c.method, at+c.path, c.body, 403, "accessDenied", denied)
			}
			privileged := strings.Replace(c.path, "anna", "global", 1)
			for _, who := range []string{"app", "keys", "auth"} { // an app by itself, or somebody who is not as privileged
				d.nothing(who, c.method, at+privileged, c.body, 403, "accessDenied", denied)
			}
			own := strings.Replace(c.path, "/users/anna@contoso.example", "/me", 1)
			d.nothing("anna", c.method, at+own, c.body, 403, "accessDenied", stepUpText)
			d.nothing("anna", c.method, at+c.path, c.body, 403, "accessDenied", stepUpText)
		}
		for _, who := range []string{"taps", "bare", "words", "policy"} {
			d.nothing(who, "GET", at+annasKeys, "", 403, "accessDenied", denied)
		}
		if ids := d.as("anna", "GET", at+mine, "").ids(); len(ids) != 1 || ids[0] != id {
			t.Errorf("%v", ids)
		}
		d.fresh("anna")
		own := d.register("anna", at+mine, newKey(passkeytest.ES256))
		if p := d.passkey(own); p.GivenBy != "" {
			t.Errorf("%+v", p)
		}
		if a := d.as("anna", "PATCH", at+mine+"/"+own, `{"displayName":"X"}`); a.Code != 204 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		if a := d.as("anna", "DELETE", at+mine+"/"+own, ""); a.Code != 204 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		if a := d.as("app", "GET", at+mine, ""); a.Code != 400 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		guest := "/users/guest@fabrikam.example/authentication/fido2Methods/creationOptions"
		d.nothing("app", "GET", at+guest, "", 400, "badRequest", "No passkey can be registered for this user: external guests sign in elsewhere.")
		_, err := d.admin.UpdatePasskeyPolicy(t.Context(), admin.Operator("test"), tenantID, admin.PasskeyPolicyChange{SelfService: new(false)})
		d.must(err)
		d.nothing("anna", "GET", at+mine+"/creationOptions", "", 400, "badRequest", "No passkey can be registered for this user: the policy does not let people register their own.")
		d.register("app", at+annasKeys, newKey(passkeytest.ES256))
		_, err = d.admin.UpdatePasskeyPolicy(t.Context(), admin.Operator("test"), tenantID, admin.PasskeyPolicyChange{Enabled: new(false)})
		d.must(err)
		d.nothing("app", "POST", at+annasKeys, answer, 400, "badRequest", "No passkey can be registered for this user: the method is disabled by policy.")
	})
}
