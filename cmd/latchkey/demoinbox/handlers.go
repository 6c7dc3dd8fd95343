package demoinbox

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
)

// handlers show what a box keeps.
type handlers struct {
	kept  *box
	pages *pages
}

func routes(kept *box, p *pages) http.Handler {
	h := handlers{kept, p}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.list)
	mux.HandleFunc("GET /messages", h.messages)
	mux.HandleFunc("GET /messages/{number}", h.message)
	mux.HandleFunc("GET /messages/{number}/html", h.html)
	mux.Handle("GET /assets/", p.assets())
	mux.HandleFunc("/", h.nothing)
	return mux
}

func (h handlers) list(w http.ResponseWriter, _ *http.Request) {
	h.pages.draw(w, http.StatusOK, "inbox", listView{h.kept.all()})
}

// messages answers programs.
func (h handlers) messages(w http.ResponseWriter, _ *http.Request) {
	all := []Message{}
	for _, e := range h.kept.all() {
		all = append(all, e.Message)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(all) // whoever hung up needs no answer
}

func (h handlers) message(w http.ResponseWriter, r *http.Request) {
	if e, ok := h.find(w, r); ok {
		h.pages.draw(w, http.StatusOK, "inbox-message", messageView{e})
	}
}

// html shows what a mail brought along, on its own page within the frame: there it may
// look as it likes, and can do nothing but be read. Its links open beside the inbox, since
// no page of any worth lets itself be shown in a frame.
func (h handlers) html(w http.ResponseWriter, r *http.Request) {
	e, ok := h.find(w, r)
	if !ok {
		return
	}
	if e.HTML == "" {
		h.nothing(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "+
		"style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(aside(e.HTML))) // whoever hung up needs no answer
}

var head = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)

// aside has the links of a page open in a tab of their own.
func aside(page string) string {
	const base = `<base target="_blank">`
	if at := head.FindStringIndex(page); at != nil {
		return page[:at[1]] + base + page[at[1]:]
	}
	return base + page
}

// find looks for the mail of a request's number, or answers that there is none.
func (h handlers) find(w http.ResponseWriter, r *http.Request) (entry, bool) {
	number, err := strconv.Atoi(r.PathValue("number"))
	e, ok := h.kept.find(number)
	if err != nil || !ok {
		h.pages.draw(w, http.StatusNotFound, "inbox-error", errorView{
			"This mail is not here", "The inbox keeps the newest " + strconv.Itoa(capacity) + " mails, until the demo is stopped.",
		})
		return entry{}, false
	}
	return e, true
}

func (h handlers) nothing(w http.ResponseWriter, _ *http.Request) {
	h.pages.draw(w, http.StatusNotFound, "inbox-error", errorView{"There is nothing here", "The link leads to the mails."})
}
