package ui

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"latchkey/idp/web"
)

// Frame is what pages share whatever their View: it is made once a request, by
// the middleware that finds the tenant, and travels in the request's context.
type Frame struct {
	TenantName string
	RequestID  string
	Brand      string         // address of the tenant's style sheet of custom properties; empty: the house colours
	Now        time.Time      // the request's moment; zero: times are shown in full
	Zone       *time.Location // nil: UTC
	UILocales  string         // ui_locales of the sign-in (OIDC Core 3.1.2.1); empty: the request's own
}

type frameKey struct{}

// WithFrame gives the pages of a request their Frame.
func WithFrame(ctx context.Context, f Frame) context.Context {
	return context.WithValue(ctx, frameKey{}, f)
}

// FrameFrom is the Frame of a request, the zero one if none was set.
func FrameFrom(ctx context.Context) Frame {
	f, _ := ctx.Value(frameKey{}).(Frame)
	return f
}

// frameOf completes the Frame with what the request itself tells.
func frameOf(r *http.Request) Frame {
	f, q := FrameFrom(r.Context()), web.From(r)
	f.RequestID = cmp.Or(f.RequestID, q.ID)
	if f.Now.IsZero() {
		f.Now = q.Now
	}
	if f.UILocales == "" {
		f.UILocales = r.URL.Query().Get("ui_locales")
	}
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	return f
}
