package ui

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"latchkey/idp"
)

// readForm reads a POST's form, or says what is wrong with it.
func (s *Site) readForm(w http.ResponseWriter, r *http.Request) bool {
	if id := formProblem(r); id != "" {
		s.Problem(w, r, id)
		return false
	}
	return true
}

// formProblem reads a POST's form, and names what is wrong with it.
func formProblem(r *http.Request) string {
	err := r.ParseForm()
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large, len(r.PostForm) > 100:
		return "toolarge"
	case err != nil:
		return "request.invalid"
	}
	return ""
}

func answer(form url.Values) idp.Answer {
	a := idp.Answer{}
	for name, values := range form {
		if name != "state" && len(values) == 1 {
			a[name] = values[0]
		}
	}
	return a
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
