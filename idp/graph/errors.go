package graph

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
)

// family is the manner in which a part of Graph words its errors.
type family int

const (
	directory   family = iota // users, groups, roles, domains, logs
	authMethods               // below /authentication, and its policy
)

// refusal is an error whose status and code are Graph's own. Handlers return an
// *idp.Error where the family's code will do.
type refusal struct {
	status        int
	code, message string
	header        http.Header
}

func (e *refusal) Error() string { return e.message }

// internalText tells no detail: the log does.
const internalText = "An internal server error occurred. The operation failed."

// directoryKinds are the things that are missed in the directory's words, wherever they
// are asked for.
var directoryKinds = []string{idp.ActorUser, idp.ActorClient, idp.PartyGroup, idp.PartyRole, idp.PartyTenant, "member", "domain", "object"}

// badQuery is what the OData layer says, whatever the resource.
func badQuery(message string) error {
	return &refusal{status: http.StatusBadRequest, code: "BadRequest", message: message}
}

// missing answers for an object of the directory that is not there: a user, in
// either family.
func missing(id string) error {
	text := "Resource '" + id + "' does not exist or one of its queried reference-property objects are not present."
	return &refusal{status: http.StatusNotFound, code: "Request_ResourceNotFound", message: text}
}

// unsupported answers a filter or order that a property does not take.
func unsupported(property string) error {
	text := "Unsupported or invalid query filter clause specified for property '" + property + "'."
	return &refusal{status: http.StatusBadRequest, code: "Request_UnsupportedQuery", message: text}
}

func throttled(wait time.Duration) *refusal {
	seconds := max(int(math.Ceil(wait.Seconds())), 1)
	return &refusal{
		status: http.StatusTooManyRequests, code: "activityLimitReached", message: "Too many requests. Wait and try again.",
		header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
	}
}

func tooLarge() error {
	return &refusal{status: http.StatusRequestEntityTooLarge, code: "RequestBodyTooLarge", message: "The request body is too large."}
}

// refused is the reply that an error becomes. It logs what is our fault.
func (a *API) refused(r *http.Request, f family, err error) reply {
	e := f.refusal(err)
	if e.status == http.StatusInternalServerError && r.Context().Err() == nil {
		a.Log.Error("graph request failed", "request_id", web.From(r).ID, "path", r.URL.Path, "error", err)
	}
	inner := object{
		"date":              web.From(r).Now.UTC().Format("2006-01-02T15:04:05Z"),
		"request-id":        web.From(r).ID,
		"client-request-id": clientRequestID(r),
	}
	if f == authMethods {
		inner["message"] = e.message
	}
	return reply{status: e.status, header: e.header, body: object{
		"error": object{"code": e.code, "message": e.message, "innerError": inner},
	}}
}

// refusal gives an error its status and code.
func (f family) refusal(err error) *refusal {
	if e, ok := errors.AsType[*refusal](err); ok {
		return e
	}
	if e, ok := errors.AsType[*web.Unauthenticated](err); ok {
		return unauthenticated(e)
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return f.refusal(tooLarge())
	}
	e, ok := errors.AsType[*idp.Error](err)
	if !ok {
		e = &idp.Error{Code: idp.Internal}
	}
	if e.Code == idp.NotFound && slices.Contains(directoryKinds, e.Kind) {
		return f.refusal(missing(e.Name))
	}
	out := f.worded(e.Code)
	if e.Message != "" && e.Code != idp.Internal && !errors.Is(err, idp.ErrForbidden) {
		out.message = e.Message
	}
	return out
}

// worded is what a family says of a kind of error, until the error itself says more.
// Graph answers a conflict as a wrong request.
func (f family) worded(code idp.Code) *refusal {
	bad, none, denied, why := "Request_BadRequest", "Request_ResourceNotFound", "Authorization_RequestDenied", idp.ErrForbidden.Message
	if f == authMethods {
		bad, none, denied, why = "badRequest", "resourceNotFound", "accessDenied", "Request Authorization failed"
	}
	switch code {
	case idp.Invalid, idp.Conflict:
		return &refusal{status: http.StatusBadRequest, code: bad, message: "The request is wrong."}
	case idp.NotFound:
		return &refusal{status: http.StatusNotFound, code: none, message: "The resource could not be found."}
	case idp.Forbidden:
		return &refusal{status: http.StatusForbidden, code: denied, message: why}
	case idp.TooMany:
		return throttled(10 * time.Second)
	}
	return &refusal{status: http.StatusInternalServerError, code: "generalException", message: internalText}
}

func unauthenticated(e *web.Unauthenticated) *refusal {
	out := &refusal{status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: e.Message}
	if out.message == "" {
		out.message = "Access token is empty."
	}
	challenge := "Bearer"
	if e.Challenge != "" {
		challenge += " " + e.Challenge
	}
	out.header = http.Header{"Www-Authenticate": {challenge}}
	return out
}
