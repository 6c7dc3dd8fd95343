package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"latchkey/idp"
	"latchkey/idp/web"
)

// metadata is the discovery document (OIDC Discovery 3, RFC 8414 2) with what later
// specifications add to it.
type metadata struct {
	oidc.DiscoveryConfiguration
	IssParameter       bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 3
	PAREndpoint        string   `json:"pushed_authorization_request_endpoint"`          // RFC 9126 5
	DPoPAlgs           []string `json:"dpop_signing_alg_values_supported"`              // RFC 9449 5.1
	FrontLogout        bool     `json:"frontchannel_logout_supported"`                  // OIDC Front-Channel Logout 3
	FrontLogoutSession bool     `json:"frontchannel_logout_session_supported"`
	PromptValues       []string `json:"prompt_values_supported"`                    // OIDC Prompt Create 4
	IntrospectionAlgs  []string `json:"introspection_signing_alg_values_supported"` // RFC 9701 7
}

func (p *Provider) describe(t *idp.Tenant) metadata {
	const v2 = "/oauth2/v2.0"
	authMethods := each[oidc.AuthMethod](idp.AuthMethods)
	confidential := authMethods[:len(authMethods)-1] // none is the last
	assertionAlgs := slices.Concat(idp.ClientAlgs, idp.SecretAlgs)
	m := metadata{
		IssParameter: true, PAREndpoint: p.url(t, v2+"/par"), DPoPAlgs: dpopAlgs, PromptValues: prompts,
		FrontLogout: true, FrontLogoutSession: true, IntrospectionAlgs: idp.IDTokenAlgs,
		DiscoveryConfiguration: oidc.DiscoveryConfiguration{
			Issuer:                                             p.issuer(t),
			AuthorizationEndpoint:                              p.url(t, v2+"/authorize"),
			TokenEndpoint:                                      p.url(t, v2+"/token"),
			IntrospectionEndpoint:                              p.url(t, v2+"/introspect"),
			UserinfoEndpoint:                                   p.url(t, v2+"/userinfo"),
			RevocationEndpoint:                                 p.url(t, v2+"/revoke"),
			EndSessionEndpoint:                                 p.url(t, v2+"/logout"),
			DeviceAuthorizationEndpoint:                        p.url(t, v2+"/devicecode"),
			CheckSessionIframe:                                 p.url(t, v2+"/checksession"),
			JwksURI:                                            p.url(t, "/discovery/v2.0/keys"),
			ScopesSupported:                                    idp.Scopes,
			ResponseTypesSupported:                             idp.ResponseTypes,
			ResponseModesSupported:                             responseModes,
			GrantTypesSupported:                                each[oidc.GrantType](idp.GrantTypes),
			ACRValuesSupported:                                 p.Signin.ACRs(),
			SubjectTypesSupported:                              []string{"public", idp.SubjectPairwise},
			IDTokenSigningAlgValuesSupported:                   idp.IDTokenAlgs,
			UserinfoSigningAlgValuesSupported:                  idp.IDTokenAlgs,
			RequestObjectSigningAlgValuesSupported:             idp.ClientAlgs,
			TokenEndpointAuthMethodsSupported:                  authMethods,
			TokenEndpointAuthSigningAlgValuesSupported:         assertionAlgs,
			RevocationEndpointAuthMethodsSupported:             authMethods,
			RevocationEndpointAuthSigningAlgValuesSupported:    assertionAlgs,
			IntrospectionEndpointAuthMethodsSupported:          confidential,
			IntrospectionEndpointAuthSigningAlgValuesSupported: assertionAlgs,
			DisplayValuesSupported:                             []oidc.Display{oidc.DisplayPage, oidc.DisplayPopup},
			ClaimTypesSupported:                                []string{"normal"},
			ClaimsSupported:                                    claimNames(),
			ClaimsParameterSupported:                           true,
			RequestParameterSupported:                          true,
			RequestURIParameterSupported:                       true,
			RequireRequestURIRegistration:                      true,
			CodeChallengeMethodsSupported:                      []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
			BackChannelLogoutSupported:                         true,
			BackChannelLogoutSessionSupported:                  true,
		},
	}
	if t.Registration != "" && t.Registration != idp.RegistrationOff {
		m.RegistrationEndpoint = p.url(t, v2+"/register")
	}
	return m
}

// each turns texts into a type of the vocabulary.
func each[T ~string](texts []string) []T {
	out := make([]T, len(texts))
	for i, s := range texts {
		out[i] = T(s)
	}
	return out
}

func (p *Provider) discovery(w http.ResponseWriter, r *http.Request) {
	q := web.From(r)
	doc, err := p.metadata.get(q.Tenant.TenantID+" "+string(q.Tenant.Registration), q.Now, func() ([]byte, error) {
		return json.Marshal(p.describe(q.Tenant))
	})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	doc.serve(w, r)
}

// document is a public JSON document kept as ready bytes.
type document struct {
	body   []byte
	etag   string
	length string
	until  time.Time
}

func newDocument(body []byte, until time.Time) *document {
	sum := sha256.Sum256(body)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return &document{body: body, etag: etag, length: strconv.Itoa(len(body)), until: until}
}

// publicCache is the Cache-Control of discovery and keys; a new key is published
// for idp.KeyCacheTime before it signs, which is longer.
const publicCache = "public, max-age=900"

func (d *document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = []string{"*"}
	h["Cache-Control"] = []string{publicCache}
	h["Etag"] = []string{d.etag}
	if strings.Contains(r.Header.Get("If-None-Match"), d.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = []string{"application/json"}
	// net/http sends a body of this size in chunks unless it knows the length.
	h["Content-Length"] = []string{d.length}
	w.Write(d.body) // a reader who has gone away is no error of ours
}

// documentCache keeps a document a tenant.
type documentCache struct {
	mu   sync.Mutex
	kept map[string]*document
}

func newDocumentCache() *documentCache { return &documentCache{kept: map[string]*document{}} }

func (c *documentCache) get(tenant string, now time.Time, make func() ([]byte, error)) (*document, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.kept[tenant]; d != nil && now.Before(d.until) {
		return d, nil
	}
	body, err := make()
	if err != nil {
		return nil, err
	}
	d := newDocument(body, now.Add(time.Minute))
	c.kept[tenant] = d
	return d, nil
}
