package ui

import "net/http"

// beginAuthenticator begins to add a device of the holder's.
func (s *Site) beginAuthenticator(w http.ResponseWriter, r *http.Request, _ holder) {
	s.toSecurityInfo(w, r)
}
