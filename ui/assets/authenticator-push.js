// Web Push: a convenience. Nothing depends on it, and nothing waits for it.
import { bytes } from './webauthn.js';
import { subscribe } from './authenticator-protocol.js';
import { keep } from './authenticator-store.js';

const worker = '/authenticator/sw.js';
const patience = 5000; // ms: without a push service at hand, browsers never answer

/** The only address that this page may start a worker by. */
function workerURL() {
  const rules = { createScriptURL: () => worker };
  return window.trustedTypes ? trustedTypes.createPolicy('latchkey-app', rules).createScriptURL(worker) : worker;
}

const registered = navigator.serviceWorker
  ?.register(workerURL(), { scope: '/authenticator', updateViaCache: 'none' })
  .then(() => navigator.serviceWorker.ready)
  .catch((error) => console.warn('no service worker:', error.message));

/** Calls back when a push has come, or a notification was touched. */
export function onPush(callback) {
  navigator.serviceWorker?.addEventListener('message', callback);
  navigator.serviceWorker?.startMessages?.();
}

export const possible = () => Boolean(registered && window.PushManager && window.Notification);

const timeout = () => new Promise((_, reject) => { setTimeout(() => reject(new Error('no push service answers')), patience); });

/** What there is now; null if nothing. */
export const subscription = async () => (await registered)?.pushManager?.getSubscription() ?? null;

const same = (a, b) => a && String(new Uint8Array(a)) === String(b);

async function obtain(key) {
  const { pushManager } = await registered;
  const old = await pushManager.getSubscription();
  if (old && !same(old.options?.applicationServerKey, key)) await old.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** Asks the person, then the browser's push service: 'on', 'denied' or 'failed'. */
export async function turnOn(vapidKey) {
  if (await Notification.requestPermission() !== 'granted') return 'denied';
  try {
    await Promise.race([obtain(bytes(vapidKey)), timeout()]);
    return 'on';
  } catch (error) {
    console.warn(error.message);
    return 'failed';
  }
}

export async function turnOff() {
  await (await subscription())?.unsubscribe();
}

/** Tells each tenant how to wake this device, where it has changed. */
export async function tell(accounts) {
  const current = await Promise.race([subscription(), timeout()]);
  for (const account of accounts) {
    if (account.state !== 'active' || (account.endpoint ?? '') === (current?.endpoint ?? '')) continue;
    await subscribe(account, current?.toJSON());
    account.endpoint = current?.endpoint;
    await keep(account);
  }
}

/** Takes the notifications away: the person is here. */
export async function clear() {
  for (const shown of await (await registered)?.getNotifications?.() ?? []) shown.close();
}
