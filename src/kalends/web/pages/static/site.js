// What makes the pages of attendees feel instant. Everything works without it.
(() => {
  "use strict";

  const KEPT_MS = 15000;
  const RESTS_MS = 65;
  const PRESSED_MS = 1000;
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

  // What somebody presses is not taken away before it is let go: the click would be lost. Of a press
  // that opens a menu, or ends outside the window, browsers need not say that it is over.
  let released, letGo;
  addEventListener("pointerdown", () => { released = new Promise((done) => { letGo = done; setTimeout(done, PRESSED_MS); }); }, { passive: true });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => setTimeout(() => letGo?.()), { passive: true });
  }

  async function show(url, { push, turned }) {
    let fresh;
    try {
      fresh = new DOMParser().parseFromString(await page(url), "text/html");
      await released;
    } catch {
      location.assign(url);
      return;
    }
    const found = one("#swap", fresh);
    if (!found) { location.assign(url); return; }
    const wasOpen = one("#swap details.zone")?.open;
    const typed = one("#swap details.zone [role=combobox]")?.value;
    const hadFocus = one("#swap").contains(document.activeElement);
    const wasChoosing = one("#swap details.zone")?.contains(document.activeElement);
    one("#swap").replaceWith(found);
    document.title = fresh.title;
    if (push) history.pushState(null, "", url.split("#")[0]);
    const field = wasOpen && reopened(one("details.zone", found), typed);
    if (wasChoosing) (field || one("details.zone summary", found))?.focus({ preventScroll: true });
    else if (hadFocus) (one(turned ? `[data-turn="${turned}"]` : ".day.chosen", found) || one("h1", found)).focus({ preventScroll: true });
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

  // Zones are found by what is typed: city, country, offset, an older name. The list itself stays.

  const plainly = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("_", " ");
  const minutesIn = (word) => {
    const found = /^(?:utc|gmt)?([+\-−])(\d{1,2})(?::?(\d\d))?$/.exec(word);
    return found && (found[1] === "+" ? 1 : -1) * (60 * found[2] + Number(found[3] || 0));
  };

  function findZones(details) {
    const list = one("select", details), form = list.form;
    const now = new Date(), clock = new Intl.DateTimeFormat(navigator.language, { hour: "numeric", minute: "2-digit", timeZone: "UTC" });
    const zones = [...list.options].filter((option) => option.dataset.offset).map((option) => ({
      name: option.value,
      offset: Number(option.dataset.offset),
      label: option.text,
      words: plainly(`${option.text} ${option.value} ${option.dataset.also || ""}`),
      time: clock.format(new Date(now.getTime() + option.dataset.offset * 60000)),
    }));
    const field = document.createElement("input");
    Object.assign(field, { id: "zone-field", className: "input", type: "text", autocomplete: "off", placeholder: details.dataset.hint, spellcheck: false });
    const shown = document.createElement("ul");
    Object.assign(shown, { id: "zone-list", className: "plain zones", hidden: true });
    for (const [name, value] of Object.entries({ role: "listbox", "aria-label": details.dataset.list })) shown.setAttribute(name, value);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": shown.id, "aria-expanded": "false" })) field.setAttribute(name, value);
    list.hidden = true;
    one("label", form).htmlFor = field.id;
    one("button", form).hidden = true;
    list.after(field);
    one(".row", form).after(shown);
    let at = -1;

    const choose = (zone) => { list.value = zone; form.requestSubmit(); };
    const move = (to) => {
      const rows = shown.querySelectorAll("[role=option]");
      rows[at]?.setAttribute("aria-selected", "false");
      at = rows.length ? (to + rows.length) % rows.length : -1;
      rows[at]?.setAttribute("aria-selected", "true");
      rows[at]?.scrollIntoView({ block: "nearest" });
      if (at < 0) field.removeAttribute("aria-activedescendant");
      else field.setAttribute("aria-activedescendant", rows[at].id);
    };
    const look = () => {
      const typed = plainly(field.value).split(/[\s,]+/).filter(Boolean);
      const begins = (zone) => Number(!typed.length || !plainly(zone.label).startsWith(typed[0]));
      const fits = (zone) => typed.every((word) => {
        const minutes = minutesIn(word);
        return minutes === null ? zone.words.includes(word) : zone.offset === minutes;
      });
      const found = zones.filter(fits).sort((a, b) => begins(a) - begins(b));
      shown.replaceChildren(...found.map((zone, number) => {
        const row = document.createElement("li"), time = document.createElement("span");
        Object.assign(row, { id: `zone-${number}`, textContent: `${zone.label} ` });
        Object.assign(time, { className: "quiet", textContent: zone.time });
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", "false");
        row.dataset.zone = zone.name;
        row.append(time);
        return row;
      }));
      shown.hidden = !found.length;
      field.setAttribute("aria-expanded", String(!shown.hidden));
      move(typed.length ? 0 : -1);
      if (typed.length && !found.length) say(details.dataset.none);
      field.setCustomValidity(typed.length && !found.length ? details.dataset.none : "");
    };

    field.addEventListener("input", look);
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (shown.hidden) look();
        else move(event.key === "ArrowDown" ? at + 1 : Math.max(at, 0) - 1);
      } else if (event.key === "Enter") {
        event.preventDefault();
        const row = shown.querySelectorAll("[role=option]")[at];
        if (row) choose(row.dataset.zone);
        else field.reportValidity();
      } else if (event.key === "Escape" && field.value) {
        event.stopPropagation();
        field.value = "";
        look();
      }
    });
    shown.addEventListener("pointerdown", (event) => event.preventDefault());
    shown.addEventListener("click", (event) => {
      const row = event.target.closest("[data-zone]");
      if (row) choose(row.dataset.zone);
    });
    look();
    return field;
  }

  const fieldOf = (details) => one("[role=combobox]", details) || findZones(details);

  // The field as it was before the page was shown anew, with what was typed until then.
  function reopened(details, typed) {
    details.open = true;
    if (!details.matches("[data-zones]")) return null;
    const field = fieldOf(details);
    field.value = typed || "";
    field.dispatchEvent(new Event("input"));
    return field;
  }

  addEventListener("toggle", (event) => {
    const details = event.target;
    if (!details.matches?.("[data-zones]") || !details.open) return;
    const field = fieldOf(details);
    // Not where a month was turned below an open list.
    if (details.contains(document.activeElement)) field.focus({ preventScroll: true });
  }, true);

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
      else if (values[0]) field.value = values[0];
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

  // After a booking it goes on elsewhere, once, unless somebody wants to stay.

  const booked = one("[data-booked]")?.dataset;
  const leaving = one("[data-leaving]");
  if (leaving && parent === window && !keep((store) => store.getItem(`left ${booked.booked}`))) {
    leaving.textContent = leaving.dataset.leaving;
    const stay = one("[data-stay]");
    stay.hidden = false;
    const waiting = setTimeout(() => {
      keep((store) => store.setItem(`left ${booked.booked}`, "yes"));
      location.assign(booked.onward);
    }, 6000);
    stay.addEventListener("click", () => { clearTimeout(waiting); stay.hidden = true; leaving.hidden = true; });
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
    if (booked) {
      const told = { booking: { id: booked.booked, start_time: booked.start, end_time: booked.end } };
      tell("booked", booked.onward ? { ...told, redirect_url: booked.onward } : told);
    }
  }
})();
