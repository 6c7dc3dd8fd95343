// A QR code leads to /tap#CODE. The part behind # never leaves the browser, so
// the code waits in this tab until the page that asks for it, and is filled in
// there. Pressing the button stays with the person.
const key = 'pass';
const kept = 10 * 60_000; // ms: who comes later may be somebody else
const code = location.hash.slice(1);
if (code) {
  sessionStorage.setItem(key, JSON.stringify({ code, at: Date.now() }));
  history.replaceState(null, '', location.pathname + location.search);
}

const read = document.querySelector('#pass-read');
if (read) read.hidden = !sessionStorage.getItem(key);

const field = document.querySelector('main[data-page="pass"] #code');
if (field && !field.value) {
  const waiting = JSON.parse(sessionStorage.getItem(key) ?? '{}');
  if (Date.now() - waiting.at < kept) field.value = waiting.code;
  sessionStorage.removeItem(key);
}
