package passkey

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"slices"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"

	"latchkey/idp"
)

// Models is what the FIDO Metadata Service tells of models of authenticators.
type Models struct {
	provider metadata.Provider
	entries  map[string]*metadata.Entry // by AAGUID
}

// LoadModels reads a BLOB of the FIDO Metadata Service (MDS3) from a file and checks its
// signature. root is a PEM file with another root certificate than that of the FIDO Alliance,
// "" for that.
func LoadModels(file, root string) (*Models, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	options := []metadata.DecoderOption{metadata.WithIgnoreEntryParsingErrors()}
	if root != "" {
		pemBytes, err := os.ReadFile(root)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(pemBytes)
		if block == nil {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", root)
		}
		options = append(options, metadata.WithRootCertificate(base64.StdEncoding.EncodeToString(block.Bytes)))
	}
	decoder, err := metadata.NewDecoder(options...)
	if err != nil {
		return nil, err
	}
	payload, err := decoder.DecodeBytes(raw)
	if err != nil {
		return nil, fmt.Errorf("%s is no signed metadata of the FIDO Metadata Service: %w", file, err)
	}
	m, err := decoder.Parse(payload)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return newModels(m)
}

func newModels(m *metadata.Metadata) (*Models, error) {
	models := m.ToMap()
	provider, err := memory.New(memory.WithMetadata(models))
	if err != nil {
		return nil, err
	}
	entries := make(map[string]*metadata.Entry, len(models))
	for id, e := range models {
		entries[id.String()] = e
	}
	return &Models{provider, entries}, nil
}

func (m *Models) name(aaguid string) string { return m.entries[aaguid].MetadataStatement.Description }

// software tells whether a model keeps its keys where programs could (FIDO Registry 3.2).
func (m *Models) software(aaguid string) bool {
	return slices.Contains(m.entries[aaguid].MetadataStatement.KeyProtection, "software")
}

// unattested is why the metadata does not vouch for the authenticator, "" if it does: its
// statement is signed by a certificate, and that leads to the model's root.
func (rp *relyingParty) unattested(p *idp.Passkey, handle, challenge []byte, parsed *protocol.ParsedCredentialCreationData) string {
	switch {
	case rp.attested == nil:
		return "the policy wants attested models, and the operator has supplied no metadata to check one by"
	case len(p.Certificates) == 0:
		return "the authenticator did not attest its model"
	}
	e := rp.models.entries[p.AAGUID]
	if e == nil {
		return "the metadata does not know model " + p.AAGUID
	}
	if rp.models.provider.ValidateStatusReports(context.Background(), e.StatusReports) != nil {
		return "the metadata warns of model " + p.AAGUID
	}
	if _, err := rp.attested.CreateCredential(holder{handle: handle}, rp.session(handle, challenge), parsed); err != nil {
		return "the metadata does not vouch for this authenticator of model " + p.AAGUID
	}
	return ""
}

func guid(aaguid []byte) string {
	if len(aaguid) != 16 {
		return idp.NoModel
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", aaguid[:4], aaguid[4:6], aaguid[6:8], aaguid[8:10], aaguid[10:])
}
