// The accounts of this device, each with its own key. The browser keeps the keys and signs with
// them; nobody can read them, this script neither.
import { base64url } from './webauthn.js';

const opened = new Promise((resolve, reject) => {
  const request = indexedDB.open('latchkey-authenticator', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('accounts', { keyPath: 'id' });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** Does something in one transaction, and answers once it is on disk. */
async function transact(mode, work) {
  const transaction = (await opened).transaction('accounts', mode, { durability: 'strict' });
  const request = work(transaction.objectStore('accounts'));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

export const accounts = () => transact('readonly', (store) => store.getAll());

export const keep = (account) => transact('readwrite', (store) => store.put(account));

export const forget = (account) => transact('readwrite', (store) => store.delete(account.id));

/** Puts an account with a new key in the place of the one with the old. */
export const replace = (old, account) => transact('readwrite', (store) => {
  store.delete(old.id);
  return store.put(account);
});

/** A key of which only the public half can be exported, and its thumbprint (RFC 7638). */
export async function newKey() {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
  const jwk = { crv, kty, x, y }; // in this order: the thumbprint is of these bytes
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(jwk)));
  return { privateKey: keys.privateKey, jwk, thumbprint: base64url(digest) };
}
