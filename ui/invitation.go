package ui

import (
	"errors"
	"net/http"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// showRedeem is where the link of an invitation leads. It redeems nothing: mail scanners open
// links. It begins the sign-in at whose end the guest is asked to accept.
func (s *Site) showRedeem(w http.ResponseWriter, r *http.Request) {
	v, q := web.Visit(w, r), r.URL.Query()
	f, err := s.Signin.Invited(r.Context(), v, q.Get("user"), q.Get("ticket"))
	if err != nil {
		s.notRedeemed(w, r, err)
		return
	}
	s.follow(w, r, v, f)
}

// notRedeemed tells why an invitation cannot be accepted, and leads on where it would have.
func (s *Site) notRedeemed(w http.ResponseWriter, r *http.Request, err error) {
	refused, ok := errors.AsType[*signin.RefusedInvitation](err)
	if !ok {
		s.stopped(w, r, err)
		return
	}
	p := Problem{ID: refused.Text}
	s.Page(w, r, p.Status(), Error{Problem: p, Time: web.From(r).Now, TryAgainURL: refused.Onto, Onward: refused.Onto != ""})
}

// redeem carries out a guest's answer.
func (s *Site) redeem(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow, accept bool) {
	out, err := s.Signin.Redeem(r.Context(), v, f, accept)
	refused, ok := errors.AsType[*signin.RefusedInvitation](err)
	switch {
	case ok && refused.Text == idp.InvitationUsed && refused.Onto == "": // on the way to an app
		s.follow(w, r, v, f)
	case err != nil:
		s.notRedeemed(w, r, err)
	default:
		s.next(w, r, v, out)
	}
}

func redeemView(c common, out signin.Outcome) View {
	v := Redeem{Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: out.User.SignInName(), Problem: c.problem}
	if i := out.Invitation; i != nil && i.CreatedBy.Type != idp.ActorOperator { // whose name says nothing outside
		v.Inviter = i.CreatedBy.Name
	}
	if out.Flow.Onto != "" {
		v.OntoHost = hostOf(out.Flow.Onto)
	}
	return v
}

// blockInvitations is where whoever does not want to be invited says so.
const blockInvitations = "/block-invitations"

func (s *Site) showBlock(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	s.askBlock(w, r, token, false)
}

// askBlock asks first, for the same reason as showRedeem; or tells that it is done.
func (s *Site) askBlock(w http.ResponseWriter, r *http.Request, token string, done bool) {
	address := s.Signin.Blockable(web.Visit(w, r), token)
	if address == "" {
		s.Problem(w, r, "invitation.block")
		return
	}
	s.Page(w, r, http.StatusOK, BlockInvitations{Action: s.here(r, blockInvitations), Token: token, Address: address, Done: done})
}

func (s *Site) answerBlock(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	token := r.PostForm.Get("token")
	err := s.Signin.BlockInvitations(r.Context(), web.Visit(w, r), token)
	switch {
	case errors.Is(err, idp.ErrSealed):
		s.Problem(w, r, "invitation.block")
	case err != nil:
		s.fail(w, r, err)
	default:
		s.askBlock(w, r, token, true)
	}
}
