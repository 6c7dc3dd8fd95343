package graph

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// passkeyInput is what a body says of a passkey: a name, and of a new one what the
// authenticator made.
type passkeyInput struct {
	name       *string
	credential object
}

var passkeyMethods = &entity[*idp.Passkey, *passkeyInput]{
	name: "fido2AuthenticationMethod",
	id:   func(p *idp.Passkey) string { return p.PasskeyID },
	properties: []property[*idp.Passkey, *passkeyInput]{
		{name: "id", kind: edmString, get: func(_ *call, p *idp.Passkey) any { return p.PasskeyID }},
		{
			name: "displayName", kind: edmString, get: func(_ *call, p *idp.Passkey) any { return p.Name },
			set: func(in *passkeyInput, v value) error { in.name = new(v.text()); return nil },
		},
		{name: "createdDateTime", kind: edmDateTime, get: func(_ *call, p *idp.Passkey) any { return p.CreatedAt }},
		{name: "lastUsedDateTime", kind: edmDateTime, flags: betaOnly, get: func(_ *call, p *idp.Passkey) any { return p.LastUsedAt }},
		{name: "aaGuid", kind: edmString, get: func(_ *call, p *idp.Passkey) any { return p.AAGUID }},
		{name: "model", kind: edmString, get: func(_ *call, p *idp.Passkey) any { return nonEmpty(p.Model) }},
		{name: "attestationCertificates", kind: listOf(edmString), flags: noFilter, get: func(_ *call, p *idp.Passkey) any { return encodedAll(p.Certificates) }},
		{name: "attestationLevel", kind: enumOf("attested", "notAttested"), get: func(_ *call, p *idp.Passkey) any { return either(p.Attested, "attested", "notAttested") }},
		{name: "passkeyType", kind: enumOf("deviceBound", "synced"), get: func(_ *call, p *idp.Passkey) any { return either(p.Synced, "synced", "deviceBound") }},
		{
			name: "publicKeyCredential", kind: credentialKind, flags: required | onCreate | noFilter,
			set: func(in *passkeyInput, v value) error { in.credential = v.object(); return checkCredential(v) },
		},
	},
}

// credentialKind is what PublicKeyCredential.toJSON gives, as far as it is read.
var credentialKind = complexOf(
	field{name: "id", kind: edmString},
	field{name: "response", kind: complexOf(
		field{name: "clientDataJSON", kind: edmString}, field{name: "attestationObject", kind: edmString},
		field{name: "transports", kind: listOf(edmString)},
	)},
	field{name: "clientExtensionResults", kind: edmAny},
)

// maxEncodedID is the length of the longest credential id in base64url.
var maxEncodedID = base64.RawURLEncoding.EncodedLen(idp.MaxCredentialID)

// checkCredential finds early what would only make the answer unreadable.
func checkCredential(v value) error {
	for name, part := range map[string]value{
		"id": v.member("id"), "response/clientDataJSON": v.member("response").member("clientDataJSON"),
		"response/attestationObject": v.member("response").member("attestationObject"),
	} {
		if _, err := base64.RawURLEncoding.DecodeString(part.text()); err != nil || part.text() == "" {
			return idp.Errorf(idp.Invalid, "Invalid value specified for property 'publicKeyCredential/%s': expected base64url without padding.", name)
		}
	}
	if len(v.member("id").text()) > maxEncodedID {
		return idp.Errorf(idp.Invalid, "Invalid value specified for property 'publicKeyCredential/id': a credential id has at most %d bytes.", idp.MaxCredentialID)
	}
	return nil
}

// answer is what the method of passkeys is given: the credential as a browser would have
// sent it.
func (in *passkeyInput) answer() (idp.Answer, error) {
	o := object{"rawId": in.credential["id"], "type": "public-key"}
	for name, v := range in.credential {
		o[name] = v
	}
	raw, err := json.Marshal(o)
	a := idp.Answer{"attestation": string(raw)}
	if in.name != nil {
		a["name"] = *in.name
	}
	return a, err
}

// creationOptions are what a passkey is made by.
var creationOptions = &entity[signin.Creation, none]{
	name: "webauthnCredentialCreationOptions",
	properties: []property[signin.Creation, none]{
		{name: "challengeTimeoutDateTime", kind: edmDateTime, get: func(_ *call, x signin.Creation) any { return x.Ends }},
		{name: "publicKey", kind: edmAny, get: func(_ *call, x signin.Creation) any { return publicKeyOptions(x.Options) }},
	},
}

// publicKeyOptions are options for navigator.credentials.create, with the members that
// programs may look for whether there is something in them or not. Whoever provisions keys
// wants to know the model, and waits no longer than Microsoft says.
func publicKeyOptions(options string) object {
	o := object{"excludeCredentials": []any{}, "extensions": object{}}
	_ = json.Unmarshal([]byte(options), &o) // which were just made: cannot fail
	o["attestation"], o["timeout"] = "direct", 60000
	return o
}

// The bounds of what may be asked for of how long a challenge stands, in minutes.
const (
	leastChallenge    = int(signin.CreationLifetime / time.Minute)
	greatestChallenge = 43200
)

func encodedAll(raws [][]byte) []string {
	out := make([]string, len(raws))
	for i, raw := range raws {
		out[i] = base64.StdEncoding.EncodeToString(raw)
	}
	return out
}

func either(first bool, one, other string) string {
	if first {
		return one
	}
	return other
}
