package graph

import (
	"slices"
	"strings"
	"testing"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// invitationOf is one of somebody outside, which Mira answers for.
func (d *day) invitationOf(address string) models.Invitationable {
	in := models.NewInvitation()
	in.SetInvitedUserEmailAddress(&address)
	in.SetInviteRedirectUrl(new("https://apps.contoso.example/"))
	in.SetSendInvitationMessage(new(false))
	sponsor := models.NewUser()
	sponsor.SetId(&d.mira)
	in.SetInvitedUserSponsors([]models.DirectoryObjectable{sponsor})
	return in
}

// guests cannot be given a pass: they sign in where they are at home.
func (d *day) guests(t *testing.T) {
	in := d.invitationOf("dana@partner.example")
	in.SetInvitedUserDisplayName(new("Dana Partner"))
	made := must(d.Invitations().Post(t.Context(), in, nil))(t)
	wantEqual(t, "status", of(made.GetStatus()), "PendingAcceptance")
	wantEqual(t, "type", of(made.GetInvitedUserType()), "Guest")
	if to := of(made.GetInviteRedeemUrl()); !strings.HasPrefix(to, contoso.base+"/") {
		t.Errorf("to redeem, go to %q", to)
	}
	if made.GetInvitedUser() == nil {
		t.Fatalf("who was invited? %s", wire.last())
	}
	d.guest = of(made.GetInvitedUser().GetId())
	wantEqual(t, "sponsor", of(only(t, "sponsors", made.GetInvitedUserSponsors()).GetId()), d.mira)
	guest := must(d.Users().ByUserId(d.guest).Get(t.Context(), &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: []string{"id", "userPrincipalName", "userType", "externalUserState", "creationType", "mail"}},
	}))(t)
	wantEqual(t, "user name", of(guest.GetUserPrincipalName()), "dana_partner.example#EXT#@contoso.example")
	wantEqual(t, "type", of(guest.GetUserType()), "Guest")
	wantEqual(t, "state", of(guest.GetExternalUserState()), "PendingAcceptance")
	wantEqual(t, "created by", of(guest.GetCreationType()), "Invitation")
	byName := must(d.Users().ByUserId(of(guest.GetUserPrincipalName())).Get(t.Context(), nil))(t)
	wantEqual(t, "by user name", of(byName.GetId()), d.guest)
	answers := only(t, "sponsors", must(d.Users().ByUserId(d.guest).Sponsors().Get(t.Context(), nil))(t).GetValue())
	wantEqual(t, "sponsor", of(answers.GetId()), d.mira)
	if _, ok := answers.(models.Userable); !ok {
		t.Errorf("the sponsor is a %T", answers)
	}

	_, err := d.passesOf(d.guest).Post(t.Context(), newPass(60, true), nil)
	wantRefused(t, err, 400, "badRequest", "Temporary Access Pass cannot be added to an external guest user.")
	in.SetInvitedUserEmailAddress(new("noor@" + contoso.Domain))
	_, err = d.Invitations().Post(t.Context(), in, nil)
	wantRefused(t, err, 400, "Request_BadRequest", "This user can't be invited because the domain of the user's email address is a verified domain of this directory.")
}

// guestsAgain: who has not accepted is the same person under another link; so is who is put
// back to the beginning, at another address.
func (d *day) guestsAgain(t *testing.T) {
	links := map[string]bool{}
	invited := func(in models.Invitationable) models.Invitationable {
		t.Helper()
		made := must(d.Invitations().Post(t.Context(), in, nil))(t)
		wantEqual(t, "status", wire.last().status, 201)
		wantEqual(t, "invited", of(made.GetInvitedUser().GetId()), d.guest)
		links[of(made.GetInviteRedeemUrl())] = true
		return made
	}
	invited(d.invitationOf("dana@partner.example"))
	in := d.invitationOf("Dana@Partner.example")
	in.SetSendInvitationMessage(new(true))
	message := models.NewInvitedUserMessageInfo()
	message.SetMessageLanguage(new("de-DE"))
	message.SetCustomizedMessageBody(new("Bitte kommen Sie herein."))
	in.SetInvitedUserMessageInfo(message)
	wantEqual(t, "message", of(invited(in).GetInvitedUserMessageInfo().GetCustomizedMessageBody()), "Bitte kommen Sie herein.")
	reset := d.invitationOf("dana@other.example")
	reset.SetResetRedemption(new(true))
	_, err := d.Invitations().Post(t.Context(), reset, nil)
	wantRefused(t, err, 400, "Request_BadRequest", "A value is required for property 'invitedUser/id' when resetRedemption is true.")
	who := models.NewUser()
	who.SetId(&d.guest)
	reset.SetInvitedUser(who)
	back := invited(reset)
	wantEqual(t, "reset", of(back.GetResetRedemption()), true)
	wantEqual(t, "address", of(back.GetInvitedUserEmailAddress()), "dana@other.example")
	wantEqual(t, "sponsor, as before", of(only(t, "sponsors", back.GetInvitedUserSponsors()).GetId()), d.mira)
	wantEqual(t, "links", len(links), 3)
}

