// Counts the seconds of the session down. The server wrote the first number, so
// the page says the same without this script; only the counting is missing.
const output = document.querySelector('[data-ends]');
if (output) {
  // The server's remaining seconds count, not this machine's clock.
  const ends = performance.now() + Number(output.textContent) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.round((ends - performance.now()) / 1000));
    output.textContent = String(left);
    setTimeout(left > 0 ? tick : () => location.reload(), 1000);
  };
  setTimeout(tick, 1000);
}
