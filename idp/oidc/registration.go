package oidc

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	strict "github.com/go-json-experiment/json"
	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/web"
)

// registered is the answer about a client (RFC 7591 3.2.1, RFC 7592 3).
type registered struct {
	ClientID      string `json:"client_id"`
	IssuedAt      int64  `json:"client_id_issued_at"`
	Secret        string `json:"client_secret,omitempty"`
	SecretExpires *int64 `json:"client_secret_expires_at,omitempty"` // 0: never
	Access        string `json:"registration_access_token"`
	URI           string `json:"registration_client_uri"`
	clientMetadata
}

// register is the client registration endpoint (RFC 7591 3, OIDC Dynamic Registration
// 3). Without an initial access token each address is held back.
func (p *Provider) register(w http.ResponseWriter, r *http.Request) {
	q := web.From(r)
	shown := registrationToken(r)
	if shown == "" && q.Tenant.Registration == idp.RegistrationOpen && !p.stores.Allow(q.Address, q.Now) {
		p.refuse(w, r, tooMany("Too many clients register from this address. Try again in a minute."))
		return
	}
	if err := p.Admin.MayRegister(r.Context(), q.Tenant.TenantID, shown); err != nil { // before anything is fetched
		p.refuseRegistration(w, r, err)
		return
	}
	meta, err := p.readMetadata(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	var c idp.Client
	if err := meta.apply(&c); err != nil {
		p.refuse(w, r, err)
		return
	}
	made, err := p.Admin.RegisterClient(r.Context(), q.Tenant.TenantID, c, shown)
	if err != nil {
		p.refuseRegistration(w, r, err)
		return
	}
	p.answerRegistered(w, r, http.StatusCreated, made)
}

// ownRegistration is the read of RFC 7592 2.1.
func (p *Provider) ownRegistration(w http.ResponseWriter, r *http.Request) {
	shown := registrationToken(r)
	c, err := p.Admin.OwnClient(r.Context(), web.From(r).Tenant.TenantID, mux.Vars(r)["client"], shown)
	if err != nil {
		p.refuseRegistration(w, r, err)
		return
	}
	p.answerRegistered(w, r, http.StatusOK, admin.Registered{Client: c, Access: shown})
}

// replaceRegistration is the update of RFC 7592 2.2: what is left out goes back to its
// default.
func (p *Provider) replaceRegistration(w http.ResponseWriter, r *http.Request) {
	shown, id := registrationToken(r), mux.Vars(r)["client"]
	tenant := web.From(r).Tenant.TenantID
	if _, err := p.Admin.OwnClient(r.Context(), tenant, id, shown); err != nil { // before anything is fetched
		p.refuseRegistration(w, r, err)
		return
	}
	if q := web.From(r); !p.stores.Allow(q.Address, q.Now) { // each change leaves an event
		p.refuse(w, r, tooMany("Too many registrations are changed from this address. Try again in a minute."))
		return
	}
	meta, err := p.readMetadata(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	made, err := p.Admin.ReplaceOwnClient(r.Context(), tenant, id, shown, func(c *idp.Client) error {
		if meta.ClientID != id || meta.Secret != "" && !c.SecretMatches(meta.Secret) {
			return badMetadata("Repeat the client_id, and the client_secret only as it is.")
		}
		return meta.apply(c)
	})
	if err != nil {
		p.refuseRegistration(w, r, err)
		return
	}
	made.Access = shown
	p.answerRegistered(w, r, http.StatusOK, made)
}

// deleteRegistration is the removal of RFC 7592 2.3.
func (p *Provider) deleteRegistration(w http.ResponseWriter, r *http.Request) {
	shown := registrationToken(r)
	err := p.Admin.DeleteOwnClient(r.Context(), web.From(r).Tenant.TenantID, mux.Vars(r)["client"], shown)
	if err != nil {
		p.refuseRegistration(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

func registrationToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func badMetadata(detail string) *protocolError { return bad("invalid_client_metadata", detail) }

// readMetadata reads what a client says of itself, and whatever that refers to.
func (p *Provider) readMetadata(r *http.Request) (*clientMetadata, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, badMetadata("Send the metadata as application/json.")
	}
	var meta clientMetadata
	if err := strict.UnmarshalRead(r.Body, &meta); err != nil { // nothing twice, nothing behind it
		if fault, ok := errors.AsType[*protocolError](err); ok {
			return nil, fault
		}
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return nil, badMetadata("The member " + clip(wrong.Field) + " is not of the right type: a " + wrong.Value + ".")
		}
		return nil, badMetadata("The metadata is not a JSON object, or is longer than 64 KiB.")
	}
	for _, u := range slices.Concat(meta.RequestURIs, []string{meta.JWKSURI, meta.SectorURI, meta.BackLogoutURI}) {
		before, _, _ := strings.Cut(u, "#")
		if _, err := p.Calls.CheckURL(before); u != "" && err != nil {
			return nil, badMetadata("The address " + clip(u) + " cannot be called from here: it must be https and public.")
		}
	}
	return &meta, p.checkSector(r, &meta)
}

// checkSector fetches the sector_identifier_uri, which must list every redirect URI
// (OIDC Dynamic Registration 5).
func (p *Provider) checkSector(r *http.Request, meta *clientMetadata) error {
	if meta.SectorURI == "" {
		return nil
	}
	if q := web.From(r); !p.fetches.Allow(q.Address, q.Now) {
		return tooMany("Too many sector_identifier_uris are registered from this address. Try again in a minute.")
	}
	answer, err := p.Calls.Get(r.Context(), meta.SectorURI, "application/json")
	var listed []string
	if err != nil || answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &listed) != nil {
		return badMetadata("The sector_identifier_uri could not be read as a JSON array of redirect URIs.")
	}
	for _, u := range meta.RedirectURIs {
		if !slices.Contains(listed, u) {
			return badMetadata("The sector_identifier_uri does not list the redirect URI " + clip(u) + ".")
		}
	}
	return nil
}

func (p *Provider) refuseRegistration(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*idp.Error](err)
	if !ok || e.Code == idp.Internal {
		p.refuse(w, r, err)
		return
	}
	switch e.Code {
	case idp.Forbidden:
		fault := &protocolError{Status: http.StatusUnauthorized, Code: "invalid_token", Detail: e.Message}
		if errors.Is(err, admin.ErrClosed) { // no token would help
			fault.Status, fault.Code = http.StatusForbidden, "access_denied"
		}
		p.challenge(w, r, fault)
	case idp.TooMany:
		p.refuse(w, r, tooMany(e.Message))
	default:
		p.refuse(w, r, badMetadata(e.Message))
	}
}

func (p *Provider) answerRegistered(w http.ResponseWriter, r *http.Request, status int, made admin.Registered) {
	c := made.Client
	answer := registered{
		ClientID: c.ClientID, IssuedAt: c.CreatedAt.Unix(), Secret: made.Secret, Access: made.Access,
		URI: p.url(web.From(r).Tenant, "/oauth2/v2.0/register/"+c.ClientID), clientMetadata: describeClient(c),
	}
	if made.Secret != "" {
		answer.SecretExpires = new(int64)
	}
	writeJSON(w, status, answer)
}
