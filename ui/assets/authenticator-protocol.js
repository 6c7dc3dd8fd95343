// The device protocol (docs/device-protocol.md): what is signed, sent and checked. Nothing here
// is drawn. An account is { id, privateKey, jwk, server, tenant, user, deviceId, state, check, invitation, credential },
// where id is the thumbprint of its key and server the discovery document.
import { asJSON, base64url, bytes, creationOptions, requestOptions } from './webauthn.js';
import { newKey } from './authenticator-store.js';

const utf8 = new TextEncoder();
const ecdsa = { name: 'ECDSA', hash: 'SHA-256' };

const digest = (data) => crypto.subtle.digest('SHA-256', typeof data === 'string' ? utf8.encode(data) : data);

/** H of the protocol. */
const hash = async (data) => base64url(await digest(data));

const random = () => base64url(crypto.getRandomValues(new Uint8Array(16)));

/** What a server answered instead of doing what it was asked. */
export class Refused extends Error {
  constructor(status, answer, wait) {
    super(answer.title ?? `status ${status}`);
    Object.assign(this, { name: 'Refused', status, answer, wait, kind: answer.type?.split(':').pop() });
  }

  /** Nobody has answered, or it may be tried again as it is. */
  get passing() { return this.status === 0 || this.status === 429 || this.status >= 500; }
}

// Times are the server's: clocks of phones are off.
let ahead = 0;
export const now = () => Math.floor((Date.now() + ahead) / 1000);

function setClock(milliseconds) {
  if (Number.isFinite(milliseconds)) ahead = milliseconds - Date.now();
}

