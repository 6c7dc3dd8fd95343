// Reads a QR code by the camera: by the browser itself, or by a library where it cannot.

/** What finds the text of a code in a canvas, or nothing. */
async function reader() {
  if ('BarcodeDetector' in window && (await BarcodeDetector.getSupportedFormats()).includes('qr_code')) {
    const detector = new BarcodeDetector({ formats: ['qr_code'] });
    return async (canvas) => (await detector.detect(canvas))[0]?.rawValue;
  }
  await import('./jsqr.js');
  return async (canvas, context) => {
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    return self.jsQR(data, width, height)?.data;
  };
}

const side = 640; // px: more only takes longer

/** The picture that the camera has now, in a size that can be read in time. */
function draw(video, canvas, context) {
  const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = video.videoWidth * scale;
  canvas.height = video.videoHeight * scale;
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
}

const frame = (video) => new Promise((resolve) => {
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
  else setTimeout(resolve, 200);
});

/** Shows the camera in a video until accept takes a text, and answers what it made of it. */
export async function scan(video, accept, signal) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  signal.addEventListener('abort', stop);
  try {
    const find = await reader();
    video.srcObject = stream;
    await video.play();
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    while (!signal.aborted) {
      await Promise.race([frame(video), new Promise((resolve) => { signal.addEventListener('abort', resolve); })]);
      if (signal.aborted || !video.videoWidth) continue;
      draw(video, canvas, context);
      const found = await find(canvas, context);
      const accepted = found && accept(found);
      if (accepted) return accepted;
    }
    return null;
  } finally {
    stop();
    video.srcObject = null;
  }
}

/** What a link of an authenticator asks for: { tenant, token }, { secret }, or null. */
export function readLink(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.origin !== location.origin || url.pathname !== '/authenticator') return null;
  const [, kind, value] = /^#([es])=(.+)$/.exec(url.hash) ?? [];
  if (kind === 's') return { secret: value };
  const dot = value?.lastIndexOf('.') ?? -1; // domains have some, tokens none
  return dot > 0 ? { tenant: value.slice(0, dot), token: value.slice(dot + 1) } : null;
}
