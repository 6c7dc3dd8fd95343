// Adding an account: by a link, a typed code or a scanned one. The person then compares a number
// on both screens, so that nobody adds the device of somebody else.
import { begin, enrol } from './authenticator-protocol.js';
import { define, fill, go, on, once, reveal, say, submit, text } from './authenticator-dom.js';
import { readLink, scan } from './authenticator-scan.js';

const here = 'authenticator-here'; // the name of a note for this tab

const page = document.querySelector('main').dataset;

/** iOS keeps what the browser has apart from what the app on the Home Screen has. */
export const inIOSBrowser = () => {
  const ios = /iPhone|iPad|iPod/.test(navigator.userAgent) || /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
  return ios && !navigator.standalone;
};

const supported = () => Boolean(window.PublicKeyCredential && window.indexedDB && crypto.subtle);

/** Asks what a token or a code is for, and then the person whether they want that. */
export async function offer(tenant, secret) {
  if (supported()) go('enrol', await begin(tenant, secret));
  else say(text('unsupported'), true);
}

/** The code as it was made, however it was typed. */
function readCode(typed) {
  const code = typed.normalize('NFKC').toUpperCase().replaceAll(/[\s\p{Pd}]/gu, '');
  return code.length === 10 ? `${code.slice(0, 5)}-${code.slice(5)}` : code;
}

/** A user name and its domain, or a complaint. */
function readUser(typed) {
  const user = typed.trim();
  const domain = /^[^@\s]+@([a-z0-9.-]+)$/i.exec(user)?.[1];
  if (!domain) say(text('name'), true);
  return { user, domain: domain?.toLowerCase() };
}

define('add', (part) => {
  on(part, '#add-scan', () => go('scan'));
  on(part, '#add-type', () => go('type'));
  on(part, '#add-pass', () => go('pass'));
});

define('type', (part) => {
  submit(part, '#typed', async (fields) => {
    const { user, domain } = readUser(fields.user);
    if (domain) await offer(domain, { code: readCode(fields.code), user });
  });
});

define('pass', (part) => {
  submit(part, '#by-pass', (fields) => {
    const { user, domain } = readUser(fields.user);
    if (!domain) return;
    sessionStorage.setItem(here, 'here');
    location.assign(`/${domain}/security-info/authenticators/new?here=1&login_hint=${encodeURIComponent(user)}`);
  });
});

/** The screen with the camera; follow does what the code asks for. Who scans to answer gets
 * nothing else. Other codes are told of, and the camera goes on. */
export function defineScan(follow) {
  define('scan', async (part, answers, signal) => {
    const accept = (found) => {
      const link = readLink(found);
      if (link && (link.secret || !answers)) return link;
      say(text('foreign'));
      return null;
    };
    try {
      const link = await scan(part.querySelector('video'), accept, signal);
      if (link) await follow(link);
    } catch (error) {
      console.warn(error.message);
      if (!signal.aborted) say(text('no-camera'), true);
    }
  });
}

/** The screen that asks whether to add an account; added takes it. */
export function defineEnrol(added) {
  define('enrol', (part, offered) => {
    fill(part, { user: offered.user.name, tenant: offered.tenant.name });
    reveal(part, { passkey: Boolean(offered.passkey), ios: inIOSBrowser() });
    part.querySelector('#device-name').value = page.name;
    submit(part, '#enrol', async ({ name, passkey }) => {
      await added(await enrol(offered, { name, platform: page.platform, passkey: Boolean(offered.passkey && passkey) }));
    });
  });
}

/** The screen with the number that both screens show. Who began in this very tab has one screen
 * only, and confirms on the page that would show the number there. */
export function defineCheck(remove) {
  define('check', (part, account) => {
    const began = sessionStorage.getItem(here) !== null;
    reveal(part, { here: began, there: !began });
    on(part, '#check-here', () => {
      sessionStorage.removeItem(here);
      location.assign(`/${account.tenant.id}/security-info/authenticators/invited/${account.invitation}`);
    });
    fill(part, { user: account.user.name, check: account.check, digits: Array.from(account.check).join(' ') });
    on(part, '#check-remove', (event) => once(event.target, () => remove(account)));
  });
}
