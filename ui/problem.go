package ui

import (
	"net/http"
	"strconv"
	"time"
)

// Problem names a text of the catalogue under "error": what happened, and what
// to do about it. The zero Problem is none.
type Problem struct {
	ID              string    // a key of the table below
	Start           time.Time // of pass.notyet: when the pass begins
	Minutes         int       // of what comes too often: how long to wait
	Seconds         int       // of code.soon and number.open: likewise
	Unknown         string    // id of a passkey that nobody here knows any more, base64url
	Provider        string    // of federation.*: its name
	Least, Greatest int       // of newpass.bounds: minutes
}

// kind is what a problem is called in public, and its HTTP status on a page.
type kind struct {
	code   string
	status int
}

// problems has every ID that pages are asked to show. The numbers are those of
// Microsoft Entra ID, which other software matches on; a problem without one is known by its ID.
var problems = map[string]kind{
	"pass.empty":            {"", http.StatusBadRequest},
	"pass.wrong":            {"AADSTS130503", http.StatusForbidden},
	"pass.expired":          {"AADSTS130504", http.StatusForbidden},
	"pass.used":             {"AADSTS130505", http.StatusForbidden},
	"pass.blocked":          {"AADSTS130502", http.StatusForbidden},
	"pass.notyet":           {"AADSTS130502", http.StatusForbidden},
	"pass.toomany":          {"AADSTS50053", http.StatusTooManyRequests},
	"password.empty":        {"", http.StatusBadRequest},
	"password.wrong":        {"AADSTS50126", http.StatusForbidden},
	"code.empty":            {"", http.StatusBadRequest},
	"code.malformed":        {"", http.StatusBadRequest},
	"code.wrong":            {"AADSTS50184", http.StatusForbidden},
	"code.expired":          {"AADSTS50182", http.StatusForbidden},
	"code.used":             {"AADSTS50184", http.StatusForbidden},
	"code.newer":            {"AADSTS50184", http.StatusForbidden},
	"code.gone":             {"AADSTS50184", http.StatusForbidden},
	"code.off":              {"AADSTS500346", http.StatusForbidden},
	"code.soon":             {"", http.StatusTooManyRequests},
	"code.toomany":          {"", http.StatusTooManyRequests},
	"code.report":           {"", http.StatusNotFound},
	"invitation.unknown":    {"AADSTS50020", http.StatusNotFound},
	"invitation.used":       {"", http.StatusGone},
	"invitation.ended":      {"", http.StatusGone},
	"invitation.declined":   {"AADSTS65004", http.StatusOK},
	"invitation.block":      {"", http.StatusNotFound},
	"passkey.cancelled":     {"", http.StatusBadRequest},
	"passkey.wrong":         {"", http.StatusForbidden},
	"passkey.unknown":       {"", http.StatusForbidden},
	"passkey.other":         {"", http.StatusForbidden},
	"passkey.elsewhere":     {"", http.StatusForbidden},
	"passkey.again":         {"", http.StatusBadRequest},
	"passkey.copied":        {"", http.StatusForbidden},
	"passkey.blocked":       {"", http.StatusForbidden},
	"number.waiting":        {"", http.StatusOK},
	"number.open":           {"", http.StatusConflict},
	"number.toomany":        {"", http.StatusTooManyRequests},
	"number.blocked":        {"", http.StatusForbidden},
	"number.policy":         {"AADSTS130500", http.StatusForbidden},
	"number.denied":         {"AADSTS500121", http.StatusForbidden},
	"number.locked":         {"AADSTS500121", http.StatusForbidden},
	"number.expired":        {"AADSTS500121", http.StatusForbidden},
	"number.superseded":     {"", http.StatusConflict},
	"number.cancelled":      {"", http.StatusForbidden},
	"number.again":          {"", http.StatusBadRequest},
	"number.removed":        {"", http.StatusForbidden},
	"federation.down":       {"", http.StatusBadGateway},
	"federation.refused":    {"", http.StatusForbidden},
	"federation.rejected":   {"", http.StatusBadGateway},
	"federation.cancelled":  {"", http.StatusForbidden},
	"federation.failed":     {"", http.StatusBadGateway},
	"federation.stale":      {"", http.StatusForbidden},
	"federation.again":      {"", http.StatusBadRequest},
	"federation.circle":     {"", http.StatusForbidden},
	"federation.off":        {"", http.StatusForbidden},
	"federation.other":      {"", http.StatusForbidden},
	"federation.unverified": {"", http.StatusForbidden},
	"federation.nobody":     {"AADSTS50020", http.StatusForbidden},
	"federation.unlinked":   {"", http.StatusForbidden},
	"federation.subject":    {"", http.StatusForbidden},
	"guest.outbound":        {"AADSTS500213", http.StatusForbidden},
	"method.stronger":       {"AADSTS50076", http.StatusForbidden},
	"enrol.cancelled":       {"", http.StatusBadRequest},
	"enrol.wrong":           {"", http.StatusBadRequest},
	"enrol.ended":           {"", http.StatusForbidden},
	"enrol.window":          {"", http.StatusForbidden},
	"enrol.late":            {"", http.StatusBadRequest},
	"enrol.full":            {"", http.StatusForbidden},
	"enrol.policy":          {"", http.StatusForbidden},
	"enrol.again":           {"", http.StatusBadRequest},
	"enrol.taken":           {"", http.StatusConflict},
	"enrol.differs":         {"", http.StatusForbidden},
	"enrol.synced":          {"", http.StatusForbidden},
	"enrol.model":           {"", http.StatusForbidden},
	"enrol.attestation":     {"", http.StatusForbidden},
	"username.empty":        {"", http.StatusBadRequest},
	"username.invalid":      {"", http.StatusBadRequest},
	"state.expired":         {"", http.StatusBadRequest},
	"state.foreign":         {"", http.StatusBadRequest},
	"tenant.unknown":        {"AADSTS90002", http.StatusNotFound},
	"tenant.unreadable":     {"AADSTS900023", http.StatusBadRequest},
	"guest.elsewhere":       {"AADSTS50020", http.StatusForbidden},
	"app.unknown":           {"AADSTS700016", http.StatusNotFound},
	"app.nowhere":           {"", http.StatusNotFound},
	"client.unknown":        {"AADSTS700016", http.StatusBadRequest},
	"redirect.unregistered": {"AADSTS50011", http.StatusBadRequest},
	"request.invalid":       {"invalid_request", http.StatusBadRequest},
	"request.expired":       {"invalid_request_uri", http.StatusBadRequest},
	"user.disabled":         {"AADSTS50057", http.StatusForbidden},
	"device.code":           {"", http.StatusBadRequest},
	"newpass.sent":          {"", http.StatusConflict},
	"newpass.stale":         {"", http.StatusBadRequest},
	"newpass.starts":        {"", http.StatusBadRequest},
	"newpass.lifetime":      {"", http.StatusBadRequest},
	"newpass.bounds":        {"", http.StatusBadRequest},
	"newpass.forbidden":     {"", http.StatusForbidden},
	"newpass.role":          {"", http.StatusForbidden},
	"stepup.none":           {"", http.StatusForbidden},
	"cleanup.empty":         {"", http.StatusBadRequest},
	"internal":              {"", http.StatusInternalServerError},
	"notfound":              {"", http.StatusNotFound},
	"method":                {"", http.StatusMethodNotAllowed},
	"toolarge":              {"", http.StatusRequestEntityTooLarge},
	"busy":                  {"temporarily_unavailable", http.StatusServiceUnavailable},
}

