package config

// Passkeys says by what models of authenticators are attested. Both are paths of files.
type Passkeys struct {
	Metadata     string // signed BLOB of the FIDO Metadata Service; empty = none
	MetadataRoot string // PEM; empty = the FIDO Alliance's
}
