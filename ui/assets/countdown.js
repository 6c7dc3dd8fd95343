// Keeps "… left" true while the page stays open, and says it aloud five minutes
// and one minute before the end. Units come from the browser, in the page's language.
const shown = document.querySelector('[data-countdown]');
const span = shown.querySelector('[data-left]');
const announced = document.querySelector('[data-announce]');
const over = document.querySelector('template[data-ended]').content;

// The server's clock decides, so the difference to ours is taken once.
const { now, end, soon } = shown.dataset;
const ends = Date.parse(end) - Date.parse(now) + Date.now();
const minute = 60_000;
const warnings = [5, 1];

function words(n, unit) {
  const style = { style: 'unit', unit, unitDisplay: 'long' };
  return n > 0 ? new Intl.NumberFormat(document.documentElement.lang, style).format(n) : '';
}

/** Minutes in their two greatest units, as the server writes them. */
function inWords(minutes) {
  const hours = Math.floor(minutes / 60);
  const two = hours < 24
    ? [words(hours, 'hour'), words(minutes % 60, 'minute')]
    : [words(Math.floor(hours / 24), 'day'), words(hours % 24, 'hour')];
  return two.filter(Boolean).join(' ');
}

function tick() {
  const left = ends - Date.now();
  if (left <= 0) {
    // Nothing on the page holds any more, its methods and buttons neither.
    const main = document.querySelector('main');
    announced.textContent = over.textContent;
    main.replaceChildren(main.querySelector('h1'), over, announced);
    return;
  }
  // Rounded up, so that a number appears when just that much is left.
  const minutes = Math.ceil(left / minute), seconds = Math.ceil(left / 1000);
  const text = seconds < 60 ? words(seconds, 'second') : inWords(minutes);
  span.textContent = span.dataset.left.replace('{time}', text);
  if (seconds >= 60 && warnings.includes(minutes)) announced.textContent = soon.replace('{time}', text);
  setTimeout(tick, left > minute ? left % minute + 50 : left % 1000 + 50);
}

tick();