// guestsListed: the users from other organizations, in pages, with what portals show of them.
func (d *day) guestsListed(t *testing.T) {
	second := of(must(d.Invitations().Post(t.Context(), d.invitationOf("eli@partner.example"), nil))(t).GetInvitedUser().GetId())
	robin := of(must(d.Users().ByUserId("robin_partner.example#EXT#@"+contoso.Domain).Get(t.Context(), nil))(t).GetId()) // whom the demo invites
	want := []string{d.guest, second, robin}
	columns := []string{"id", "userType", "externalUserState", "creationType", "identities", "signInActivity"}
	for _, filter := range []string{"creationType eq 'Invitation'", "externalUserState eq 'PendingAcceptance' and userType eq 'Guest'"} {
		var got []string
		first := d.list(t, usersQuery{Filter: &filter, Select: columns, Top: new(int32(1))})
		if of(first.GetOdataNextLink()) == "" {
			t.Errorf("%s: there is one page", filter)
		}
		pages := must(core.NewPageIterator[models.Userable](first, d.GetAdapter(), models.CreateUserCollectionResponseFromDiscriminatorValue))(t)
		wantNone(t, pages.Iterate(t.Context(), func(u models.Userable) bool {
			got = append(got, of(u.GetId()))
			wantEqual(t, "issuer, before redemption", of(only(t, "identities", u.GetIdentities()).GetIssuer()), contoso.Domain)
			return true
		}))
		slices.Sort(got)
		slices.Sort(want)
		wantEqual(t, filter, strings.Join(got, " "), strings.Join(want, " "))
	}
	byMail := d.list(t, usersQuery{Filter: new("identities/any(i:i/issuer eq 'mail')"), Select: columns}).GetValue()
	wantEqual(t, "who have redeemed by a code", len(byMail), 0)
	wantNone(t, d.Users().ByUserId(second).Delete(t.Context(), nil))
}

// whoInvites: nobody, and then those whose role it is, again.
func (d *day) whoInvites(t *testing.T) {
	allow := func(from models.AllowInvitesFrom) error {
		change := models.NewAuthorizationPolicy()
		change.SetAllowInvitesFrom(&from)
		_, err := d.Policies().AuthorizationPolicy().Patch(t.Context(), change, nil)
		return err
	}
	inviters := func() string {
		return of(must(d.Policies().AuthorizationPolicy().Get(t.Context(), nil))(t).GetAllowInvitesFrom()).String()
	}
	wantEqual(t, "inviters", inviters(), "adminsAndGuestInviters")
	wantNone(t, allow(models.NONE_ALLOWINVITESFROM))
	wantEqual(t, "inviters", inviters(), "none")
	_, err := d.Invitations().Post(t.Context(), d.invitationOf("finn@partner.example"), nil)
	wantRefused(t, err, 403, "Authorization_RequestDenied", "Guest invitations are not allowed for your company. Contact your company administrator for more details.")
	wantRefused(t, allow(models.EVERYONE_ALLOWINVITESFROM), 400, "Request_BadRequest", "")
	wantNone(t, allow(models.ADMINSANDGUESTINVITERS_ALLOWINVITESFROM))
	wantEqual(t, "inviters", inviters(), "adminsAndGuestInviters")
}

type emailConfiguration = models.EmailAuthenticationMethodConfigurationable

func (d *day) emailConfiguration(t *testing.T) emailConfiguration {
	t.Helper()
	c := must(d.methodConfigurations().ByAuthenticationMethodConfigurationId("email").Get(t.Context(), nil))(t)
	p, ok := c.(emailConfiguration)
	if !ok {
		t.Fatalf("the configuration of codes by mail is a %T", c)
	}
	return p
}

// emailPolicy: codes by mail for guests are on, unless somebody turns them off, until the
// policy is reset.
func (d *day) emailPolicy(t *testing.T) {
	before := d.emailConfiguration(t)
	wantEqual(t, "state", of(before.GetState()).String(), "enabled")
	wantEqual(t, "for guests", of(before.GetAllowExternalIdToUseEmailOtp()).String(), "default")
	target := models.NewAuthenticationMethodTarget()
	target.SetId(&d.group)
	target.SetTargetType(new(models.GROUP_AUTHENTICATIONMETHODTARGETTYPE))
	change := models.NewEmailAuthenticationMethodConfiguration()
	change.SetAllowExternalIdToUseEmailOtp(new(models.DISABLED_EXTERNALEMAILOTPSTATE))
	change.SetIncludeTargets([]models.AuthenticationMethodTargetable{target})
	_, err := d.methodConfigurations().ByAuthenticationMethodConfigurationId("Email").Patch(t.Context(), change, nil)
	wantNone(t, err)
	wantEqual(t, "status", wire.last().status, 204)
	after := d.emailConfiguration(t)
	wantEqual(t, "for guests", of(after.GetAllowExternalIdToUseEmailOtp()).String(), "disabled")
	wantEqual(t, "target", of(only(t, "targets", after.GetIncludeTargets()).GetId()), d.group)
	wantEqual(t, "state, not told", of(after.GetState()).String(), "enabled")
	wantNone(t, d.methodConfigurations().ByAuthenticationMethodConfigurationId("Email").Delete(t.Context(), nil))
	reset := d.emailConfiguration(t)
	wantEqual(t, "for guests", of(reset.GetAllowExternalIdToUseEmailOtp()).String(), "default")
	wantEqual(t, "target", of(only(t, "targets", reset.GetIncludeTargets()).GetId()), "all_users")
}
