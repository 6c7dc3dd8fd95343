package main

import "strings"

// showInvited prints the link, what becomes of it, and which way the person would sign in.
func showInvited(p *printer, v invitedView) {
	p.secret(v.done(), v.RedeemURL)
	if v.Again {
		p.line("The link from before is void.")
		p.line("")
	}
	if len(v.Kept) > 0 {
		p.line("Note: who was invited before keeps what they have of this: %s.", joined(v.Kept))
		p.line("")
	}
	p.fields("Valid until", p.when(v.InvitationEndsAt), "Leads to", v.Invitation.RedirectURL, "Mail", v.mail(),
		"Name", v.DisplayName, "Type", v.UserType, "Sponsors", sponsorNames(v.Sponsors), "User", v.UserPrincipalName, "ID", v.ID)
	p.line("")
	p.line("%s", v.sentence())
	p.line("")
	showWays(p, v.Redemption)
}

// done says what was done, and leads to the link.
func (v invitedView) done() string {
	what := v.address() + " is invited."
	switch {
	case v.Reset:
		what = v.address() + " is put back to the beginning, signed out everywhere, and invited again."
	case v.Again:
		what = v.address() + " is invited again."
	}
	return what + " The link to accept, which is not shown again:"
}

// mail says whether a mail goes out.
func (v invitedView) mail() string {
	to := strings.Join(append([]string{v.address()}, v.Copies...), ", with a copy to ")
	switch {
	case !v.Send:
		return "none: hand the link over yourself"
	case !v.MailEnabled:
		return "none as things are, as mail is off (setting smtp_address): hand the link over yourself"
	}
	return "goes out now to " + to + "; see 'latchkey mail list'"
}
