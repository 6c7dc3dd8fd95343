package ui

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Options are what a Renderer needs to know about the deployment.
type Options struct {
	HTTPS bool         // the base URL is https: browsers are told to stay with it
	Log   *slog.Logger // for pages that could not be drawn; nil: slog.Default
}

// Renderer draws pages. It is safe for concurrent use.
type Renderer struct {
	options   Options
	pages     map[string]*template.Template // by page name
	assets    *assets
	catalogue *catalogue
	mails     map[string]mailForms // by kind
}

// NewRenderer parses all templates and catalogues. What is wrong with them is
// found here or by the tests, not by a person who signs in.
func NewRenderer(o Options) (*Renderer, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	a, err := loadAssets()
	if err != nil {
		return nil, err
	}
	c, err := loadCatalogue(localeFiles)
	if err != nil {
		return nil, err
	}
	pages, err := parsePages(a)
	if err != nil {
		return nil, err
	}
	mails, err := parseMails()
	if err != nil {
		return nil, err
	}
	return &Renderer{options: o, pages: pages, assets: a, catalogue: c, mails: mails}, nil
}

// parsePages reads every page together with the layout and the shared parts,
// whose names begin with an underscore.
func parsePages(a *assets) (map[string]*template.Template, error) {
	base, err := template.New("layout").
		Option("missingkey=error").
		Funcs(template.FuncMap{"asset": a.url}).
		ParseFS(templateFiles, "templates/_*.html")
	if err != nil {
		return nil, fmt.Errorf("ui: shared templates: %w", err)
	}
	names, err := fs.Glob(templateFiles, "templates/[a-z]*.html")
	if err != nil {
		return nil, fmt.Errorf("ui: templates: %w", err)
	}
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		t, err := template.Must(base.Clone()).ParseFS(templateFiles, name)
		if err != nil {
			return nil, fmt.Errorf("ui: template %s: %w", name, err)
		}
		pages[strings.TrimSuffix(path.Base(name), ".html")] = t
	}
	return pages, nil
}

// Page answers with a page. It is drawn whole before anything is sent, so that a
// fault in a template becomes an error page and not half of one.
func (rd *Renderer) Page(w http.ResponseWriter, r *http.Request, status int, v View) {
	frame := frameOf(r)
	body, lang, err := rd.draw(frame, r.Header.Get("Accept-Language"), v)
	if err != nil {
		rd.options.Log.ErrorContext(r.Context(), "page not drawn", "page", v.PageName(), "error", err, "request_id", frame.RequestID)
		status, v = http.StatusInternalServerError, Error{Problem: Problem{ID: "internal"}, Time: frame.Now}
		body, lang, err = rd.draw(frame, "", v)
	}
	setHeaders(w.Header(), v, rd.options.HTTPS)
	if err != nil {
		http.Error(w, "Something went wrong on our side. Try again in a moment.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // whoever asked has gone; there is nobody to tell
	}
}

// Problem answers with an error page and the status that fits the problem.
func (rd *Renderer) Problem(w http.ResponseWriter, r *http.Request, p Problem) {
	rd.Page(w, r, p.Status(), Error{Problem: p, Time: frameOf(r).Now})
}

// draw makes the page's text and names its language.
func (rd *Renderer) draw(f Frame, accept string, v View) ([]byte, string, error) {
	t, ok := rd.pages[v.PageName()]
	if !ok {
		return nil, "", errors.New("ui: no template for this page")
	}
	texts := rd.catalogue.choose(f.UILocales, accept)
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", &page{Frame: f, V: v, texts: texts}); err != nil {
		return nil, "", err
	}
	return b.Bytes(), texts.lang, nil
}
