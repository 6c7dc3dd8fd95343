// Signs in with a passkey, or has one made. The page's form holds the options for that in
// data-get or data-create; what the authenticator says goes into its hidden field, and the
// form is sent. Nothing is sent of a prompt that was cancelled.
import { asJSON, creationOptions, requestOptions } from './webauthn.js';

const form = document.querySelector('form[data-get], form[data-create]');
const said = document.querySelector('#passkey-said');
const creates = 'create' in form.dataset;
const options = JSON.parse(form.dataset.create ?? form.dataset.get);
const field = form.elements[creates ? 'attestation' : 'assertion'];
const buttons = form.querySelectorAll('button[type="button"]');
const opened = Date.now();

function send(credential) {
  field.value = JSON.stringify(asJSON(credential));
  form.submit();
}

// Browsers refuse a second prompt while one stands in the field's autofill, until that has
// ended for good.
let autofill = null;

async function offerAutofill() {
  if (!('autofill' in form.dataset) || !await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
  if (autofill || busy) return;
  const control = new AbortController();
  const ended = navigator.credentials.get({ publicKey: requestOptions(options), mediation: 'conditional', signal: control.signal })
    .then(send, () => {}); // nobody asked for it, so nobody is told that nothing came of it
  autofill = { control, ended };
}

async function endAutofill() {
  autofill?.control.abort();
  await autofill?.ended;
  autofill = null;
}

/** Who waits longer than a registration may take would make a passkey that is not taken. */
function timeLeft() {
  const { now, by } = form.dataset;
  return Date.parse(by) - Date.parse(now) - (Date.now() - opened);
}

function creation({ attachment, hint }) {
  const publicKey = creationOptions(options);
  publicKey.authenticatorSelection = { ...publicKey.authenticatorSelection, authenticatorAttachment: attachment };
  publicKey.hints = [hint];
  publicKey.timeout = Math.min(publicKey.timeout ?? Infinity, timeLeft());
  return navigator.credentials.create({ publicKey });
}

const words = { NotAllowedError: 'cancelled', InvalidStateError: 'held' };

let busy = false;

async function press(button) {
  if (busy) return;
  if (creates && timeLeft() <= 0) {
    location.reload(); // for a question that can still be answered
    return;
  }
  busy = true;
  said.textContent = '';
  for (const old of form.querySelectorAll('.problem')) old.hidden = true; // it was about another try
  try {
    await endAutofill();
    send(await (creates ? creation(button.dataset) : navigator.credentials.get({ publicKey: requestOptions(options) })));
  } catch (error) {
    busy = false;
    said.textContent = said.dataset[words[error.name] ?? 'failed'];
    button.focus();
    offerAutofill();
  }
}

/** A passkey made elsewhere is not named after this browser, unless the person says so. */
function rename(button) {
  const { name } = form.elements;
  const given = [name.defaultValue, ...Array.from(buttons, (b) => b.dataset.name)];
  if (given.includes(name.value)) name.value = button.dataset.name ?? name.defaultValue;
}

/** A passkey that was removed here is no longer offered there. */
async function signalUnknown() {
  const { unknown } = form.dataset;
  try {
    if (unknown) await PublicKeyCredential.signalUnknownCredential?.({ rpId: options.rpId, credentialId: unknown });
  } catch {
    // It is only a hint.
  }
}

async function show() {
  for (const button of buttons) {
    button.addEventListener('click', () => {
      if (creates) rename(button);
      press(button);
    });
    button.hidden = false;
  }
  if (!creates) {
    // A field with autofocus may not have the focus yet, and would not get it any more.
    if (document.activeElement === document.body && !document.querySelector('[autofocus]')) buttons[0].focus();
    return;
  }
  form.addEventListener('submit', (event) => { // by the Enter key
    event.preventDefault();
    form.querySelector('button.primary:not([hidden])').click();
  });
  if (await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.() === false) {
    buttons[0].hidden = true; // this device can make none
    buttons[1].classList.add('primary');
  }
  for (const part of form.querySelectorAll('[data-scripted]')) part.hidden = false;
}

field.value = ''; // browsers fill in what stood here when they go back
addEventListener('pageshow', (event) => {
  if (event.persisted && field.value) location.reload(); // its question has been answered
});
if (window.PublicKeyCredential) {
  show();
  offerAutofill();
  signalUnknown();
} else if (!('autofill' in form.dataset)) {
  said.textContent = said.dataset.unsupported;
}
