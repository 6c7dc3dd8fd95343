package passkeytest

import "bytes"

// Spoiling is a way to make a new credential wrong, and the reason that the log gives then.
type Spoiling struct {
	Change func(*Say)
	Detail string
}

// Spoilings are what a browser, an authenticator or an attacker between them can do to a
// new credential.
func Spoilings() map[string]Spoiling {
	const unread = "Error parsing attestation response"
	return map[string]Spoiling{
		"not verified":    {func(s *Say) { s.Flags &^= UV }, "the user was not verified"},
		"nobody present":  {func(s *Say) { s.Flags &^= UP }, "nobody was present"},
		"origin":          {func(s *Say) { s.Origin = "https://login.examp1e" }, "Error validating origin"},
		"origin's port":   {func(s *Say) { s.Origin = "https://login.example:8443" }, "Error validating origin"},
		"relying party":   {func(s *Say) { s.RPID = "example" }, "made for another host"},
		"other challenge": {func(s *Say) { s.Challenge[0]++ }, "Error validating challenge"},
		"ceremony":        {func(s *Say) { s.Type = "webauthn.get" }, "Error validating ceremony type"},
		"cross-origin":    {func(s *Say) { s.CrossOrigin = true }, "Error validating cross origin flag"},
		"backed up only":  {func(s *Say) { s.Flags |= BS }, "Backup State Flag is true but Backup Eligible flag is false which is invalid"},
		"kind":            {func(s *Say) { s.Kind = "password" }, "Parse error for Registration"},
		"empty id":        {func(s *Say) { s.ID = nil }, "Parse error for Registration"},
		"huge id":         {func(s *Say) { s.ID = bytes.Repeat([]byte{7}, 1<<20) }, unread},
		"id by a byte":    {func(s *Say) { s.ID = bytes.Repeat([]byte{7}, 1024) }, unread},
		"cut object":      {func(s *Say) { s.Object = func(raw []byte) []byte { return raw[:len(raw)-1] } }, unread},
		"long object":     {func(s *Say) { s.Object = func(raw []byte) []byte { return append(raw, 0) } }, unread},
		"no object":       {func(s *Say) { s.Object = func([]byte) []byte { return nil } }, unread},
		"cut data":        {func(s *Say) { s.Data = func(raw []byte) []byte { return raw[:len(raw)-1] } }, unread},
		"no credential":   {func(s *Say) { s.Data = func(raw []byte) []byte { raw = raw[:37]; raw[32] = 5; return raw } }, unread},
		"client data":     {func(s *Say) { s.Client = func(raw []byte) []byte { return raw[1:] } }, unread},
		"no such format": {func(s *Say) {
			s.Attest = func(*Key, []byte) (string, map[string]any) { return "format-of-the-browser", nil }
		}, "an attestation format that is not known, or a statement where there is none"},
		"none with one": {func(s *Say) {
			s.Attest = func(*Key, []byte) (string, map[string]any) {
				return "none", map[string]any{"secret-of-the-browser": 1}
			}
		}, "an attestation format that is not known, or a statement where there is none"},
		"self signature": {func(s *Say) { s.Attest, s.Bogus = Self, true }, "Unable to verify signature"},
		"certificate": {func(s *Say) {
			s.Attest = func(k *Key, over []byte) (string, map[string]any) {
				return "packed", map[string]any{"alg": ES256, "sig": k.Sign(over), "x5c": [][]byte{[]byte("certificate-of-the-browser")}}
			}
		}, "Error parsing certificate from ASN.1 data"},
	}
}