async function call(method, url, { body, headers = {}, signal } = {}) {
  if (body) headers['Content-Type'] = 'application/json';
  const response = await fetch(url, { method, body, headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error' })
    .catch((error) => { throw error.name === 'AbortError' ? error : new Refused(0, { title: error.message }); });
  setClock(Date.parse(response.headers.get('Date')));
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer, Number(response.headers.get('Retry-After')));
  return answer;
}

/** The discovery document of a tenant, by its id or one of its domains. */
export function discover(tenant) {
  return call('GET', `/${encodeURIComponent(tenant)}/v2.0/.well-known/open-authenticator`);
}

// Signing

const part = (value) => base64url(utf8.encode(JSON.stringify(value)));

async function sign(privateKey, header, claims) {
  const text = `${part({ alg: 'ES256', ...header })}.${part(claims)}`;
  return `${text}.${base64url(await crypto.subtle.sign(ecdsa, privateKey, utf8.encode(text)))}`;
}

/** A request with a proof of the account's key. */
async function prove(account, method, url, { body, signal } = {}) {
  const { origin, pathname } = new URL(url);
  const claims = { htm: method, htu: origin + pathname, jti: random(), iat: now() };
  if (body) claims.bh = await hash(body);
  const proof = await sign(account.privateKey, { typ: 'oda-proof+jwt', kid: account.id }, claims);
  return call(method, url, { body, signal, headers: { 'Device-Proof': proof } });
}

/** Has the holder verified over what the device has signed. */
async function verified(options, jws) {
  const challenge = base64url(await digest(jws));
  return asJSON(await navigator.credentials.get({ publicKey: requestOptions({ ...options, challenge }) }));
}

// Enrolment

/** What is offered for a token of a link, or for a typed code: { token } or { code, user }. */
export async function begin(tenant, secret) {
  const server = await discover(tenant);
  const offer = await call('POST', server.enrolment_endpoint, { body: JSON.stringify(secret) });
  if (offer.issuer !== server.issuer) throw new Error('the offer is of another issuer');
  return { ...offer, server };
}

/** The check value that both screens show. */
async function checkValue(nonce, thumbprint) {
  const four = new DataView(await digest(`${nonce}.${thumbprint}`)).getUint32(0);
  return String(four % 10000).padStart(4, '0');
}

/** Makes the keys of an account and has them taken. */
export async function enrol(offer, { name, platform, passkey }) {
  const options = passkey ? offer.passkey : offer.webauthn;
  const credential = await navigator.credentials.create({ publicKey: creationOptions(options) });
  const key = await newKey();
  const proof = await sign(key.privateKey, { typ: 'oda-enrol+jwt', jwk: key.jwk }, {
    iss: key.thumbprint, aud: offer.issuer, enrol_id: offer.enrol_id, nonce: offer.nonce, iat: now(), exp: now() + 300,
    name, app: 'web/1', platform, uvh: await hash(credential.response.attestationObject),
  });
  const body = JSON.stringify({ proof, uv: asJSON(credential), passkey });
  const answer = await call('POST', `${offer.server.enrolment_endpoint}/${encodeURIComponent(offer.enrol_id)}`, { body });
  const check = await checkValue(offer.nonce, key.thumbprint);
  if (answer.sas !== check) throw Object.assign(new Error('the server has another key than ours'), { name: 'CheckError' });
  return {
    id: key.thumbprint, privateKey: key.privateKey, jwk: key.jwk, server: offer.server, tenant: offer.tenant, user: offer.user,
    deviceId: answer.device_id, state: answer.state === 'shown' ? 'shown' : 'active', check, invitation: offer.enrol_id, credential: credential.id,
  };
}

export const self = (account, signal) => prove(account, 'GET', account.server.self_endpoint, { signal });

export const remove = (account) => prove(account, 'DELETE', account.server.self_endpoint);

// Challenges

const keys = new Map(); // by the address of the set

async function verificationKey(account, kid) {
  const url = account.server.jwks_uri;
  const find = () => keys.get(url)?.find((k) => k.kid === kid);
  if (!find()) keys.set(url, (await call('GET', url)).keys); // a new one, or the first
  if (!find()) throw new Error('the challenge is signed by a key that nobody has');
  const { crv, kty, x, y } = find();
  return crypto.subtle.importKey('jwk', { crv, kty, x, y }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
}

const read = (encoded) => JSON.parse(new TextDecoder().decode(bytes(encoded)));

/** The claims of a challenge, if its tenant made it for this very device and it is not over. */
async function openChallenge(account, jws) {
  const [head, body, signature] = jws.split('.');
  const header = read(head);
  if (header.alg !== 'ES256' || header.typ !== 'oda-challenge+jwt') throw new Error('this is no challenge');
  const key = await verificationKey(account, header.kid);
  if (!await crypto.subtle.verify(ecdsa, key, bytes(signature), utf8.encode(`${head}.${body}`))) throw new Error('the challenge is not signed');
  const claims = read(body);
  if (claims.iss !== account.server.issuer || claims.aud !== account.id) throw new Error('the challenge is for somebody else');
  return claims.exp > now() ? claims : null;
}

/** The requests that wait for an answer, { jws, claims } each, but for those that do not verify;
 * and whether the server had any at all. */
export async function challenges(account, { wait = 0, signal } = {}) {
  const held = Math.min(wait, account.server.max_wait ?? 0);
  const answer = await prove(account, 'GET', account.server.challenge_endpoint + (held ? `?wait=${held}` : ''), { signal });
  setClock(answer.server_time * 1000);
  const list = await Promise.all(answer.challenges.map(async (jws) => {
    try {
      return { jws, claims: await openChallenge(account, jws) };
    } catch (error) {
      if (error instanceof Refused) throw error; // the keys could not be had now
      console.warn(error.message);
      return {};
    }
  }));
  return { list: list.filter((c) => c.claims), any: list.length > 0 };
}

/** Approves with { number }, { choice } or { scan }, or denies with { reason }. */
export async function respond(account, { jws, claims }, decision, answer) {
  const approves = decision === 'approve';
  const response = await sign(account.privateKey, { typ: 'oda-response+jwt', kid: account.id }, {
    iss: account.id, aud: account.server.issuer, jti: random(), iat: now(), exp: now() + 60, txn: claims.jti,
    ch: await hash(jws), nonce: claims.nonce, app: claims.app?.name ?? '', decision, ...answer,
    ...(approves && { uv: { method: 'webauthn' } }),
  });
  const body = { response };
  if (approves) body.uv = await verified(claims.webauthn, response);
  return call('POST', account.server.response_endpoint, { body: JSON.stringify(body) });
}

// Being woken, and a new key

export function subscribe(account, subscription) {
  const url = account.server.subscription_endpoint;
  if (!subscription) return prove(account, 'DELETE', url);
  const { endpoint, keys: { p256dh, auth } } = subscription;
  return prove(account, 'PUT', url, { body: JSON.stringify({ endpoint, keys: { p256dh, auth } }) });
}

/** The account with a new key, which the server has taken. Before it is told of it, the account
 * is handed to before: should the answer be lost, either may be the one that counts. */
export async function rekey(account, before) {
  const key = await newKey();
  const next = { ...account, id: key.thumbprint, privateKey: key.privateKey, jwk: key.jwk };
  const proof = await sign(key.privateKey, { typ: 'oda-rekey+jwt', jwk: key.jwk }, {
    iss: next.id, aud: account.server.issuer, jti: random(), iat: now(), exp: now() + 300, old: account.id,
  });
  const allowCredentials = [{ type: 'public-key', id: account.credential }];
  const uv = await verified({ rpId: account.server.rp_id, allowCredentials, userVerification: 'required' }, proof);
  await before(next);
  await prove(account, 'POST', account.server.rekey_endpoint, { body: JSON.stringify({ proof, uv }) });
  return next;
}
