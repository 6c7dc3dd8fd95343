// Microsoft's clients for JavaScript, as they are, at the admin API: the one of Graph,
// and @azure/identity for the tokens. The first sends tokens over https only.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { AuthorizationCodeCredential, ClientSecretCredential } from '@azure/identity';
import { BatchRequestContent, BatchResponseContent, GraphError, PageIterator } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';

import { contoso, demoGuest, startDemo } from './demo.js';
import { graphAt, graphOfApp } from './graph.js';
import { Person } from './person.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
let demo, base, tenant, graph, noor;

before(async () => {
  demo = await startDemo({ tls: true });
  base = demo.report.base_url;
  tenant = contoso(demo.report);
  noor = `/users/${tenant.user('noor').id}`;
  graph = await graphOfApp(base, tenant);
});

after(() => demo?.stop());

/** The client with the tokens of a credential of @azure/identity. */
function withCredential(credential, ...scopes) {
  return graphAt(base, { authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes }) });
}

function azure(options) {
  return {
    authorityHost: base, disableInstanceDiscovery: true, retryOptions: { maxRetries: 0 }, tlsOptions: { ca: demo.certificate }, ...options,
  };
}

/** Expects an error of Graph's as a program sees it. */
function refused(statusCode, code, message) {
  return (error) => {
    assert.ok(error instanceof GraphError, `${error}`);
    assert.deepEqual({ statusCode: error.statusCode, code: error.code }, { statusCode, code }, error.message);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message ?? /./);
    assert.match(error.requestId, uuid);
    assert.equal(error.headers.get('request-id'), error.requestId);
    assert.ok(Math.abs(error.date - Date.now()) < 60_000, `dated ${error.date}`);
    return true;
  };
}

test('a pass: created, listed, read, deleted', async () => {
  const passes = `/users/guest@${tenant.domain}/authentication/temporaryAccessPassMethods`;
  const made = await graph.api(passes).post({ lifetimeInMinutes: 90, isUsableOnce: true });
  assert.match(made.temporaryAccessPass, /^\S{8,}$/);
  assert.equal(made.lifetimeInMinutes, 90);
  assert.equal(made.methodUsabilityReason, 'EnabledByPolicy');
  const { value: all } = await graph.api(passes).get();
  const one = await graph.api(`${passes}/${made.id}`).get();
  assert.deepEqual(all.map((p) => p.id), [made.id]);
  assert.equal(one.isUsableOnce, true);
  for (const later of [...all, one]) assert.equal(later.temporaryAccessPass, null, 'told twice');
  await graph.api(`${passes}/${made.id}`).delete();
  await assert.rejects(graph.api(`${passes}/${made.id}`).get(), refused(404, 'resourceNotFound'));
});

/** A passkey made by options for navigator.credentials.create, as a browser tells of it. */
function makePasskey({ rp, challenge, pubKeyCredParams, attestation }) {
  assert.ok(pubKeyCredParams.some(({ type, alg }) => type === 'public-key' && alg === -7), 'ES256 is offered');
  assert.notEqual(attestation, 'enterprise');
  const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  // COSE: key type EC2, algorithm ES256, curve P-256, and the point.
  const key = cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, 'base64url')], [-3, Buffer.from(y, 'base64url')]]));
  const id = randomBytes(32);
  const data = Buffer.alloc(37 + 16 + 2); // host, flags, counter; then model and length of the id
  createHash('sha256').update(rp.id).digest().copy(data);
  data[32] = 0x01 | 0x04 | 0x40; // somebody was there, was verified, and made a key
  data.writeUInt16BE(id.length, 53);
  const attestationObject = cbor(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', Buffer.concat([data, id, key])]]));
  const clientData = { type: 'webauthn.create', challenge, origin: base, crossOrigin: false };
  const text = id.toString('base64url');
  return {
    id: text, rawId: text, type: 'public-key', authenticatorAttachment: 'cross-platform', clientExtensionResults: {},
    response: {
      clientDataJSON: Buffer.from(JSON.stringify(clientData)).toString('base64url'),
      attestationObject: attestationObject.toString('base64url'), transports: ['usb'],
    },
  };
}

/** CBOR, as far as a passkey needs it: small numbers, text, bytes and maps. */
function cbor(v) {
  const head = (major, n) => Buffer.from(n < 24 ? [major << 5 | n] : [major << 5 | 24, n]);
  if (typeof v === 'number') return v < 0 ? head(1, -1 - v) : head(0, v);
  if (typeof v === 'string') return Buffer.concat([head(3, v.length), Buffer.from(v)]);
  if (v instanceof Map) return Buffer.concat([head(5, v.size), ...[...v].flat().map(cbor)]);
  assert.ok(v.length < 256);
  return Buffer.concat([head(2, v.length), v]);
}

