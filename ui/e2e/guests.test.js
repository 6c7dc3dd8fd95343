// Somebody from outside, who is invited by Microsoft's client of Graph and signs in with
// codes by mail to a relying party of the npm package openid-client.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as oidc from 'openid-client';

import { contoso, startDemo } from './demo.js';
import { graphOfApp } from './graph.js';
import { Inbox } from './inbox.js';
import { Person } from './person.js';

const address = 'dana@partner.example', acr = 'urn:latchkey:acr:email', day = 24 * 60 * 60;
let demo, tenant, graph, client, config, inbox, home;

before(async () => {
  demo = await startDemo({ tls: true });
  tenant = contoso(demo.report);
  graph = await graphOfApp(demo.report.base_url, tenant);
  client = tenant.client('web');
  config = await discover(client);
  inbox = new Inbox(demo.report, address);
  home = new URL('/', client.redirect_uris[0]).href; // of the app
});

after(() => demo?.stop());

function discover({ client_id: id, client_secret: secret }) {
  return oidc.discovery(new URL(tenant.issuer), id, undefined, oidc.ClientSecretBasic(secret), {
    execute: [oidc.enableNonRepudiationChecks],
  });
}

function invite(more) {
  return graph.api('/invitations').post({
    invitedUserEmailAddress: address, inviteRedirectUrl: home, sendInvitationMessage: true, ...more,
  });
}

/** Lets a code be sent, and types it. */
async function typeCode(person) {
  person.want('email-send');
  await person.submit({ send: '1' });
  person.want('email-code');
  await person.submit({ code: await inbox.code() });
}

/** Opens the mailed invitation, and accepts it. */
async function accept(person, { inviteRedeemUrl }) {
  const link = await inbox.invitation();
  assert.equal(link, inviteRedeemUrl);
  await person.open(link);
  await typeCode(person);
  person.want('redeem');
  await person.submit({ invitation: 'accept' });
  assert.equal(person.landed?.href, home);
}

/** Goes to the app, as far as that leads without an answer; redeem() has the tokens in the end. */
async function authorize(person, parameters) {
  const verifier = oidc.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
  await person.open(oidc.buildAuthorizationUrl(config, {
    redirect_uri: client.redirect_uris[0], scope: 'openid profile email offline_access', state: checks.expectedState,
    nonce: checks.expectedNonce, code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...parameters,
  }));
  return { redeem: () => oidc.authorizationCodeGrant(config, person.landed, checks) };
}

/** Expects of tokens that they are a guest's, who has proved a mailbox and no more, and that they end within a day. */
async function wantGuest(id, tokens, refresh = tokens.refresh_token) {
  const claims = tokens.claims();
  assert.equal(claims.sub, id);
  assert.deepEqual([claims.amr, claims.acr], [['otp'], acr]);
  const ends = [claims.exp];
  for (const token of [tokens.access_token, refresh]) {
    const told = await oidc.tokenIntrospection(config, token);
    assert.deepEqual([told.active, told.sub, told.acr, told.auth_time], [true, id, acr, claims.auth_time]);
    ends.push(told.exp);
  }
  for (const end of ends) assert.ok(end > claims.auth_time && end <= claims.auth_time + day, `${ends} after ${claims.auth_time}`);
}

test('a guest: invited, signed in by codes, put back, invited again', async () => {
  const invitation = await invite({ invitedUserDisplayName: 'Dana Partner' });
  const { invitedUser: { id } } = invitation;
  const guest = async () => {
    const user = await graph.api(`/users/${id}`).select('externalUserState,identities').get();
    return [user.externalUserState, user.identities[0].issuer];
  };
  const person = new Person(home);
  await accept(person, invitation);
  assert.deepEqual(await guest(), ['Accepted', 'mail']);

  // The app asks nothing more of who has just come in than to allow it.
  const first = await authorize(person);
  person.want('consent');
  await person.submit({ decision: 'allow' });
  const tokens = await first.redeem();
  await wantGuest(id, tokens);
  const { email, email_verified: verified, name } = await oidc.fetchUserInfo(config, tokens.access_token, id);
  assert.deepEqual([email, verified, name], [address, true, 'Dana Partner']);
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(fresh.access_token, tokens.access_token);
  assert.equal(fresh.claims().auth_time, tokens.claims().auth_time);
  await wantGuest(id, fresh, tokens.refresh_token);

  // In another browser they are who they say by their address, and never more than that.
  const elsewhere = new Person(home);
  const second = await authorize(elsewhere, { acr_values: 'urn:latchkey:acr:mfa' });
  elsewhere.want('signin');
  await elsewhere.submit({ username: address.toUpperCase() });
  await typeCode(elsewhere);
  await wantGuest(id, await second.redeem()); // acr_values are a wish
  const third = await authorize(elsewhere, {
    login_hint: address, claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:latchkey:acr:mfa'] } } }),
  });
  await typeCode(elsewhere);
  await assert.rejects(third.redeem(), { error: 'unmet_authentication_requirements' });
  const { value: [newest] } = await graph.api('/auditLogs/signIns').version('beta').filter(`userId eq '${id}' and status/errorCode eq 0`).top(1).get();
  assert.deepEqual([newest.appId, newest.authenticationDetails[0].authenticationMethod], [client.client_id, 'Email one-time passcode']);

  const again = await invite({ resetRedemption: true, invitedUser: { id } });
  assert.equal(again.invitedUser.id, id);
  assert.deepEqual(await guest(), ['PendingAcceptance', tenant.domain]);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
  await assert.rejects(oidc.fetchUserInfo(config, fresh.access_token, id), { status: 401 });
  for (const browser of [person, elsewhere]) {
    const silent = await authorize(browser, { prompt: 'none' });
    await assert.rejects(silent.redeem(), { error: 'login_required' });
  }

  await accept(person, again);
  const anew = await authorize(person);
  await wantGuest(id, await anew.redeem());
});
