// Keeps "… left" true while the page stays open, and says it aloud five minutes
// and one minute before the end. Words come from the browser, in the page's language.
const shown = document.querySelector('[data-countdown]');
const announced = document.querySelector('[data-announce]');
const words = new Intl.RelativeTimeFormat(document.documentElement.lang);

// The server's clock decides, so the difference to ours is taken once.
const { now, end, ended, soon } = shown.dataset;
const ends = Date.parse(end) - Date.parse(now) + Date.now();
const minute = 60_000;
const warnings = [5, 1];

function tick() {
  const left = ends - Date.now();
  if (left <= 0) {
    shown.textContent = announced.textContent = ended;
    return;
  }
  const minutes = Math.floor(left / minute);
  if (minutes < 60) {
    const text = minutes > 0 ? words.format(minutes, 'minute') : words.format(Math.floor(left / 1000), 'second');
    shown.textContent = `(${text})`;
    if (warnings.includes(minutes)) announced.textContent = soon.replace('{time}', text);
  }
  setTimeout(tick, minutes > 0 ? left % minute + 50 : 1000);
}

tick();
