// The npm package openid-client as relying parties that register themselves and prove
// by keys of their own what others prove by secrets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as oidc from 'openid-client';

import { contoso, startDemo } from './demo.js';
import { Person } from './person.js';

const redirect = 'https://keys.contoso.example/callback';
const insecure = { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] };
let demo, tenant;

before(async () => {
  demo = await startDemo();
  tenant = contoso(demo.report);
  await demo.command('tenant', 'update', 'contoso.example', '--registration', 'token');
});

after(() => demo?.stop());

/** Registers a client that authenticates by a key, which is answered too. */
async function register(metadata) {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const key = { key: pair.privateKey, kid: 'k1' };
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const { initial_access_token: initialAccessToken } = await demo.command('registration-token', 'create', 'keys', '--tenant', 'contoso.example');
  const config = await oidc.dynamicClientRegistration(new URL(tenant.issuer), {
    redirect_uris: [redirect], grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty, crv, x, y, kid: 'k1', alg: 'ES256', use: 'sig' }] },
    ...metadata,
  }, oidc.PrivateKeyJwt(key), { ...insecure, initialAccessToken });
  return { config, key };
}

/** The code flow with PKCE; address makes the authorization request. */
async function signIn(config, address, options) {
  const verifier = oidc.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
  const person = new Person(redirect);
  await person.open(await address({
    redirect_uri: redirect, scope: 'openid email offline_access', code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256', state: checks.expectedState, nonce: checks.expectedNonce,
  }));
  await person.signIn(tenant.user('noor'));
  const tokens = await oidc.authorizationCodeGrant(config, person.landed, checks, undefined, options);
  assert.equal(tokens.claims().sub, tenant.user('noor').id);
  return tokens;
}

test('registration, private_key_jwt, pushed request, DPoP', async () => {
  const { config } = await register({ require_pushed_authorization_requests: true, dpop_bound_access_tokens: true });
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  const tokens = await signIn(config, async (parameters) => {
    const address = await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
    assert.deepEqual([...address.searchParams.keys()].sort(), ['client_id', 'request_uri']);
    return address;
  }, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  const { sub } = tokens.claims();
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub, { DPoP })).email, 'noor@contoso.example');
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, sub), 'a bound token was taken without its key');
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  assert.equal(fresh.token_type, 'dpop');
  assert.notEqual(fresh.access_token, tokens.access_token);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_dpop_proof' });
});

test('signed request', async () => {
  const { config, key } = await register({ request_object_signing_alg: 'ES256', require_signed_request_object: true });
  await signIn(config, async (parameters) => {
    const address = await oidc.buildAuthorizationUrlWithJAR(config, parameters, key);
    assert.deepEqual([...address.searchParams.keys()].sort(), ['client_id', 'request']);
    return address;
  });
  const person = new Person(redirect);
  await person.open(oidc.buildAuthorizationUrl(config, { redirect_uri: redirect, scope: 'openid', state: 's' }));
  assert.equal(person.landed.searchParams.get('error'), 'invalid_request');
});
