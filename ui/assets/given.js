// The page that shows a new pass: copies its code, prints its slip, and forgets both
// when it is left. Browsers keep pages to go back to, this one too.
const main = document.querySelector('main');
const code = document.querySelector('#pass-code');
const copy = document.querySelector('#copy');
const print = document.querySelector('#print');
const said = document.querySelector('[data-announce]');

async function copyCode() {
  said.textContent = '';
  try {
    await navigator.clipboard.writeText(code.textContent);
    said.textContent = copy.dataset.copied;
  } catch {
    getSelection().selectAllChildren(code);
    said.textContent = copy.dataset.selected;
  }
}

function forget() {
  const gone = document.querySelector('template[data-gone]').content;
  main.replaceChildren(main.querySelector('h1'), gone);
}

copy.addEventListener('click', copyCode);
print.addEventListener('click', () => window.print());
copy.hidden = print.hidden = false;
said.textContent = ''; // it told what to do without this script
addEventListener('pagehide', forget, { once: true });
