
"use strict";
// OIDC Session Management 3.2. The answer goes to whoever asked, if it names a client
// whose session_state fits its own origin.
addEventListener("message", async (event) => {
  const [client, shown] = String(event.data).split(" ");
  const [hash, salt] = (shown || "").split(".");
  const say = (answer) => event.source.postMessage(answer, event.origin);
  if (!client || !hash || !salt) {
    return say("error");
  }
  const cookie = document.cookie.split("; ").find((c) => c.startsWith("COOKIE="));
  const state = cookie ? cookie.slice("COOKIE=".length) : "";
  const text = new TextEncoder().encode([client, event.origin, state, salt].join(" "));
  const sum = await crypto.subtle.digest("SHA-256", text);
  const now = Array.from(new Uint8Array(sum), (b) => b.toString(16).padStart(2, "0")).join("");
  say(now === hash ? "unchanged" : "changed");
});
