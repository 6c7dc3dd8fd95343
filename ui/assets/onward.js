// Goes on as soon as every app has been told. The page does so by itself, but only
// some time after all frames are there: an app that does not answer would keep the
// person waiting for it.
const { href } = document.querySelector('a[data-onward]');

function go() {
  clearTimeout(late);
  removeEventListener('load', go);
  location.replace(href);
}

const late = setTimeout(go, 3000);
addEventListener('load', go);
