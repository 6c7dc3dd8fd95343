// The requests that wait: asks for them while somebody looks, shows them, and answers.
import { Refused, challenges, now, respond, self } from './authenticator-protocol.js';
import { copy, explain, fill, on, once, reveal, say, submit, text } from './authenticator-dom.js';
import { clear } from './authenticator-push.js';

const wait = 25; // seconds that a request for challenges is held
const holding = 3; // as many accounts may hold one each: browsers open six connections to a host
const waiting = new Map(); // transaction → { account, jws, claims, card, secret }
const over = new Set(); // transactions that were answered here; a late list may still have them
const news = new EventTarget();
let wakes = 0; // how often somebody said that there is something
let scanned = null; // the secret of a code that a link brought

/** Ends the pauses, and those of whoever is asking just now: somebody said that there is something. */
export function wake() {
  wakes += 1;
  news.dispatchEvent(new Event('wake'));
}

/** Waits, unless there was a wake since the count of them was heard. */
const pause = (milliseconds, signal, heard) => new Promise((resolve) => {
  const done = () => {
    clearTimeout(timer);
    news.removeEventListener('wake', done);
    signal.removeEventListener('abort', done);
    resolve();
  };
  const timer = setTimeout(done, milliseconds);
  news.addEventListener('wake', done);
  signal.addEventListener('abort', done);
  if (signal.aborted || wakes !== heard) done();
});

/** Asks again and again until the signal; changed is told when an account is another than before. */
export async function watch(account, { many, signal, changed }) {
  for (let failures = 0; !signal.aborted;) {
    const heard = wakes;
    try {
      const found = await ask(account, many > holding ? 0 : wait, signal, changed);
      failures = 0;
      // What waits is there at once the next time too: without a rest this would go on and on.
      await pause(found || many > holding ? 3000 : 300, signal, heard);
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (error instanceof Refused && !error.passing) changed(account, { refused: true });
      await pause(Math.max(error.wait * 1000 || 0, Math.min(60_000, 1000 * 2 ** failures)), signal, heard);
    }
  }
}

/** Asks once, and answers whether there is something to come back to soon. */
async function ask(account, held, signal, changed) {
  if (account.state !== 'active') {
    const { state } = await self(account, signal);
    changed(account, { state, refused: false });
    return state === 'shown';
  }
  // A server holds nobody for whom something waits; once it is gone, it would, and it stood here.
  const shown = Array.from(waiting.values()).some((r) => r.account.id === account.id);
  const { list, any } = await challenges(account, { wait: shown ? 0 : held, signal });
  changed(account, { refused: false });
  if (!signal.aborted) merge(account, list);
  return any;
}

/** Takes what waits now for an account in place of what waited before. */
function merge(account, list) {
  const ids = new Set(list.map((c) => c.claims.jti));
  for (const [id, request] of waiting) {
    if (request.account.id === account.id && !ids.has(id)) drop(request, request.claims.exp <= now() ? 'expired' : 'ended');
  }
  for (const { jws, claims } of list) {
    const request = waiting.get(claims.jti);
    if (over.has(claims.jti) || request && (request.jws === jws || claims.iat < request.claims.iat)) continue;
    if (request) Object.assign(request, { jws, claims });
    else arrive({ account, jws, claims });
  }
  for (const request of waiting.values()) draw(request);
}

function arrive(request) {
  waiting.set(request.claims.jti, request);
  say(text('arrived'));
  clear();
}

/** A request that is over; what came of it is said unless it was answered here just now. */
function drop(request, said) {
  if (!waiting.delete(request.claims.jti)) return;
  clearTimeout(request.timer);
  const had = request.card?.contains(document.activeElement);
  request.card?.remove();
  if (!request.busy) say(text(said), had);
}

/** Shows all requests in a place. */
export function list(place) {
  for (const request of waiting.values()) {
    request.card = null;
    draw(request, place);
  }
}

export function forgetAccount(account) {
  for (const request of waiting.values()) if (request.account.id === account.id) drop({ ...request, busy: true });
}

const patience = 10_000; // ms

/** A code was scanned, by this app or by the camera's own; the request may come later. */
export function answerScan(secret) {
  scanned = secret;
  for (const request of waiting.values()) draw(request);
  wake();
  setTimeout(() => {
    if (scanned !== secret) return;
    scanned = null;
    say(text('no-request'), true);
  }, patience);
}

function draw(request, place = document.querySelector('#requests')) {
  const first = !request.card;
  if (first && !place) return; // another screen is shown
  if (scanned && request.claims.ask.mode === 'scan') [request.secret, scanned] = [scanned, null];
  if (first) {
    const part = copy('part-request', true);
    request.card = part.querySelector('article');
    bind(request);
    place.append(part);
    if ([document.body, document.querySelector('#said')].includes(document.activeElement)) request.card.querySelector('h2').focus();
  }
  describe(request);
  clearTimeout(request.timer);
  request.timer = setTimeout(() => drop(request, 'expired'), (request.claims.exp - now()) * 1000);
}

