// Screens and words. The page has them all, each in a template; scripts only fill them in.
const screen = document.querySelector('#screen');
const status = document.querySelector('#said');
const texts = Object.fromEntries(Array.from(document.querySelector('#texts').content.children, (p) => [p.dataset.text, p.textContent]));

/** A text of the page, with its {places} filled in. */
export function text(key, values = {}) {
  return texts[key].replaceAll(/\{([a-z]+)\}/g, (_, name) => values[name]);
}

/** Says something at the top of the page, where screen readers notice it. */
export function say(words, focus = false) {
  status.textContent = words;
  if (focus) status.focus();
}

let copies = 0;

/** A copy of a template. With more than one at a time, their ids differ by a number. */
export function copy(id, many = false) {
  const part = document.querySelector(`#${id}`).content.cloneNode(true);
  if (!many) return part;
  copies += 1;
  for (const name of ['id', 'for', 'aria-labelledby', 'aria-describedby']) {
    for (const element of part.querySelectorAll(`[${name}]`)) element.setAttribute(name, `${element.getAttribute(name)}-${copies}`);
  }
  return part;
}

/** Fills the slots of a part. Rows of what is not known are not shown. */
export function fill(part, values) {
  for (const [name, value] of Object.entries(values)) {
    for (const place of part.querySelectorAll(`[data-slot="${name}"]`)) {
      place.textContent = value ?? '';
      const row = place.closest('dl > div');
      if (row) row.hidden = !value;
    }
  }
}

/** Shows of a part what is so. */
export function reveal(part, facts) {
  for (const [name, so] of Object.entries(facts)) {
    for (const element of part.querySelectorAll(`[data-if="${name}"]`)) element.hidden = !so;
  }
}

export const on = (part, selector, handler, event = 'click') => part.querySelector(selector).addEventListener(event, handler);

/** Has a form answered by a function that gets its fields, and is not asked twice at once. */
export function submit(part, selector, handler) {
  const form = part.querySelector(selector);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    once(form, () => handler(Object.fromEntries(new FormData(form))));
  });
}

/** Does something that takes a while, and lets nobody press anything there meanwhile. */
export async function once(part, work) {
  if (part.ariaBusy === 'true') return;
  part.ariaBusy = 'true';
  say('');
  try {
    await work();
  } catch (error) {
    say(explain(error), true);
  } finally {
    part.ariaBusy = 'false';
  }
}

const named = { NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'held', CheckError: 'swapped' };

/** What went wrong, in words. */
export function explain(error) {
  if (error.name !== 'Refused') {
    console.warn(error.message);
    return text(named[error.name] ?? 'failed');
  }
  if (error.passing) return text(error.status === 0 ? 'offline' : 'busy');
  return text(error.status === 404 ? 'no-such' : 'not-taken');
}

const screens = {};

/** Names the function that draws a screen. */
export function define(name, draw) { screens[name] = draw; }

let leave = new AbortController();
let at = '';
export const where = () => at;

/** Draws a screen; what it is about comes with it. The signal it gets ends with it. */
export function show(name, about) {
  leave.abort();
  leave = new AbortController();
  at = name;
  const part = copy(`screen-${name}`);
  screens[name](part, about, leave.signal);
  for (const button of part.querySelectorAll('[data-back]')) button.addEventListener('click', () => go('home'));
  screen.replaceChildren(part);
  scrollTo(0, 0);
}

/** Shows a screen that the browser's Back leads away from. */
export function go(name, about) {
  if (name !== 'home') history.pushState({ screen: name }, '');
  else if (at !== 'home' && history.state?.screen) history.replaceState(null, '');
  say('');
  show(name, about);
  screen.querySelector('h2[tabindex]')?.focus();
}

addEventListener('popstate', () => { if (at !== 'home') go('home'); });
