// Comfort for the forms of the settings. Everything works without it.
(() => {
  "use strict";

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Zones: the long list marks the chosen one.

  for (const select of all("select[data-chosen]")) {
    const known = all("option", select).slice(1).find((option) => option.value === select.dataset.chosen);
    if (known) { select.options[0].remove(); known.selected = true; }
  }

  // Who chooses a colour does not want ours.

  document.getElementById("accent_color")?.addEventListener("input", () => {
    document.getElementById("accent_is_ours").checked = false;
  });

  // The last day of a busy time is not before its first.

  const firstDay = document.getElementById("busy.start_day");
  firstDay?.addEventListener("change", () => {
    const lastDay = document.getElementById("busy.end_day");
    if (lastDay.value < firstDay.value) lastDay.value = firstDay.value;
  });

  // What a checkbox makes pointless goes out of sight.

  for (const part of all("[data-hidden-by]")) {
    const box = document.getElementById(part.dataset.hiddenBy);
    const turn = () => { part.hidden = box.checked; };
    box.addEventListener("change", turn);
    turn();
  }

  // Rows: one to spare is there without a script; with one it waits for its button.

  const rowsOf = (list) => all(":scope > [data-row]", list);
  const fieldsOf = (row) => all("input, select, textarea", row);
  const firstOf = (row) => row.querySelector(":scope > details:not([open]) > summary") ?? fieldsOf(row)[0];
  const patterns = new Map();

  function renumber(row, prefix, from, to) {
    const swap = (text) => text.replaceAll(`${prefix}.${from}`, `${prefix}.${to}`);
    for (const element of [row, ...all("*", row)]) {
      for (const name of ["id", "name", "for", "aria-describedby"]) {
        const value = element.getAttribute(name);
        if (value) element.setAttribute(name, swap(value));
      }
    }
  }

  function emptied(row) {
    for (const field of fieldsOf(row)) {
      if (field.type === "checkbox") field.checked = false;
      else if (field.tagName === "SELECT") field.selectedIndex = 0;
      else if (!field.name.endsWith(".count")) field.value = "";
      field.removeAttribute("aria-invalid");
    }
    for (const wrong of all(".wrong", row)) wrong.remove();
    return row;
  }

  function add(list) {
    const prefix = list.dataset.rows;
    const spare = rowsOf(list).find((row) => row.hidden);
    let row = spare;
    if (!row) {
      const [pattern, from] = patterns.get(list);
      const next = Number(list.dataset.last) + 1;
      row = pattern.cloneNode(true);
      renumber(row, prefix, from, next);
      list.dataset.last = next;
      list.append(row);
    }
    row.hidden = false;
    for (const button of all("[data-remove]", row)) button.hidden = false;
    const legend = row.querySelector(":scope > legend");
    if (legend && /\d/.test(legend.textContent)) legend.textContent = legend.textContent.replace(/\d+/, rowsOf(list).filter((one) => !one.hidden).length);
    return row;
  }

  function refresh(list) {
    const day = list.closest("[data-day]");
    if (!day) return;
    day.querySelector(".set-closed").hidden = rowsOf(list).some((row) => !row.hidden);
  }

  for (const list of all("[data-rows]")) {
    const rows = rowsOf(list);
    const last = rows[rows.length - 1];
    patterns.set(list, [emptied(last.cloneNode(true)), list.dataset.last]);
    for (const button of all("[data-remove]", list)) button.hidden = false;
    const inWeek = list.closest("[data-day]");
    for (const row of rows) {
      if (row.hasAttribute("data-spare") && (inWeek || list.dataset.rows === "questions" || list.dataset.rows === "mappings" || list.dataset.rows === "requirements")) row.hidden = true;
    }
    refresh(list);
  }

  const listNamed = (prefix) => all("[data-rows]").find((list) => list.dataset.rows === prefix);

  for (const button of all("[data-add]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const list = listNamed(button.dataset.add);
      const row = add(list);
      refresh(list);
      fieldsOf(row)[0].focus();
    });
  }

  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-remove]");
    if (!button) return;
    const row = button.closest("[data-row]");
    const list = row.closest("[data-rows]");
    emptied(row).hidden = true;
    refresh(list);
    const others = rowsOf(list).filter((one) => !one.hidden);
    (others.length ? firstOf(others[others.length - 1]) : document.querySelector(`[data-add="${list.dataset.rows}"]`))?.focus();
    list.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // Rows are dragged by their handle to where another one is; without a script buttons do it.

  for (const handle of all("[data-drag]")) {
    const form = handle.closest("form");
    const row = handle.closest("tr");
    const rows = [...row.parentElement.children];
    handle.hidden = false;
    const follow = ({ clientY }) => {
      const over = rows.find((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return one !== row && clientY >= top && clientY < bottom;
      });
      if (!over) return;
      const { top, height } = over.getBoundingClientRect();
      const isBelow = row.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (isBelow && clientY > top + height / 2) over.after(row);
      if (!isBelow && clientY < top + height / 2) over.before(row);
    };
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      row.classList.add("set-dragged");
      // On the window: a row that changes its place loses what is captured by it.
      const dragging = new AbortController();
      const { signal } = dragging;
      const drop = () => {
        dragging.abort();
        row.classList.remove("set-dragged");
        const there = rows[[...row.parentElement.children].indexOf(row)];
        if (there === row) return;
        form.elements.at.value = there.id;
        form.requestSubmit();
      };
      addEventListener("pointermove", follow, { signal });
      addEventListener("pointerup", drop, { signal });
      addEventListener("pointercancel", drop, { signal });
    });
  }

  // The hours of one day for all working days that have some.

  for (const button of all("[data-copy-day]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const from = listNamed(`availability.${button.dataset.copyDay}`);
      const windows = rowsOf(from).filter((row) => !row.hidden).map((row) => fieldsOf(row).map((field) => field.value));
      for (const day of all("[data-day]")) {
        const list = day.querySelector("[data-rows]");
        const isOpen = rowsOf(list).some((row) => !row.hidden);
        if (list === from || !isOpen) continue;
        for (const row of rowsOf(list)) emptied(row).hidden = true;
        for (const values of windows) {
          const fields = fieldsOf(add(list));
          values.forEach((value, n) => { fields[n].value = value; });
        }
        refresh(list);
      }
    });
  }

  // A run that goes on is looked at until it is over.

  async function look() {
    const part = document.querySelector("[data-again]");
    if (!part) return;
    try {
      const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
      if (fresh && !part.contains(document.activeElement)) part.replaceWith(fresh);
    } catch { /* The next look may reach it. */ }
    setTimeout(look, 2000);
  }
  setTimeout(look, 2000);

  // What was typed is not lost by a wrong click.

  for (const form of all("form[data-keep]")) {
    let isTouched = document.getElementById("unsent") !== null;
    form.addEventListener("input", () => { isTouched = true; });
    form.addEventListener("submit", () => { isTouched = false; });
    addEventListener("beforeunload", (event) => { if (isTouched) event.preventDefault(); });
  }
})();
