package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets/*
var assetFiles embed.FS

// AssetPrefix is the path under which Assets expects to be mounted, at the root
// of the deployment and not under a tenant: one cached copy serves all of them.
const AssetPrefix = "/assets/"

// contentTypes are fixed here, since the tables of a machine may lack or change them.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// assets are the style sheet, scripts and icon, each under a name that changes
// with its content, so that browsers may keep it for good.
type assets struct {
	urls  map[string]string // "style.css" → "/assets/style.1a2b3c4d5e6f.css"
	files map[string][]byte // by the path it is served under
}

func loadAssets() (*assets, error) {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("ui: assets: %w", err)
	}
	a := &assets{urls: map[string]string{}, files: map[string][]byte{}}
	for _, e := range entries {
		data, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("ui: assets: %w", err)
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(e.Name())
		url := AssetPrefix + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.urls[e.Name()], a.files[url] = url, data
	}
	return a, nil
}

// url is the template function asset.
func (a *assets) url(name string) (string, error) {
	url, ok := a.urls[name]
	if !ok {
		return "", fmt.Errorf("ui: no asset %q", name)
	}
	return url, nil
}

// Assets serves AssetPrefix.
func (rd *Renderer) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		setCommonHeaders(h, rd.options.HTTPS)
		data, ok := rd.assets.files[r.URL.Path]
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			rd.Problem(w, r, Problem{ID: "method"})
			return
		case !ok:
			rd.Problem(w, r, Problem{ID: "notfound"})
			return
		}
		h.Set("Content-Type", contentTypes[path.Ext(r.URL.Path)])
		h.Set("Content-Security-Policy", "default-src 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
}
