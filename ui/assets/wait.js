// Waits for what somebody does on another device, and goes on by itself. The page works without
// this script: it has buttons, and without scripts it asks by itself.
const form = document.querySelector('form[data-events]');
const { events, phase, changes = '0', ready } = form.dataset;
const line = form.querySelector('[data-wait]');
const said = form.querySelector('[data-announce]');
const style = { style: 'unit', unit: 'second', unitDisplay: 'long' };
const words = new Intl.NumberFormat(document.documentElement.lang, style);
let source;
let leaving = false;

function leave() {
  leaving = true;
  source?.close();
}

/** Goes on where the button leads that the person would press. */
function submit() {
  leave();
  if (said?.dataset.approved) said.textContent = said.dataset.approved;
  form.requestSubmit(form.querySelector('[name="approved"]'));
}

function reload() {
  leave();
  location.reload();
}

function hear(event) {
  const now = JSON.parse(event.data);
  if (leaving) return;
  if (ready && now.state === ready) submit();
  else if (now.state !== phase || String(now.changes) !== changes) reload();
}

// A page that nobody looks at keeps no connection: there are few to one host.
function listen() {
  source?.close();
  if (document.hidden || leaving) return;
  source = new EventSource(events);
  source.addEventListener('message', hear);
}

// The server's clock decides: ours only counts down from what it says.
const ends = Date.now() + 1000 * Number(line?.dataset.wait ?? 0);
let told = false;

function tick() {
  const left = Math.ceil((ends - Date.now()) / 1000);
  if (!line?.dataset.left || leaving) return;
  if (left <= 0) {
    line.textContent = line.dataset.over;
    return;
  }
  line.textContent = line.dataset.left.replace('{time}', words.format(left));
  if (left <= 20 && !told) {
    told = true;
    said.textContent = said.dataset.soon;
  }
  setTimeout(tick, (ends - Date.now()) % 1000 + 20);
}

form.addEventListener('submit', leave);
document.addEventListener('visibilitychange', listen);
listen();
tick();