test('a passkey: made by its options, listed, read, deleted', async () => {
  const passkeys = `${noor}/authentication/fido2Methods`;
  const { publicKey, challengeTimeoutDateTime } = await graph.api(`${passkeys}/creationOptions`).get();
  assert.equal(publicKey.rp.id, new URL(base).hostname);
  assert.equal(publicKey.user.name, tenant.user('noor').user_principal_name);
  assert.deepEqual(publicKey.excludeCredentials, []);
  const left = new Date(challengeTimeoutDateTime) - Date.now();
  assert.ok(left > 240_000 && left <= 300_000, `the challenge stands for ${left} ms`);
  const made = makePasskey(publicKey);
  const passkey = await graph.api(passkeys).post({ displayName: 'Blue key', publicKeyCredential: made });
  const { '@odata.context': _, ...fields } = passkey;
  assert.deepEqual(fields, {
    id: passkey.id, displayName: 'Blue key', createdDateTime: passkey.createdDateTime, aaGuid: '00000000-0000-0000-0000-000000000000',
    model: null, attestationCertificates: [], attestationLevel: 'notAttested', passkeyType: 'deviceBound',
  });
  await assert.rejects(graph.api(passkeys).post({ displayName: 'Again', publicKeyCredential: made }), refused(400, 'badRequest'));
  const { publicKey: next } = await graph.api(`${passkeys}/creationOptions`).get();
  assert.deepEqual(next.excludeCredentials.map(({ id }) => id), [made.id]);
  assert.notEqual(next.challenge, publicKey.challenge);
  await assert.rejects(graph.api(passkeys).post({ publicKeyCredential: makePasskey({ ...next, rp: { id: 'elsewhere.example' } }) }),
    refused(400, 'badRequest'));

  const { value: all } = await graph.api(passkeys).get();
  assert.deepEqual(all, [fields]);
  assert.equal((await graph.api(`${passkeys}/${passkey.id}`).get()).displayName, 'Blue key');
  const { value: methods } = await graph.api(`${noor}/authentication/methods`).get();
  assert.ok(methods.some((m) => m.id === passkey.id && m['@odata.type'] === '#microsoft.graph.fido2AuthenticationMethod'));
  await graph.api(`${passkeys}/${passkey.id}`).delete();
  await assert.rejects(graph.api(`${passkeys}/${passkey.id}`).get(), refused(404, 'resourceNotFound'));
  assert.deepEqual((await graph.api(passkeys).get()).value, []);
});

test('errors', async () => {
  const passes = `${noor}/authentication/temporaryAccessPassMethods`;
  await assert.rejects(graph.api(passes).post({ lifetimeInMinutes: 1 }),
    refused(400, 'badRequest', /^Invalid LifetimeInMinutes specified\. The valid range between \d+ and \d+\.$/));
  await assert.rejects(graph.api(`/users/nobody@${tenant.domain}`).get(), refused(404, 'Request_ResourceNotFound',
    `Resource 'nobody@${tenant.domain}' does not exist or one of its queried reference-property objects are not present.`));
  await assert.rejects(graph.api('/users').filter("displayNam eq 'Noor'").get(), refused(400, 'BadRequest',
    "Could not find a property named 'displayNam' on type 'microsoft.graph.user'."));
  await assert.rejects(graph.api('/me').get(), refused(400, 'BadRequest',
    '/me request is only valid with delegated authentication flow.'));
  const stranger = graphAt(base, { authProvider: (done) => done(null, 'x.y.z') });
  await assert.rejects(stranger.api('/users').get(), refused(401, 'InvalidAuthenticationToken'));
});

test('users, page by page', async () => {
  const seen = [];
  const first = await graph.api('/users').select('id,userPrincipalName').top(4).get();
  assert.equal(first.value.length, 4);
  const pages = new PageIterator(graph, first, ({ userPrincipalName }) => seen.push(userPrincipalName) !== 10);
  await pages.iterate();
  assert.equal(seen.length, 10, 'it stops when told to');
  await pages.resume();
  assert.ok(pages.isComplete());
  const everybody = [...tenant.users.map((u) => u.user_principal_name), demoGuest];
  assert.deepEqual([...seen].sort(), [...everybody].sort());
  const { value: [found, ...more] } = await graph.api('/users').filter("startswith(userPrincipalName,'noor')").count(true)
    .header('ConsistencyLevel', 'eventual').get();
  assert.equal(found.id, tenant.user('noor').id);
  assert.deepEqual(more, []);
});

