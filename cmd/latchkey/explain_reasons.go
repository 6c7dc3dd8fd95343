package main

import "latchkey/idp"

// reason is why a method is not offered, or a way not a guest's: as it is decided, for
// programs, and for people.
type reason struct {
	decided     idp.Reason
	name, words string
}

// reasons have names that stay, whatever their words become.
func reasons() []reason {
	return []reason{
		{idp.Offered, "", "the user has it, and the policy allows it"},
		{idp.NoCredential, "noCredential", "the user has none"},
		{idp.MethodDisabled, "methodDisabled", "the policy turns the method off"},
		{idp.OutOfScope, "outOfScope", "the policy is not for this user"},
		{idp.DisabledUser, "userDisabled", "the user is disabled"},
		{idp.UnknownUser, "userUnknown", "there is no such user"},
		{idp.PassIs(idp.Expired), "passExpired", "the pass has ended"},
		{idp.PassIs(idp.OneTimeUsed), "passUsed", "the pass could be used once, and was"},
		{idp.PassIs(idp.NotYetValid), "passNotYetValid", "the pass has not begun"},
		{idp.MultiUsePass, "passMultiUse", "the pass can be used several times, and the policy allows one-time passes only"},
		{idp.ExternalUser, "userExternal", "who comes from outside signs in there"},
		{idp.InsideUser, "userInside", "only people from outside sign in this way"},
		{idp.NoMail, "noMail", "the deployment sends no mail (setting smtp_address)"},
		{idp.NoHomeTenant, "noHomeTenant", "the address belongs to no organization here that guests can sign in through"},
		{idp.NoProvider, "noProvider", "the domain of the address is not federated with a provider"},
		{idp.HomeBlocked, "homeBlocked", "the cross-tenant access policy lets nobody come from there (latchkey partner list)"},
		{idp.NotFederated, "notFederated", "the domain is not federated with a provider"},
		{idp.ProviderDisabled, "providerDisabled", "the provider of the domain is disabled"},
		{idp.ProvedElsewhere, "provedElsewhere", "the provider of the domain has to ask for more than one factor"},
		{idp.AnotherWayFirst, "anotherWayFirst", "another way comes before it"},
		{idp.RedeemedOtherway, "redeemedAnotherWay", "the guest has redeemed in another way, and stays with it until the redemption is reset"},
		{idp.CopiedPasskey, "passkeyCopied", "the passkey may have been copied, so it is not accepted any more"},
		{idp.ForbiddenPasskey, "passkeyForbidden", "the policy does not accept passkeys of this kind or model"},
		{idp.CopiedDevice, "deviceCopied", "the device may have been copied, so it is not accepted any more"},
		{idp.SoftDevice, "deviceSoft", "the policy does not accept programs that answer for people"},
		{idp.UnusedDevice, "deviceUnused", "the device has asked for nothing for 90 days"},
		{idp.OutOfMode, "outOfMode", "the policy allows the method for something else only"},
		{idp.Unavailable, "methodUnavailable", "the base URL has no host name that passkeys can be made for"},
		{idp.NoSelfService, "noSelfService", "the policy does not let people register their own"},
		{idp.MaxHeld, "maximumHeld", "the user has as many as one may"},
	}
}

// reasonOf finds a reason; one that has no name yet speaks for itself.
func reasonOf(decided idp.Reason) reason {
	for _, r := range reasons() {
		if r.decided == decided {
			return r
		}
	}
	return reason{decided, "other", string(decided)}
}
