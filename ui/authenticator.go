package ui

import (
	"encoding/json"
	"net/http"

	"latchkey/idp"
)

// The authenticator is an app that a phone or a computer can install. It belongs to no tenant:
// one app has the accounts of all of them. It talks to them by docs/device-protocol.md and knows
// nothing that this page does not say to anybody.
const authenticator = "/authenticator"

func (s *Site) showAuthenticator(w http.ResponseWriter, r *http.Request) {
	_, system := idp.UserAgent(r.UserAgent())
	s.Page(w, r, http.StatusOK, Authenticator{Action: s.Base + authenticator, Name: s.deviceName(r), Platform: system})
}

// showWorker serves the app's service worker, which has no page to take its texts from: they
// come before its script. Its address stays, so browsers must ask whether it has changed.
func (s *Site) showWorker(w http.ResponseWriter, r *http.Request) {
	const script = "authenticator-sw.js"
	said, err := s.texts(r, "authenticator.notification.title", "authenticator.notification.text")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	texts, err := json.Marshal(map[string]string{
		"title": said[0], "text": said[1], "icon": s.Renderer.assets.urls["authenticator-192.png"],
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; require-trusted-types-for 'script'")
	h.Set("Service-Worker-Allowed", authenticator)
	s.sendPart(w, r, "text/javascript; charset=utf-8",
		append([]byte("const texts = "+string(texts)+";\n"), s.Renderer.assets.files[s.Renderer.assets.urls[script]]...))
}

// manifest is a Web Application Manifest.
type manifest struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	ShortName  string `json:"short_name"`
	StartURL   string `json:"start_url"`
	Scope      string `json:"scope"`
	Display    string `json:"display"`
	Theme      string `json:"theme_color"`
	Background string `json:"background_color"`
	Launch     struct {
		Mode string `json:"client_mode"`
	} `json:"launch_handler"`
	Icons []icon `json:"icons"`
}

type icon struct {
	Source  string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose,omitempty"`
}

func (s *Site) showManifest(w http.ResponseWriter, r *http.Request) {
	said, err := s.texts(r, "authenticator.app.name", "authenticator.app.short")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	m := manifest{
		ID: authenticator, Name: said[0], ShortName: said[1], StartURL: authenticator, Scope: authenticator,
		Display: "standalone", Theme: "#3a4bc4", Background: "#f3f4f7",
		Icons: []icon{
			{s.Renderer.assets.urls["authenticator-192.png"], "192x192", "image/png", ""},
			{s.Renderer.assets.urls["authenticator-512.png"], "512x512", "image/png", ""},
			{s.Renderer.assets.urls["authenticator-maskable.png"], "512x512", "image/png", "maskable"},
			{s.Renderer.assets.urls["icon.svg"], "any", "image/svg+xml", ""},
		},
	}
	// A link to enrol must not open a second copy beside the one that waits.
	m.Launch.Mode = "navigate-existing"
	body, err := json.Marshal(m)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	s.sendPart(w, r, "application/manifest+json", body)
}

// texts are some of the catalogue in the language of who asks.
func (s *Site) texts(r *http.Request, ids ...string) (list []string, err error) {
	t := s.Renderer.catalogue.choose(frameOf(r).UILocales, r.Header.Get("Accept-Language"))
	for _, id := range ids {
		said, err := t.text(id, nil, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, said)
	}
	return list, nil
}

// sendPart sends a part of the app that has an address for good.
func (s *Site) sendPart(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	h := w.Header()
	setCommonHeaders(h, s.Renderer.options.HTTPS)
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Language")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method != http.MethodHead {
		w.Write(body) // a reader who has gone away is no error of ours
	}
}