/** Tells who asks, and asks for what shows that it is the person. */
function describe({ card, account, claims, secret, picks }) {
  const { app, from = {}, ask: { mode } } = claims;
  const { browser = '', os = '' } = from;
  fill(card, {
    organization: account.tenant.name, account: account.user.name, app: app?.name, origin: app?.origin, address: from.ip,
    place: [from.city, from.country].filter(Boolean).join(', '),
    browser: browser && os ? text('browser', { browser, system: os }) : browser + os,
  });
  reveal(card, {
    stepup: claims.purpose === 'stepup', known: from.known_browser === true, unknown: from.known_browser === false,
    near: from.same_network === true, far: from.same_network === false,
    type: mode === 'type', pick: mode === 'pick', scan: mode === 'scan', read: secret, unread: !secret,
    approvable: mode === 'type' || mode === 'scan' && secret,
  });
  if (mode === 'pick') picks();
}

/** Makes a card answer. */
function bind(request) {
  const { card } = request;
  const deny = (reason) => once(card, () => answer(request, 'deny', { reason }));
  const denying = (shown) => {
    card.querySelector('form').hidden = shown;
    card.querySelector('[id^="denying"]').hidden = !shown;
    card.querySelector(shown ? '[id^="not-me"]' : '[id^="deny-"]').focus();
  };
  submit(card, 'form', ({ number }) => approve(request, number));
  on(card, '[id^="deny-"]', () => denying(true));
  on(card, '[id^="not-yet"]', () => denying(false));
  on(card, '[id^="not-me"]', () => deny('not_me'));
  on(card, '[id^="changed-mind"]', () => deny('cancelled'));
  on(card, '[id^="scan-number"]', () => card.dispatchEvent(new Event('scan', { bubbles: true })));
  request.picks = () => drawPicks(request);
}

function drawPicks(request) {
  const { card, claims } = request;
  const group = card.querySelector('[role="group"]');
  const choices = claims.ask.choices ?? [];
  if (group.dataset.choices === String(choices)) return;
  group.dataset.choices = String(choices);
  for (const old of group.querySelectorAll('button')) old.remove();
  for (const choice of choices) {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: choice, dir: 'ltr' });
    button.addEventListener('click', () => once(card, () => answer(request, 'approve', { choice })));
    group.append(button);
  }
}

/** Digits of any script as 0 to 9, and nothing else. */
export function digits(typed) {
  const digit = (d) => {
    let zero = d.codePointAt(0);
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return (d.codePointAt(0) - zero) % 10; // every script has its ten in a row
  };
  return typed.normalize('NFKC').replaceAll(/\p{Nd}/gu, digit).replaceAll(/\D/g, '');
}

async function approve(request, typed) {
  const { mode, digits: length } = request.claims.ask;
  if (mode === 'pick') return;
  if (mode === 'scan') {
    if (request.secret) await answer(request, 'approve', { scan: request.secret });
    return;
  }
  const number = digits(typed);
  if (number.length === length) await answer(request, 'approve', { number });
  else complain(request, text('incomplete'));
}

/** Says in the card what is wrong, and leads back to where it can be mended. */
function complain({ card }, words) {
  const problem = card.querySelector('[id^="wrong"]');
  const field = card.querySelector('input');
  problem.textContent = words;
  problem.hidden = !words;
  field.toggleAttribute('aria-invalid', Boolean(words));
  if (!words) return;
  field.value = '';
  const next = field.checkVisibility() ? field : card.querySelector('[id^="scan-number"], .picks button');
  next?.focus();
}

async function answer(request, decision, proof) {
  complain(request, '');
  request.busy = true;
  try {
    await respond(request.account, request, decision, proof);
    finish(request, decision === 'approve' ? 'approved' : proof.reason === 'not_me' ? 'not-me' : 'denied');
  } catch (error) {
    await refused(request, error);
  } finally {
    request.busy = false;
  }
}

function finish(request, said) {
  over.add(request.claims.jti);
  drop(request);
  say(text(said), true);
  clear();
  wake(); // there may be more
}

/** How each end of a request is told. */
const ends = { approved: 'approved', consumed: 'approved', denied: 'denied', locked: 'locked', expired: 'expired' };

async function refused(request, error) {
  const { kind, answer: { state, tries_left: left } = {} } = error;
  if (kind === 'ended' || kind === 'wrong-number' && state !== 'pending') {
    finish(request, ends[state] ?? 'ended');
    return;
  }
  if (kind !== 'wrong-number') {
    complain(request, explain(error));
    return;
  }
  request.secret = null;
  // The page shows another number now, and the old challenge cannot be answered any more.
  merge(request.account, (await challenges(request.account)).list);
  if (waiting.has(request.claims.jti)) complain(request, text(left >= 1 && left <= 5 ? `tries-${left}` : 'wrong'));
  else finish(request, 'ended');
}
