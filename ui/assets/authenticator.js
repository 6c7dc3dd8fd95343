// The authenticator: an app that answers when its accounts sign in elsewhere. This module has
// its accounts and their screens; the others have the rest.
import { Refused, discover, rekey, remove, self } from './authenticator-protocol.js';
import { accounts as stored, forget, keep, replace } from './authenticator-store.js';
import { copy, define, explain, fill, go, on, once, reveal, say, show, text, where } from './authenticator-dom.js';
import { answerScan, forgetAccount, list, wake, watch } from './authenticator-requests.js';
import { defineCheck, defineEnrol, defineScan, inIOSBrowser, offer } from './authenticator-enrol.js';
import { clear, onPush, possible, subscription, tell, turnOff, turnOn } from './authenticator-push.js';
import { readLink } from './authenticator-scan.js';

let accounts = [];
let watching = new AbortController();

/** Watches over all accounts while somebody looks, and no longer. */
function watchAll() {
  watching.abort();
  watching = new AbortController();
  if (document.visibilityState !== 'visible') return;
  for (const account of accounts) watch(account, { many: accounts.length, signal: watching.signal, changed });
}

/** Notes what a server says of an account. */
async function changed(account, news) {
  if (Object.entries(news).every(([name, value]) => (account[name] ?? false) === value)) return;
  const confirmed = account.state === 'shown' && news.state === 'active';
  const lost = account.state === 'shown' && news.refused;
  Object.assign(account, news);
  await keep(account);
  if (confirmed) await ready(account);
  else if (lost && where() === 'check') go('home');
  if (lost) say(text('unconfirmed'), true);
  drawAccounts();
}

async function ready(account) {
  if (where() === 'check') go('home');
  say(text('added', { user: account.user.name }), where() === 'home');
  await tellPush();
}

async function added(account) {
  await keep(account);
  accounts.push(account);
  watchAll();
  if (account.state === 'shown') go('check', account);
  else {
    go('home');
    await ready(account);
  }
}

/** Takes an account away here and there. A server that is not there keeps nobody from it. */
async function removeAccount(account) {
  let said = 'removed';
  try {
    await remove(account);
  } catch (error) {
    console.warn(error.message);
    said = 'removed-here';
  }
  await forget(account);
  accounts = accounts.filter((a) => a.id !== account.id);
  forgetAccount(account);
  watchAll();
  go('home');
  say(text(said), true);
}

/** Gives an account a new key. The new one is kept beside the old until it is known to count. */
async function renew(account) {
  const next = await rekey(account, (made) => {
    account.next = made;
    return keep(account);
  });
  await adopt(account, next);
  watchAll();
  go('account', next);
  say(text('renewed'), true);
}

async function adopt(account, next) {
  delete next.next;
  await replace(account, next);
  accounts = accounts.map((a) => (a.id === account.id ? next : a));
}

/** Where the answer about a new key was lost: whichever key counts. */
async function settle(account) {
  try {
    await self(account.next);
    await adopt(account, account.next);
  } catch (error) {
    if (!(error instanceof Refused) || error.passing) return;
    delete account.next;
    await keep(account);
  }
}

const stateOf = (account) => text(account.refused ? 'refused' : account.state);

function drawAccounts() {
  const place = document.querySelector('#accounts');
  if (!place) return;
  const focused = document.activeElement.closest('#accounts') && document.activeElement.dataset.account;
  place.replaceChildren(...accounts.map(accountRow));
  place.querySelector(`[data-account="${focused}"]`)?.focus();
  document.querySelector('#yours').hidden = accounts.length === 0;
}

function accountRow(account) {
  const part = copy('part-account', true);
  const button = part.querySelector('button');
  button.dataset.account = account.id;
  fill(part, { user: account.user.name, tenant: account.tenant.name, state: stateOf(account) });
  on(part, 'button', () => go(account.state === 'shown' && !account.refused ? 'check' : 'account', account));
  return part;
}

define('home', (part) => {
  const any = accounts.length > 0;
  list(part.querySelector('#requests'));
  part.querySelector('#none').hidden = any;
  part.querySelector('#ios').hidden = !inIOSBrowser();
  part.querySelector('#yours').hidden = !any;
  part.querySelector('#accounts').replaceChildren(...accounts.map(accountRow));
  part.querySelector('#add').classList.toggle('primary', !any);
  on(part, '#add', () => go('add'));
  part.querySelector('#requests').addEventListener('scan', () => go('scan', true));
  const section = part.querySelector('#notifications');
  section.hidden = !any || !possible();
  on(part, '#push-on', () => once(section, notifyMe));
  on(part, '#push-off', () => once(section, dontNotify));
  drawPush(section);
});

define('account', (part, account) => {
  fill(part, { user: account.user.name, tenant: account.tenant.name, state: stateOf(account) });
  reveal(part, { active: account.state === 'active' });
  on(part, '#renew', (event) => once(event.target, () => renew(account)));
  on(part, '#remove', () => go('remove', account));
});

define('remove', (part, account) => {
  fill(part, { user: account.user.name });
  on(part, '#remove-now', (event) => once(event.target, () => removeAccount(account)));
});

async function drawPush(section) {
  if (!possible()) return;
  const there = await subscription();
  section.querySelector('#push-on').hidden = Boolean(there);
  section.querySelector('#push-off').hidden = !there;
}

/** Tells the tenants of the push service, and nobody if one does not listen. */
const tellPush = () => tell(accounts).catch((error) => console.warn(error.message));

async function notifyMe() {
  say(text('push-asking'));
  const [account] = accounts;
  account.server = await discover(account.tenant.id);
  const came = await turnOn(account.server.vapid_key);
  await tellPush();
  go('home');
  say(text(`push-${came}`), true);
}

async function dontNotify() {
  await turnOff();
  await tellPush();
  go('home');
  say(text('push-off'), true);
}

/** Does what a link asks for, by which the app was opened or which it has scanned. */
async function follow(link) {
  try {
    if (link.token) await offer(link.tenant, { token: link.token });
    else if (accounts.length === 0) say(text('no-account'), true);
    else {
      go('home');
      answerScan(link.secret);
    }
  } catch (error) {
    go('home');
    say(explain(error), true);
  }
}

/** What stands behind the # is a secret: it leaves the address bar and the history at once. */
function readAddress() {
  const link = readLink(location.href);
  if (location.hash) history.replaceState(null, '', location.pathname);
  if (link) follow(link);
}

async function start() {
  defineScan(follow);
  defineEnrol(added);
  defineCheck(removeAccount);
  accounts = await stored();
  await Promise.all(accounts.filter((a) => a.next).map(settle));
  show('home');
  watchAll();
  readAddress();
  addEventListener('hashchange', readAddress);
  document.addEventListener('visibilitychange', watchAll);
  onPush(wake);
  await clear();
  await tellPush();
}

start().catch((error) => say(explain(error), true));
