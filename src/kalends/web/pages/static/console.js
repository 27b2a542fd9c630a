// What makes the console quick. Everything works without it.
(() => {
  "use strict";

  const REST_MS = 150;
  const AGAIN_MS = 2000;
  const DRAG_FROM_PX = 5;
  const HELD_MS = 400;
  const ROW_SECONDS = 300;
  const ROWS_AN_HOUR = 12;
  // A booking is dropped on quarters of an hour.
  const ROWS_A_STEP = 3;
  // Where a form leads whose session has ended.
  const SIGNED_OUT = /\/console\/sign-in(\?|$)|[?&]unsent=/;
  const one = (selector, within = document) => within.querySelector(selector);

  document.documentElement.classList.add("scripted");
  const status = document.body.appendChild(document.createElement("p"));
  status.className = "for-readers";
  status.setAttribute("role", "status");
  const say = (text) => { status.textContent = text || ""; };

  // On a phone menu and tabs are lines that scroll: what is open comes into sight.

  for (const open of document.querySelectorAll(":is(.sections, .set-tabs) [aria-current]")) {
    const line = open.closest("nav");
    const { left, width } = open.getBoundingClientRect();
    line.scrollLeft += left - line.getBoundingClientRect().left - (line.clientWidth - width) / 2;
  }

  // Menus close when one clicks beside them, or by Escape.

  addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      one("summary", menu).focus();
    }
  });

  // A choice that is all of a form is sent by itself.

  addEventListener("change", (event) => {
    if (event.target.matches("[data-auto] select")) event.target.form.requestSubmit();
  });

  // A form is sent once, however often its button is pressed.

  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });

  // What is copied with a button says so; without a permission the text is selected at least.

  async function isCopied(field) {
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch {
      field.select();
      return document.execCommand("copy");
    }
  }

  addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const field = one(button.dataset.copy);
    const { copied, selected } = button.dataset;
    const words = await isCopied(field) ? copied : selected;
    one("span", button).textContent = words;
    say(words);
  });
  for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;

  // The zone of whoever sets up, where none was chosen.

  const guess = one("select[data-guess]");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (guess && [...guess.options].some((option) => option.value === zone)) guess.value = zone;

  // The newest of the page: fetched when the server says that something happened.

  let dragging = null;
  let waiting = 0;

  function isBusy(fresh) {
    const at = document.activeElement;
    const types = fresh.contains(at) && at.matches("input, textarea, select");
    return dragging || types || one("details:is(.asked, .set-confirm)[open], .ghost", fresh);
  }

  async function refresh() {
    waiting = 0;
    const old = one("#fresh");
    if (!old) return;
    if (isBusy(old)) { later(AGAIN_MS); return; }
    let page;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      return;
    }
    const fresh = one("#fresh", page);
    if (!fresh || isBusy(old)) { later(AGAIN_MS); return; }
    const at = document.activeElement;
    const href = old.contains(at) && at.getAttribute("href");
    const { scrollLeft: left, scrollTop: top } = one(".sheets", old) || {};
    old.replaceWith(fresh);
    one(".sheets", fresh)?.scrollTo({ left, top, behavior: "instant" });
    if (href) one(`a[href="${CSS.escape(href)}"]`, fresh)?.focus({ preventScroll: true });
  }

  addEventListener("kalends:outdated", () => later(0));
  const later = (ms) => { if (!waiting) waiting = setTimeout(refresh, ms); };

  // Only while the page is looked at: browsers open few connections to one server.

  const url = one("main[data-live]")?.dataset.live;
  let stream = null;
  function listen() {
    if (!url || !one("#fresh") || stream || document.hidden) return;
    stream = new EventSource(url);
    stream.addEventListener("change", () => later(REST_MS));
    stream.addEventListener("end", leave);
  }
  function leave() {
    stream?.close();
    stream = null;
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { leave(); return; }
    listen();
    if (one("#fresh")) later(REST_MS);
  });
  addEventListener("pagehide", leave);
  listen();

  // A refusal, with where to go from it.

  function tell(text, sheets, href) {
    one(".toast")?.remove();
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.setAttribute("role", "alert");
    const words = toast.appendChild(document.createElement("p"));
    words.textContent = `${text} `;
    if (href) {
      const link = words.appendChild(document.createElement("a"));
      link.href = href;
      link.textContent = sheets.dataset.choose;
    }
    const close = toast.appendChild(document.createElement("button"));
    close.type = "button";
    close.textContent = sheets.dataset.close;
    close.addEventListener("click", () => toast.remove());
    document.body.append(toast);
  }

  // Dragging a booking asks, then posts the form of the page on which it is moved.

  const isWide = matchMedia("(min-width: 48rem)");

  addEventListener("pointerdown", (event) => {
    if (dragging?.asks) return;
    letGo();
    const block = event.target.closest?.(".block[data-booking]");
    if (!block || event.button || !isWide.matches) return;
    const taken = { block, x: event.clientX, y: event.clientY, moved: false, pointer: event.pointerId };
    if (event.pointerType === "touch") hold(taken);
    else dragging = taken;
  });
  addEventListener("dragstart", (event) => { if (dragging) event.preventDefault(); });

  // By touch a block is lifted by holding it: what moves before is a way to scroll, what moves
  // after is not.
  let held = null;
  function hold(taken) {
    const timer = setTimeout(() => {
      held = null;
      dragging = { ...taken, moved: true, isHeld: true };
      taken.block.classList.add("lifted");
      navigator.vibrate?.(HELD_MS / 20);
    }, HELD_MS);
    held = { ...taken, timer };
  }
  function letGo() {
    clearTimeout(held?.timer);
    held = null;
  }
  if (one(".sheets")) {
    addEventListener("touchmove", (event) => { if (dragging?.isHeld) event.preventDefault(); }, { passive: false });
  }
  addEventListener("contextmenu", (event) => { if (held || dragging?.isHeld) event.preventDefault(); });

  addEventListener("pointermove", (event) => {
    if (held && Math.hypot(event.clientX - held.x, event.clientY - held.y) >= DRAG_FROM_PX) letGo();
    if (!dragging || dragging.asks || event.pointerId !== dragging.pointer) return;
    const { block, x, y } = dragging;
    const [dx, dy] = [event.clientX - x, event.clientY - y];
    if (!dragging.moved && Math.hypot(dx, dy) < DRAG_FROM_PX) return;
    dragging.moved = true;
    block.classList.add("lifted");
    block.style.transform = `translate(${dx}px, ${dy}px)`;
  });

  const settle = (block) => { block.classList.remove("lifted"); block.style.transform = ""; };

  addEventListener("pointercancel", () => {
    letGo();
    if (!dragging || dragging.asks) return;
    settle(dragging.block);
    dragging = null;
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && dragging && !dragging.asks) { settle(dragging.block); dragging = null; }
  });
  addEventListener("pointerup", (event) => {
    letGo();
    if (!dragging || dragging.asks || event.pointerId !== dragging.pointer) return;
    const { block, moved } = dragging;
    if (!moved) { dragging = null; return; }
    // The click that follows is no click on the link.
    const soon = new AbortController();
    addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, signal: soon.signal });
    setTimeout(() => soon.abort());
    const place = placeOf(block, event.clientX);
    if (!place || isWhereItWas(block, place)) { settle(block); dragging = null; return; }
    dragging.asks = true;
    ask(block, place);
  });

  const isWhereItWas = (block, place) => !place.host && Date.parse(place.time.start) / 1000 === Number(block.dataset.start);

  // Whether it is meant, and whether the attendee is told. Nothing is saved before.
  function ask(block, place) {
    const dialog = one("#ask");
    const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    const values = { when: wordsOf(place, block.closest(".sheets")), name: one("strong", block).textContent };
    one("h2", dialog).textContent = fill(dialog.dataset.title, values);
    one("button", dialog).textContent = fill(dialog.dataset.tell, values);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      if (dialog.returnValue) move(block, place, dialog.returnValue);
      else { settle(block); dragging = null; }
    }, { once: true });
    dialog.showModal();
  }

  // A place in words, on the clock of the calendar.
  function wordsOf(place, sheets) {
    const { start, day, time } = place.time;
    const zone = start ? sheets.dataset.zone : "UTC";
    const options = { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
    const at = new Date(start || `${day}T${time}:00Z`);
    const words = new Intl.DateTimeFormat(sheets.dataset.language, { ...options, timeZone: zone }).format(at);
    return place.host ? `${words}, ${place.name}` : words;
  }

  // Where a block was let go: a time, and another host, where columns are schedules. The time is an
  // instant, or a day and a time of day where the clock changes on that day.
  function placeOf(block, x) {
    const sheets = block.closest(".sheets");
    const columns = [...sheets.querySelectorAll(".column")];
    const column = columns.find((each) => {
      const { left, right } = each.getBoundingClientRect();
      return x >= left && x < right;
    });
    if (!column) return null;
    const own = block.closest(".column");
    const host = sheets.matches(".of-team") && column !== own
      ? { schedule: column.dataset.schedule, from: own.dataset.schedule } : null;
    if (host && !(host.schedule && host.from)) return null;
    const rows = one(".rows", column).getBoundingClientRect();
    const count = Number(sheets.dataset.hours) * ROWS_AN_HOUR;
    const exact = (block.getBoundingClientRect().top - rows.top) / (rows.height / count);
    const row = Math.round(exact / ROWS_A_STEP) * ROWS_A_STEP;
    if (row < 0 || row >= count) return null;
    const place = { host, name: one("h2", column).textContent.trim() };
    if (column.dataset.from) {
      const at = (Number(column.dataset.from) + row * ROW_SECONDS) * 1000;
      return { ...place, time: { start: new Date(at).toISOString().replace(".000", "") } };
    }
    const minutes = Number(sheets.dataset.first) * 60 + row * (ROW_SECONDS / 60);
    const pad = (number) => String(number).padStart(2, "0");
    return { ...place, time: { day: column.dataset.day, time: `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}` } };
  }

  async function move(block, place, notify) {
    const sheets = block.closest(".sheets");
    const { booking, seen } = block.dataset;
    const path = `${sheets.dataset.move}/${booking}/reschedule`;
    const body = new URLSearchParams({ form_token: sheets.dataset.token, seen, notify, ...place.time, ...place.host });
    let refusal = sheets.dataset.lost;
    try {
      const answer = await fetch(path, { method: "POST", body, headers: { accept: "text/html" } });
      if (SIGNED_OUT.test(answer.url)) {
        location.assign(answer.url);
        return;
      }
      if (answer.redirected && answer.ok) refusal = null;
      else refusal = reasonIn(parsed(await answer.text())) || refusal;
    } catch {
      // What stays is that the server did not answer.
    }
    dragging = null;
    if (refusal) {
      settle(block);
      tell(refusal, sheets, path);
      return;
    }
    one(".toast")?.remove();
    say(sheets.dataset.moved);
    await refresh();
  }

  const reasonIn = (page) => (one("#problem", page) || one(".notice-page h1 + p", page))?.textContent.trim();
  const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

  one("#problem")?.focus();
})();