test('policy: changed, and as it was', async () => {
  const address = '/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass';
  const { defaultLifetimeInMinutes: before } = await graph.api(address).get();
  const change = (minutes) => graph.api(address).patch({
    '@odata.type': '#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration', defaultLifetimeInMinutes: minutes,
  });
  await change(before + 30);
  assert.equal((await graph.api(address).get()).defaultLifetimeInMinutes, before + 30);
  await change(before);
  await assert.rejects(change(1), refused(400, 'badRequest'));
});

test('a group and its members', async () => {
  const group = await graph.api('/groups').post({
    displayName: 'Night shift', mailEnabled: false, mailNickname: 'night-shift', securityEnabled: true,
  });
  const members = `/groups/${group.id}/members`;
  const reference = { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${tenant.user('noor').id}` };
  await graph.api(`${members}/$ref`).post(reference);
  await assert.rejects(graph.api(`${members}/$ref`).post(reference), refused(400, 'Request_BadRequest', /already exist/));
  const { value: [member] } = await graph.api(members).get();
  assert.deepEqual([member['@odata.type'], member.id], ['#microsoft.graph.user', tenant.user('noor').id]);
  assert.deepEqual((await graph.api(`${noor}/getMemberGroups`).post({ securityEnabledOnly: true })).value, [group.id]);
  await graph.api(`${members}/${member.id}/$ref`).delete();
  assert.deepEqual((await graph.api(members).get()).value, []);
  await graph.api(`/groups/${group.id}`).delete();
});

test('a batch, of steps that wait for another', async () => {
  const name = `kim@${tenant.domain}`;
  const step = (id, method, url, body, dependsOn) => ({ id, dependsOn, request: new Request(`${base}${url}`, body ? {
    method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' },
  } : { method }) });
  const batch = new BatchRequestContent([
    step('person', 'POST', '/users', {
      accountEnabled: true, displayName: 'Kim Novak', mailNickname: 'kim', userPrincipalName: name, passwordProfile: { password: 'not-kept-Here1' },
    }),
    step('pass', 'POST', `/users/${name}/authentication/temporaryAccessPassMethods`, { isUsableOnce: true }, ['person']),
    step('nobody', 'GET', `/users/nobody@${tenant.domain}`, undefined, ['person']),
  ]);
  const answers = new BatchResponseContent(await graph.api('/$batch').post(await batch.getContent()));
  const of = async (id) => [answers.getResponseById(id).status, await answers.getResponseById(id).json()];
  const [status, person] = await of('person');
  assert.equal(status, 201);
  assert.equal(person.userPrincipalName, name);
  const [given, pass] = await of('pass');
  assert.equal(given, 201);
  assert.ok(pass.temporaryAccessPass);
  const [missing, { error }] = await of('nobody');
  assert.equal(missing, 404);
  assert.equal(error.code, 'Request_ResourceNotFound');
  await graph.api(`/users/${person.id}`).delete();
});

test('guests: invited, invited again, put back, listed', async () => {
  const invite = (address, more) => graph.api('/invitations').post({
    invitedUserEmailAddress: address, inviteRedirectUrl: 'https://apps.contoso.example/', ...more,
  });
  const first = await invite('dana@partner.example', {
    invitedUserDisplayName: 'Dana Partner', 'invitedUserSponsors@odata.bind': [`https://graph.microsoft.com/v1.0${noor}`],
  });
  assert.equal(first.status, 'PendingAcceptance');
  assert.deepEqual(first.invitedUserSponsors, [{ id: tenant.user('noor').id }]);
  assert.ok(first.inviteRedeemUrl.startsWith(`${base}/${tenant.id}/redeem?`), first.inviteRedeemUrl);
  const dana = `/users/${first.invitedUser.id}`;
  const { value: [sponsor] } = await graph.api(`${dana}/sponsors`).get();
  assert.deepEqual([sponsor['@odata.type'], sponsor.id], ['#microsoft.graph.user', tenant.user('noor').id]);
  const again = await invite('DANA@partner.example', { sendInvitationMessage: true });
  assert.equal(again.invitedUser.id, first.invitedUser.id);
  assert.notEqual(again.inviteRedeemUrl, first.inviteRedeemUrl);
  // Before the reset, which makes a mail void that is not sent by then.
  const { value: [told] } = await graph.api('/auditLogs/mailDeliveries').version('beta').filter(`userId eq '${first.invitedUser.id}'`).get();
  assert.deepEqual([told.recipientAddress, told.subject], ['dana@partner.example', 'invitation']);
  const back = await invite('dana@other.example', { resetRedemption: true, invitedUser: { id: first.invitedUser.id } });
  assert.equal(back.invitedUser.id, first.invitedUser.id);
  assert.equal((await graph.api(dana).get()).mail, 'dana@other.example');
  await assert.rejects(invite(`somebody@${tenant.domain}`), refused(400, 'Request_BadRequest',
    "This user can't be invited because the domain of the user's email address is a verified domain of this directory."));
  await assert.rejects(invite('eli@partner.example', { invitedUserSponsors: [{ id: tenant.id }] }), refused(404, 'Request_ResourceNotFound'));

  const eli = await invite('eli@partner.example');
  const seen = [];
  const page = await graph.api('/users').filter("userType eq 'Guest' and externalUserState eq 'PendingAcceptance'")
    .select('id,identities,signInActivity').top(1).get();
  await new PageIterator(graph, page, (guest) => seen.push(guest)).iterate();
  const robin = await graph.api(`/users/${encodeURIComponent(demoGuest)}`).get();
  assert.deepEqual(seen.map(({ id }) => id).sort(), [robin.id, first.invitedUser.id, eli.invitedUser.id].sort());
  for (const { identities, signInActivity } of seen) assert.deepEqual([identities[0].issuer, signInActivity], [tenant.domain, null]);
  const { redemption } = await graph.api(`${dana}/authentication/explainSignIn`).post({});
  assert.deepEqual(redemption.ways.map(({ source }) => source), ['homeTenant', 'provider', 'mail']);
  for (const { invitedUser } of [first, eli]) await graph.api(`/users/${invitedUser.id}`).delete();
});