// Status is the HTTP status that fits a page about the problem: 200 for none,
// 500 for an ID that is not known.
func (p Problem) Status() int {
	if p.ID == "" {
		return http.StatusOK
	}
	if k, ok := problems[p.ID]; ok {
		return k.status
	}
	return http.StatusInternalServerError
}

// soon tells whether it is over in a moment, so that seconds count.
func (p Problem) soon() bool { return p.ID == "code.soon" || p.ID == "number.open" }

// retryAfter tells programs when to come back (RFC 6585 4).
func (p Problem) retryAfter(h http.Header) {
	switch {
	case p.soon():
		h.Set("Retry-After", strconv.Itoa(p.Seconds))
	case p.Minutes > 0:
		h.Set("Retry-After", strconv.Itoa(p.Minutes*60))
	}
}

// Code is what administrators and software look the problem up by.
func (p Problem) Code() string {
	if code := problems[p.ID].code; code != "" {
		return code
	}
	return p.ID
}

// Mistyped tells whether typing something else into the field would help.
func (p Problem) Mistyped() bool {
	switch p.ID {
	case "code.empty", "code.malformed", "code.wrong", "pass.wrong", "pass.empty", "password.wrong", "password.empty", "username.empty", "username.invalid", "tenant.unknown":
		return true
	}
	return false
}

// OAuthError is the error code a program is told (RFC 6749 5.2).
func (p Problem) OAuthError() string {
	if p.Status() >= http.StatusInternalServerError {
		return "server_error"
	}
	return "invalid_request"
}
