/* Kalends in any page. One script tag:

     <script src="https://book.example.com/embed.js" async></script>
     <div data-kalends="/acme/consultation"></div>            the booking page, in place
     <button data-kalends-popup="/acme/consultation">Book</button>   the same, as a pop-up

   What happens is told to the page as messages, and as events on the element:
   kalends:ready, kalends:resized {height}, kalends:booked {booking: {id, start_time, end_time}, redirect_url},
   kalends:closed. Check event.origin of a message before you believe it. */
(() => {
  "use strict";
  if (window.Kalends) return;

  const home = new URL(document.currentScript.src).origin;
  const frames = new Map();

  function frame(path, title) {
    const url = new URL(path, home);
    if (url.origin !== home) throw new Error(`Kalends: ${path} is not a page of ${home}`);
    url.searchParams.set("embed", "1");
    url.searchParams.set("host", location.origin);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && !url.searchParams.has("timezone")) url.searchParams.set("timezone", zone);
    const made = document.createElement("iframe");
    made.src = url.href;
    made.title = title || "Booking";
    made.loading = "lazy";
    Object.assign(made.style, { width: "100%", height: "640px", border: "0", display: "block", colorScheme: "normal" });
    return made;
  }

  function inline(element) {
    if (element.dataset.kalendsReady) return;
    element.dataset.kalendsReady = "yes";
    const made = frame(element.dataset.kalends, element.dataset.kalendsTitle);
    frames.set(made, { element });
    element.append(made);
  }

  function popUp(path, element) {
    const dialog = document.createElement("dialog");
    Object.assign(dialog.style, {
      width: "min(64rem, 100vw)", maxWidth: "100vw", maxHeight: "100dvh", padding: "0", border: "0",
      borderRadius: "12px", overflow: "auto", background: "Canvas",
    });
    dialog.setAttribute("aria-label", element.dataset.kalendsTitle || "Booking");
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", "Close");
    Object.assign(close.style, {
      position: "sticky", top: "8px", float: "right", margin: "8px 8px -44px 0", width: "36px", height: "36px",
      border: "0", borderRadius: "50%", font: "24px/1 sans-serif", cursor: "pointer", zIndex: "1",
    });
    const made = frame(path, element.dataset.kalendsTitle);
    made.loading = "eager";
    frames.set(made, { element, dialog });
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => {
      frames.delete(made);
      dialog.remove();
      const told = { type: "kalends:closed" };
      element.dispatchEvent(new CustomEvent(told.type, { bubbles: true, detail: told }));
      window.postMessage(told, location.origin);
      element.focus();
    });
    dialog.append(close, made);
    document.body.append(dialog);
    dialog.showModal();
  }

  addEventListener("message", (event) => {
    if (event.origin !== home || typeof event.data?.type !== "string") return;
    for (const [made, { element, dialog }] of frames) {
      if (made.contentWindow !== event.source) continue;
      const { type, height } = event.data;
      if (type === "kalends:resized" && height > 0) made.style.height = `${height}px`;
      if (type === "kalends:closed") { dialog?.close(); return; }
      if (type.startsWith("kalends:")) {
        element.dispatchEvent(new CustomEvent(type, { bubbles: true, detail: event.data }));
      }
    }
  });

  addEventListener("click", (event) => {
    const element = event.target.closest?.("[data-kalends-popup]");
    if (!element) return;
    event.preventDefault();
    popUp(element.dataset.kalendsPopup, element);
  });

  function start() { document.querySelectorAll("[data-kalends]").forEach(inline); }
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
  window.Kalends = { start, open: (path) => popUp(path, document.body) };
})();
