package ui

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

func passRow(p *idp.Pass, reason idp.Usability) *PassRow {
	return &PassRow{ID: p.PassID, ValidFrom: p.StartsAt, ValidUntil: p.EndsAt(), Once: p.Once, Usability: string(reason)}
}

func (s *Site) passkeyRows(r *http.Request, h holder, keys []admin.PasskeyInfo) []PasskeyRow {
	rows := make([]PasskeyRow, len(keys))
	for i, k := range keys {
		rows[i] = s.passkeyRow(r, h, k)
	}
	return rows
}

func (s *Site) passkeyRow(r *http.Request, h holder, k admin.PasskeyInfo) PasskeyRow {
	row := PasskeyRow{
		ID: k.PasskeyID, Name: k.Name, Model: k.Model, GivenBy: k.GivenBy, Copies: "single", State: "usable",
		AddedAt: k.CreatedAt, UsedAt: k.LastUsedAt, SuspendedAt: k.CopiedAt,
		Current:   slices.Contains(h.session.Credentials(), k.PasskeyID),
		RenameURL: s.here(r, securityInfo+"/passkeys/"+k.PasskeyID+"/rename"),
		RemoveURL: s.here(r, securityInfo+"/passkeys/"+k.PasskeyID+"/remove"),
	}
	if k.Model == k.Name {
		row.Model = "" // said already
	}
	switch {
	case k.Synced && k.BackedUp:
		row.Copies = "synced"
	case k.Synced:
		row.Copies = "syncable"
	}
	switch {
	case !k.CopiedAt.IsZero():
		row.State = "suspended"
	case k.Reason != idp.Offered:
		row.State = "blocked"
	}
	return row
}

func (s *Site) deviceRows(r *http.Request, h holder, devices []admin.AuthenticatorInfo) []DeviceRow {
	rows := make([]DeviceRow, len(devices))
	for i, d := range devices {
		rows[i] = s.deviceRow(r, h, d)
	}
	return rows
}

func (s *Site) deviceRow(r *http.Request, h holder, d admin.AuthenticatorInfo) DeviceRow {
	row := DeviceRow{
		ID: d.AuthenticatorID, Name: d.Name, App: d.App, Soft: d.Soft, State: "blocked",
		AddedAt: d.CreatedAt, UsedAt: d.LastUsedAt, SuspendedAt: d.CopiedAt,
		Current:   slices.Contains(h.session.Credentials(), d.AuthenticatorID),
		RenameURL: s.here(r, securityInfo+"/authenticators/"+d.AuthenticatorID+"/rename"),
		RemoveURL: s.here(r, securityInfo+"/authenticators/"+d.AuthenticatorID+"/remove"),
	}
	switch {
	case !d.CopiedAt.IsZero():
		row.State = "suspended"
	case d.Reason == idp.Offered:
		row.State = "usable"
	case d.Reason == idp.OutOfMode:
		row.State = "second"
	case d.Reason == idp.UnusedDevice:
		row.State = "unused"
	}
	return row
}

// passwordRow is the password, or that one can be had; nil for neither.
func (s *Site) passwordRow(r *http.Request, held admin.Methods) *PasswordRow {
	if held.Password == nil && held.NoPassword != idp.Offered {
		return nil
	}
	row := &PasswordRow{State: "usable", RemoveURL: s.here(r, ownPassword+"/remove")}
	if held.NoPassword == idp.Offered {
		row.SetURL = s.here(r, ownPassword)
	}
	if p := held.Password; p != nil {
		row.ID, row.SetAt, row.UsedAt = p.PasswordID, p.CreatedAt, p.LastUsedAt
		if p.Reason != idp.Offered {
			row.State = "blocked"
		}
	}
	return row
}

// codesTo is where somebody from outside is sent codes, masked; empty for everybody else.
func codesTo(held admin.Methods) string {
	if held.Mailbox == nil || held.User.External.Source != idp.SourceMail {
		return ""
	}
	return idp.MaskedAddress(held.Mailbox.Address)
}

func (s *Site) signals(h holder, held admin.Methods) Signals {
	var ids []string
	for _, k := range held.Passkeys {
		if k.Reason != idp.CopiedPasskey { // one that a policy blocks may be allowed again
			ids = append(ids, base64.RawURLEncoding.EncodeToString(k.Credential))
		}
	}
	handle := idp.UserHandle(h.Tenant.TenantID, h.user.UserID)
	return Signals{s.PasskeyHost, base64.RawURLEncoding.EncodeToString(handle), strings.Join(ids, " ")}
}