test('policy of codes by mail, and of who invites: changed, and as they were', async () => {
  const email = '/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/email';
  assert.equal((await graph.api(email).get()).allowExternalIdToUseEmailOtp, 'default');
  await graph.api(email).patch({
    '@odata.type': '#microsoft.graph.emailAuthenticationMethodConfiguration', allowExternalIdToUseEmailOtp: 'disabled',
  });
  assert.equal((await graph.api(email).get()).allowExternalIdToUseEmailOtp, 'disabled');
  await graph.api(email).delete();
  assert.equal((await graph.api(email).get()).allowExternalIdToUseEmailOtp, 'default');

  const policy = '/policies/authorizationPolicy';
  await graph.api(policy).patch({ allowInvitesFrom: 'none' });
  await assert.rejects(graph.api('/invitations').post({ invitedUserEmailAddress: 'finn@partner.example', inviteRedirectUrl: 'https://apps.contoso.example/' }),
    refused(403, 'Authorization_RequestDenied', /^Guest invitations are not allowed for your company\./));
  await assert.rejects(graph.api(policy).patch({ allowInvitesFrom: 'everyone' }), refused(400, 'Request_BadRequest'));
  await graph.api(policy).patch({ allowInvitesFrom: 'adminsAndGuestInviters' });
  assert.equal((await graph.api(policy).get()).allowInvitesFrom, 'adminsAndGuestInviters');
});

test('@azure/identity: on behalf of somebody, whose sign-in the beta tells of', async () => {
  const { client_id: id, client_secret: secret, redirect_uris: [redirect] } = tenant.client('graph');
  const user = tenant.user('authentication-administrator');
  const scopes = ['User.Read.All', 'UserAuthenticationMethod.ReadWrite.All'].map((permission) => `${base}/${permission}`);
  const person = new Person(redirect);
  await person.open(`${base}/${tenant.id}/oauth2/v2.0/authorize?${new URLSearchParams({
    client_id: id, redirect_uri: redirect, response_type: 'code', scope: `openid profile offline_access ${scopes.join(' ')}`,
  })}`);
  await person.signIn(user);
  const code = person.landed.searchParams.get('code');
  const theirs = withCredential(new AuthorizationCodeCredential(tenant.id, id, secret, code, redirect, azure()), ...scopes);
  assert.equal((await theirs.api('/me').get()).id, user.id);
  const { value: [pass] } = await theirs.api('/me/authentication/temporaryAccessPassMethods').get();
  assert.equal(pass.isUsable, true);
  await assert.rejects(theirs.api('/groups').get(), refused(403, 'Authorization_RequestDenied'));

  const { value: [newest] } = await graph.api('/auditLogs/signIns').version('beta').filter(`userId eq '${user.id}'`).top(1).get();
  assert.equal(newest.appId, id);
  assert.equal(newest.status.errorCode, 0);
  assert.equal(newest.authenticationDetails[0].authenticationMethod, 'Temporary Access Pass');
});

test('@azure/identity: an app by its secret', async () => {
  const { client_id: id, client_secret: secret } = tenant.client('graph');
  const app = withCredential(new ClientSecretCredential(tenant.id, id, secret, azure()), `${base}/.default`);
  assert.equal((await app.api(noor).select('displayName').get()).displayName, 'Noor Haddad');
  const wrong = withCredential(new ClientSecretCredential(tenant.id, id, 'wrong', azure()), `${base}/.default`);
  await assert.rejects(wrong.api(noor).get(), /invalid_client/);
});
