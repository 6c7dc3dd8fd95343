package ui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAssets(t *testing.T) {
	rd := newRenderer(t)
	for name, contentType := range map[string]string{
		"style.css":    "text/css; charset=utf-8",
		"submit.js":    "text/javascript; charset=utf-8",
		"code.js":      "text/javascript; charset=utf-8",
		"countdown.js": "text/javascript; charset=utf-8",
		"resend.js":    "text/javascript; charset=utf-8",
		"onward.js":    "text/javascript; charset=utf-8",
		"icon.svg":     "image/svg+xml",
		"passkey.js":   "text/javascript; charset=utf-8",
		"given.js":     "text/javascript; charset=utf-8",
		"slip.css":     "text/css; charset=utf-8",
		"wait.js":      "text/javascript; charset=utf-8",
		"signals.js":   "text/javascript; charset=utf-8",
		"webauthn.js":  "text/javascript; charset=utf-8",
		"jsqr.js":      "text/javascript; charset=utf-8",

		"authenticator.css":          "text/css; charset=utf-8",
		"authenticator.js":           "text/javascript; charset=utf-8",
		"authenticator-dom.js":       "text/javascript; charset=utf-8",
		"authenticator-enrol.js":     "text/javascript; charset=utf-8",
		"authenticator-protocol.js":  "text/javascript; charset=utf-8",
		"authenticator-push.js":      "text/javascript; charset=utf-8",
		"authenticator-requests.js":  "text/javascript; charset=utf-8",
		"authenticator-scan.js":      "text/javascript; charset=utf-8",
		"authenticator-store.js":     "text/javascript; charset=utf-8",
		"authenticator-sw.js":        "text/javascript; charset=utf-8",
		"authenticator-192.png":      "image/png",
		"authenticator-512.png":      "image/png",
		"authenticator-maskable.png": "image/png",
	} {
		url, err := rd.assets.url(name)
		if err != nil {
			t.Fatal(err)
		}
		w := serve(rd, http.MethodGet, url)
		h := w.Header()
		if w.Code != http.StatusOK || w.Body.Len() == 0 || h.Get("Content-Type") != contentType {
			t.Errorf("%s: %d, %d bytes, %s", url, w.Code, w.Body.Len(), h.Get("Content-Type"))
		}
		if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", url, h)
		}
	}
	if len(rd.assets.urls) != 27 {
		t.Errorf("an asset is not tested: %v", rd.assets.urls)
	}
}

func TestAssetsRefused(t *testing.T) {
	rd := newRenderer(t)
	url, _ := rd.assets.url("style.css")
	for _, c := range []struct {
		method, url string
		want        int
	}{
		{http.MethodGet, "/assets/style.css", http.StatusNotFound},
		{http.MethodGet, "/assets/style.000000000000.css", http.StatusNotFound},
		{http.MethodGet, "/assets/", http.StatusNotFound},
		{http.MethodGet, "/assets/../templates/signin.html", http.StatusNotFound},
		{http.MethodPost, url, http.StatusMethodNotAllowed},
		{http.MethodHead, url, http.StatusOK},
	} {
		w := serve(rd, c.method, c.url)
		if w.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.url, w.Code, c.want)
		}
		if w.Code != http.StatusOK && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: a refusal may be cached", c.method, c.url)
		}
	}
	if _, err := rd.assets.url("no.css"); err == nil {
		t.Error("an asset that is not there has an address")
	}
}

// TestScriptsAreTrustedTypesSafe forbids what require-trusted-types-for would stop.
func TestScriptsAreTrustedTypesSafe(t *testing.T) {
	for url, data := range newRenderer(t).assets.files {
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"} {
			if strings.HasSuffix(url, ".js") && strings.Contains(string(data), sink) {
				t.Errorf("%s uses %s", url, sink)
			}
		}
	}
}

func serve(rd *Renderer, method, url string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	rd.Assets().ServeHTTP(w, httptest.NewRequest(method, url, nil))
	return w
}
