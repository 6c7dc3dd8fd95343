package demoapp

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
)

// unreachable: the provider did not tell about itself.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

// distrusted: what came from the provider did not pass a check.
type distrusted struct{ error }

func (d distrusted) Unwrap() error { return d.error }

// problem is what a person is told: what happened and what to do.
type problem struct {
	Status int
	Title  string
	Text   string
	// Code and Detail are the provider's own words (RFC 6749 4.1.2.1, 5.2).
	Code   string
	Detail string
}

// ended is the answer to a refresh after the end of the sign-in.
func ended(code, detail string) problem {
	return problem{
		Status: http.StatusForbidden,
		Title:  "Your session has ended",
		Text:   "The provider no longer stands behind this sign-in, so this app has signed you out too. That is what happens when a pass ends or is deleted. Sign in again to go on.",
		Code:   code, Detail: detail,
	}
}

// explain turns an error of talking to the provider into a problem.
func explain(err error) problem {
	var refused *oauth2.RetrieveError
	var network net.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_grant":
		return ended(refused.ErrorCode, refused.ErrorDescription)
	case errors.As(err, &refused):
		return problem{
			Status: http.StatusBadGateway, Title: "The provider said no", Code: refused.ErrorCode, Detail: refused.ErrorDescription,
			Text: "The provider did not accept this app's request. Nothing of yours is lost; try again, and if it stays like this, tell whoever runs the app.",
		}
	case errors.As(err, new(distrusted)):
		return problem{
			Status: http.StatusBadGateway, Title: "That answer cannot be trusted", Detail: err.Error(),
			Text: "What came back did not pass this app's checks, so nobody was signed in. Start again.",
		}
	case errors.As(err, new(unreachable)), errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return problem{
			Status: http.StatusBadGateway, Title: "The provider cannot be reached", Detail: firstLine(err),
			Text: "This app cannot sign anybody in without it. Check that it is running, and try again.",
		}
	}
	return problem{Status: http.StatusBadGateway, Title: "That did not work", Detail: firstLine(err), Text: "Start again from this app's first page."}
}

// doubt is what the provider said against a session. The library hands on its
// answer as text: the status, a colon, and the JSON of RFC 6750 3 or of OAuth.
func doubt(err error) string {
	_, body, _ := strings.Cut(err.Error(), ": ")
	var said struct {
		Detail string `json:"error_description"`
	}
	if json.Unmarshal([]byte(body), &said) == nil && said.Detail != "" {
		return said.Detail
	}
	return firstLine(err)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// refusal is an error the browser brought back from the provider.
func refusal(code, detail string) problem {
	p := problem{
		Status: http.StatusBadRequest, Code: code, Detail: detail, Title: "Sign-in did not finish",
		Text: "The provider could not sign you in for this app. Start again, and if it stays like this, tell whoever runs the app.",
	}
	switch code {
	case "access_denied":
		p.Status, p.Title = http.StatusForbidden, "You were not signed in"
		p.Text = "Access was refused at the sign-in page. If that was you, all is well: this app has learned nothing about you."
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
		p.Text = "The provider needs to ask you something first. Press Sign in."
	case "temporarily_unavailable", "server_error":
		p.Status, p.Text = http.StatusBadGateway, "The provider has a problem of its own. Wait a moment and start again."
	}
	return p
}

func unknownAttempt() problem {
	return problem{
		Status: http.StatusBadRequest, Title: "This sign-in cannot be finished here",
		Text: "It was started in another browser, took longer than ten minutes, or was finished already. Start again from this app.",
	}
}
