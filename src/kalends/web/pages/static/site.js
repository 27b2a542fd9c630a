// What makes the pages of attendees feel instant. Everything works without it.
(() => {
  "use strict";

  const KEPT_MS = 15000;
  const RESTS_MS = 65;
  const pages = new Map();
  const one = (selector, within = document) => within.querySelector(selector);

  // Pages, asked for when a finger or pointer comes near a link.

  function page(url) {
    const key = url.split("#")[0];
    const known = pages.get(key);
    if (known && Date.now() - known.at < KEPT_MS) return known.text;
    const text = fetch(key, { headers: { accept: "text/html" } }).then((answer) =>
      answer.ok ? answer.text() : Promise.reject(answer.status));
    text.catch(() => pages.delete(key));
    pages.set(key, { at: Date.now(), text });
    return text;
  }

  function swapLink(event) {
    const link = event.target.closest?.("a[data-swap]");
    return link && link.origin === location.origin ? link : null;
  }

  // Not for every link that a pointer crosses on its way.
  let resting;
  addEventListener("pointerover", (event) => {
    clearTimeout(resting);
    const link = swapLink(event);
    if (link) resting = setTimeout(() => page(link.href).catch(() => {}), RESTS_MS);
  }, { passive: true });
  addEventListener("pointerdown", (event) => {
    const link = swapLink(event);
    if (link) page(link.href).catch(() => {});
  }, { passive: true });

  addEventListener("click", (event) => {
    const link = swapLink(event);
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const turned = link.classList.contains("turn") ? link.dataset.turn : null;
    show(link.href, { push: true, turned });
  });

  addEventListener("popstate", () => { if (one("#swap")) show(location.href, {}); });

  async function show(url, { push, turned }) {
    let fresh;
    try {
      fresh = new DOMParser().parseFromString(await page(url), "text/html");
    } catch {
      location.assign(url);
      return;
    }
    const found = one("#swap", fresh);
    if (!found) { location.assign(url); return; }
    const wasOpen = one("#swap details.zone")?.open;
    const hadFocus = one("#swap").contains(document.activeElement);
    one("#swap").replaceWith(found);
    document.title = fresh.title;
    if (push) history.pushState(null, "", url.split("#")[0]);
    if (wasOpen) one("details.zone", found).open = true;
    if (hadFocus) (one(turned ? `[data-turn="${turned}"]` : ".day.chosen", found) || one("h1", found)).focus({ preventScroll: true });
    say(one(turned ? "#month" : "#times-title", found)?.textContent);
    if (push && !turned) one("#times", found)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  const status = document.body.appendChild(document.createElement("p"));
  status.className = "for-readers";
  status.setAttribute("role", "status");
  const say = (text) => { status.textContent = text || ""; };

  // Where the browser says that its visitor is: kept for the next page, and shown at once.

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) {
    document.cookie = `kalends_zone=${zone};path=/;max-age=31536000;samesite=lax`;
    const swap = one("#swap");
    if (swap && !swap.dataset.zoneChosen && swap.dataset.zone !== zone) {
      const url = new URL(location.href);
      if (!document.cookie.includes(`kalends_zone=${zone}`)) url.searchParams.set("timezone", zone);
      show(url.href, {});
    }
  }

  // A form is sent once, however often its button is pressed.

  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted && one("[data-sent]")) location.reload();
    for (const form of document.querySelectorAll("[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    }
  });

  // What is half typed waits in this tab for its form, and goes once something is booked.

  const typing = one("form.details");
  const kept = `kalends ${location.pathname}`;
  const keep = (work) => { try { return work(sessionStorage); } catch { return null; } };
  const named = (form) => [...form.elements].filter((field) => field.name && field.type !== "hidden" && field.name !== "start");
  const boxes = ["checkbox", "radio"];
  if (typing) {
    const before = "kept" in typing.dataset && keep((store) => JSON.parse(store.getItem(kept)));
    for (const field of before ? named(typing) : []) {
      const values = before[field.name] || [];
      if (boxes.includes(field.type)) field.checked = values.includes(field.value);
      else if (values.length) field.value = values[0];
    }
    addEventListener("pagehide", () => keep((store) => {
      const values = {};
      for (const field of named(typing)) {
        const given = values[field.name] ||= [];
        if (!boxes.includes(field.type) || field.checked) given.push(field.value);
      }
      store.setItem(kept, JSON.stringify(values));
    }));
  }
  if (one("[data-booked], [data-done]")) {
    keep((store) => Object.keys(store).filter((key) => key.startsWith("kalends ")).forEach((key) => store.removeItem(key)));
  }

  // What is the matter comes first; a hold says when it has ended.

  one("#problem")?.focus();
  const held = one("[data-until]");
  if (held) {
    setTimeout(() => {
      held.classList.add("warn");
      one("span", held).textContent = held.dataset.ended;
      say(held.dataset.ended);
    }, Math.max(0, new Date(held.dataset.until) - Date.now()));
  }

  // In a frame: the page around it hears what happens, and nobody else does.

  const host = one("[data-host]")?.dataset.host;
  if (host && parent !== window) {
    const tell = (type, more) => parent.postMessage({ type: `kalends:${type}`, ...more }, host);
    const size = () => tell("resized", { height: Math.ceil(document.body.getBoundingClientRect().height) });
    tell("ready");
    size();
    new ResizeObserver(size).observe(document.body);
    addEventListener("keydown", (event) => { if (event.key === "Escape") tell("closed"); });
    const booked = one("[data-booked]")?.dataset;
    if (booked) {
      tell("booked", { booking: { id: booked.booked, start_time: booked.start, end_time: booked.end } });
    }
  }
})();
