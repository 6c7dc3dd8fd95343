// Holds the button for another code back until there may be one, and tells how long that
// is. Without this script the button is simply there, and the server tells the same.
const button = document.querySelector('#resend');
const { wait: seconds, left } = button.dataset;
const label = button.textContent;

// The server's clock decides: ours only counts down from what it says.
const ready = Date.now() + 1000 * seconds;
const style = { style: 'unit', unit: 'second', unitDisplay: 'long' };
const words = new Intl.NumberFormat(document.documentElement.lang, style);

function tick() {
  const wait = ready - Date.now();
  button.disabled = wait > 0;
  if (wait <= 0) {
    button.textContent = label;
    return;
  }
  button.textContent = left.replace('{time}', words.format(Math.ceil(wait / 1000)));
  setTimeout(tick, wait % 1000 + 20);
}

tick();
