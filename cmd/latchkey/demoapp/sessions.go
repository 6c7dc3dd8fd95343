package demoapp

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// attempt is a sign-in on its way, found by its state and good for one browser.
type attempt struct {
	browser  string
	nonce    string
	verifier string // of PKCE
}

// session is a signed-in browser.
type session struct {
	claims  map[string]any // of the ID token that is valid now
	person  map[string]any // what userinfo said
	subject string
	sid     string // of the sign-in at the provider; "" if it did not say
	nonce   string // of the sign-in, which a refreshed ID token may repeat
	idToken string
	access  string
	refresh string // "" if the provider gave none
	ends    time.Time
	renewed int // how often it was refreshed
}

const (
	attemptLifetime = 10 * time.Minute
	browserLifetime = 24 * time.Hour
	mostKept        = 1000 // sessions, and attempts; strangers cannot fill the memory
)

// browsers keeps what belongs to each browser, found by its cookies.
type browsers struct {
	prefix   string // of the cookies' names
	secure   bool
	attempts *kept[attempt]
	sessions *kept[session]
	ended    *kept[struct{}] // sessions that the provider ended, until their browser knows
}

func newBrowsers(c Config) browsers {
	b := browsers{
		prefix: "demo-app", attempts: newKept[attempt](c.Now),
		sessions: newKept[session](c.Now), ended: newKept[struct{}](c.Now),
	}
	if u, err := url.Parse(c.BaseURL); err == nil && u.Port() != "" {
		b.prefix += "-" + u.Port() // ports of one host share their cookies
	}
	if strings.HasPrefix(c.BaseURL, "https:") {
		b.prefix, b.secure = "__Host-"+b.prefix, true
	}
	return b
}

// browser is the cookie that ties an attempt to the browser that began it.
func (b browsers) browser(r *http.Request) string { return b.cookie(r, "-browser") }

func (b browsers) begin(w http.ResponseWriter, r *http.Request, a attempt) (state string) {
	a.browser = b.browser(r)
	if a.browser == "" {
		a.browser = rand.Text()
		b.put(w, "-browser", a.browser, browserLifetime)
	}
	state = rand.Text()
	b.attempts.put(state, a, attemptLifetime)
	return state
}

// finish takes the attempt with this state, once, if this browser began it.
func (b browsers) finish(r *http.Request, state string) (attempt, bool) {
	a, ok := b.attempts.take(state)
	return a, ok && a.browser == b.browser(r)
}

// session is the browser's session and its key.
func (b browsers) session(r *http.Request) (s session, id string, ok bool) {
	id = b.cookie(r, "-session")
	s, ok = b.sessions.get(id)
	return s, id, ok
}

// keep begins a session under a new key, so that nobody can plant one.
func (b browsers) keep(s session) (id string) {
	id = rand.Text()
	b.sessions.put(id, s, browserLifetime)
	return id
}

// signIn gives the browser the session that was kept, as it is by now. If it was
// ended meanwhile it stays so, and the browser learns of that.
func (b browsers) signIn(w http.ResponseWriter, r *http.Request, id string, s session) {
	b.sessions.take(b.cookie(r, "-session"))
	b.sessions.replace(id, s)
	b.put(w, "-session", id, browserLifetime)
}

// end ends the sessions of one sign-in at the provider, or all of a person if
// there is no sid.
func (b browsers) end(sid, subject string) {
	for _, id := range b.sessions.find(func(s session) bool {
		return sid != "" && s.sid == sid || sid == "" && s.subject == subject
	}) {
		b.ended.put(id, struct{}{}, browserLifetime) // first: the browser may come at any moment
		b.sessions.take(id)
	}
}

// wasEnded tells, once, whether the provider ended the session.
func (b browsers) wasEnded(id string) bool {
	_, ok := b.ended.take(id)
	return ok
}

func (b browsers) signOut(w http.ResponseWriter, id string) {
	b.sessions.take(id)
	b.put(w, "-session", "", -time.Second)
}

func (b browsers) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(b.prefix + name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (b browsers) put(w http.ResponseWriter, name, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: b.prefix + name, Value: value, Path: "/", MaxAge: int(lifetime / time.Second),
		HttpOnly: true, Secure: b.secure, SameSite: http.SameSiteLaxMode,
	})
}

// kept is a bounded map whose entries end.
type kept[T any] struct {
	now func() time.Time
	mu  sync.Mutex
	all map[string]entry[T]
}

type entry[T any] struct {
	value T
	ends  time.Time
}

func newKept[T any](now func() time.Time) *kept[T] {
	return &kept[T]{now: now, all: map[string]entry[T]{}}
}

func (k *kept[T]) get(id string) (T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.all[id]
	if !ok || !k.now().Before(e.ends) {
		return *new(T), false
	}
	return e.value, true
}

// put adds an entry; a full map loses the one that would end first.
func (k *kept[T]) put(id string, value T, lifetime time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set(id, value, lifetime)
}

// first adds an entry unless it is there; it tells whether it did.
func (k *kept[T]) first(id string, value T, lifetime time.Duration) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.all[id]; ok && k.now().Before(e.ends) {
		return false
	}
	k.set(id, value, lifetime)
	return true
}

func (k *kept[T]) set(id string, value T, lifetime time.Duration) {
	if len(k.all) >= mostKept {
		k.drop()
	}
	k.all[id] = entry[T]{value, k.now().Add(lifetime)}
}

// find lists the entries whose values match.
func (k *kept[T]) find(match func(T) bool) (ids []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, e := range k.all {
		if match(e.value) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (k *kept[T]) drop() {
	first := ""
	for id, e := range k.all {
		if first == "" || e.ends.Before(k.all[first].ends) {
			first = id
		}
	}
	delete(k.all, first)
}

// replace changes an entry that is still there; one that was taken stays gone.
func (k *kept[T]) replace(id string, value T) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.all[id]
	if ok {
		k.all[id] = entry[T]{value, e.ends}
	}
	return ok
}

// take removes an entry and returns it.
func (k *kept[T]) take(id string) (T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.all[id]
	delete(k.all, id)
	if !ok || !k.now().Before(e.ends) {
		return *new(T), false
	}
	return e.value, true
}
