package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"regexp"
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
	".png": "image/png",
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
		if _, err := a.load(e.Name()); err != nil {
			return nil, fmt.Errorf("ui: assets: %w", err)
		}
	}
	return a, nil
}

// load reads one asset, and gives its address.
func (a *assets) load(name string) (string, error) {
	if url, ok := a.urls[name]; ok {
		if url == "" {
			return "", fmt.Errorf("%s imports itself, by way of others", name)
		}
		return url, nil
	}
	a.urls[name] = ""
	data, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		return "", err
	}
	ext := path.Ext(name)
	if ext == ".js" {
		if data, err = a.link(data); err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256(data)
	url := AssetPrefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	a.urls[name], a.files[url] = url, data
	return url, nil
}

// imported is another script of ours, as a script names it.
var imported = regexp.MustCompile(`'\./([a-z-]+\.js)'`)

// link has a script import others under the names they are served by. A change of one is
// thus a change of all that import it.
func (a *assets) link(script []byte) ([]byte, error) {
	var failed error
	linked := imported.ReplaceAllFunc(script, func(found []byte) []byte {
		url, err := a.load(string(imported.FindSubmatch(found)[1]))
		if err != nil {
			failed = err
		}
		return []byte("'./" + path.Base(url) + "'")
	})
	return linked, failed
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
