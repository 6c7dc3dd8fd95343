// The npm package openid-client as a relying party of the demo.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as oidc from 'openid-client';

import { contoso, startDemo } from './demo.js';
import { Person } from './person.js';

const scope = 'openid profile email offline_access';
let demo, tenant;

before(async () => {
  demo = await startDemo();
  tenant = contoso(demo.report);
});

after(() => demo?.stop());

async function discover(name) {
  const client = tenant.client(name);
  const authentication = client.auth_method === 'none' ? oidc.None() : oidc.ClientSecretBasic(client.client_secret);
  const config = await oidc.discovery(new URL(tenant.issuer), client.client_id, undefined, authentication, {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });
  return { client, config };
}

/** The code flow with PKCE, state and nonce, up to the tokens. */
async function signIn(name, parameters = {}) {
  const { client, config } = await discover(name);
  const verifier = oidc.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
  const redirect = parameters.redirect_uri ?? client.redirect_uris[0];
  const person = new Person(redirect);
  await person.open(oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirect, scope, code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256', state: checks.expectedState, nonce: checks.expectedNonce, ...parameters,
  }));
  await person.signIn(tenant.user('noor'));
  if (parameters.response_mode === 'form_post') await person.submit({});
  const tokens = await oidc.authorizationCodeGrant(config, person.posted ?? person.landed, checks);
  return { client, config, person, tokens };
}

for (const [name, parameters] of [
  ['web', {}],
  ['web', { response_mode: 'form_post' }],
  ['native', { redirect_uri: 'http://127.0.0.1:49152/callback' }],
  ['spa', {}],
]) {
  test(`code flow, userinfo and refresh: ${name} ${JSON.stringify(parameters)}`, async () => {
    const { config, tokens } = await signIn(name, parameters);
    const claims = tokens.claims();
    assert.equal(claims.sub, tenant.user('noor').id);
    assert.equal(claims.acr, 'urn:latchkey:acr:bootstrap');
    assert.deepEqual(claims.amr, ['otp', 'mfa']);
    const person = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(person.email, 'noor@contoso.example');
    const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(fresh.access_token, tokens.access_token);
    assert.equal(fresh.claims().sub, claims.sub);
    assert.equal(fresh.claims().auth_time, claims.auth_time);
  });
}

test('introspection and revocation', async () => {
  const { config, tokens } = await signIn('web');
  const worker = await discover('worker');
  const alive = await oidc.tokenIntrospection(worker.config, tokens.access_token);
  assert.equal(alive.active, true);
  assert.equal(alive.sub, tenant.user('noor').id);
  await oidc.tokenRevocation(config, tokens.refresh_token);
  assert.deepEqual(await oidc.tokenIntrospection(worker.config, tokens.access_token), { active: false });
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
});

test('client credentials', async () => {
  const { config } = await discover('worker');
  const tokens = await oidc.clientCredentialsGrant(config);
  assert.ok(tokens.access_token);
  assert.equal(tokens.refresh_token, undefined);
});

for (const decision of ['allow', 'deny']) {
  test(`device flow: ${decision}`, async () => {
    const { config } = await discover('native');
    const begun = await oidc.initiateDeviceAuthorization(config, { scope });
    assert.match(begun.message, new RegExp(begun.user_code));
    const person = new Person();
    await person.open(begun.verification_uri_complete);
    person.want('device');
    await person.submit({});
    await person.signIn(tenant.user('noor'));
    person.want('device-confirm');
    await person.submit({ decision });
    person.want('device-done');
    // The decision is made: nobody is asked to wait.
    const tokens = oidc.pollDeviceAuthorizationGrant(config, { ...begun, interval: 0.1 });
    if (decision === 'deny') await assert.rejects(tokens, { error: 'access_denied' });
    else assert.equal((await tokens).claims().sub, tenant.user('noor').id);
  });
}

test('end session', async () => {
  const { client, config, person, tokens } = await signIn('web');
  const state = oidc.randomState();
  await person.open(oidc.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token, post_logout_redirect_uri: client.post_logout_redirect_uris[0], state,
  }));
  person.want('app-home'); // the demo's app is there to come back to
  assert.equal(person.at.searchParams.get('state'), state);
  await person.open(oidc.buildAuthorizationUrl(config, { redirect_uri: client.redirect_uris[0], scope, prompt: 'none' }));
  assert.equal(person.landed.searchParams.get('error'), 'login_required');
});
