// A QR code leads to /tap#CODE. The part behind # never leaves the browser, so
// the code waits in this tab until the page that asks for it, and is filled in
// there. Pressing the button stays with the person.
const key = 'pass';
const code = location.hash.slice(1);
if (code) {
  sessionStorage.setItem(key, code);
  history.replaceState(null, '', location.pathname + location.search);
}

const field = document.querySelector('main[data-page="pass"] #code');
if (field && !field.value) {
  field.value = sessionStorage.getItem(key) ?? '';
  sessionStorage.removeItem(key);
}
